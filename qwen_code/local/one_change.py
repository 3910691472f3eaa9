"""What a line of Python may become by one change, of the kind by which one token was wrong.

Another operator, name, number or text in the place of the first token; a `not`, a sign, a `return` or a step
of one more or less put in or left out; two sides exchanged. What a small model writes else is a slip, and
costs it an attempt.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

_TOKEN = re.compile(r"""\d[\w.]*|\w+|"[^"]*"|'[^']*'|[-+*/%<>=!&|^~@]+|\S""")
GROUP = re.compile(r"\w+|[^\w\s]+")
"""A word, or all signs between two: an edit begins with what differs in these."""
_WORD = re.compile(r"\w")
_ALIKE = [
    each.split()
    for each in (
        "== != < <= > >=",
        "== is in",
        "+ - * / // % **",
        "| & - ^",
        "<< >>",
        "= += -= *= /= //= %= **= |= &=",
        "and or",
        "True False None",
        "break continue pass return",
        "if elif while",
        "return yield raise",
    )
]
"""Tokens of which one stands where another was meant."""
_HAS_NOT_OR_LOOPS = re.compile(r"\b(?:for (?:(?!in\b)[\w, ()*])+|not )\Z")
"""What comes before an `in` that can't become `not in`."""
_EXCHANGED = (
    re.compile(r"([\w.]+)( ?[^\w\s,.()\[\]]+ ?)([\w.]+)"),
    re.compile(r"([\w.]+)(, )([\w.]+)(?=[,)])"),
    re.compile(r"(\w+)(\]\[)(\w+)(?=\])"),
)
"""Two operands, two arguments, two indices."""
_TEXT = re.compile(r"""(?<!\w)[rRbBuU]?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<!\w)[fF][rR]?["']""")
_UNARY = {"not", "-", "+", "*", "~"}
_STEPS = ("+ 1", "- 1", "+ 2", "- 2", "+1", "-1")
_ENDS = {"", ")", "]", "}", ",", ":"}
"""Before these, or at the end of a line, a step may be put in."""
_AROUND = ("sorted", "len", "abs", "list", "str", "int")
_BEHIND = ("[::-1]", "[0]", ".strip()", ".lower()")


class Words(Protocol):
    """What may stand in a place."""

    def instead_of(self, word: str, before: str, behind: str) -> Iterable[str]:
        """Names, numbers or texts that may have been meant.

        Args:
            before: the line up to the word.
            behind: what follows it.
        """
        ...


def changes(before: str, rest: str, words: Words) -> Iterator[str]:
    """What the rest of a line may become instead, each once, none of them the same.

    Of a group of signs the first ones may stay, as may a word that is all there is.

    Args:
        before: what stays, from the start of the line on.
    """
    seen = {rest}
    group = GROUP.search(rest)
    for kept in _kept(rest, group):
        joins = group is not None and kept == group.end() and GROUP.search(rest, kept)
        for now in _changes(before + rest[:kept], rest[kept:], words):
            line = rest[:kept] + now
            is_other = GROUP.match(now) and not _WORD.match(now) if joins else True
            if is_other and line not in seen and _brackets(line) == _brackets(rest):
                seen.add(line)
                yield line


def _kept(rest: str, group: re.Match[str] | None) -> list[int]:
    """How much may stay: nothing, a part of the first group, or all of it if it becomes another."""
    if group is None:
        return [0]
    if _WORD.match(group[0]):
        return [0] if GROUP.search(rest, group.end()) else [0, group.end()]
    tokens = _TOKEN.finditer(group[0])
    return [*(group.start() + token.start() if token.start() else 0 for token in tokens), group.end()]


def _changes(before: str, rest: str, words: Words) -> Iterator[str]:
    """Those that begin at once."""
    found = _TOKEN.search(rest)
    if found is None:
        yield from _put_in(before, "", "", rest)
        return
    space, token, behind = rest[: found.start()], found[0], rest[found.end() :]
    if quote := _open_quote(before):
        if before.endswith(quote) and behind.startswith(quote) and not space:
            yield from (other + behind for other in words.instead_of(token, before, behind))
        return
    for other in _instead(token, before + space, behind, words):
        yield space + other + behind
    yield from _left_out(space, token, behind)
    yield from _put_in(before, space, token, behind)
    for exchanged in filter(None, (pattern.match(rest, found.start()) for pattern in _EXCHANGED)):
        left, between, right = exchanged.groups()
        yield space + right + between + left + rest[exchanged.end() :]


def _instead(token: str, before: str, behind: str, words: Words) -> Iterator[str]:
    for alike in _ALIKE:
        if token in alike:
            yield from alike
    if token in ("in", "is") and not _HAS_NOT_OR_LOOPS.search(before):
        yield {"in": "not in", "is": "is not"}[token]
    is_kind = token.isalpha() and behind[:1] in ("'", '"')
    if not keyword.iskeyword(token) and not is_kind and (token[0].isalnum() or token[0] in "_\"'"):
        yield from words.instead_of(token, before, behind)


def _left_out(space: str, token: str, behind: str) -> Iterator[str]:
    """The line where the first token, and what goes with it, is left out."""
    if token in _UNARY:
        yield space + behind.lstrip()
    if token == "-" and (number := re.match(r"\d+", behind)):
        yield f"{space}0{behind[number.end() :]}"
    if (operand := re.match(r" ?\w+", behind)) and token in ("+", "-", "*", "/", "//", "%"):
        yield behind[operand.end() :]
    if token[0].isdigit() and behind.startswith(", "):
        yield space + behind[2:]
    if token == "," and (argument := re.match(r" (?:\w+=)?-?\w+(?=[)\]])", behind)):
        yield behind[argument.end() :]
    if token == "." and (call := re.match(r"\w+\(\)", behind)):
        yield behind[call.end() :]
    if token == "[" and (index := re.match(r"[-\w:]+\]", behind)):
        yield behind[index.end() :]
    if token == "self" and behind.startswith("."):
        yield space + behind[1:]
    if token == "elif":
        yield f"{space}if{behind}"
    if called := re.match(r"\(([\w.]+)\)", behind):
        yield space + called[1] + behind[called.end() :]


def _put_in(before: str, space: str, token: str, behind: str) -> Iterator[str]:
    """The line with something put in before its first token."""
    is_operand = bool(token) and (token[0].isalnum() or token[0] in "_([{\"'")
    last = before.rstrip()[-1:]
    follows_operand = bool(last) and (last.isalnum() or last in "_)]\"'") and not _ends_with_keyword(before)
    rest = token + behind
    if not last and (is_operand or token in _UNARY):
        yield f"{space}return {rest}"
    if is_operand and not follows_operand:
        yield f"{space}-{rest}"
        yield f"{space}not {rest}"
        if token.isidentifier() and not keyword.iskeyword(token):
            yield f"{space}self.{rest}"
            around = re.match(r"[\w.]*", rest)
            named = around[0] if around else token
            yield from (f"{space}{name}({named}){rest[len(named) :]}" for name in _AROUND)
    if re.search(r"\brange\($", before) and ", " not in behind.partition(")")[0]:
        yield f"{space}1, {rest}"
    if follows_operand and token in _ENDS:
        yield from (f" {step}{space}{rest}" if " " in step else f"{step}{space}{rest}" for step in _STEPS)
        yield from (f"{end}{space}{rest}" for end in _BEHIND)
    if token == ")" and re.search(r"\bsort(?:ed)?\(", before):
        yield f"{'' if last == '(' else ', '}reverse=True{space}{rest}"


def _open_quote(before: str) -> str:
    """The quote of the plain text in which a line is, if it is in one."""
    left = _TEXT.sub("", before)
    return next((character for character in left if character in "\"'"), "")


def _ends_with_keyword(before: str) -> bool:
    found = re.search(r"(\w+)\s*\Z", before)
    return found is not None and keyword.iskeyword(found[1]) and found[1] not in ("True", "False", "None")


def _brackets(text: str) -> list[int]:
    """How many are open: seen sooner than by the parser, but for those in texts."""
    if "'" in text or '"' in text:
        return []
    return [text.count(first) - text.count(last) for first, last in ("()", "[]", "{}")]
