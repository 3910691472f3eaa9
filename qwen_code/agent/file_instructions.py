"""Instructions about certain files, told once, when the model first touches one of those files.

They are appended to the conversation; nothing before them changes. What has been told is read from the
conversation itself, so that a resumed session does not tell it again, and one that was shortened does when
such a file is touched the next time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from qwen_code.agent.conversation import Conversation
from qwen_code.agent.instructions import Instruction, Sources, opening, rule_directories
from qwen_code.agent.rules import Rule, find_rules

_INTRODUCTION = "The user's instructions for the files that you have just touched:"


class Advisor:
    """Knows the rules with `paths`, and the instructions of directories below the project's."""

    def __init__(self, sources: Sources, conversation: Conversation) -> None:
        self._sources = sources
        self._conversation = conversation

    def due(self, touched: Iterable[Path]) -> str | None:
        """What has to be told now that these files were read or written."""
        due: dict[str, Instruction] = {}
        for path in touched:
            if not path.is_relative_to(self._sources.root):
                continue
            for origin, instruction in self._about(path):
                if origin not in due and not self._is_told(origin) and (found := instruction()) is not None:
                    due[origin] = found
        if not due:
            return None
        return "\n\n".join([_INTRODUCTION, *(instruction.render() for instruction in due.values())])

    def _about(self, path: Path) -> Iterator[tuple[str, _Lazy]]:
        sources = self._sources
        relative = path.relative_to(sources.root)
        for rule in self._rules:
            if rule.is_about(relative.as_posix()):
                origin = sources.origin(rule.path)
                yield origin, _Lazy(sources, rule.path, rule.text)
        if sources.trusted:
            for depth in range(1, len(relative.parts)):
                directory = sources.root.joinpath(*relative.parts[:depth])
                for file in sources.files_in(directory):
                    if file != path and file.is_file():
                        yield sources.origin(file), _Lazy(sources, file)

    @cached_property
    def _rules(self) -> list[Rule]:
        sources = self._sources
        found = [rule for d in rule_directories(sources) for rule in find_rules(d, _silent)]
        return [rule for rule in found if rule.paths and rule.text]

    def _is_told(self, origin: str) -> bool:
        mark = opening(origin)
        return any(mark in message.text for message in self._conversation.messages if message.role == "user")


class _Lazy:
    """An instruction that is read when it is needed."""

    def __init__(self, sources: Sources, path: Path, text: str = "") -> None:
        self._sources, self._path, self._text = sources, path, text

    def __call__(self) -> Instruction | None:
        if self._text:
            return Instruction(self._sources.origin(self._path), self._text)
        return self._sources.read(self._path)


def _silent(text: str) -> None:
    """Warnings about rules have been given at the start."""
