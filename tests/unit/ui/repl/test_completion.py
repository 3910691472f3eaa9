from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from qwen_code.ui.repl.commands.table import COMMANDS
from qwen_code.ui.repl.completion import PromptCompleter, path_before_cursor, ranked
from qwen_code.ui.repl.file_index import FileIndex


def completed(text: str, root: Path) -> list[str]:
    """What the prompt would read after taking each completion."""

    async def complete() -> list[str]:
        completer = PromptCompleter(
            COMMANDS, lambda name: [("plan", "reads only"), ("yolo", "")], FileIndex(root)
        )
        found: list[str] = []
        async for c in completer.get_completions_async(Document(text), CompleteEvent()):
            found.append(text[: len(text) + c.start_position] + c.text)
        return found

    return asyncio.run(complete())


def test_a_slash_offers_all_commands_and_letters_narrow_them(tmp_path: Path) -> None:
    assert len(completed("/", tmp_path)) == len(COMMANDS)
    assert completed("/ex", tmp_path)[0] == "/export"
    assert completed("/amode", tmp_path) == ["/approval-mode"]


def test_an_argument_is_completed_by_its_command(tmp_path: Path) -> None:
    assert completed("/approval-mode p", tmp_path) == ["/approval-mode plan"]


def test_a_path_after_an_at_sign_is_completed_and_blanks_escaped(tmp_path: Path) -> None:
    (tmp_path / "a b.md").touch()
    (tmp_path / "app.py").touch()
    assert completed("look at @app", tmp_path) == ["look at @app.py"]
    assert completed("look at @a\\ b", tmp_path) == ["look at @a\\ b.md"]


@pytest.mark.parametrize("text", ["hello", "a / b", "me@example.org", "text\n/help", "half /he"])
def test_other_text_is_left_in_peace(text: str, tmp_path: Path) -> None:
    (tmp_path / "example.org").touch()
    assert completed(text, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "path"), [("@", ""), ("x @src/a", "src/a"), ("x\n@a", "a"), ("@a b", None), ("a@b", None)]
)
def test_the_path_at_the_cursor(text: str, path: str | None) -> None:
    assert path_before_cursor(Document(text)) == path


def test_what_begins_so_ranks_before_what_holds_it() -> None:
    names = [("compress", ""), ("export", ""), ("exit", ""), ("context", "")]
    assert [name for name, _ in ranked("ex", names)] == ["export", "exit", "context"]
