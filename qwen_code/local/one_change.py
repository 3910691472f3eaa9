"""What a line of Python may become by one change: a few words are replaced, put in or left out, once.

What a small model writes behind its change is a copy of the rest. Where that copy slips it changes a second
thing, or leaves a bracket open, and the attempt is lost: so once it has changed something, it goes on with
the rest of the line, and only where Python can read the whole.
"""

from __future__ import annotations

import ast
import itertools
import keyword
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

_TOKEN = re.compile(r"""\d+|\w+|"[^"]*"|'[^']*'|[-+*/%<>=!&|^~@]+|::|\S""")
GROUP = re.compile(r"\w+|[^\w\s]+")
"""A word, or all signs between two: an edit begins with what differs in these."""
_WORD = re.compile(r"\w")
LAST_WORD = re.compile(r"(?<!\w)[^\W\d]\w*\Z")
_LOOSE = re.compile(
    rf"[^\S ]|\w\. | \.(?![.\d])|[])] [(\[]| ,|, ?[)\]]|[(\[]-? | [)\]]"
    rf"|(?<!\w)(?!(?:{'|'.join(keyword.kwlist)}) )[^\W\d]\w* \("
)
"""Spaces where nobody has them: before a dot, in brackets, and before those of a call."""
_WIDE = re.compile("  ")
_SIGNS = re.compile(r"[-+*/%<>=!&|^~@]+")
_OPERATORS = frozenset(
    re.findall(r"\S+", "+ - * / // % ** @ < <= > >= == != & | ^ ~ << >> = += -= *= /= //= %= **= :=")
)
_LONGEST_CHANGE, _LONGEST_GAP = 5, 7
"""Tokens that are put in, and that are left out."""
_WORDS = 2
"""Of these, as many may be both at once."""
ANY = "any_"
"""Stands for a name that is still open."""
_FILLINGS = (
    "",
    "-",
    "+",
    "return",
    f"+= {ANY}",
    " not",
    " elif",
    " return",
    f" - {ANY}",
    f" {ANY}",
    f" {ANY})",
    f"({ANY})",
    f" {ANY}]",
    f" {ANY} }}",
    ")",
    "]",
    f" {ANY}: {ANY}",
    f" {ANY} else {ANY}",
    f" {ANY} in {ANY}",
    f"='{ANY}'",
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
        self._joints = {at: _TOKEN.findall(rest[:at]) for at in sorted({0, *starts, *spaces, *ends})}
        """Where the rest may go on, and what is left out then."""
        self._exchanged = dict(_exchanges(rest))
        self._open = _open_brackets(rest)
        self._is_line = _parsed(before + rest) is not None

    def may_become(
        self,
        begun: str,
        *,
        whole: bool,
        stands: bool = True,
        others: Sequence[str] = (),
        is_sound: Callable[[str], bool] = lambda line: True,
    ) -> bool:
        """Whether a rest may begin so, or be so if it is `whole`.

        Args:
            stands: its last word is a name.
            others: more names that begin as its last word does.
            is_sound: whether a line could stand there.
        """
        before = self._before[-1:] if self._before.strip() else ""
        if not before and begun and begun[0].isspace() != self._rest[:1].isspace():
            return False
        if self._is_loose(before + begun):
            return False
        cuts = (cut for cut in _cuts(begun) if cut < len(begun) or whole or stands)
        if any(
            is_sound(self._before + line) for cut in cuts for line in self._ended(begun, cut, whole=whole)
        ):
            return True
        return not whole and self._is_open(begun, is_sound, stands=stands, others=others)

    def goes_on(self, begun: str, end: int, *, whole: bool) -> bool:
        """Whether behind `end` follows some of what was there, of whatever sense it is."""
        lefts = (self._rest[joint:] for joint in self._joints)
        return any(left == begun[end:] if whole else left.startswith(begun[end:]) for left in lefts)

    def _ended(self, begun: str, cut: int, *, whole: bool) -> Iterator[str]:
        """What a rest can be whose change ends at `cut`, and what comes behind it is what was there."""
        change, behind = begun[:cut], begun[cut:]
        for joint in self._joints:
            left = self._rest[joint:]
            if (left == behind if whole else left.startswith(behind)) and self._makes_sense(change, joint):
                yield change + left

    def _is_open(
        self, change: str, is_sound: Callable[[str], bool], *, stands: bool, others: Sequence[str]
    ) -> bool:
        """Whether a change that is not yet whole can be made so."""
        tight = [end.lstrip() for end in _FILLINGS if end.startswith(" ")]
        ends = [
            *_FILLINGS,
            *tight,
            *(said[len(change) :] for said in self._exchanged if said.startswith(change)),
        ]
        return any(
            self._makes_sense(said + end, joint) and is_sound(self._before + said + end + self._rest[joint:])
            for said in _finished(change, stands=stands, others=others)
            for end in ends
            if not self._is_loose(said + end)
            if not (_WORD.match(said[-1:]) and _WORD.match(end))
            for joint in self._joints
        )

    def _is_loose(self, change: str) -> bool:
        """Whether it has spaces where nobody has them, unless the line is written so."""
        return any(loose.search(change) and not loose.search(self._rest) for loose in (_LOOSE, _WIDE))

    def _makes_sense(self, change: str, joint: int) -> bool:
        """Whether the line is another then, as repairs are, and one of Python if it was one before."""
        left = self._rest[joint:]
        if not _OPERATORS.issuperset(_SIGNS.findall(change)) and change not in self._rest:
            return False
        if self._exchanged.get(change) != joint and not _is_usual(
            _TOKEN.findall(change), self._joints[joint]
        ):
            return False
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


def _is_usual(put_in: list[str], left_out: list[str]) -> bool:
    """Whether it is a word or two for another, or something put behind or around one, or left out."""
    if len(put_in) > _LONGEST_CHANGE:
        return False
    put_in, left_out = _without_calls(put_in), _without_calls(left_out)
    same = [one == other for one, other in zip(put_in, left_out, strict=False)]
    start = same.index(False) if False in same else len(same)
    put_in, left_out = put_in[start:], left_out[start:]
    if (len(left_out) <= _WORDS and len(put_in) <= _WORDS) or not put_in:
        return True
    if not left_out:
        return put_in[0] in (".", ",", "[")
    around = {(opened, word) for opened in "([" for word in (*left_out, ANY)}
    return len(left_out) == 1 and bool(around.intersection(itertools.pairwise(put_in)))


def _without_calls(tokens: list[str]) -> list[str]:
    """Without brackets that hold nothing."""
    holds = [(one, next_) != ("(", ")") for one, next_ in itertools.pairwise([*tokens, ""])]
    return [token for n, token in enumerate(tokens) if holds[n] and (not n or holds[n - 1])]


def _exchanges(rest: str) -> Iterator[tuple[str, int]]:
    """The first operation with its sides exchanged, and where it ends."""
    for found in re.finditer(r"([\w.]+)( ?[^\w\s,.]+ ?)([\w.]+)", rest):
        if not rest[: found.start()].strip():
            left, operator, right = found.groups()
            yield f"{rest[: found.start()]}{right}{operator}{left}", found.end()


def _open_brackets(text: str) -> list[int]:
    return [text.count(first) - text.count(last) for first, last in ("()", "[]", "{}")]


def _cuts(begun: str) -> Iterator[int]:
    """Where a change may end: behind its tokens, and behind a space that follows one."""
    yield 0
    for found in list(_TOKEN.finditer(begun))[:_LONGEST_CHANGE]:
        yield found.end()
        if begun[found.end() :].startswith(" "):
            yield found.end() + 1


def _finished(change: str, *, stands: bool, others: Sequence[str]) -> Iterator[str]:
    """A change whose last word, sign or string is not yet whole, as what it may become."""
    word = LAST_WORD.search(change)
    if stands or word is None:
        yield change
    if change.endswith(("!", "+", "-", "*", "/", "%")):
        yield f"{change}="
    for quote in ("'", '"'):
        if change.count(quote) % 2:
            yield f"{change}{quote}"
    if word is not None:
        for name in others:
            yield change[: word.start()] + name
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
    if not isinstance(statement, ast.Expr) or _acts(statement.value):
        return False
    return not (
        isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str | type(...))
    )


def _acts(value: ast.expr) -> bool:
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            return _acts(body) and _acts(orelse)
        case ast.BoolOp(values=values):
            return _acts(values[-1])
        case _:
            return isinstance(value, _ACTING)
