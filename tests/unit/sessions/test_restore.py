from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.errors import SessionError
from qwen_code.events import Compacted, RequestStarted, TextDelta, ToolFinished, encode
from qwen_code.messages import INTERRUPTED, Message, ToolCall
from qwen_code.sessions.lines import decode_lines, encode_line
from qwen_code.sessions.log import encode_message
from qwen_code.sessions.restore import restore
from tests.unit.sessions.told import Told, header, short_session, told

texts = st.text(max_size=12) | st.sampled_from(["", "a\nb", "\u2028", "\ud800", '{"type":"TurnStarted"'])
arguments = st.dictionaries(
    st.text(max_size=4), st.none() | st.integers() | texts | st.lists(texts), max_size=3
)
calls = st.builds(ToolCall, st.sampled_from(["0", "1", "call"]), st.sampled_from(["edit", "x"]), arguments)


@st.composite
def sessions(draw: st.DrawFn) -> tuple[str, Told]:
    preamble = draw(st.sampled_from(["", "<environment/>"]))
    session = told(preamble)
    for _ in range(draw(st.integers(0, 6))):
        match draw(st.sampled_from(["turn", "steered", "corrected", "answer", "answer", "noise"])):
            case "answer":
                made = session.answer(draw(texts), *draw(st.lists(calls, max_size=3)), reasoning=draw(texts))
                order = draw(st.permutations(made))
                session.results([(call, draw(texts)) for call in order if draw(st.booleans())])
            case "noise":
                session.tell(RequestStarted(1), TextDelta("x"))
                session.end()
            case kind:
                session.user(draw(texts), kind)
    return preamble, session


def lines_of(preamble: str, session: Told) -> bytes:
    records = [header(preamble=preamble).encode(), *map(encode, session.events)]
    return b"".join(map(encode_line, records))


def assert_valid(messages: Sequence[Message]) -> None:
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            assert message.tool_call_id == waiting.pop(0)
        else:
            assert waiting == []
            waiting = [call.id for call in message.tool_calls]
    assert waiting == []


@given(sessions())
def test_the_restored_conversation_is_the_one_that_was_had(made: tuple[str, Told]) -> None:
    preamble, session = made
    restored = restore(decode_lines(lines_of(preamble, session)).records)
    assert restored.messages == tuple(session.conversation.messages)
    assert restored.header == header(preamble=preamble)
    assert restored.warnings == ()


@given(sessions(), st.data())
def test_a_log_cut_anywhere_is_a_valid_conversation_with_the_same_beginning(
    made: tuple[str, Told], data: Any
) -> None:
    preamble, session = made
    whole = lines_of(preamble, session)
    start = whole.index(b"\n") + 1
    cut = whole[: data.draw(st.integers(start, len(whole)))]
    messages = restore(decode_lines(cut).records).messages
    assert_valid(messages)
    for mine, live in zip(messages, session.conversation.messages, strict=False):
        cut_short = mine.role == "tool" and mine.text == INTERRUPTED
        assert mine == live or (cut_short and mine.tool_call_id == live.tool_call_id)
    assert len(messages) <= len(session.conversation.messages)


@given(sessions(), st.data())
def test_a_log_with_records_lost_doubled_or_mixed_up_is_a_valid_conversation(
    made: tuple[str, Told], data: Any
) -> None:
    preamble, session = made
    first, *rest = decode_lines(lines_of(preamble, session)).records
    picked: list[Any] = data.draw(st.lists(st.sampled_from(rest or [{}]), max_size=12))
    assert_valid(restore([first, *picked]).messages)


KINDS = [
    "TurnStarted",
    "AnswerEnded",
    "ToolFinished",
    "Corrected",
    "conversation",
    "file_seen",
    "mode",
    "title",
]
FIELDS = [
    "prompt",
    "message",
    "messages",
    "call",
    "for_model",
    "text",
    "usage",
    "path",
    "sha256",
    "mode",
    "title",
]
INNER = ["role", "text", "tool_calls", "id", "name", "arguments", "prompt_tokens", "cost_usd"]


def junk(rng: random.Random, depth: int = 3) -> Any:
    match rng.randrange(7 if depth else 5):
        case 0:
            return rng.choice([None, True, 1.5, -1])
        case 1 | 2 | 3:
            return rng.choice(["", "x", "user", "assistant", "tool", "1"])
        case 4:
            return []
        case 5:
            return [junk(rng, depth - 1) for _ in range(rng.randrange(3))]
        case _:
            return {name: junk(rng, depth - 1) for name in rng.sample(INNER, rng.randrange(6))}


def test_no_record_however_wrong_stops_the_way_back() -> None:
    restored_some = 0
    for seed in range(500):
        rng = random.Random(seed)
        records: list[dict[str, Any]] = [header().encode()]
        for _ in range(12):
            content = {name: junk(rng) for name in rng.sample(FIELDS, rng.randrange(len(FIELDS)))}
            records.append({"type": rng.choice([*KINDS, 3, None])} | content)
        restored = restore(records)
        assert_valid(restored.messages)
        assert len(restored.events) < len(records)
        restored_some += bool(restored.messages)
    assert restored_some > 100


def test_results_stand_in_the_order_of_the_calls_and_usage_adds_up() -> None:
    restored = restore(decode_lines(lines_of(header().preamble, short_session())).records)
    assert [m.text for m in restored.messages if m.role == "tool"] == ["1\tx\n2\ty\u2028z", "edited"]
    assert restored.messages[0].text == header().preamble + "\n\nfix it"
    assert (restored.turns, restored.usage.prompt_tokens, restored.usage.cost_usd) == (2, 30, 1.5)


def test_what_was_sent_once_is_restored_byte_by_byte() -> None:
    first = header()
    (record,) = decode_lines(encode_line(first.encode())).records
    restored = restore([record]).header
    assert restored.system == first.system
    assert json.dumps([t.parameters for t in restored.tools]) == json.dumps(
        [t.parameters for t in first.tools]
    )
    assert restored == first


def test_a_replaced_conversation_counts_and_what_follows_is_added() -> None:
    session = short_session()
    summary = [Message("user", "before: fixed it"), Message("assistant", "Yes.")]
    replaced = {"type": "conversation", "messages": [encode_message(m) for m in summary]}
    records = [header().encode(), *map(encode, session.events), replaced, encode(Compacted(900, 50))]
    records.append({"type": "TurnStarted", "prompt": "go on"})
    restored = restore(records)
    assert restored.messages == (*summary, Message("user", "go on"))
    assert restored.warnings == ()
    lost = restore([r for r in records if r is not replaced])
    assert "shortened" in lost.warnings[0]
    assert len(lost.messages) == 8


def test_an_invalid_replacement_is_left_out() -> None:
    open_call = Message("assistant", "", tool_calls=(ToolCall("1", "edit", {}),))
    for messages in ([encode_message(open_call)], "no list", [{"role": "system", "text": ""}]):
        restored = restore([header().encode(), {"type": "conversation", "messages": messages}])
        assert restored.messages == ()
        assert "1 records of the session could not be used" in restored.warnings[0]


def test_files_seen_mode_and_title_are_the_last_ones() -> None:
    records: list[dict[str, Any]] = [
        header().encode(),
        {"type": "file_seen", "path": "/a", "sha256": "1"},
        {"type": "file_seen", "path": "/a", "sha256": "2"},
        {"type": "mode", "mode": "yolo"},
        {"type": "mode", "mode": "plan"},
        {"type": "title", "title": "t"},
    ]
    restored = restore(records)
    assert (restored.files_seen, restored.mode, restored.title) == ({"/a": "2"}, "plan", "t")


def test_a_log_of_another_version_is_read_as_far_as_it_is_known() -> None:
    records = [header().encode() | {"v": 9, "new": 1}, {"type": "Thought", "x": 1}]
    records.append({"type": "TurnStarted", "prompt": "p", "more": {}})
    restored = restore(records)
    assert restored.turns == 1
    assert restored.warnings == ("What only that version knows is left out.",)


@pytest.mark.parametrize(
    "records", [[], [{"type": "TurnStarted", "prompt": "x"}], [header().encode() | {"tools": 5}], [{}]]
)
def test_without_a_header_there_is_nothing_to_go_on_with(records: list[dict[str, Any]]) -> None:
    with pytest.raises(SessionError):
        restore(records)


def test_events_come_back_for_the_screen(tmp_path: Path) -> None:
    session = short_session()
    restored = restore(decode_lines(lines_of("", session)).records)
    assert list(restored.events) == session.events
    assert restored.events[0] == session.events[0]


def test_a_resumed_run_imports_no_validation_library() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom qwen_code.sessions.store import SessionStore\n"
        "from tests.unit.sessions.told import short_session, write\n"
        "write(Path('s/s1.jsonl'), short_session())\n"
        "log, restored = SessionStore(Path('s')).open()\n"
        "assert len(restored.messages) == 7, restored\n"
        "print(sorted({'pydantic', 'git', 'rich', 'shutil', 'httpx'} & set(sys.modules)))"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": root}, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_what_the_server_counted_last_is_known_and_what_the_program_said_is_marked() -> None:
    session = told()
    session.user("fix it")
    (call,) = session.answer("", ToolCall("0", "read_file", {}), reasoning="hm " * 500)
    session.tell(ToolFinished(call, True, "text", files_changed=("/w/a.py", "/w/b.py")))
    session.conversation.add_results({call.id: "text"})
    session.user("go on", kind="corrected")
    restored = restore([header().encode(), *map(encode, session.events)])
    assert restored.measured == (1, 10)
    assert restored.files_changed == ("/w/a.py", "/w/b.py")
    assert [m.by_harness for m in restored.messages if m.role == "user"] == [False, True]
    replaced = {"type": "conversation", "messages": [encode_message(m) for m in restored.messages]}
    again = restore([header().encode(), *map(encode, session.events), replaced])
    assert again.measured is None
    assert [m.by_harness for m in again.messages if m.role == "user"] == [False, True]
