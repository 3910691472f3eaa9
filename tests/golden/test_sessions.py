"""The recorded sessions in `sessions/`; `tests/support/recorded_sessions.py` makes them anew."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from qwen_code.agent.replay import Replayer
from qwen_code.sessions.lines import decode_lines
from tests.support.program import Program
from tests.support.recorded_sessions import FOLDER, RECORDINGS

NAMES = [record.__name__ for record in RECORDINGS]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_session_makes_the_same_requests_byte_for_byte(name: str) -> None:
    records = decode_lines((FOLDER / f"{name}.jsonl").read_bytes()).records
    replayed = asyncio.run(Replayer(records).run())
    assert replayed.differences == []
    assert replayed.requests == sum(r["type"] == "AnswerEnded" for r in records) - (
        1 if name == "shortened" else 0
    )  # one answer of it was rewound


@pytest.mark.parametrize("name", NAMES)
def test_a_word_that_was_not_recorded_is_the_first_difference(name: str) -> None:
    records = decode_lines((FOLDER / f"{name}.jsonl").read_bytes()).records
    said = [r for r in records if r["type"] == "Corrected"]
    if not said:
        said = [next(r for r in records if r["type"] == "TurnEnded" and r["outcome"] == "done")]
    said[0]["text"] = "nothing like it"
    (difference,) = asyncio.run(Replayer(records).run()).differences
    assert "nothing like it" in difference.recorded
    assert "nothing like it" not in difference.now


def test_the_command_shows_the_first_difference_and_fails(tmp_path: Path) -> None:
    program = Program(tmp_path)
    whole = program.run("replay", str(FOLDER / "repaired.jsonl"))
    assert (whole.code, whole.out) == (0, "8 requests in 2 turns, all as recorded.\n")
    changed = (
        (FOLDER / "repaired.jsonl").read_text().replace("Verification failed: ", "Verification FAILED: ")
    )
    (tmp_path / "changed.jsonl").write_text(changed)
    done = program.run("replay", "changed.jsonl")
    assert done.code == 1
    assert "+verification: Verification failed: " in done.out
    assert program.run("replay", "--keep-going", "changed.jsonl").out.endswith("2 not as recorded.\n")
    assert program.run("replay", "nowhere.jsonl").code == 42
    shutil.copyfile(tmp_path / "changed.jsonl", tmp_path / "broken.jsonl")
    (tmp_path / "broken.jsonl").write_text("{}\n")
    assert program.run("replay", "broken.jsonl").code == 42
