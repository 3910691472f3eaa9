"""The lines of a text that come closest to some that it does not hold, so that a model sees what differs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

_FUZZY = 3000
"""Different lines of a text that are compared letter by letter."""
_SHOWN = 12
_WIDTH = 200


@dataclass(frozen=True, slots=True)
class Nearest:
    first_line: int
    """Number, from 1, of the first line."""
    last_line: int
    difference: str
    """Lines with `-` were wanted, with `+` are in the text, with two blanks are alike."""


def nearest(text: str, wanted: str) -> Nearest | None:
    """The place in `text` most like `wanted`; None where nothing is."""
    if not wanted.strip():
        return None
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    mine = wanted.replace("\r\n", "\n").strip("\n").split("\n")
    start = _start(lines, mine)
    if start is None:
        return None
    actual = lines[start : start + len(mine)]
    return Nearest(start + 1, start + len(actual), _difference(mine, actual))


def _start(lines: Sequence[str], mine: Sequence[str]) -> int | None:
    """Each line that is found, blanks aside, votes for the start that it implies, by its length."""
    offsets: dict[str, list[int]] = defaultdict(list)
    for offset, line in enumerate(mine):
        if line.strip():
            offsets[line.strip()].append(offset)
    votes: Counter[int] = Counter()
    for number, line in enumerate(lines):
        key = line.strip()
        for offset in offsets.get(key, ()):
            votes[number - offset] += len(key)
    if votes:
        best, _ = max(votes.items(), key=lambda vote: (vote[1], -vote[0]))
        return max(best, 0)
    return _fuzzy_start(lines, mine)


def _fuzzy_start(lines: Sequence[str], mine: Sequence[str]) -> int | None:
    from difflib import get_close_matches

    anchor = max(mine, key=lambda line: len(line.strip()))
    known: dict[str, int] = {}
    for number, line in enumerate(lines):
        known.setdefault(line.strip()[:_WIDTH], number)
    close = get_close_matches(anchor.strip()[:_WIDTH], islice(known, _FUZZY), n=1, cutoff=0.6)
    return max(known[close[0]] - mine.index(anchor), 0) if close else None


def _difference(mine: Sequence[str], actual: Sequence[str]) -> str:
    from difflib import SequenceMatcher

    shown: list[str] = []
    matcher = SequenceMatcher(None, mine[:100], actual[:100], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            shown += [f"  {line}" for line in mine[a:b]]
        else:
            shown += [f"- {line}" for line in mine[a:b]] + [f"+ {line}" for line in actual[c:d]]
    first = next((index for index, line in enumerate(shown) if not line.startswith("  ")), 0)
    part = shown[max(first - 2, 0) :][:_SHOWN]
    return "\n".join(line if len(line) <= _WIDTH else line[:_WIDTH] + "…" for line in part)
