"""An edit that begins with what is wrong, and goes on to the end of the line, or of the next.

Both of its decisions are then the first tokens of a string, and all the rest is copying. Where an edit holds
the whole line, the second one has to be taken in the middle of a copy, where everything speaks for going on
with the original. To the end of the line it is found twice in one file of nine; with the next line in one of
twenty, but copies of that slip more often, where one line looks like another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from keyword import iskeyword

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]+")


def smallest_edit(lines: Sequence[str], at: int, new: str, end: int | None = None) -> tuple[str, str]:
    """What stands in `lines` from the first difference on, and what is to stand there instead.

    It is unique in the lines if the next one that is not empty can make it so.

    Args:
        at: the line that is to become `new`.
        end: the edit ends before this line.
    """
    start = _difference(lines[at], new)
    if "\n".join(lines).count(lines[at][start:]) == 1:
        return lines[at][start:], new[start:]
    last = next((n for n in range(at + 1, min(end or len(lines), len(lines))) if lines[n].strip()), at)
    behind = "".join(f"\n{line}" for line in lines[at + 1 : last + 1])
    return lines[at][start:] + behind, new[start:] + behind


def _difference(old: str, new: str) -> int:
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
