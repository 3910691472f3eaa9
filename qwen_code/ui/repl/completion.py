"""Completion while typing: `/` commands with what they do, their arguments, and `@` paths."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from qwen_code.ui.repl.file_index import FileIndex
from qwen_code.ui.terminal_text import shown_line

Candidate: TypeAlias = tuple[str, str]
"""(what is inserted, what it means)."""

_AT_PATH = re.compile(r"(?:^|(?<=\s))@((?:\\ |[^\s@])*)$")


class Described(Protocol):
    """The part of a slash command that completion shows."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...


class PromptCompleter(Completer):
    """Completes the prompt; quiet unless the text asks for it with `/` or `@`."""

    def __init__(
        self,
        commands: Sequence[Described],
        arguments: Callable[[str], Sequence[Candidate]],
        files: FileIndex,
    ) -> None:
        """`arguments` gives the candidates for a command's argument."""
        self._commands = commands
        self._arguments = arguments
        self._files = files

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What needs no waiting: commands and their arguments."""
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in document.text:
            return
        name, space, argument = text[1:].partition(" ")
        if not space:
            for command in ranked(name, [(c.name, c.summary) for c in self._commands]):
                yield Completion(
                    command[0], start_position=-len(name), display=f"/{command[0]}", display_meta=command[1]
                )
            return
        for value, meaning in ranked(argument, self._arguments(name)):
            yield Completion(value, start_position=-len(argument), display_meta=shown_line(meaning))

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        for completion in self.get_completions(document, complete_event):
            yield completion
        wanted = path_before_cursor(document)
        if wanted is None:
            return
        for path in await self._files.find(wanted.replace("\\ ", " ")):
            text = path.replace(" ", "\\ ")
            yield Completion(text, start_position=-len(wanted), display=shown_line(path))


def path_before_cursor(document: Document) -> str | None:
    """What stands between `@` and the cursor; None when the cursor is not in such a word."""
    match = _AT_PATH.search(document.text_before_cursor.rpartition("\n")[2])
    return match[1] if match else None


def ranked(query: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates whose letters come in the query's order; those that begin with it first."""
    wanted = query.lower().strip()

    def rank(candidate: Candidate) -> int | None:
        text = candidate[0].lower()
        if text.startswith(wanted):
            return 0
        if wanted in text:
            return 1
        letters = iter(text)
        return 2 if all(letter in letters for letter in wanted) else None

    scored = [(score, candidate) for candidate in candidates if (score := rank(candidate)) is not None]
    return [candidate for _, candidate in sorted(scored, key=lambda pair: pair[0])]
