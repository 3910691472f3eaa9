from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.events import (
    AnswerEnded,
    Compacted,
    Corrected,
    Denial,
    Event,
    Outcome,
    ReasoningDelta,
    RequestStarted,
    Retried,
    Steered,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolStarted,
    TurnEnded,
    VerificationFinished,
    VerificationStarted,
    WindowFilling,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.tool import CommandBlock, DiffBlock, TextBlock
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.calls import KEPT_RESULTS, TAIL_CHARACTERS
from qwen_code.ui.repl.transcript import CHARACTERS_A_FRAME, Transcript

READ = ToolCall("r", "read_file", {"file_path": "a.py"})
RUN = ToolCall("c", "run_shell_command", {"command": "pytest"})
EDIT = ToolCall("e", "edit", {})
DIFF = DiffBlock("a.py", "@@ -1 +1 @@\n-a\n+b\n", 1, 1)
ENDED = AnswerEnded(Message("assistant"), Usage())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def transcript(*, plain: bool = False, clock: Clock | None = None) -> Transcript:
    return Transcript(Painter(60, "mono", environ={}, plain=plain), clock or Clock(), shell_lines=3)


def printed(it: Transcript, events: Sequence[Event] = (), *, all: bool = True) -> list[str]:
    for event in events:
        it.take(event)
    return [line.plain for line in it.settle(None if all else CHARACTERS_A_FRAME)]


def test_finished_paragraphs_are_printed_and_the_open_one_is_live() -> None:
    it = transcript()
    assert printed(it, [RequestStarted(1), TextDelta("One.\n\nTw")]) == ["", "  One."]
    assert [line.plain for line in it.live(10)] == ["", "  Tw"]
    assert printed(it, [TextDelta("o."), ENDED]) == ["", "  Two."]
    assert it.live(10) == []


def test_what_was_printed_is_never_given_again() -> None:
    it = transcript()
    first = printed(it, [RequestStarted(1), TextDelta("One.\n\n")])
    assert (first, printed(it)) == (["", "  One."], [])


@given(st.lists(st.text(alphabet="ab \n#-`*", max_size=8), max_size=20))
def test_frames_at_any_time_print_the_same_text(pieces: list[str]) -> None:
    at_once, by_frame = transcript(), transcript()
    events: list[Event] = [RequestStarted(1), *(TextDelta(piece) for piece in pieces), ENDED]
    lines: list[str] = []
    for event in events:
        by_frame.take(event)
        by_frame.live(10)
        lines += [line.plain for line in by_frame.settle()]
    assert lines == printed(at_once, events)


def test_a_flood_of_text_is_printed_over_several_frames_and_complete() -> None:
    it = transcript()
    it.take(RequestStarted(1))
    it.take(TextDelta("word\n\n" * 15_000))
    frames = 0
    lines: list[str] = []
    while it.behind:
        lines += [line.plain for line in it.settle()]
        frames += 1
    assert frames > 5
    assert lines.count("  word") == 15_000


def test_a_call_is_one_line_with_what_came_of_it() -> None:
    it = transcript()
    events = [ToolStarted(READ, "a.py"), ToolFinished(READ, True, "text", TextBlock("120 lines"))]
    assert printed(it, events) == ["", "● Read a.py  120 lines"]


def test_short_calls_in_a_row_stand_close_together() -> None:
    it = transcript()
    lines = printed(
        it, [ToolFinished(READ, True, "text", TextBlock("1 line"))] * 2 + [ToolFinished(EDIT, True, "", DIFF)]
    )
    assert lines == ["", "● Read  1 line", "● Read  1 line", "", "● Edit  +1 -1", "    1 - a", "    1 + b"]


def test_a_running_command_shows_its_last_lines_live() -> None:
    it = transcript()
    assert printed(it, [ToolStarted(RUN, "pytest"), ToolOutput("c", "1\n2\n3\n4\n5")]) == []
    assert [line.plain for line in it.live(10)] == ["", "● Run pytest", "    3", "    4", "    5"]


def test_a_finished_command_shows_its_end_and_the_rest_on_demand() -> None:
    it = transcript()
    block = CommandBlock("pytest", "/", "1\n2\n3\n4\n5\n", 1)
    lines = printed(it, [ToolStarted(RUN, "pytest"), ToolFinished(RUN, True, "", block, duration_s=2.4)])
    assert lines == [
        "",
        "● Run pytest  exit 1 · 2 s",
        "    … 2 more lines above · ctrl+o",
        "    3",
        "    4",
        "    5",
    ]
    assert it.expand()
    assert printed(it) == ["", "▾ Run pytest", "    1", "    2", "    3", "    4", "    5"]
    assert not it.expand()


def test_only_so_much_of_a_running_command_s_output_is_kept() -> None:
    it = transcript()
    printed(it, [ToolStarted(RUN, "yes"), *[ToolOutput("c", "y" * TAIL_CHARACTERS)] * 5])
    assert len(it.live(10)) == 3


def test_only_so_many_results_are_kept_for_later() -> None:
    it = transcript()
    block = CommandBlock("x", "/", "1\n2\n3\n4\n5\n", 0)
    printed(it, [ToolFinished(RUN, True, "", block)] * (KEPT_RESULTS + 5))
    assert sum(it.expand() for _ in range(KEPT_RESULTS + 5)) == KEPT_RESULTS


def test_a_failed_call_says_what_the_model_was_told() -> None:
    it = transcript()
    assert printed(it, [ToolStarted(EDIT, "a.py"), ToolFinished(EDIT, False, "The text was not found.")]) == [
        "",
        "✗ Edit a.py",
        "    The text was not found.",
    ]


def test_a_refused_call_says_who_refused_it() -> None:
    it = transcript()
    by_person, by_rule = Denial(RUN, "too dangerous", by_person=True), Denial(RUN, "rm is denied")
    lines = printed(
        it, [ToolFinished(RUN, False, "", denial=by_person), ToolFinished(RUN, False, "", denial=by_rule)]
    )
    assert "    Refused by you: too dangerous" in lines
    assert "    Not permitted: rm is denied" in lines


def test_a_call_that_the_sandbox_stopped_shows_its_output_and_what_would_permit_it() -> None:
    it = transcript()
    denial = Denial(RUN, "there is no network", "--network on", by_sandbox=True)
    block = CommandBlock("curl x", "/", "Could not resolve host\n", 6, ("network: x:443 refused",))
    lines = printed(it, [ToolFinished(RUN, False, "", block, denial=denial)])
    assert "    Could not resolve host" in lines
    assert "    network: x:443 refused" in lines
    assert "Stopped by the sandbox: there is no network (--network on permits it)" in " ".join(
        line.strip() for line in lines
    )


def test_what_was_shown_for_approval_is_not_shown_again() -> None:
    it = transcript()
    it.take(ToolStarted(EDIT, "a.py"))
    it.preview("e", [])
    assert printed(it, [ToolFinished(EDIT, True, "", DIFF)])[-1] == "● Edit a.py  +1 -1"


def test_the_output_of_a_command_that_was_asked_about_is_shown() -> None:
    it = transcript()
    it.take(ToolStarted(RUN, "pytest"))
    it.preview("c", [])
    assert (
        printed(it, [ToolFinished(RUN, True, "", CommandBlock("pytest", "/", "1 passed\n", 0))])[-1]
        == "    1 passed"
    )


def test_thoughts_are_live_and_then_one_line_with_the_rest_on_demand() -> None:
    clock = Clock()
    it = transcript(clock=clock)
    printed(it, [RequestStarted(1), ReasoningDelta("first\nsecond")])
    assert [line.plain for line in it.live(10)] == ["", "  first", "  second"]
    clock.now = 4.2
    assert printed(it, [TextDelta("Answer.\n\n")]) == ["", "∴ Thought for 4 s", "", "  Answer."]
    assert it.expand()
    assert printed(it) == ["", "▾ Thoughts", "    first", "    second"]


def test_a_retry_voids_what_was_printed_and_says_so() -> None:
    it = transcript()
    lines = printed(it, [RequestStarted(1), TextDelta("One.\n\nTwo"), Retried(2, "It broke off.", 3.0)])
    assert lines[:2] == ["", "  One."]
    assert "".join(lines[3:]).startswith("↻ It broke off. Trying again in 3 s (attempt 2).")
    assert "void" in " ".join(lines)
    assert it.live(10) == []


def test_a_reason_that_stays_the_same_is_said_once_a_request() -> None:
    down, busy = "nothing listens there.", "the server is busy."
    retries = [Retried(2, down, 0.4), Retried(3, down, 3.0), Retried(4, busy, 9.0)]
    lines = printed(transcript(), [RequestStarted(1), *retries, RequestStarted(2), Retried(2, busy, 1.0)])
    assert [line for line in lines if line] == [
        "↻ Nothing listens there. Trying again at once (attempt 2).",
        "↻ Trying again in 3 s (attempt 3).",
        "↻ The server is busy. Trying again in 9 s (attempt 4).",
        "↻ The server is busy. Trying again in 1 s (attempt 2).",
    ]


def test_a_retry_before_anything_was_printed_voids_nothing() -> None:
    assert "void" not in " ".join(
        printed(transcript(), [RequestStarted(1), Retried(2, "It broke off.", 3.0)])
    )


def test_what_the_person_said_meanwhile_is_shown_where_it_was_read() -> None:
    assert printed(transcript(), [Steered("be quick")]) == ["", "» be quick"]


def test_corrections_compaction_and_verification_are_told() -> None:
    it = transcript()
    lines = printed(
        it,
        [
            Corrected("empty", "Go on."),
            Compacted(90_000, 12_000, "outputs", 10_000),
            WindowFilling(80_000, 100_000, 90_000),
            VerificationStarted("make test"),
            VerificationFinished("make test", False, "1 failed\n", 1),
            Corrected("verification", "It failed."),
            VerificationStarted("make test"),
            VerificationFinished("make test", True, "", 2),
        ],
    )
    assert [line for line in lines if line] == [
        "· The model was told: Go on.",
        "· Conversation shortened from 90k to 12k tokens: old tool",
        "  results are in a file; 10k are read again.",
        "! 80% of the window is used; at 90k tokens the conversation",
        "  is shortened. /compress does it now and lets you say what",
        "  to keep.",
        "✗ Verify make test  failed, try 1",
        "    1 failed",
        "● Verify make test  passed",
    ]


def test_a_turn_that_was_cut_off_closes_what_was_open() -> None:
    it = transcript()
    for event in (TextDelta("half a sen"), ToolStarted(RUN, "pytest")):
        it.take(event)
    it.interrupted()
    assert [line for line in printed(it) if line] == [
        "  half a sen",
        "✗ Run pytest  interrupted",
        "■ Interrupted. What was done is kept.",
    ]


def test_the_end_of_a_turn_is_silent_when_there_is_nothing_to_say() -> None:
    assert printed(transcript(), [TurnEnded(Outcome.DONE)]) == []


def test_a_title_with_control_characters_and_line_feeds_is_one_harmless_line() -> None:
    it = transcript()
    lines = printed(it, [ToolStarted(RUN, "echo \x1b[2J\nrm -rf /"), ToolFinished(RUN, True, "")])
    assert lines == ["", "● Run echo ␛[2J …"]


@given(st.text(alphabet=st.sampled_from("●✗?>» ab\n\x1b[2J\u202e#-`"), max_size=60))
def test_a_model_can_not_write_into_the_columns_that_are_ours(text: str) -> None:
    it = transcript()
    lines = printed(it, [RequestStarted(1), TextDelta(text), ENDED])
    assert all(not line or line.startswith(MARGIN) for line in lines)


def test_for_a_screen_reader_marks_are_words() -> None:
    it = transcript(plain=True)
    lines = printed(it, [ToolFinished(READ, True, ""), ToolFinished(EDIT, False, "no")])
    assert [line for line in lines if line] == ["done: Read", "failed: Edit", "    no"]
