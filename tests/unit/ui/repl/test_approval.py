from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import Answer, ApprovalRequest, Decision
from qwen_code.tool import Access, Block, CommandBlock, DiffBlock
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.approval import ApprovalPanel, request_lines

PAINTER = Painter(60, "mono", environ={})


def request(
    preview: Block | None = None,
    *,
    tool: str = "run_shell_command",
    title: str = "git push",
    accesses: tuple[Access, ...] = (Access("run", "git push", "/project"),),
    suggestions: tuple[str, ...] = ("Bash(git push)",),
    arguments: dict[str, Any] | None = None,
) -> ApprovalRequest:
    decision = Decision("ask", "it is not read-only", "", suggestions, ("git push", "rm x"))
    return ApprovalRequest(ToolCall("1", tool, arguments or {}), title, decision, preview, accesses)


def answered(*steps: str, given: ApprovalRequest | None = None) -> Answer | str | None:
    """Single characters are keys, longer steps text for the entry, `<enter>` takes what is offered."""

    async def answer() -> Answer | str | None:
        panel = ApprovalPanel(given or request())
        for step in steps:
            if step == "<esc>":
                panel.dismiss()
            elif panel.entry is not None:
                panel.submit(panel.entry.text if step == "<enter>" else step)
            else:
                panel.press(step)
        return panel.answer.result() if panel.answer.done() else "open"

    return asyncio.run(answer())


def question(*keys: str, given: ApprovalRequest | None = None, width: int = 60) -> str:
    async def show() -> str:
        panel = ApprovalPanel(given or request())
        for key in keys:
            panel.press(key)
        return "\n".join(line.plain for line in panel.lines(Painter(width, "mono", environ={}), 30))

    return asyncio.run(show())


@pytest.mark.parametrize("key", ["y", "Y"])
def test_y_is_yes_once(key: str) -> None:
    assert answered(key) == Answer("once")


def test_n_takes_a_sentence_for_the_model_or_none() -> None:
    assert answered("n", "use git commit first") == Answer("no", note="use git commit first")
    assert answered("n", "<enter>") == Answer("no")


@pytest.mark.parametrize("key", ["n", "e", "a"])
def test_what_is_asked_after_a_key_fits_a_narrow_terminal(key: str) -> None:
    lines = question(key, width=40, given=request(arguments={"command": "git push"})).splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 40 for line in lines)


def test_a_shows_the_rule_and_saves_what_it_was_edited_to() -> None:
    assert answered("a", "<enter>") == Answer("always", rules=("Bash(git push)",))
    assert answered("a", "Bash(git push:*); Bash(git pull)") == Answer(
        "always", rules=("Bash(git push:*)", "Bash(git pull)")
    )
    assert answered("s", "<enter>") == Answer("session", rules=("Bash(git push)",))


def test_a_rule_that_was_emptied_allows_this_once_and_saves_nothing() -> None:
    assert answered("a", "  ") == Answer("once")


def test_a_rule_that_is_none_is_told_and_can_be_corrected() -> None:
    assert answered("a", "Bash(git push", "Bash(git push)") == Answer("always", rules=("Bash(git push)",))

    async def told() -> str:
        panel = ApprovalPanel(request())
        panel.press("a")
        panel.submit("Bash(git push")
        return " ".join(line.plain for line in panel.lines(PAINTER, 30))

    assert "Bash(git push is no rule" in asyncio.run(told())


def test_where_no_rule_can_allow_it_always_is_not_offered() -> None:
    alone = request(suggestions=())
    assert answered("a", "s", given=alone) == "open"
    assert "always" not in question(given=alone)


def test_escape_goes_back_from_an_entry_and_refuses_from_the_question() -> None:
    assert answered("n", "<esc>", "y") == Answer("once")
    assert answered("<esc>") is None


@pytest.mark.parametrize("key", ["enter", "x", " ", "1", "up", "tab"])
def test_no_other_key_answers(key: str) -> None:
    assert answered(key) == "open"


def test_the_question_says_why_what_it_touches_and_which_keys() -> None:
    shown = question()
    assert "Allow this? it is not read-only" in shown
    assert "runs in /project" in shown
    keys = ("y yes, once", "n no, tell it why", "a always", "s this session", "? why am I asked", "esc no")
    assert all(key in shown for key in keys)


def test_a_question_mark_explains_commands_and_rules() -> None:
    shown = " ".join(question("?").split())
    assert "It would run: git push · rm x" in shown
    assert "Bash(git push)" in shown


def test_where_a_link_leads_is_shown() -> None:
    link = Access("write", "/project/a", "/etc/passwd")
    assert "writes /project/a (leads to /etc/passwd)" in " ".join(
        question(given=request(accesses=(link,))).split()
    )


def test_the_question_fits_a_narrow_terminal() -> None:
    assert all(len(line) <= 30 for line in question(width=30).split("\n"))


def lines(given: ApprovalRequest) -> list[str]:
    return [line.plain for line in request_lines(given, PAINTER)]


def test_a_command_is_shown_whole_and_escaped() -> None:
    command = "echo start\x1b[8m\n" + "rm -rf important " * 10
    shown = lines(request(CommandBlock(command, "/project"), accesses=(Access("run", command, "/project"),)))
    assert shown[0] == "? Run"
    assert "".join(row[6:] for row in shown[1:]) == command.replace("\n", "").replace("\x1b", "␛")


def test_a_command_without_a_preview_is_taken_from_what_it_accesses() -> None:
    assert lines(request()) == ["? Run", "    $ git push"]


def test_a_diff_is_shown_whole() -> None:
    diff = "@@ -0,0 +1,200 @@\n" + "".join(f"+line {n}\n" for n in range(200))
    shown = lines(request(DiffBlock("a.py", diff, 200, 0), tool="edit", title="a.py"))
    assert shown[0] == "? Edit a.py  +200"
    assert len(shown) == 201


def test_a_tool_without_a_preview_shows_all_its_arguments() -> None:
    given = request(
        tool="mcp__db__drop", title="", accesses=(), arguments={"table": "users\x1b[2J", "force": True}
    )
    assert lines(given) == ["? mcp__db__drop", "    table: users␛[2J", "    force: True"]


@pytest.mark.parametrize("width", range(20, 100, 7))
def test_no_key_is_torn_from_its_meaning(width: int) -> None:
    rows = question(width=width).split("\n")
    assert any(row.endswith("esc no, and stop") for row in rows)
    assert not any(row.strip() in ("y", "n", "a", "s", "?", "esc") for row in rows)


def test_a_file_that_the_reason_names_is_not_named_twice() -> None:
    decision = Decision("ask", "it writes src/a.py")
    written = Access("write", "/project/src/a.py", "/project/src/a.py")
    linked = Access("write", "/project/src/a.py", "/etc/a.py")

    def shown(access: Access) -> str:
        return question(given=ApprovalRequest(ToolCall("1", "edit", {}), "a", decision, None, (access,)))

    assert "writes /project" not in shown(written)
    assert "leads to /etc/a.py" in shown(linked)
