from __future__ import annotations

import json
from pathlib import Path

from qwen_code.ui.repl.history import KEPT_ENTRIES, LONGEST_ENTRY, PromptHistory


def entries(path: Path) -> list[str]:
    return list(PromptHistory(path).load_history_strings())


def test_what_was_typed_is_there_in_the_next_session_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "new" / "history"
    for text in ("one", "two\nlines", "three"):
        PromptHistory(path).store_string(text)
    assert entries(path) == ["three", "two\nlines", "one"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_same_text_is_offered_once(tmp_path: Path) -> None:
    for text in ("a", "b", "a"):
        PromptHistory(tmp_path / "h").store_string(text)
    assert entries(tmp_path / "h") == ["a", "b"]


def test_lines_that_are_no_entries_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "h"
    path.write_bytes(b'"good"\nnot json\n\xff\xfe\n{"a": 1}\n"  "\n"torn')
    assert entries(path) == ["good"]


def test_a_history_that_can_not_be_read_or_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    history = PromptHistory(tmp_path / "h")
    history.store_string("x")
    assert entries(tmp_path / "h") == []


def test_a_very_long_text_is_not_kept(tmp_path: Path) -> None:
    PromptHistory(tmp_path / "h").store_string("x" * (LONGEST_ENTRY + 1))
    assert entries(tmp_path / "h") == []


def test_a_file_grown_long_is_cut_back(tmp_path: Path) -> None:
    path = tmp_path / "h"
    path.write_text("".join(json.dumps(str(n)) + "\n" for n in range(KEPT_ENTRIES * 2 + 1)))
    assert len(entries(path)) == KEPT_ENTRIES
    assert len(path.read_text().splitlines()) == KEPT_ENTRIES
    assert entries(path)[0] == str(KEPT_ENTRIES * 2)
