"""What a line of Python may become by one change: a few words are replaced, put in or left out, once.

What a small model writes behind its change is a copy of the rest. Where that copy slips it changes a second
thing, or leaves a bracket open, and the attempt is lost: so once it has changed something, it goes on with
the rest of the line, and only where Python can read the whole.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache

_TOKEN = re.compile(r"""\d+|\w+|"[^"]*"|'[^']*'|[-+*/%<>=!&|^~@]+|\S""")
GROUP = re.compile(r"\w+|[^\w\s]+")
"""A word, or all signs between two: an edit begins with what differs in these."""
_WORD = re.compile(r"\w")
LAST_WORD = re.compile(r"(?<!\w)[^\W\d]\w*\Z")
_LONGEST_CHANGE, _LONGEST_GAP = 5, 7
"""Tokens that are put in, and that are left out."""
_FILLINGS = (
    "",
    "-",
    " not",
    " elif",
    " return",
    " - x",
    " x",
    " x)",
    " x]",
    " x }",
    ")",
    "]",
    " x: x",
    " x else x",
    " x in x",
    "='x'",
)
"""What a change that is not yet whole might go on with."""
_ACTING = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom)
"""Expressions that do something where they are all of a statement; `...` stands for nothing to be done."""


class OneChange:
    """The rest of a line, and what may stand there instead."""

    def __init__(self, before: str, rest: str) -> None:
        """A line of which `rest` is to become something else, from its first word on.

        Args:
            before: what stays, from the start of the line on.
        """
        self._before = before
        self._first = GROUP.findall(rest)[:1] if len(GROUP.findall(rest)) > 1 else []
        """One that is all there is may stay."""
        self._rest = rest
        starts = [found.start() for found in _TOKEN.finditer(rest)][: _LONGEST_GAP + 1]
        spaces = [at - 1 for at in starts if at and rest[at - 1].isspace()]
        ends = [len(rest)] if len(starts) <= _LONGEST_GAP else []
        self._joints: list[int] = sorted({0, *starts, *spaces, *ends})
        """Where the rest may go on."""
        self._open = _open_brackets(rest)
        self._is_line = _parsed(before + rest) is not None

    def may_become(self, begun: str, *, whole: bool, stands: bool = True, grows: bool = True) -> bool:
        """Whether a rest may begin so, or be so if it is `whole`.

        Args:
            stands: its last word is a name.
            grows: there are more names that begin so.
        """
        before = self._before[-1:] if self._before.strip() else ""
        if "  " in before + begun and "  " not in before + self._rest:
            return False
        if not before and begun and begun[0].isspace() != self._rest[:1].isspace():
            return False
        cuts = (cut for cut in _cuts(begun) if cut < len(begun) or whole or stands)
        if any(self._goes_on(begun, cut, whole=whole) for cut in cuts):
            return True
        return not whole and self._is_open(begun, stands=stands, grows=grows)

    def _goes_on(self, begun: str, cut: int, *, whole: bool) -> bool:
        """Whether the change ends at `cut`, and what comes behind it is what was there."""
        change, behind = begun[:cut], begun[cut:]
        return any(
            (left == behind if whole else left.startswith(behind)) and self._makes_sense(change, left)
            for left in (self._rest[joint:] for joint in self._joints)
        )

    def _is_open(self, change: str, *, stands: bool, grows: bool) -> bool:
        """Whether a change that is not yet whole can be made so."""
        return len(_TOKEN.findall(change)) <= _LONGEST_CHANGE and any(
            self._makes_sense(said + filling, self._rest[joint:])
            for said in _finished(change, stands=stands, grows=grows)
            for filling in _FILLINGS
            for joint in self._joints
        )

    def _makes_sense(self, change: str, left: str) -> bool:
        """Whether the line is another then, and one of Python if it was one before."""
        if _WORD.match(change[-1:]) and _WORD.match(left):
            return False  # both would become one word
        if _TOKEN.findall(change + left) == _TOKEN.findall(self._rest):
            return False
        if self._first and GROUP.findall(change + left)[:1] == self._first:
            return False
        if not self._is_line:
            return True
        now = change + left
        if "'" not in now and '"' not in now and _open_brackets(now) != self._open:
            return False  # seen sooner than by the parser
        return is_statement(self._before + now)


def _open_brackets(text: str) -> list[int]:
    return [text.count(first) - text.count(last) for first, last in ("()", "[]", "{}")]


def _cuts(begun: str) -> Iterator[int]:
    """Where a change may end: behind its tokens, and behind a space that follows one."""
    yield 0
    for found in list(_TOKEN.finditer(begun))[:_LONGEST_CHANGE]:
        yield found.end()
        if begun[found.end() :].startswith(" "):
            yield found.end() + 1


def _finished(change: str, *, stands: bool, grows: bool) -> Iterator[str]:
    """A change whose last word, sign or string is not yet whole, as what it may become."""
    word = LAST_WORD.search(change)
    if stands or word is None:
        yield change
    if change.endswith("!"):
        yield f"{change}="
    for quote in ("'", '"'):
        if change.count(quote) % 2:
            yield f"{change}{quote}"
    if word is not None:
        if grows:
            yield f"{change}x"
        for known in keyword.kwlist:
            if known.startswith(word[0]) and known != word[0]:
                yield f"{change}{known[len(word[0]) :]}"


@lru_cache(maxsize=4096)
def is_statement(line: str) -> bool:
    """Whether a line is a statement of Python that does something, or the head of one."""
    tree = _parsed(line)
    return tree is not None and not any(map(is_idle, ast.walk(tree)))


def _parsed(line: str) -> ast.Module | None:
    text = line.strip()
    first = text.partition(" ")[0].rstrip(":")
    if first == "elif":
        text = text[2:]
    elif first == "else":
        text = "if x" + text[4:]
    inner = f"{text}\n   pass" if text.endswith(":") else text
    if first in ("except", "finally"):
        inner = f"try:\n   pass\n  {inner}"
    elif text.startswith("@"):
        inner = f"{text}\n  def f(): pass"
    around = "async def f():\n while x:\n" if line[:1].isspace() else "if x:\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(f"{around}  {inner}\n")
            # finds what is not grammar: `continue`, `*` and `=` where they can't be
            compile(tree, "", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return tree


def is_idle(statement: ast.AST) -> bool:
    """Whether a statement is an expression whose value nobody gets."""
    if not isinstance(statement, ast.Expr) or isinstance(statement.value, _ACTING):
        return False
    return not (
        isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str | type(...))
    )
