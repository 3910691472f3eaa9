from __future__ import annotations

import pytest

from tests.unit.permissions.judging import decide, verdict


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("npm test -- -x", ("Bash(npm test *)",)),
        ("npm run build --prod", ("Bash(npm run build *)",)),
        ("pytest -q tests", ("Bash(pytest *)",)),
        ("git commit -m 'a b'", ("Bash(git commit *)",)),
        ("make test", ("Bash(make test *)",)),
        ("python -m pytest -x", ("Bash(python -m pytest *)",)),
        (".venv/bin/python3.12 -m unittest", ("Bash(.venv/bin/python3.12 -m unittest *)",)),
        ("timeout 60 python3 -m mypy src", ("Bash(python3 -m mypy *)",)),
        ("make SHELL=x test", ("Bash(make SHELL=x test)",)),
        ("git push origin main", ("Bash(git push origin main)",)),
        ("docker ps", ("Bash(docker ps)",)),
        ("mvn  'a b'", ("Bash(mvn 'a b')",)),
        ("chmod +x '*.sh'", (r"Bash(chmod +x '\*.sh')",)),
        ("timeout 5 npm test", ("Bash(npm test *)",)),
        ("CI=1 npm test && git add .", ("Bash(npm test *)", "Bash(git add *)")),
        ("cat a; npm test; npm test", ("Bash(npm test *)",)),
        ("npm test > log", ("Edit(/log)", "Bash(npm test *)")),
        ("cat ../x", ("Bash(cat ../x)",)),
        ("cat .env", ("Bash(cat .env)",)),
        ("cp a .git/x", ("Bash(cp a .git/x)",)),
        ("cat < /etc/hosts", ("Read(//etc/hosts)",)),
        ("ls > ~/x", ("Edit(~/x)",)),
    ],
)
def test_the_narrowest_rules_are_offered_and_suffice(command: str, rules: tuple[str, ...]) -> None:
    assert decide(command).suggestions == rules
    assert verdict(command, allow=rules) == "allow"


@pytest.mark.parametrize(
    "command",
    [
        "sudo npm test",
        "env A=1 npm test",
        "sh -c 'npm test'",
        "bash x.sh",
        "xargs npm test",
        "find . -exec npm test +",
        "npx jest",
        "python3 x.py",
        "python3 -m http.server",
        "python3 -m pip install x",
        "python3 -W error -m pytest",
        "../x/python -m pytest",
        "node x",
        "eval 'npm test'",
        "uv run pytest",
        "curl https://x.org",
        "source x",
        "rm -rf build",
        "A=1 npm test",
        "npm test; $X",
        "npm test $X",
        "npm test\u00a0",
        "rm -rf /",
        "f() { npm test; }",
        "npm 'a\nb'",
        "ls > $X",
        "cat *.pem",
    ],
)
def test_wrappers_interpreters_and_what_is_not_known_get_no_rule(command: str) -> None:
    decision = decide(command)
    assert decision.verdict == "ask"
    assert decision.suggestions == ()


def test_rules_that_ask_or_deny_offer_no_way_around_them() -> None:
    assert decide("npm test", ask=["Bash(npm:*)"]).suggestions == ()
    assert decide("npm test", deny=["Bash(npm:*)"]).suggestions == ()
