"""Differences between two versions of a text, in bounded time and length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ALIGNED = 2000
"""Most lines, old and new together, that are compared line by line; more count as replaced as a whole."""
_LONGEST = 1000
"""Lines of a diff that are kept."""

_Block = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Diff:
    """A unified diff without its two header lines."""

    text: str
    added: int
    removed: int


def unified_diff(before: str, after: str, *, context: int = 3) -> Diff:
    """The change from `before` to `after`; line endings do not count as a difference of lines."""
    old, new = _lines(before), _lines(after)
    blocks = list(_changed(old, new))
    output: list[str] = []
    for hunk in _hunks(blocks, context):
        output += _hunk(old, new, hunk, context)
        if len(output) > _LONGEST:
            output[_LONGEST:] = ["\\ The rest of the diff is left out."]
            break
    added = sum(block[3] - block[2] for block in blocks)
    removed = sum(block[1] - block[0] for block in blocks)
    return Diff("\n".join(output), added, removed)


def common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines are the same at the beginning, and how many of the rest at the end."""
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - head) if old[-1 - i] != new[-1 - i]), shorter - head)
    return head, tail


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
    """What differs, as `old[a:b]` against `new[c:d]`."""
    head, tail = common_ends(old, new)
    old_end, new_end = len(old) - tail, len(new) - tail
    if head == old_end and head == new_end:
        return
    if head in (old_end, new_end) or old_end + new_end - 2 * head > _ALIGNED:
        yield head, old_end, head, new_end
        return
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, old[head:old_end], new[head:new_end], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield a + head, b + head, c + head, d + head


def _hunks(blocks: Sequence[_Block], context: int) -> Iterator[list[_Block]]:
    """Blocks so close that their context touches, together."""
    hunk: list[_Block] = []
    for block in blocks:
        if hunk and block[0] - hunk[-1][1] > 2 * context:
            yield hunk
            hunk = []
        hunk.append(block)
    if hunk:
        yield hunk


def _hunk(old: Sequence[str], new: Sequence[str], blocks: Sequence[_Block], context: int) -> list[str]:
    start = max(blocks[0][0] - context, 0)
    new_start = blocks[0][2] - (blocks[0][0] - start)
    end = min(blocks[-1][1] + context, len(old))
    new_end = blocks[-1][3] + (end - blocks[-1][1])
    lines = [f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@"]
    at = start
    for a, b, c, d in blocks:
        lines += [f" {line}" for line in old[at:a]]
        lines += [f"-{line}" for line in old[a:b]]
        lines += [f"+{line}" for line in new[c:d]]
        at = b
    return lines + [f" {line}" for line in old[at:end]]


def _range(start: int, end: int) -> str:
    size = end - start
    first = start + 1 if size else start
    return str(first) if size == 1 else f"{first},{size}"
