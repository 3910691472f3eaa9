"""One wrong token: the ways in which a person might spoil one line of a correct function."""

from __future__ import annotations

import ast
import io
import random
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

_OPERATORS = {
    "+": ("-", "*"),
    "-": ("+",),
    "*": ("+", "/", "-"),
    "/": ("*", "//"),
    "//": ("/", "%"),
    "%": ("//", "/"),
    "**": ("*",),
    "&": ("|",),
    "|": ("&",),
}
_ORDER = {"<": (">", "<="), ">": ("<", ">="), "<=": ("<", ">="), ">=": (">", "<=")}
_EQUALITY = {"==": ("!=",), "!=": ("==",)}
_AUGMENTED = {"+=": ("-=", "="), "-=": ("+=", "="), "*=": ("+=",), "/=": ("*=",)}
_WORDS = {
    "and": ("or",),
    "or": ("and",),
    "True": ("False",),
    "False": ("True",),
    "break": ("continue",),
    "continue": ("break",),
}
_CALLS = {
    "min": ("max",),
    "max": ("min",),
    "any": ("all",),
    "all": ("any",),
    "sum": ("len", "max"),
    "len": ("sum",),
    "sorted": ("list",),
    "abs": ("int",),
    "upper": ("lower",),
    "lower": ("upper",),
    "startswith": ("endswith",),
    "endswith": ("startswith",),
    "strip": ("lstrip", "rstrip"),
    "keys": ("values",),
    "values": ("keys",),
    "append": ("extend", "remove"),
    "capitalize": ("upper", "lower"),
    "isdigit": ("isalpha", "isalnum"),
    "isalpha": ("isdigit", "isalnum"),
    "isalnum": ("isalpha",),
    "isupper": ("islower",),
    "islower": ("isupper",),
    "extend": ("append",),
    "rstrip": ("lstrip", "strip"),
    "lstrip": ("rstrip", "strip"),
    "floor": ("ceil",),
    "ceil": ("floor",),
    "zfill": ("ljust",),
    "rjust": ("ljust",),
    "add": ("discard",),
    "int": ("str",),
    "str": ("int",),
    "round": ("int",),
    "find": ("rfind",),
    "rfind": ("find",),
    "split": ("strip", "rsplit"),
    "rsplit": ("split",),
    "partition": ("rpartition",),
    "rpartition": ("partition",),
    "match": ("search", "fullmatch"),
    "search": ("match",),
    "fullmatch": ("match",),
    "popleft": ("pop",),
    "appendleft": ("append",),
    "weekday": ("isoweekday",),
    "isoweekday": ("weekday",),
    "union": ("intersection",),
    "intersection": ("union",),
    "issubset": ("issuperset",),
    "issuperset": ("issubset",),
    "sin": ("cos",),
    "cos": ("sin",),
}
_SHORT_STRING = re.compile(r"""(?<![\w'"])(?:"[^"\\\n ]{1,10}"|'[^'\\\n ]{1,10}')(?!['"])""")
_EMPTY = {"''": ("' '",), "' '": ("''",), "', '": ("','", "' '"), "','": ("', '",), "'-'": ("'_'",)}


@dataclass(frozen=True, slots=True)
class Mutation:
    """A line before and after."""

    kind: str
    line: int
    """From 0."""
    good: str
    bad: str


def mutations(source: str) -> list[Mutation]:
    """All mutations of `source`, whose lines stay as many as they are."""
    lines = source.split("\n")
    skipped = _documentation(source)
    found: list[Mutation] = []
    for kind, (row, start), end, text in _edits(source):
        line = row - 1
        if line in skipped:
            continue
        bad = lines[line][:start] + text + lines[line][end:]
        if bad.rstrip() != lines[line].rstrip() and bad.strip():
            found.append(Mutation(kind, line, lines[line], bad))
    for line, text in enumerate(lines):
        if line not in skipped:
            found += [Mutation(kind, line, text, bad) for kind, bad in _by_line(text) if bad != text]
    return found


def draws(source: str, rng: random.Random, weights: Mapping[str, float]) -> Iterator[tuple[Mutation, str]]:
    """Mutations again and again, each with the source that has it; `weights` say how likely kinds are."""
    by_kind: dict[str, list[Mutation]] = {}
    for mutation in mutations(source):
        by_kind.setdefault(mutation.kind, []).append(mutation)
    kinds = sorted(by_kind)
    while kinds:
        (kind,) = rng.choices(kinds, [weights.get(kind, 1.0) for kind in kinds])
        mutation = rng.choice(by_kind[kind])
        lines = source.split("\n")
        lines[mutation.line] = mutation.bad
        yield mutation, "\n".join(lines)


def _documentation(source: str) -> set[int]:
    """Lines that a mutation must leave alone: docstrings, imports, heads of functions and classes."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            lines |= set(range(node.lineno - 1, (node.end_lineno or node.lineno)))
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.ClassDef)):
            lines.add(node.lineno - 1)
        if isinstance(node, ast.FunctionDef) and "=" not in source.split("\n")[node.lineno - 1]:
            lines.add(node.lineno - 1)
    return lines


@dataclass(frozen=True, slots=True)
class _Place:
    """A token and what is around it."""

    text: str
    start: tuple[int, int]
    end: int
    before: str
    before_that: str
    after: str
    names: tuple[str, ...]
    attributes: tuple[str, ...]
    strings: tuple[str, ...]


_Edit: TypeAlias = tuple[str, str]
"""Kind, and what stands there instead."""


def _edits(source: str) -> Iterator[tuple[str, tuple[int, int], int, str]]:
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    texts = ["", "", *(token.string for token in tokens), ""]
    names = _names_by_line(source)
    attributes = tuple(sorted(set(re.findall(r"\w\.([a-z_]+)\b(?!\()", source))))
    strings = tuple(sorted(set(_SHORT_STRING.findall(source))))
    for at, token in enumerate(tokens):
        handler = _HANDLERS.get(token.type)
        if handler is None:
            continue
        place = _Place(
            token.string,
            token.start,
            token.end[1],
            texts[at + 1],
            texts[at],
            texts[at + 3],
            names.get(token.start[0], ()),
            attributes,
            strings,
        )
        for kind, text in handler(place):
            # Without a `not` goes the space behind it too.
            yield kind, place.start, place.end + (kind == "missing not"), text


def _of_operator(at: _Place) -> Iterator[_Edit]:
    if at.text == "-" and at.before in ("[", "return", ":"):
        yield "sign", ""
    if at.text == "-" and at.before in ("(", "[", ",", "=", ":", "return"):
        return
    for kind, table in _TABLES.items():
        for other in table.get(at.text, ()):
            boundary = {at.text, other} in ({"<", "<="}, {">", ">="})
            yield "boundary" if boundary else kind, other


def _of_number(at: _Place) -> Iterator[_Edit]:
    if not at.text.isdigit():
        return
    number = int(at.text)
    indexing = at.before in ("[", ":") or (at.before == "-" and at.before_that in ("[", ":"))
    for other in sorted({number + 1, number - 1} - {-1}):
        yield "index" if indexing else "constant", str(other)
    if number == 0 and at.before == "[" and at.after == "]":
        yield "index", "-1"


def _of_string(at: _Place) -> Iterator[_Edit]:
    yield from (("string", other) for other in _EMPTY.get(at.text, ()))
    if at.text in at.strings:
        is_word = at.text[1].isalnum()
        yield from (
            ("text", other) for other in at.strings if other != at.text and other[1].isalnum() == is_word
        )


def _of_name(at: _Place) -> Iterator[_Edit]:
    kind = {"and": "logic", "or": "logic", "True": "truth", "False": "truth"}.get(at.text, "jump")
    yield from ((kind, other) for other in _WORDS.get(at.text, ()))
    if at.after == "(":
        yield from (("function", other) for other in _CALLS.get(at.text, ()))
    if at.text == "not":
        yield "missing not", ""
    if at.text in ("is", "in") and at.before not in ("not", "for") and at.after not in ("not", *at.names):
        yield "extra not", "is not" if at.text == "is" else "not in"
    if at.before == "." and at.text in at.attributes and at.after != "(":
        yield from (("attribute", other) for other in at.attributes if other != at.text)
    elif at.before != "." and at.text in at.names and at.after not in ("(", "="):
        yield from (("name", other) for other in at.names if other != at.text)


_TABLES = {
    "operator": _OPERATORS,
    "comparison": _ORDER,
    "equality": _EQUALITY,
    "assignment": _AUGMENTED,
}
_HANDLERS: dict[int, Callable[[_Place], Iterator[_Edit]]] = {
    tokenize.OP: _of_operator,
    tokenize.NUMBER: _of_number,
    tokenize.STRING: _of_string,
    tokenize.NAME: _of_name,
}


def _names_by_line(source: str) -> dict[int, tuple[str, ...]]:
    """For each line the variables of the function around it."""
    found: dict[int, tuple[str, ...]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            names = {arg.arg for arg in node.args.args} - {"self", "cls"}
            names |= {
                n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
            for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1):
                found[line] = tuple(sorted(names))
    return found


def _by_line(text: str) -> Iterator[tuple[str, str]]:
    """Mutations of more than a token."""
    indent = text[: len(text) - len(text.lstrip())]
    body = text.strip()
    if body.startswith("return ") and body != "return None":
        yield "missing return", indent + body[7:]
    if " + 1)" in text:
        yield "off by one", text.replace(" + 1)", ")", 1)
    if re.search(r" - 1\b", text):
        yield "off by one", re.sub(r" - 1\b", "", text, count=1)
    if re.search(r"range\(\w+\)", text):
        yield "off by one", re.sub(r"range\((\w+)\)", r"range(\1 - 1)", text, count=1)
        yield "off by one", re.sub(r"range\((\w+)\)", r"range(1, \1)", text, count=1)
    if re.search(r"range\(len\(\w+\)\)", text):
        yield "off by one", re.sub(r"range\((len\(\w+\))\)", r"range(\1 - 1)", text, count=1)
    if found := re.search(r"^(\s*return )(\w+) ([-/%<>]|//|>=|<=|\*\*) (\w+)$", text):
        yield "operands", f"{found[1]}{found[4]} {found[3]} {found[2]}"
    if found := re.search(r"^(\s*)(if|while|return) (\w+ (?:==|<|>|in) \w+.*|\w+|not .*)$", text):
        rest = found[3]
        if not rest.startswith("not ") and found[2] != "return":
            yield "extra not", f"{found[1]}{found[2]} not {rest}"
    if found := re.match(r"^(\s*)elif (.*)$", text):
        yield "branch", f"{found[1]}if {found[2]}"
    yield from _of_arguments(text)


def _of_arguments(text: str) -> Iterator[tuple[str, str]]:
    if ", reverse=True" in text:
        yield "argument", text.replace(", reverse=True", "", 1)
    if (found := re.search(r"(?<=\w\()(\w+), (\w+)(?=[,)])", text)) and "def " not in text:
        yield "arguments", f"{text[: found.start()]}{found[2]}, {found[1]}{text[found.end() :]}"
    if ", 0)" in text:
        yield "constant", text.replace(", 0)", ", 1)", 1)
    if re.match(r"\s*sorted\(|.*\bin sorted\(\w+\)", text):
        yield "function", re.sub(r"sorted\((\w+)\)", r"\1", text, count=1)
