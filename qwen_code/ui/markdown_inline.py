"""Markdown inside one block: emphasis, code, links -> a styled `rich.text.Text`.

Follows CommonMark 0.31 (https://spec.commonmark.org/0.31.2/#inlines) for what models write: code spans,
emphasis by delimiter runs, strike-through, inline links, autolinks, escapes and entities. What it does not
know stays as it was written, so no character is ever lost. Two departures, because this is prose about code:
`__init__` stays as it is, and so does `a*b*c`. About ten times as fast as a full parser, which is what lets
the open paragraph be rendered again in every frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from rich.text import Text

from qwen_code.ui.terminal_text import shown_line

_TOKEN = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`+)"
    r"|(?P<literal>(?<!\w)__\w+?__(?!\w)|(?<=\w)\*(?=\w))"
    r"|(?P<delimiter>\*+|_+|~{2,})"
    r"|(?P<link>!?\[(?P<label>(?:[^\[\]\n\\]|\\.|\[[^\[\]\n]*\])*)\]\((?P<url><[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)"
    r"(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\))"
    r"|<(?P<autolink>[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>"
    r"|(?P<bare>https?://[^\s<>`*]*[^\s<>`*.,;:!?'\")\]])"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)"
)
_STYLES = {("*", 1): "md.italic", ("_", 1): "md.italic", ("*", 2): "md.bold", ("_", 2): "md.bold"}
_REACH = 64
"""How many open delimiter runs a closing one looks back over; bounds the cost of hostile text."""
_PUNCTUATION = re.compile(r"[^\w\s]|_")


@dataclass(slots=True)
class _Piece:
    """A run of output text; a delimiter run while `count` of its characters are not used as markup."""

    text: Text
    char: str = ""
    count: int = 0
    length: int = 0
    opens: bool = False
    closes: bool = False


def inline(source: str) -> Text:
    """`source`, sanitized already, with its inline markup turned into styles (`md.bold`, `md.code`, ...)."""
    pieces: list[_Piece] = []
    at = 0
    while match := _TOKEN.search(source, at):
        if match.start() > at:
            pieces.append(_Piece(Text(source[at : match.start()])))
        at = match.end()
        if match["ticks"]:
            close = _closing_ticks(source, at, len(match["ticks"]))
            if close is None:
                pieces.append(_Piece(Text(match["ticks"])))
            else:
                pieces.append(_Piece(Text(_code_text(source[at : close[0]]), "md.code")))
                at = close[1]
        elif match["delimiter"]:
            pieces.append(_delimiter(source, match))
        else:
            pieces.append(_Piece(_plain_token(match)))
    if at < len(source):
        pieces.append(_Piece(Text(source[at:])))
    return _assembled(pieces, _emphasis(pieces))


def _closing_ticks(source: str, start: int, length: int) -> tuple[int, int] | None:
    for run in re.finditer("`+", source[start:]):
        if len(run[0]) == length:
            return start + run.start(), start + run.end()
    return None


def _code_text(text: str) -> str:
    text = text.replace("\n", " ")
    if len(text) > 2 and text[0] == text[-1] == " " and text.strip():
        return text[1:-1]
    return text


def _plain_token(match: re.Match[str]) -> Text:
    if match["escape"]:
        return Text(match["escape"][1])
    if match["literal"]:
        return Text(match["literal"])
    if match["entity"]:
        return Text(shown_line(unescape(match["entity"])))
    if address := match["autolink"] or match["bare"]:
        return Text(address, "md.link")
    label, url = match["label"], match["url"].strip("<>")
    text = inline(label) if label else Text(url)
    text.stylize("md.link")
    if url and url not in (text.plain, "mailto:" + text.plain):
        text.append(f" ({url})", "md.url")
    return text


def _delimiter(source: str, match: re.Match[str]) -> _Piece:
    """Whether this run can open or close emphasis, by what stands on either side (flanking rules)."""
    run = match["delimiter"]
    before = source[match.start() - 1] if match.start() else " "
    after = source[match.end()] if match.end() < len(source) else " "
    before_punctuation, after_punctuation = (bool(_PUNCTUATION.match(c)) for c in (before, after))
    left = not after.isspace() and (not after_punctuation or before.isspace() or before_punctuation)
    right = not before.isspace() and (not before_punctuation or after.isspace() or after_punctuation)
    if run[0] == "_":
        opens, closes = left and (not right or before_punctuation), right and (not left or after_punctuation)
    else:
        opens, closes = left, right
    return _Piece(Text(), run[0], len(run), len(run), opens, closes)


def _emphasis(pieces: list[_Piece]) -> list[tuple[int, int, str]]:
    """Pair delimiter runs; gives (opener, closer, style) as indexes into `pieces`."""
    spans: list[tuple[int, int, str]] = []
    stack: list[int] = []
    for index, piece in enumerate(pieces):
        while piece.closes and piece.count and (opener := _opener(pieces, stack, piece)) is not None:
            del stack[stack.index(opener) + 1 :]
            if piece.char == "~":
                used, style = 2, "md.strike"
            else:
                used = 2 if min(piece.count, pieces[opener].count) >= 2 else 1
                style = _STYLES[piece.char, used]
            spans.append((opener, index, style))
            piece.count -= used
            pieces[opener].count -= used
            if not pieces[opener].count:
                stack.pop()
        if piece.opens and piece.count:
            stack.append(index)
    return spans


def _opener(pieces: list[_Piece], stack: list[int], closer: _Piece) -> int | None:
    for index in reversed(stack[-_REACH:]):
        opener = pieces[index]
        if opener.char != closer.char or (closer.char == "~" and min(opener.count, closer.count) < 2):
            continue
        # "If one of the delimiters can both open and close, the sum of the lengths must not be a multiple
        # of 3 unless both are" (rules 9 and 10).
        lengths = (opener.length, closer.length)
        if (opener.closes or closer.opens) and sum(lengths) % 3 == 0 and any(n % 3 for n in lengths):
            continue
        return index
    return None


def _assembled(pieces: list[_Piece], spans: list[tuple[int, int, str]]) -> Text:
    text = Text()
    edges: list[tuple[int, int]] = []
    for piece in pieces:
        start = len(text)
        text.append_text(piece.text)
        if piece.count:
            text.append(piece.char * piece.count)
        edges.append((start, len(text)))
    for opener, closer, style in spans:
        text.stylize(style, edges[opener][1], edges[closer][0])
    return text
