"""What the model says before it edits: the wrong tokens and the right ones, with a little around them.

A decision is harder to take in the middle of a copy, where everything speaks for going on with the original.
Once it is said, the line that follows is a copy of what was read and the next a copy of what was said.
"""

from __future__ import annotations

import re
from keyword import iskeyword

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]+")


def diagnosis(old: str, new: str) -> str:
    """The sentence for a line that is to become another.

    It begins with what is wrong, which is what the model sees first, and goes on with the word behind it, by
    which the place is known. Quotations have the tokens of the code.
    """
    before, after = _tokens(old), _tokens(new)
    shorter = min(len(before), len(after))
    start = end = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    first, last = start, len(before) - end
    if start + end == shorter:  # missing or too much, which shows only between both its neighbours
        first = _neighbour(before, start, -1)
    elif start and before[start - 1].isspace() and _has_space(before[start]) and _has_space(after[start]):
        first -= 1
    last = _neighbour(before, last - 1, 1) + 1
    wrong, right = before[first:last], after[first : last + len(after) - len(before)]
    return f"`{''.join(wrong)}` should be `{''.join(right)}`."


def _has_space(token: str) -> bool:
    """Whether the space before it is part of the tokenizer's token."""
    return not token[0].isalnum() or iskeyword(token)


def _tokens(line: str) -> list[str]:
    """A line without its indentation, but for the space that its first word is one token with."""
    return _TOKEN.findall(line.replace(line[: len(line) - len(line.lstrip())], " ", 1))


def _neighbour(tokens: list[str], at: int, step: int) -> int:
    """The place of the token next to `at`, and of the space before it."""
    while 0 <= at + step < len(tokens):
        at += step
        if not tokens[at].isspace():
            break
    return at - 1 if step < 0 and at > 0 and tokens[at - 1].isspace() else max(at, 0)
