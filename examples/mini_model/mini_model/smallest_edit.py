"""An edit that begins with what is wrong, and goes on to the end of the line, or until it is unique.

Both of its decisions are then the first tokens of a string, and all the rest is copying. Where an edit holds
the whole line, the second one has to be taken in the middle of a copy, where everything speaks for going on
with the original.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from keyword import iskeyword

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]+")


def smallest_edit(lines: Sequence[str], at: int, new: str, end: int | None = None) -> tuple[str, str]:
    """What stands in `lines` from the first difference on, and what is to stand there instead.

    It goes on with further lines, of which the last is not empty, until it is unique in the file. The last
    line of a file may take in its end. If all that does not help, it begins further left.

    Args:
        at: the line that is to become `new`.
        end: the edit ends before this line.
    """
    start, text = difference(lines[at], new), "\n".join(lines)
    for behind in _behind(lines, at, min(end or len(lines), len(lines))):
        if text.count(lines[at][start:] + behind) == 1:
            return lines[at][start:] + behind, new[start:] + behind
    while start and text.count(lines[at][start:]) > 1:
        start = _token_before(lines[at], start)
    return lines[at][start:], new[start:]


def _behind(lines: Sequence[str], at: int, end: int) -> Iterator[str]:
    """More and more of what follows a line."""
    yield ""
    for last in range(at + 1, end):
        if lines[last].strip() or last == len(lines) - 1 == at + 1:
            yield "\n" + "\n".join(lines[at + 1 : last + 1])


def _token_before(line: str, start: int) -> int:
    found = [token.start() for token in _TOKEN.finditer(line[:start]) if not token[0].isspace()]
    return found[-1] if found else 0


def undone(text: str, at: int, new: str, old: str) -> tuple[str, str] | None:
    """The edit that takes back the one that put `new` for `old` at `at` in `text`; None if none is unique."""
    end = at + len(new)
    while text.count(text[at:end]) > 1:
        line = re.compile(r"[^\n]*\n*[^\n]+").match(text, end)
        if line is None:
            return None
        end = line.end()
    behind = text[at + len(new) : end]
    return new + behind, old + behind


def difference(old: str, new: str) -> int:
    """Where both begin to differ: at a token of the tokenizer, and with something left of both."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    same = [one == other for one, other in zip(before, after, strict=False)]
    place = same.index(False) if False in same else len(same) - 1
    start = len("".join(before[:place]))
    joined = place and before[place - 1].isspace() and all(map(_has_space, (before[place], after[place])))
    return start - 1 if joined else start


def _has_space(token: str) -> bool:
    """Whether the tokenizer joins it with the space before it."""
    return not token[0].isalnum() or iskeyword(token)
