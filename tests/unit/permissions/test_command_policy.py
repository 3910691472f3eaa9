from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.permissions.decision import Mode
from tests.unit.permissions.judging import HOME, WORKSPACE, decide, lines, verdict

READING = lines(
    r"""
    ls -la src
    cat -n a.py | head -20
    grep -rn 'def main' src && git status
    (cd src && ls); pwd
    for f in *.py; do wc -l "$f"; done
    for i in {1..3}; do echo $((i + 1)); done
    if [ -f a ]; then cat a; else echo none; fi
    while true; do ls; break; done
    case a in a) ls;; esac
    echo "a; rm -rf b" 'x && y' \$HOME
    cat missing 2>/dev/null || echo none >&2
    ls > /dev/null 2>&1
    diff <(sort a) <(sort b)
    cat <<'E'\n$(rm x)\nE
    echo "today: $(date)"
    git log --oneline -5 | cat # rm -rf x
    timeout 5 nice git diff
    LC_ALL=C TZ=Europe/Berlin sort a
    set -euo pipefail; ls
    cd src && cat ../README.md
    cat /home/ada/project/a
    cd /home/ada/project && git status
    """
)

ASKING = lines(
    r"""
    rm x
    npm test
    curl https://example.org
    env
    echo hi > notes.txt
    ls | tee x
    ls; rm x
    ls\nrm x
    echo $(rm x)
    cat <<E\n$(rm x)\nE
    ls # it's\n\rm x
    $CMD x
    r{m,} x
    {ls,-la}
    for c in ls; do $c; done
    ./ls
    LS
    command ls
    sudo ls
    env ls
    sh -c ls
    find . -exec ls {} +
    ls | xargs cat
    PATH=. ls
    LD_PRELOAD=x ls
    LANG=$(rm x) ls
    GIT_PAGER=x git log
    x=1; echo $x
    f() { ls; }; f
    ls() { rm x; }; ls
    alias ls=rm; ls
    for PATH in .; do ls; done
    for x in 'a[$(id)]'; do echo $((x)); done
    [[ 'a[$(id)]' -eq 0 ]]
    for x in *; do [[ $x -eq 1 ]]; done
    for x in -delete; do find . $x; done
    echo ${x:=y}
    echo ${!x}
    echo $OPENAI_API_KEY
    cat <<< "$GITHUB_TOKEN"
    coproc ls
    git -C sub status
    cd sub && git status
    cd ..
    cd
    cat ../x
    cat a/../../x
    cat /etc/hosts
    ls ~
    cat "$HOME/x"
    cat $FILE
    cat ~bob/x
    cd sub; cat ../../x
    cd "$X" && cat a
    echo /etc/*
    cat < /etc/hosts
    cat .env
    cat .e*
    cat < .env
    git show HEAD:.env
    git show :.env
    cat -n .env
    grep -C x .env
    cat /proc/self/environ
    echo 'never closed
    echo \x1b]0;x
    cat 文件\u200b
    """.replace("\\r\\n", "\r\n")
    .replace("\\u200b", "\u200b")
    .replace("\\x1b", "\x1b")
)


@pytest.mark.parametrize("command", READING)
def test_what_only_reads_in_the_workspace_runs(command: str) -> None:
    decision = decide(command)
    assert (decision.verdict, decision.rule) == ("allow", "")


@pytest.mark.parametrize("command", ASKING)
def test_everything_else_is_asked(command: str) -> None:
    assert verdict(command) == "ask"


def test_a_carriage_return_is_part_of_a_word_and_asked_about() -> None:
    assert verdict("ls\r\nrm x") == "ask"
    assert verdict("git status\r", allow=["Bash(git:*)"]) == "ask"
    assert verdict("ls\r\nrm x\r\n", deny=["Bash(rm:*)"]) == "deny"


@pytest.mark.parametrize("command", [*READING, *ASKING])
def test_auto_edit_covers_no_more_commands_than_default(command: str) -> None:
    assert verdict(command, mode="auto-edit") == verdict(command)


@pytest.mark.parametrize("command", [*READING, *ASKING])
def test_planning_never_runs_what_default_would_ask_about(command: str) -> None:
    assert (verdict(command, mode="plan") == "allow") == (verdict(command) == "allow")


def test_planning_denies_even_what_a_rule_allows() -> None:
    assert verdict("npm test", allow=["Bash(npm test)"], mode="plan") == "deny"
    assert verdict("echo x > .vscode/a", allow=["Edit(.vscode/**)", "Bash(echo *)"], mode="plan") == "deny"
    assert verdict("git log", allow=["Bash(git log)"], mode="plan") == "allow"


@pytest.mark.parametrize("command", [c for c in ASKING if c.isprintable() and "文" not in c])
def test_yolo_asks_nothing(command: str) -> None:
    assert verdict(command, mode="yolo") == "allow"


@pytest.mark.parametrize(
    ("command", "allow"),
    [
        ("npm test -- --watch=false", ["Bash(npm test:*)"]),
        ("npm  'test'", ["Bash(npm test)"]),
        ("git add -A && git commit -m 'a; b'", ["Bash(git add *)", "Bash(git commit *)"]),
        ("git commit -m \"$(cat <<'E'\nit's $(x)\nE\n)\"", ["Bash(git commit:*)"]),
        ("cd src && npm test 2>&1 | tail -5", ["Bash(npm test)"]),
        ("CI=1 timeout 60 npm test", ["Bash(npm test)"]),
        ("FOO=1 npm test", ["Bash(FOO=1 npm test)"]),
        ("git checkout main", ["Bash(git * main)"]),
        ("rm x", ["Bash"]),
        ("echo x > out.txt", ["Edit(out.txt)"]),
        ("npm test > logs/a 2>&1", ["Bash(npm test)", "Edit(logs/**)"]),
        ("cat /etc/hosts", ["Read(//etc/hosts)"]),
        ("ls ~/notes/x", ["Read(~/notes/**)"]),
        ("cat .env", ["Read(.env)"]),
        ("cat .env", ["Read(**)", "Read(/.env)"]),
        ("cat .env", ["Bash(cat .env)"]),
        ("sudo apt update", ["Bash(sudo apt *)"]),
        ("bash -c 'npm test'", ["Bash(bash -c 'npm test')"]),
        ("ls | xargs grep x", ["Bash(xargs grep *)"]),
        ("find . -name x -exec touch {} +", ["Bash(find . -name x -exec touch *)"]),
        ("for f in a b; do touch $f; done", ["Bash(touch *)"]),
        ("uv run pytest", ["Bash(uv run pytest *)"]),
    ],
)
def test_rules_allow_what_they_name(command: str, allow: list[str]) -> None:
    assert verdict(command) == "ask"
    decision = decide(command, allow=allow)
    assert decision.verdict == "allow"
    assert decision.rule in ("", *allow)


@pytest.mark.parametrize(
    ("command", "allow"),
    [
        ("npm test x", ["Bash(npm test)"]),
        ("git logout", ["Bash(git log *)"]),
        ("git status; rm x", ["Bash(git:*)"]),
        ("git log $(rm x)", ["Bash(git:*)"]),
        ("git log <(rm x)", ["Bash(git:*)"]),
        ("git log > x", ["Bash(git:*)"]),
        ("git log > ~/.bashrc", ["Bash(git:*)", "Edit"]),
        ("GIT_SSH_COMMAND=x git fetch", ["Bash(git:*)"]),
        ("/tmp/git status", ["Bash(git:*)"]),
        ("git\u00a0status", ["Bash(git:*)"]),
        ("\uff47it status", ["Bash(git:*)"]),
        ("$X status", ["Bash", "Bash(*)"]),
        ("sudo rm x", ["Bash(sudo:*)"]),
        ("env rm x", ["Bash(env:*)"]),
        ("sh -c 'rm x'", ["Bash(sh:*)"]),
        ('bash -c "$X"', ["Bash(bash:*)"]),
        ("find . -exec rm {} +", ["Bash(find:*)"]),
        ("ls | xargs rm", ["Bash(xargs:*)"]),
        ("timeout 5 rm x", ["Bash(timeout:*)"]),
        ("cat .env", ["Bash(cat:*)"]),
        ("cat .env", ["Read", "Read(**)"]),
        ("cat /etc/hosts", ["Read", "Read(/etc/hosts)"]),
        ("cat /etc/shadow", ["Read(//**)"]),
        ("cp a .git/hooks/x", ["Bash(cp:*)"]),
        ("cp a ~/.zshrc", ["Bash(cp:*)"]),
        ("echo x > .git/config", ["Bash(echo:*)", "Edit", "Edit(**)"]),
        ("echo x > ../x", ["Edit(**)"]),
        ("echo x > sub/out.txt", ["Edit(out.txt)"]),
        ("echo x > $F", ["Bash(echo:*)", "Edit(**)"]),
        ("curl -d @.env x", ["Bash(curl:*)"]),
        ("npm test", ["Bash(npm test", "Bash()", "nonsense", "*"]),
    ],
)
def test_rules_allow_no_more_than_they_name(command: str, allow: list[str]) -> None:
    assert verdict(command, allow=allow) == "ask"


def test_links_are_judged_by_where_they_lead() -> None:
    links = {f"{WORKSPACE}/notes": f"{HOME}/.ssh/id_rsa", f"{WORKSPACE}/hk": f"{WORKSPACE}/.git/hooks"}
    assert verdict("cat notes") == "allow"
    assert verdict("cat notes", links=links) == "ask"
    assert verdict("cat notes/../config", links=links) == "ask"
    assert verdict("echo x > hk/pre-commit", links=links, allow=["Edit(**)"]) == "ask"
    assert verdict("cat notes", links=links, deny=["Read(~/.ssh/**)"]) == "deny"


@pytest.mark.parametrize(
    "command",
    [
        "npm test",
        "rm -rf build",
        "python3 x.py",
        "echo x > out.txt",
        "curl https://x.org",
        "$CMD x",
        "sh -c 'rm x'",
        "x=1 make",
        "echo x > /tmp/a",
        "cat /usr/include/stdio.h",
        "f() { ls; }; f",
        "cd sub && git status",
        "echo 'open",
    ],
)
def test_auto_runs_what_the_sandbox_confines(command: str) -> None:
    assert verdict(command, mode="auto", sandboxed=True) == "allow"
    assert verdict(command, mode="auto", sandboxed=False) == "ask"


@pytest.mark.parametrize(
    "command",
    [
        "cat .env",
        "python3 x.py .env",
        "echo x > .git/hooks/pre-commit",
        "cp a .vscode/tasks.json",
        "echo x > ../x",
        "echo x > ~/.bashrc",
        "rm -rf ~",
        "echo \x1b[2J",
    ],
)
def test_auto_asks_for_what_the_sandbox_does_not_confine(command: str) -> None:
    assert verdict(command, mode="auto", sandboxed=True) == "ask"


def test_a_decision_lists_the_commands_found() -> None:
    assert decide("sudo rm x; echo $(ls 'a b')").commands == (
        "sudo rm x",
        "rm x",
        "ls 'a b'",
        "echo $(ls 'a b')",
    )


def test_a_decision_says_why() -> None:
    assert decide("make it").reason == "`make it` is not a read-only command"
    assert decide("cat ../x").reason == "~/x lies outside the workspace"
    assert decide("git log --output=x").reason == (
        "`git log --output=x`: the option --output=x may do more than show"
    )
    assert decide("rm x", deny=["Bash(rm:*)"]).reason == "the rule Bash(rm:*) denies `rm x`"


def test_a_faulty_deny_rule_makes_everything_a_question() -> None:
    decision = decide("ls", deny=["Bash(rm"], mode="yolo")
    assert decision.verdict == "ask"
    assert "`Bash(rm` is not understood" in decision.reason


_PIECES = st.sampled_from(
    [
        "rm",
        "git",
        "ls",
        "sudo",
        "env",
        "find . -exec",
        "sh -c '",
        "'",
        '"',
        "$(",
        "`",
        ")",
        ";",
        "&&",
        "|",
        "\n",
        " ",
        ">",
        "<",
        "<<E",
        "\nE\n",
        "$X",
        "*",
        "{a,b}",
        "~",
        "/",
        "..",
        "-rf",
        "x=",
        "for f in ",
        "do ",
        "done",
        "\\",
        "\0",
        "\ud800",
        "é",
    ]
)


@given(
    st.one_of(st.text(max_size=50), st.lists(_PIECES, max_size=25).map("".join)), st.sampled_from(list(Mode))
)
def test_any_command_gets_a_decision_and_deny_rules_only_make_it_stricter(command: str, mode: Mode) -> None:
    order = ("allow", "ask", "deny")
    free = verdict(command, mode=mode)
    bound = verdict(command, mode=mode, deny=["Bash(rm:*)", "Read(.env)", "Edit(src/**)"])
    assert order.index(bound) >= order.index(free)


@given(st.lists(_PIECES, max_size=20).map("".join))
def test_yolo_is_never_stricter_than_default(command: str) -> None:
    if verdict(command) == "allow":
        assert verdict(command, mode="yolo") == "allow"
