from __future__ import annotations

import json
from pathlib import Path

from qwen_code.sessions.preview import Preview, preview


def stored(path: Path, *records: dict[str, object]) -> Path:
    lines = [json.dumps(record, separators=(",", ":")) for record in records]
    path.write_text("\n".join(lines) + "\n")
    return path


def turn(prompt: str) -> dict[str, object]:
    return {"type": "TurnStarted", "prompt": prompt}


def answer(text: str) -> dict[str, object]:
    return {"type": "AnswerEnded", "message": {"role": "assistant", "text": text}}


def test_the_last_prompt_and_answer_are_found(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl", turn("one"), answer("1"), turn("two"), answer("2\nand \x1b[31mmore"))
    assert preview(path) == Preview("two", "2 and \\u001b[31mmore")


def test_a_prompt_without_an_answer_shows_none_of_an_earlier_one(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl", turn("one"), answer("1"), turn("two"), answer(""))
    assert preview(path) == Preview("two", "")


def test_what_was_rewound_is_not_shown(tmp_path: Path) -> None:
    said = [{**turn("one"), "turn": 1}, answer("1"), {**turn("two"), "turn": 2}, answer("2")]
    back: dict[str, object] = {"type": "rewound", "turn": 2, "files": True, "conversation": True}
    assert preview(stored(tmp_path / "a.jsonl", *said, back)) == Preview("one", "1")
    assert preview(stored(tmp_path / "b.jsonl", *said, {**back, "turn": 1})) == Preview()


def test_a_long_session_is_not_read_whole_and_a_torn_one_does_no_harm(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl", *[answer("x" * 1000)] * 300, turn("last"), answer("done"))
    with path.open("a") as file:
        file.write('{"type":"AnswerEnded","mess')
    assert preview(path) == Preview("last", "done")
    assert preview(tmp_path / "none.jsonl") == Preview()
