from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from qwen_code.events import AnswerEnded, Event, RequestStarted, ToolFinished, TurnStarted
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.permissions.decision import Mode
from qwen_code.permissions.trust import is_trusted
from qwen_code.tool import DiffBlock
from qwen_code.ui.repl.commands.table import COMMANDS, find, is_command, nearest
from tests.support.repl_app import FakeApp, Hang, Step, says
from tests.support.repl_harness import DOWN, ENTER, ESC, running_repl

DIFF = DiffBlock("a.py", "@@ -1 +1 @@\n-old\n+new\n", 1, 1)
STORED: dict[str, list[Event]] = {
    "20260101-000000-aaaa": [
        TurnStarted("fix the parser"),
        AnswerEnded(Message("assistant", "Fixed."), Usage()),
    ],
    "20260102-000000-bbbb": [
        TurnStarted("write docs"),
        AnswerEnded(Message("assistant", "Written."), Usage()),
    ],
}


def after(
    root: Path,
    *keys: str,
    sees: str,
    turn: list[Step] | None = None,
    check: Callable[[FakeApp], bool] = lambda app: True,
) -> str:
    """Everything on the screen once `sees` is there, after a turn and the keys that follow it."""

    async def run() -> str:
        app = FakeApp(root, [turn] if turn else [], stored=STORED)
        async with running_repl(app.open, root, columns=100) as person:
            await person.until(lambda: person.repl.turns is not None)
            if turn:
                await person.type("go", ENTER)
                await person.quiet()
            await person.type(*keys)
            await person.sees(sees)
            await person.until(lambda: check(app))
            await person.quiet()
            return person.emulator.text()

    return asyncio.run(run())


def test_help_lists_every_command(tmp_path: Path) -> None:
    text = after(tmp_path, "/help", ENTER, sees="/vim")
    assert all(f"/{command.name}" in text for command in COMMANDS)


@pytest.mark.parametrize("typed", ["hlep", "helpp", "modle", "toolz", "approvalmode"])
def test_a_command_that_is_not_there_is_answered_with_the_nearest(typed: str, tmp_path: Path) -> None:
    assert f"There is no command /{typed}. Did you mean /" in after(
        tmp_path, f"/{typed}", ENTER, sees="There is no"
    )


def test_a_command_that_is_like_no_other_is_pointed_to_the_help(tmp_path: Path) -> None:
    assert "/help lists all." in after(tmp_path, "/xyzzy", ENTER, sees="There is no")


def test_commands_are_found_by_name_alias_and_beginning() -> None:
    found = [command.name for name in ("help", "?", "exit", "app", "st") if (command := find(name))]
    assert found == ["help", "help", "quit", "approval-mode"]
    assert nearest("st")[:2] == ["stats", "status"]


@pytest.mark.parametrize("text", ["/help", "/", "/?", "/hlep", "/model qwen3 coder", "/app plan"])
def test_what_is_a_command(text: str) -> None:
    assert is_command(text)


@pytest.mark.parametrize(
    "text", ["/tmp is full", "/usr/bin/env fails", "/help\nme", "", "a /help", "/" + "x" * 9000]
)
def test_what_is_none(text: str) -> None:
    assert not is_command(text)


def test_every_command_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[4] / "docs" / "guides" / "repl.md").read_text()
    assert [command.name for command in COMMANDS if f"`/{command.name}" not in guide] == []


def test_names_and_aliases_are_unique() -> None:
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))


def test_a_path_is_no_command(tmp_path: Path) -> None:
    async def run() -> list[str]:
        app = FakeApp(tmp_path)
        async with running_repl(app.open, tmp_path) as person:
            await person.until(lambda: person.repl.turns is not None)
            await person.type(f"{tmp_path} is a folder", ENTER)
            await person.until(lambda: bool(app.prompts))
        return app.prompts

    assert asyncio.run(run()) == [f"{tmp_path} is a folder"]


def test_some_commands_wait_for_the_end_of_a_turn(tmp_path: Path) -> None:
    text = after(tmp_path, "/clear", ENTER, sees="has to wait", turn=[RequestStarted(1), Hang()])
    assert "/clear has to wait until the turn has ended" in text


def test_others_answer_while_it_runs(tmp_path: Path) -> None:
    after(tmp_path, "/stats", ENTER, sees="This session", turn=[RequestStarted(1), Hang()])


def test_clear_begins_a_new_session(tmp_path: Path) -> None:
    text = after(tmp_path, "/clear", ENTER, sees="A new session", turn=says("Hello."))
    assert "20260102-040000-wxyz" in text
    assert "cached" not in text.split("\n")[-1]


def test_the_model_is_shown_changed_and_refused(tmp_path: Path) -> None:
    assert "· qwen3-coder (local)" in after(tmp_path, "/model", ENTER, sees="changes it")
    after(
        tmp_path,
        "/model other",
        ENTER,
        sees="From now on other answers.",
        check=lambda app: app.model_name == "other",
    )
    assert "✗ There is no model called nowhere." in after(
        tmp_path, "/model nowhere", ENTER, sees="no model called"
    )


def test_the_approval_mode_by_name_and_by_picking(tmp_path: Path) -> None:
    after(
        tmp_path,
        "/approval-mode plan",
        ENTER,
        sees="Approval mode plan",
        check=lambda app: app.mode is Mode.PLAN,
    )
    after(
        tmp_path,
        "/approval-mode",
        ENTER,
        DOWN,
        ENTER,
        sees="Approval mode auto-edit",
        check=lambda app: app.mode is Mode.AUTO_EDIT,
    )
    assert "there are plan, default" in after(tmp_path, "/approval-mode fast", ENTER, sees="no approval mode")


def test_escape_leaves_a_picker_and_changes_nothing(tmp_path: Path) -> None:
    after(
        tmp_path,
        "/approval-mode",
        ENTER,
        ESC,
        sees="default · qwen3",
        check=lambda app: app.mode is Mode.DEFAULT,
    )


def test_permissions_adds_a_rule(tmp_path: Path) -> None:
    after(
        tmp_path,
        "/permissions Bash(npm test)",
        ENTER,
        sees="from now on: Bash(npm test)",
        check=lambda app: app.rules == [("user", ("Bash(npm test)",))],
    )


def test_permissions_lists_the_rules_in_force(tmp_path: Path) -> None:
    text = after(tmp_path, "/permissions", ENTER, sees="Approval mode")
    assert "    deny  Read(./.env)" in text
    assert "    allow Bash(make *)" in text


def test_trust_asks_first_and_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "home" / ".qwen" / "trustedFolders.json"
    after(tmp_path, "/trust", ENTER, ENTER, sees="default · qwen3")
    assert not file.exists()
    after(tmp_path, "/trust", ENTER, DOWN, ENTER, sees="Trusted;")
    assert is_trusted(tmp_path, file)


def test_auto_where_nothing_confines_is_said_to_ask_all_the_same(tmp_path: Path) -> None:
    after(tmp_path, "/approval-mode auto", ENTER, sees="Nothing confines commands here")


def test_tools_lists_all_and_explains_one(tmp_path: Path) -> None:
    assert "Replace text in a file." in after(tmp_path, "/tools", ENTER, sees="2 tools")
    assert "file_path  string  The file." in after(tmp_path, "/tools edit", ENTER, sees="The file.")
    after(tmp_path, "/tools nothing", ENTER, sees="There is no tool nothing.")


def test_context_draws_what_fills_the_window(tmp_path: Path) -> None:
    text = after(tmp_path, "/context", ENTER, sees="tool results")
    assert "11.7k of 32.8k tokens  36%  2.7k of them cached" in text
    assert "system prompt           900  █░" in text
    assert "free                  17.3k" in text
    assert "shortened at 29k; /compress does it now" in text


def test_compress_runs_like_a_turn_and_says_what_it_cost(tmp_path: Path) -> None:
    text = " ".join(after(tmp_path, "/compress the failing test", ENTER, sees="read again").split())
    assert "> /compress the failing test" in text
    assert "shortened from 30k to 4k tokens: summed up by the model; 2k are read again." in text
    assert "/sessions/outputs/0001-conversation.txt" in text


def test_memory_shows_what_the_model_was_told_and_takes_a_line_more(tmp_path: Path) -> None:
    text = after(tmp_path, "/memory", ENTER, sees="Instructions")
    assert "Instructions, 320 tokens" in text
    assert "told when its files are touched" in text
    text = after(tmp_path, "/memory add --user Answer in German.", ENTER, sees="Added to")
    assert "the model is told with the next prompt" in " ".join(text.split())


def test_init_asks_the_agent_to_write_the_file_and_shows_no_more_than_the_command(tmp_path: Path) -> None:
    text = after(tmp_path, "/init the tests matter", ENTER, sees="Nothing more is prepared")
    assert "> /init the tests matter" in text
    assert "earn its place" not in text


def test_stats_sums_up(tmp_path: Path) -> None:
    text = after(tmp_path, "/stats", ENTER, sees="tool calls", turn=says("Hello."))
    assert "900 read, 33% cached, 40 written" in text


def test_status_says_where_one_is(tmp_path: Path) -> None:
    text = after(tmp_path, "/status", ENTER, sees="approval mode")
    assert "20260102-030405-abcd" in text


def test_resume_by_id_by_picking_and_with_a_wrong_one(tmp_path: Path) -> None:
    assert "> fix the parser\n\n  Fixed." in after(tmp_path, "/resume 20260101", ENTER, sees="goes on")
    assert "> write docs\n\n  Written." in after(tmp_path, "/resume", ENTER, DOWN, ENTER, sees="goes on")
    after(tmp_path, "/resume 1999", ENTER, sees="✗ There is no session 1999.")


CHANGED: list[Step] = [
    RequestStarted(1),
    ToolFinished(ToolCall("1", "edit", {}), True, "", DIFF),
    *says("# Done\n\nAll of it."),
]


def test_diff_shows_all_changes_again(tmp_path: Path) -> None:
    after(tmp_path, "/diff", ENTER, sees="No file was changed")
    assert "  a.py  +1 -1\n    1 - old\n    1 + new" in after(
        tmp_path, "/diff", ENTER, sees="a.py  +1", turn=CHANGED
    )


def test_export_writes_a_new_file_and_never_over_another(tmp_path: Path) -> None:
    after(tmp_path, "/export talk.md", ENTER, sees="Written to")
    after(tmp_path, "/export talk.json", ENTER, sees="Written to")
    assert (tmp_path / "talk.md").read_text() == "20260102-030405-abcd as md"
    assert (tmp_path / "talk.json").read_text() == "20260102-030405-abcd as json"
    after(tmp_path, "/export talk.md", ENTER, sees="exists;")
    after(tmp_path, "/export no/such/folder.md", ENTER, sees="No such file")


def test_copy_sends_the_last_answer_to_the_terminal_s_clipboard(tmp_path: Path) -> None:
    async def run() -> str:
        app = FakeApp(tmp_path, [says("# Done")])
        async with running_repl(app.open, tmp_path) as person:
            await person.until(lambda: person.repl.turns is not None)
            await person.type("go", ENTER)
            await person.idle()
            await person.type("/copy", ENTER)
            await person.sees("Copied 6 characters")
            return "".join(person.emulator.raw)

    assert "\x1b]52;c;IyBEb25l\x07" in asyncio.run(run())
    after(tmp_path, "/copy", ENTER, sees="There is no answer yet.")


def test_vim_keys_are_switched_on_and_off(tmp_path: Path) -> None:
    after(tmp_path, "/vim", ENTER, sees="Vim keys.")


def test_quit_leaves(tmp_path: Path) -> None:
    async def run() -> int:
        app = FakeApp(tmp_path)
        async with running_repl(app.open, tmp_path) as person:
            await person.until(lambda: person.repl.turns is not None)
            await person.type("/quit", ENTER)
            return await person.left()

    assert asyncio.run(run()) == 0
