from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.backends import sse
from qwen_code.backends.sse import EventParser
from qwen_code.errors import BackendError


def parse(*chunks: bytes) -> list[bytes]:
    parser = EventParser()
    payloads = [payload for chunk in chunks for payload in parser.feed(chunk)]
    return payloads + parser.finish()


def test_events_are_split_at_blank_lines() -> None:
    assert parse(b'data: {"a": 1}\n\ndata: {"b": 2}\n\ndata: [DONE]\n\n') == [
        b'{"a": 1}',
        b'{"b": 2}',
        b"[DONE]",
    ]


def test_the_space_after_the_colon_is_optional() -> None:
    assert parse(b'data:{"a":1}\n\n') == [b'{"a":1}']


def test_events_without_blank_lines_between_them_are_told_apart() -> None:
    assert parse(b'data: {"a": 1}\ndata: {"b": 2}\n') == [b'{"a": 1}', b'{"b": 2}']


def test_an_event_over_several_data_lines_is_one() -> None:
    (payload,) = parse(b'data: {"a":\ndata:  [1,\ndata: 2]}\n\n')
    assert json.loads(payload) == {"a": [1, 2]}


def test_the_end_mark_is_seen_at_once_even_without_a_blank_line() -> None:
    assert EventParser().feed(b"data: [DONE]\n") == [b"[DONE]"]


def test_other_fields_are_passed_over_and_comments_counted() -> None:
    parser = EventParser()
    assert parser.feed(b': ping\nevent: message\nid: 7\nretry: 10\ndata: {"a": 1}\n\n: ping\n') == [
        b'{"a": 1}'
    ]
    assert parser.comments == 2


@pytest.mark.parametrize(
    "told",
    [
        b'event: error\ndata: {"message": "boom"}\n\n',
        b'error: {"message": "boom"}\n\n',
        b'event: error\ndata: {"error": {"message": "boom"}}\n\n',
        b'data: data: {"error": {"message": "boom"}}\n\n',
    ],
)
def test_an_error_is_one_however_it_is_told(told: bytes) -> None:
    events = parse(told + b'data: {"a": 1}\n\n')
    assert [json.loads(event) for event in events] == [{"error": {"message": "boom"}}, {"a": 1}]


def test_the_last_event_needs_no_line_end() -> None:
    assert parse(b'data: {"a": 1}') == [b'{"a": 1}']


def test_a_line_without_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    with pytest.raises(BackendError, match="endless line"):
        parse(*[b"x" * 100] * 20)


events = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=6)


@given(events, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_any_cut_of_the_stream_gives_the_same_events(
    values: list[dict[str, str]], line_end: bytes, data: st.DataObject
) -> None:
    stream = b"".join(
        b"data: " + json.dumps(value, ensure_ascii=False).replace("\r", "").encode() + line_end * 2
        for value in values
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [json.loads(payload) for payload in parse(*pieces)] == values
