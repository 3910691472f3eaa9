from __future__ import annotations

from qwen_code.events import AnswerEnded, Event, Outcome, Steered, ToolFinished, TurnEnded, TurnStarted
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.tool import CommandBlock
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.replay import LINES_SHOWN, TURNS_SHOWN, replayed

RUN = ToolCall("1", "run_shell_command", {"command": "ls"})


def turn(prompt: str, answer: str = "Done.") -> list[Event]:
    return [
        TurnStarted(prompt),
        AnswerEnded(Message("assistant", "", tool_calls=(RUN,)), Usage()),
        ToolFinished(RUN, True, "a", CommandBlock("ls", "/", "a\n", 0)),
        Steered("also this"),
        AnswerEnded(Message("assistant", answer), Usage()),
        TurnEnded(Outcome.DONE),
    ]


def lines(events: list[Event]) -> list[str]:
    return [line.plain for line in replayed(events, Painter(80, "mono", environ={}), lambda: 0.0)]


def test_a_short_session_is_shown_whole() -> None:
    assert lines(turn("list")) == [
        "",
        "> list",
        "",
        "● Run ls",
        "    a",
        "",
        "» also this",
        "",
        "  Done.",
    ]


def test_of_a_long_session_the_last_turns_are_shown_and_it_is_said() -> None:
    shown = lines([event for n in range(10) for event in turn(f"prompt {n}")])
    assert shown[1].startswith("· Earlier parts")
    prompts = [line for line in shown if line.startswith("> ")]
    assert prompts == [f"> prompt {n}" for n in range(10 - TURNS_SHOWN, 10)]


def test_an_endless_answer_is_shown_from_its_end() -> None:
    shown = lines(turn("x", "\n".join(f"line {n}" for n in range(2000))))
    assert len(shown) <= LINES_SHOWN + 2
    assert shown[-1] == "  line 1999"


def test_an_empty_session_shows_nothing() -> None:
    assert lines([]) == []
