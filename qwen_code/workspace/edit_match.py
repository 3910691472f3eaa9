"""Where in a text an edit belongs: exactly there, or in the one place where a lenient reading fits.

The ladder, each rung tried only when the ones above find nothing: exact text (line endings aside);
trailing blanks; indentation; typographic characters; text escaped once too often. A lenient rung counts only
when it fits in exactly one place. Whatever differs otherwise, a word, a letter's case, a blank inside a
line, is another text, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from qwen_code.workspace.line_endings import UnifiedText, unify
from qwen_code.workspace.line_match import Lines, Replacement, merged, positions
from qwen_code.workspace.unescape import readings

Leniency = Literal["", "trailing blanks", "indentation", "typographic characters", "escaped characters"]
LISTED = 10
"""Places that are named when there are too many."""

_TYPOGRAPHIC = str.maketrans(
    dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("‘’‚‛", "'")
    | dict.fromkeys("“”„‟", '"')
    | dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a", " ")
    | dict.fromkeys("\u202f\u205f\u3000", " ")
)


@dataclass(frozen=True, slots=True)
class Edited:
    """An edit that found its place."""

    text: str
    """The whole new text, in the line endings of the old one."""
    count: int
    """Places that were replaced."""
    first_line: int
    """Line number, from 1, of the first change in the new text."""
    last_line: int
    """Of the last line of that first change."""
    leniency: Leniency = ""
    """What had to be disregarded."""


class EditRefused(Exception):
    """The edit fits nowhere, in several places, or changes nothing."""

    def __init__(
        self,
        kind: Literal["not_found", "ambiguous", "no_change"],
        lines: tuple[int, ...] = (),
        leniency: Leniency = "",
    ) -> None:
        super().__init__(kind)
        self.kind: Literal["not_found", "ambiguous", "no_change"] = kind
        self.lines = lines
        """For `ambiguous`: the lines, from 1, where it fits; at most `LISTED` of them."""
        self.leniency: Leniency = leniency
        """For `ambiguous`: on which rung."""


def apply_edit(text: str, old: str, new: str, *, replace_all: bool = False) -> Edited:
    """`text` with `old` replaced by `new`; `old` is not empty.

    `replace_all` replaces every exact occurrence; a lenient one must be the only one even then.

    Raises:
        EditRefused: nothing was found that can be replaced without doubt.
    """
    if old.startswith("\ufeff"):
        old, new = old[1:], new.removeprefix("\ufeff")
    old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if old == new or not old:
        raise EditRefused("no_change")
    unified = unify(text)
    view = unified.view
    if replace_all:
        everywhere = [_exact(view, old, new, at) for at in positions(view, old, overlapping=False)]
        if everywhere:
            return _edited(text, unified, everywhere, "")
    for leniency, replacements in _rungs(view, old, new):
        found = list(islice(replacements, LISTED))
        if len(found) > 1:
            lines = tuple(view.count("\n", 0, each.start) + 1 for each in found)
            raise EditRefused("ambiguous", lines, leniency)
        if found:
            return _edited(text, unified, found, leniency)
    raise EditRefused("not_found")


def _edited(text: str, unified: UnifiedText, replacements: list[Replacement], leniency: Leniency) -> Edited:
    spans = [(each.start, each.end, each.text) for each in replacements if each.text is not None]
    if not spans:
        raise EditRefused("not_found")
    changed = unified.with_replaced(spans)
    if changed == text:
        raise EditRefused("no_change")
    start, _, first = spans[0]
    line = unified.view.count("\n", 0, start) + 1
    return Edited(changed, len(spans), line, line + first.removesuffix("\n").count("\n"), leniency)


def _rungs(view: str, old: str, new: str) -> Iterator[tuple[Leniency, Iterable[Replacement]]]:
    yield "", (_exact(view, old, new, at) for at in positions(view, old))
    lines = Lines(view)
    yield "trailing blanks", lines.matches(old, new, _without_trailing_blanks)
    yield "indentation", lines.matches(old, new, _without_blanks, indented=True)
    if not (view.isascii() and old.isascii()):
        yield "typographic characters", _typographic(view, old, new)
        yield (
            "typographic characters",
            lines.matches(old, new, lambda line: _without_trailing_blanks(_plain(line))),
        )
        yield (
            "typographic characters",
            lines.matches(old, new, lambda line: _without_blanks(_plain(line)), indented=True),
        )
    yield "escaped characters", _unescaped(view, lines, old, new)


def _exact(view: str, old: str, new: str, at: int) -> Replacement:
    if new == "" and old.endswith("\n") and not old[0].isspace():
        # Lines are deleted, the first of them named without its indentation, which would else be left over.
        line = view.rfind("\n", 0, at) + 1
        if view[line:at].isspace():
            return Replacement(line, at + len(old), "")
    return Replacement(at, at + len(old), new)


def _typographic(view: str, old: str, new: str) -> Iterator[Replacement]:
    wanted = _plain(old)
    for at in positions(_plain(view), wanted):
        end = at + len(wanted)
        text = merged(old.split("\n"), view[at:end].split("\n"), new.split("\n"))
        yield Replacement(at, end, text)


def _unescaped(view: str, lines: Lines, old: str, new: str) -> list[Replacement]:
    """The places that any reading of the text finds; none where two readings would write different things
    to one place."""
    found: dict[tuple[int, int], str | None] = {}
    for old_meant, new_meant in readings(old, new):
        wanted, text = old_meant.replace("\r\n", "\n"), new_meant.replace("\r\n", "\n")
        if not wanted.strip():
            continue
        places = [_exact(view, wanted, text, at) for at in islice(positions(view, wanted), LISTED)]
        for each in places or islice(lines.matches(wanted, text, _without_trailing_blanks), LISTED):
            if found.setdefault((each.start, each.end), each.text) != each.text:
                return []
    return [Replacement(start, end, text) for (start, end), text in sorted(found.items())]


def _without_trailing_blanks(line: str) -> str:
    return line.rstrip(" \t")


def _without_blanks(line: str) -> str:
    return line.strip(" \t")


def _plain(text: str) -> str:
    """`text` in plain characters, each for one."""
    return text.translate(_TYPOGRAPHIC)
