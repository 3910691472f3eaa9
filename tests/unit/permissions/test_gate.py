from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.permissions.decision import Decision, Mode
from qwen_code.permissions.gate import Gate
from qwen_code.permissions.rules import RuleError, RuleSet
from qwen_code.tool import Access, AccessKind
from tests.unit.permissions.judging import HOME, WORKSPACE, gate


def touch(judge: Gate, tool: str, kind: AccessKind, target: str, resolved: str = "") -> Decision:
    path = target if target.startswith("/") or kind == "net" else f"{WORKSPACE}/{target}"
    return judge.decide(tool, [Access(kind, path, resolved or ("" if kind == "net" else path))])


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [("plan", "deny"), ("default", "ask"), ("auto-edit", "allow"), ("auto", "allow"), ("yolo", "allow")],
)
def test_the_mode_decides_about_ordinary_writes(mode: str, verdict: str) -> None:
    assert touch(gate(mode=mode), "edit", "write", "src/a.py").verdict == verdict


@pytest.mark.parametrize(("mode", "verdict"), [("auto-edit", "ask"), ("auto", "ask"), ("yolo", "allow")])
def test_a_file_with_a_second_name_is_asked_for_unless_a_rule_names_it(mode: str, verdict: str) -> None:
    access = Access("write", f"{WORKSPACE}/a.py", f"{WORKSPACE}/a.py", links=2)
    decision = gate(mode=mode).decide("edit", [access])
    assert decision.verdict == verdict
    assert gate(mode=mode, allow=decision.suggestions).decide("edit", [access]).verdict == "allow"


@pytest.mark.parametrize("mode", list(Mode))
def test_ordinary_reads_run_in_every_mode(mode: str) -> None:
    for tool in ("read_file", "glob", "grep_search", "list_directory"):
        assert touch(gate(mode=mode), tool, "read", "src/a.py").verdict == "allow"


@pytest.mark.parametrize("mode", ["plan", "default", "auto-edit", "auto"])
@pytest.mark.parametrize(
    "path", [".env.local", "key.pem", "/etc/hosts", f"{HOME}/x", f"{WORKSPACE}-evil/a", "/proc/self/mem"]
)
def test_secrets_and_what_lies_outside_are_asked_for(path: str, mode: str) -> None:
    assert touch(gate(mode=mode), "read_file", "read", path).verdict == "ask"


@pytest.mark.parametrize("mode", ["default", "auto-edit", "auto"])
@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks/x",
        ".GIT/config",
        ".vscode/settings.json",
        ".mcp.json",
        ".env",
        "/etc/x",
        f"{HOME}/.bashrc",
    ],
)
def test_guarded_writes_are_asked_for(path: str, mode: str) -> None:
    decision = touch(gate(mode=mode), "write_file", "write", path)
    assert decision.verdict == "ask"
    assert (
        gate(mode=mode, allow=decision.suggestions)
        .decide("write_file", [Access("write", path if path.startswith("/") else f"{WORKSPACE}/{path}")])
        .verdict
        == "allow"
    )


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/dev/null", "/dev/zero"])
def test_devices_are_outside_for_the_file_tools_wherever_they_lead(path: str) -> None:
    for resolved in (path, "/home/other/report.txt"):
        assert touch(gate(mode="auto-edit"), "write_file", "write", path, resolved).verdict == "ask"
        assert touch(gate(mode="auto"), "read_file", "read", path, resolved).verdict == "ask"


def test_a_link_is_judged_by_both_its_ends() -> None:
    judge = gate(mode="auto-edit", deny=["Edit(/lib/**)"])
    assert touch(judge, "edit", "write", "a", f"{WORKSPACE}/b").verdict == "allow"
    assert touch(judge, "edit", "write", "hk/x", f"{WORKSPACE}/.git/hooks/x").verdict == "ask"
    assert touch(judge, "edit", "write", "a", "/etc/passwd").verdict == "ask"
    assert touch(judge, "edit", "write", "a", f"{WORKSPACE}/lib/x").verdict == "deny"
    assert touch(judge, "edit", "write", "lib/x", f"{WORKSPACE}/other").verdict == "deny"


def test_an_allow_rule_must_cover_where_a_link_leads() -> None:
    judge = gate(allow=["Edit(src/**)"])
    assert touch(judge, "edit", "write", "src/a").verdict == "allow"
    assert touch(judge, "edit", "write", "src/a", f"{WORKSPACE}/other/a").verdict == "ask"


def test_deny_comes_before_ask_before_allow_before_the_mode() -> None:
    rules = ["Read(a)"]
    assert (
        touch(gate(allow=rules, ask=rules, deny=rules, mode="yolo"), "read_file", "read", "a").verdict
        == "deny"
    )
    assert touch(gate(allow=rules, ask=rules, mode="yolo"), "read_file", "read", "a").verdict == "ask"
    assert touch(gate(allow=["Edit(a)"]), "edit", "write", "a").rule == "Edit(a)"


def test_a_bare_name_denies_anywhere_and_allows_at_the_top() -> None:
    assert touch(gate(deny=["Read(.env)"]), "read_file", "read", "sub/.env").verdict == "deny"
    assert touch(gate(allow=["Edit(a.txt)"]), "edit", "write", "a.txt").verdict == "allow"
    assert touch(gate(allow=["Edit(a.txt)"]), "edit", "write", "sub/a.txt").verdict == "ask"


@pytest.mark.parametrize(
    ("rule", "path", "covered"),
    [
        ("Edit(src/**)", "src/a/b", True),
        ("Edit(/src/**)", "src/a", True),
        ("Edit(./src/*.py)", "src/a.py", True),
        ("Edit(./src/*.py)", "src/sub/a.py", False),
        ("Edit(src)", "src/a", True),
        ("Edit(**/*.md)", "x/y/a.md", True),
        ("Edit(//tmp/x/**)", "/tmp/x/a", True),
        ("Edit(~/x/*)", f"{HOME}/x/a", True),
        ("Edit(~/x/*)", f"{HOME}/y/a", False),
        ("Edit(SRC/**)", "src/a", False),
        ("Edit", "src/a", True),
        ("Edit", "/etc/a", False),
        ("Write(src/**)", "src/a", False),
        ("Read(src/**)", "src/a", False),
    ],
)
def test_paths_are_matched_like_gitignore(rule: str, path: str, covered: bool) -> None:
    assert (touch(gate(allow=[rule]), "edit", "write", path).verdict == "allow") is covered


def test_what_may_not_be_read_may_not_be_edited_either() -> None:
    judge = gate(deny=["Read(.env)"], mode="yolo")
    assert touch(judge, "edit", "write", ".env").verdict == "deny"
    assert touch(judge, "write_file", "write", ".env").verdict == "allow"


@pytest.mark.parametrize(
    ("allow", "deny", "url", "verdict"),
    [
        ((), (), "https://example.org/x", "ask"),
        (["WebFetch(domain:example.org)"], (), "https://Example.ORG./x", "allow"),
        (["WebFetch(domain:example.org)"], (), "https://example.org:8443/x", "allow"),
        (["WebFetch(domain:example.org)"], (), "https://example.org.evil.com/", "ask"),
        (["WebFetch(domain:example.org)"], (), "https://example.org@evil.com/", "ask"),
        (["WebFetch(domain:example.org)"], (), "https://evil.com\\@example.org/", "ask"),
        (["WebFetch(domain:example.org)"], (), "https://sub.example.org/", "ask"),
        (["WebFetch(domain:*.example.org)"], (), "https://sub.example.org/", "allow"),
        (["WebFetch(domain:*.example.org)"], (), "https://example.org/", "ask"),
        (["WebFetch"], ["WebFetch(domain:example.org)"], "https://sub.example.org/", "deny"),
        (["WebFetch"], ["WebFetch(domain:*.example.org)"], "https://example.org/", "deny"),
        (["WebFetch"], (), "https://example.org/", "allow"),
        (["WebFetch(domain:example.org)"], (), "ftp://example.org/", "ask"),
        (["WebFetch(domain:example.org)"], (), "https://example.org:port/", "ask"),
        (["WebFetch(domain:example.org)"], (), "", "ask"),
    ],
)
def test_addresses_are_judged_by_their_host(
    allow: Sequence[str], deny: Sequence[str], url: str, verdict: str
) -> None:
    assert touch(gate(allow=allow, deny=deny), "web_fetch", "net", url).verdict == verdict


def test_a_host_can_be_allowed_for_good() -> None:
    assert touch(gate(), "web_fetch", "net", "https://a.org/x").suggestions == ("WebFetch(domain:a.org)",)


def test_tools_that_touch_nothing_run() -> None:
    for mode in Mode:
        assert gate(mode=mode).decide("todo_write", []).verdict == "allow"


@pytest.mark.parametrize(
    ("mode", "verdict"), [("plan", "deny"), ("default", "ask"), ("auto", "ask"), ("yolo", "allow")]
)
def test_nobody_knows_what_an_mcp_tool_does(mode: str, verdict: str) -> None:
    decision = gate(mode=mode, sandboxed=True).decide("mcp__files__read", [])
    assert decision.verdict == verdict
    if verdict == "ask":
        assert decision.suggestions == ("mcp__files__read",)


def test_mcp_tools_are_allowed_and_denied_by_server_and_name() -> None:
    assert gate(allow=["mcp__files"]).decide("mcp__files__read", []).verdict == "allow"
    assert gate(allow=["mcp__files__read"]).decide("mcp__files__write", []).verdict == "ask"
    judge = gate(allow=["mcp__files"], deny=["mcp__files__write"], mode="yolo")
    assert judge.decide("mcp__files__write", []).verdict == "deny"


def test_a_whole_tool_can_be_denied() -> None:
    assert (
        gate(deny=["web_fetch"], mode="yolo").decide("web_fetch", [Access("net", "https://a.org")]).verdict
        == "deny"
    )
    assert gate(deny=["todo_write"]).decide("todo_write", []).verdict == "deny"
    assert gate(deny=["*"]).decide("read_file", [Access("read", f"{WORKSPACE}/a")]).verdict == "deny"
    assert gate(ask=["Read"]).decide("read_file", [Access("read", f"{WORKSPACE}/a")]).verdict == "ask"


def test_the_strictest_access_decides_and_all_questions_are_answered_at_once() -> None:
    judge = gate()
    decision = judge.decide(
        "move",
        [
            Access("read", f"{WORKSPACE}/a"),
            Access("write", f"{WORKSPACE}/b"),
            Access("write", f"{WORKSPACE}/c"),
        ],
    )
    assert (decision.verdict, decision.suggestions) == ("ask", ("Edit(/b)", "Edit(/c)"))
    denied = gate(deny=["Edit(c)"]).decide(
        "move", [Access("write", f"{WORKSPACE}/b"), Access("write", f"{WORKSPACE}/c")]
    )
    assert denied.verdict == "deny"


def test_a_session_can_allow_more() -> None:
    judge = gate()
    judge.add_session_rules(["Edit(/b)"])
    assert touch(judge, "edit", "write", "b").verdict == "allow"
    with pytest.raises(RuleError):
        judge.add_session_rules(["Edit(/c)", "Edit("])
    assert touch(judge, "edit", "write", "c").verdict == "ask"


def test_the_mode_can_change_at_any_time() -> None:
    judge = gate()
    assert touch(judge, "edit", "write", "b").verdict == "ask"
    judge.mode = Mode.AUTO_EDIT
    assert touch(judge, "edit", "write", "b").verdict == "allow"


def test_a_workspace_may_have_several_roots_and_be_named_through_a_link() -> None:
    judge = Gate(
        RuleSet(),
        Mode.AUTO_EDIT,
        ["/link", "/more"],
        HOME,
        follow=lambda path: path.replace("/link", "/real"),
    )
    assert judge.decide("edit", [Access("write", "/link/a", "/real/a")]).verdict == "allow"
    assert judge.decide("edit", [Access("write", "/real/a", "/real/a")]).verdict == "allow"
    assert judge.decide("edit", [Access("write", "/more/a")]).verdict == "allow"
    assert judge.decide("edit", [Access("write", "/lin/a")]).verdict == "ask"


def test_a_link_made_between_two_calls_is_seen() -> None:
    links: dict[str, str] = {}
    judge = Gate(RuleSet(), Mode.DEFAULT, [WORKSPACE], HOME, follow=lambda path: links.get(path, path))
    command = [Access("run", "cat notes", WORKSPACE)]
    assert judge.decide("run_shell_command", command).verdict == "allow"
    links[f"{WORKSPACE}/notes"] = f"{HOME}/.ssh/id_rsa"
    assert judge.decide("run_shell_command", command).verdict == "ask"


@pytest.mark.parametrize("name", ["a*b", "a[b]c", "a\\b", "a?b", "ä (1)", "-x"])
def test_an_odd_file_name_is_allowed_alone(name: str) -> None:
    suggestions = touch(gate(), "edit", "write", name).suggestions
    judge = gate(allow=suggestions)
    assert touch(judge, "edit", "write", name).verdict == "allow"
    assert touch(judge, "edit", "write", "a.b").verdict == "ask"
    assert touch(judge, "edit", "write", "axb").verdict == "ask"


@given(st.text(max_size=30), st.sampled_from(["read", "write", "run", "net"]), st.sampled_from(list(Mode)))
def test_any_access_gets_a_decision(text: str, kind: AccessKind, mode: Mode) -> None:
    judge = gate(mode=mode, deny=["Read(.env)", "WebFetch(domain:x.org)"], allow=["Edit(src/**)"])
    assert judge.decide("tool", [Access(kind, text, text)]).verdict in ("allow", "ask", "deny")


@pytest.mark.parametrize(
    ("rules", "named", "verdict"),
    [
        ({}, False, "ask"),
        ({}, True, "allow"),
        ({"allow": ["Network(domain:x.org)"]}, False, "allow"),
        ({"allow": ["Network(domain:*.x.org)"]}, False, "ask"),
        ({"allow": ["WebFetch", "WebFetch(domain:x.org)", "Bash"]}, False, "ask"),
        ({"deny": ["Network(domain:x.org)"]}, True, "deny"),
        ({"deny": ["WebFetch(domain:x.org)"]}, True, "deny"),
        ({"ask": ["Network(domain:x.org)"]}, True, "ask"),
        ({"allow": ["Network"]}, False, "allow"),
    ],
)
def test_a_command_s_connection_needs_the_settings_or_a_rule_of_its_own(
    rules: dict[str, list[str]], named: bool, verdict: str
) -> None:
    judge = gate()
    judge.rules = RuleSet.parse(**rules)
    assert judge.decide_host("x.org", named=named).verdict == verdict


@pytest.mark.parametrize("mode", list(Mode))
def test_no_mode_opens_the_network_and_those_without_questions_ask_none(mode: Mode) -> None:
    refused = mode in (Mode.PLAN, Mode.YOLO)
    assert gate(mode=mode).decide_host("x.org", named=False).verdict == ("deny" if refused else "ask")
    assert gate(mode=mode).decide_unconfined("it").verdict == ("deny" if refused else "ask")
