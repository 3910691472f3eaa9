"""Highlights code that grows line by line, each line once, with the pygments lexer of its language."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from rich.text import Text

if TYPE_CHECKING:
    from pygments.lexer import Lexer

CONTEXT_LINES = 40
"""Lines before a new one that the lexer sees again; older ones go where no string or comment is open."""
LONGEST_LINE = 2000
"""Characters of a line that are worth highlighting."""


class CodeView:
    """The state of one code block: what the lexer must still see to understand the next line."""

    def __init__(self, language: str) -> None:
        self._lexer = _lexer(language.lower())
        self._context: list[str] = []

    def add(self, lines: Sequence[str]) -> list[Text]:
        """The next lines of the block, highlighted. They become context of what follows."""
        if self._lexer is None or any(len(line) > LONGEST_LINE for line in lines):
            return [Text(line) for line in lines]
        highlighted = self._highlight([*self._context, *lines])
        known = len(self._context)
        self._context += lines
        if len(self._context) > CONTEXT_LINES:
            self._forget(highlighted)
        return highlighted[known:]

    def copy(self) -> CodeView:
        """The same state, to look ahead with."""
        twin = CodeView("")
        twin._lexer, twin._context = self._lexer, list(self._context)
        return twin

    def _highlight(self, lines: Sequence[str]) -> list[Text]:
        assert self._lexer is not None
        texts = [Text()]
        for kind, value in self._lexer.get_tokens("\n".join(lines)):
            style = _style(kind)
            first, *rest = value.split("\n")
            texts[-1].append(first, style)
            for piece in rest:
                texts.append(Text().append(piece, style))
        texts += [Text() for _ in range(len(lines) - len(texts))]
        return texts[: len(lines)]

    def _forget(self, highlighted: Sequence[Text]) -> None:
        """Drop old context up to the last line that certainly starts outside a string or comment."""
        for at in range(len(self._context) - 1, len(self._context) // 2, -1):
            if self._context[at].strip() and not _begins_in_literal(highlighted[at]):
                del self._context[:at]
                return
        if len(self._context) > 4 * CONTEXT_LINES:
            del self._context[: 2 * CONTEXT_LINES]


def warm_up() -> None:
    """Load what the first block of code will need: a tenth of a second that is better spent in a thread."""
    for language in ("python", "bash"):
        CodeView(language).add(["x = 1"])


def _begins_in_literal(line: Text) -> bool:
    """Whether the first thing on the line is, or goes on with, a string or a comment."""
    first = len(line.plain) - len(line.plain.lstrip())
    spans: Iterable[Any] = line.spans
    return any(s.start <= first < s.end and s.style in ("code.string", "code.comment") for s in spans)


@cache
def _lexer(language: str) -> Lexer | None:
    from pygments import lexers
    from pygments.util import ClassNotFound

    if not language:
        return None
    by_name: Callable[..., Lexer] = cast(Any, lexers).get_lexer_by_name
    try:
        return by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


_STYLES = {
    "Keyword": "code.keyword",
    "Keyword.Type": "code.type",
    "Name.Function": "code.name",
    "Name.Class": "code.type",
    "Name.Builtin": "code.type",
    "Name.Decorator": "code.name",
    "Name.Tag": "code.keyword",
    "Name.Attribute": "code.name",
    "Literal.String": "code.string",
    "Literal.Number": "code.number",
    "Comment": "code.comment",
    "Operator.Word": "code.keyword",
    "Operator": "code.operator",
    "Generic.Inserted": "diff.added",
    "Generic.Deleted": "diff.removed",
    "Generic.Heading": "md.heading",
    "Generic.Subheading": "diff.hunk",
}


@cache
def _style(kind: Hashable) -> str:
    names = list(_names(kind))
    return next((_STYLES[name] for name in names if name in _STYLES), "")


def _names(kind: Hashable) -> Iterator[str]:
    """`Literal.String.Doc`, `Literal.String`, `Literal`."""
    parts = str(kind).split(".")[1:]
    for end in range(len(parts), 0, -1):
        yield ".".join(parts[:end])
