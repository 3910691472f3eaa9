"""What the model says before it edits: the wrong tokens and the right ones, with a little around them.

A decision is harder to take in the middle of a copy, where everything speaks for going on with the original.
Once it is said, the line that follows is a copy of what was read and the next a copy of what was said.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]+")


def diagnosis(old: str, new: str) -> str:
    """The sentence for a line that is to become another.

    What it quotes begins and ends where the tokenizer splits, so that quotations have the tokens of the code.
    """
    before, after = _tokens(old), _tokens(new)
    shorter = min(len(before), len(after))
    start = end = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    first, last = _neighbour(before, start, -1), len(before) - end
    if start + end == shorter:  # missing or too much, which shows only between both its neighbours
        last = _neighbour(before, last - 1, 1) + 1
    wrong, right = before[first:last], after[first : last + len(after) - len(before)]
    return f"`{''.join(wrong)}` should be `{''.join(right)}`."


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
