"""What a conversation holds so far that the next call of a small model can be held to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qwen_code.messages import Message

Made = tuple[str, str, str]
"""An edit that the conversation holds: path, what was to be replaced, and by what."""

_WORD = re.compile(r"[^\W\d]\w*")
_PATH = re.compile(r"[\w./-]*\w\.\w+")


@dataclass(frozen=True, slots=True)
class SoFar:
    """Edits, searches, and what can be named."""

    edits: tuple[Made, ...] = ()
    """In order, whatever became of them."""
    vain: tuple[str, ...] = ()
    """Patterns that nothing matched."""
    words: frozenset[str] = frozenset()
    """All that look like names; none if that is not known."""
    paths: frozenset[str] = frozenset()
    """All that look like files; none if that is not known."""

    @classmethod
    def of(cls, messages: Sequence[Message]) -> SoFar:
        """What `messages` hold."""
        texts = [message.text for message in messages]
        paths = frozenset(path for text in texts for path in _PATH.findall(text))
        return cls(_edits_made(messages), _vain_searches(messages), words_of(texts), paths)


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """All that look like names."""
    return frozenset(word for text in texts for word in _WORD.findall(text))


def _edits_made(messages: Iterable[Message]) -> tuple[Made, ...]:
    keys = ("file_path", "old_string", "new_string")
    calls = (call for message in messages for call in message.tool_calls if call.name == "edit")
    values = ([str(call.arguments.get(key, "")) for key in keys] for call in calls)
    return tuple((path, old, new) for path, old, new in values)


def _vain_searches(messages: Sequence[Message]) -> tuple[str, ...]:
    vain = {m.tool_call_id for m in messages if m.role == "tool" and m.text.startswith("No matches for ")}
    calls = (call for message in messages for call in message.tool_calls if call.id in vain)
    return tuple(str(call.arguments.get("pattern", "")) for call in calls if call.name == "grep_search")
