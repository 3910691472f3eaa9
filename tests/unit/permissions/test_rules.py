from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.permissions.rules import RuleError, RuleSet, parse_rule


@pytest.mark.parametrize(
    ("rule", "command", "covered"),
    [
        ("Bash(git log *)", "git log", True),
        ("Bash(git log *)", "git log -5", True),
        ("Bash(git log *)", "git logout", False),
        ("Bash(git log:*)", "git log -5", True),
        ("Bash(git log:*)", "git logs", False),
        ("Bash(ls*)", "lsof", True),
        ("Bash(git * main)", "git checkout main", True),
        ("Bash(git * main)", "git main", False),
        ("Bash(* --version)", "node --version", True),
        ("Bash(npm run test*)", "npm run test:unit", True),
        ("Bash(npm   test)", "npm test", True),
        ("Bash(echo 'a  b')", "echo 'a b'", False),
        ("Bash(npm test)", "npm test -- -x", False),
        ("Bash(npm test)", "npm tests", False),
        ("Bash(*)", "anything at all", True),
        ("Bash(a * b *)", "a x bc", False),
        ("Bash(echo \\*)", "echo *", True),
        ("Bash(echo \\*)", "echo a", False),
        ("Bash(a*a*a)", "aa", False),
    ],
)
def test_a_shell_rule_covers_the_commands_that_it_says(rule: str, command: str, covered: bool) -> None:
    assert parse_rule(rule).covers_command(command) is covered


def test_a_rule_without_a_star_is_exact_for_allow_and_a_prefix_for_deny() -> None:
    rule = parse_rule("Bash(git push)")
    assert not rule.covers_command("git push origin")
    assert rule.covers_command("git push origin", widely=True)
    assert not rule.covers_command("git pushed", widely=True)


@pytest.mark.parametrize("name", ["Bash", "Shell", "run_shell_command"])
def test_the_shell_has_several_names(name: str) -> None:
    assert parse_rule(f"{name}(ls)").tools == {"run_shell_command"}


@pytest.mark.parametrize(
    ("rule", "tools"),
    [
        ("Read", {"read_file", "grep_search", "glob", "list_directory"}),
        ("Edit(src/**)", {"edit", "write_file"}),
        ("Write(a)", {"write_file"}),
        ("my_tool", {"my_tool"}),
    ],
)
def test_a_rule_names_tools(rule: str, tools: set[str]) -> None:
    assert parse_rule(rule).tools == tools


@pytest.mark.parametrize(
    ("rule", "tool", "covered"),
    [
        ("mcp__files", "mcp__files__read", True),
        ("mcp__files", "mcp__files2__read", False),
        ("mcp__files__read", "mcp__files__read", True),
        ("mcp__files__read", "mcp__files__read_all", False),
        ("mcp__files__get_*", "mcp__files__get_x", True),
        ("mcp__files__*", "mcp__files__x", True),
    ],
)
def test_mcp_rules_cover_servers_tools_and_prefixes(rule: str, tool: str, covered: bool) -> None:
    assert parse_rule(rule).covers_tool(tool) is covered


@pytest.mark.parametrize(
    "rule",
    [
        "", "Bash(", "Bash()", "Bash(x)y", "Nothing", "No Tool", "Read(../x)", "Read(~bob/x)", "Edit(!x)",
        "Agent(x)",
        "WebFetch(example.org)", "WebFetch(domain:)", "WebFetch(domain:a b)", "WebFetch(domain:*x)",
        "mcp__",
        "mcp__a__b(c)", "mcp__a__*b", "Bash(a\x1bb)", "Read(a\nb)",
    ],
)  # fmt: skip
def test_a_rule_that_can_not_be_understood_is_refused_with_a_reason(rule: str) -> None:
    with pytest.raises(RuleError, match=r"\w+ \w+"):
        parse_rule(rule)


def test_faulty_rules_are_reported_and_allow_nothing() -> None:
    rules = RuleSet.parse(allow=["Bash(ls", "*", "Read"], deny=["Bash()"])
    assert [rule.text for rule in rules.allow] == ["Read"]
    assert rules.deny == ()
    assert [(problem.effect, problem.text) for problem in rules.problems] == [
        ("allow", "Bash(ls"),
        ("allow", "*"),
        ("deny", "Bash()"),
    ]
    assert str(rules.problems[0]).startswith("permissions.allow: the rule `Bash(ls` is not understood: ")
    assert rules.doubtful == "Bash()"


def test_a_faulty_allow_rule_alone_raises_no_doubt() -> None:
    assert RuleSet.parse(allow=["Bash("]).doubtful == ""


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_rule_is_parsed_or_refused_and_matching_ends(rule: str, command: str) -> None:
    for text in (rule, f"Bash({rule})", f"Read({rule})", f"WebFetch(domain:{rule})", f"mcp__{rule}"):
        try:
            parsed = parse_rule(text)
        except RuleError:
            continue
        if parsed.subject == "command":
            parsed.covers_command(command, widely=True)


def test_matching_many_stars_takes_no_time_to_speak_of() -> None:
    assert not parse_rule("Bash(" + "a*" * 200 + "b)").covers_command("a" * 20_000)
