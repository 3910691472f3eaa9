"""The readable text of an HTML page: headings, lists, links and code kept, scripts and styles dropped.

With a tokenizer of its own, since pages are hostile input: `html.parser` takes half a minute for 200 KB of
`<!--`, and fails on `<![`. Here each character is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final
from urllib.parse import urljoin

_RAW: Final = frozenset(["script", "style"])
"""Their content is text to the end tag, whatever it looks like."""
_UNSEEN: Final = frozenset(["noscript", "template", "svg", "iframe", "object", *_RAW])
_BESIDE: Final = frozenset(["nav", *_UNSEEN])
"""Left out as well, unless nothing else is there."""
_BLOCKS: Final = frozenset([
    *("address", "article", "aside", "blockquote", "dd", "details", "div", "dl", "dt", "fieldset", "figure"),
    *("figcaption", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "ol", "p"),
    *("pre", "section", "summary", "table", "ul"),
])  # fmt: skip
_BEFORE: Final = {
    "br": "\n",
    "code": "`",
    "li": "\n- ",
    "td": " | ",
    "th": " | ",
    "tr": "\n",
    **{f"h{n}": f"{'#' * n} " for n in range(1, 7)},
}
_PREFORMATTED: Final = "\0"
"""Stands around text whose white space counts, until the end."""

_TAG: Final = re.compile(r"""<(/?)([a-zA-Z][^\s/<>]*+)((?:"[^"<]*"|'[^'<]*'|[^<>"'])*+)>""")
_BROKEN_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>?")
_ATTRIBUTE: Final = re.compile(r"""([^\s=/"']++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"']++)))?""")


def is_html(content_type: str, text: str) -> bool:
    """By the declared type, or where none is declared by the first characters."""
    if content_type:
        return content_type.startswith(("text/html", "application/xhtml"))
    return text.lstrip()[:200].lower().startswith(("<!doctype html", "<html"))


def text_of(html: str, base: str = "") -> str:
    """Markdown-like text; link targets are made absolute with `base`. Never fails, whatever the markup."""
    return _read(html, base, _BESIDE) or _read(html, base, _UNSEEN) or _read(html, base, _RAW)


def _read(html: str, base: str, dropped: Collection[str]) -> str:
    reader = _Reader(base, dropped)
    for token in _tokens(html):
        if token.tag:
            (reader.end if token.ends else reader.start)(token)
        else:
            reader.data(unescape(token.text))
    return reader.text()


@dataclass(frozen=True, slots=True)
class _Token:
    """A tag, with `text` its attributes; or, without a tag, text as written."""

    text: str
    tag: str = ""
    ends: bool = False

    def attribute(self, name: str) -> str:
        for match in _ATTRIBUTE.finditer(self.text):
            if match[1].lower() == name:
                return unescape(match[2] or match[3] or match[4] or "").strip()
        return ""


def _tokens(html: str) -> Iterator[_Token]:
    at = 0
    while (start := html.find("<", at)) >= 0:
        if start > at:
            yield _Token(html[at:start])
        if html.startswith(("<!", "<?"), start):
            at = _after(html, "-->" if html.startswith("<!--", start) else ">", start + 2)
        elif tag := _TAG.match(html, start):
            name = tag[2].lower()
            yield _Token(tag[3], name, bool(tag[1]))
            at = tag.end()
            if name in _RAW and not tag[1]:
                end = re.compile(f"</{name}", re.IGNORECASE).search(html, at)
                at = end.start() if end else len(html)
        elif broken := _BROKEN_TAG.match(html, start):
            at = broken.end()
        else:
            yield _Token("<")
            at = start + 1
    yield _Token(html[at:])


def _after(html: str, mark: str, start: int) -> int:
    found = html.find(mark, start)
    return len(html) if found < 0 else found + len(mark)


class _Reader:
    def __init__(self, base: str, dropped: Collection[str]) -> None:
        self._base = base
        self._drops = dropped
        self._dropping = ""
        self._depth = 0
        self._title = ""
        self._in_title = False
        self._in_code = False
        self._pieces: list[str] = []
        self._link = ""
        self._link_at = 0

    def text(self) -> str:
        parts = "".join(self._pieces).split(_PREFORMATTED)  # plain and preformatted in turn
        parts[::2] = [_tidied(part) for part in parts[::2]]
        text = re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip("\n ")
        title = " ".join(self._title.split())
        return f"# {title}\n\n{text}" if text and title and title not in text[: len(title) + 10] else text

    def start(self, token: _Token) -> None:
        tag = token.tag
        self._in_title = tag == "title"
        if self._dropping:
            self._depth += tag == self._dropping
        elif tag in self._drops:
            self._dropping, self._depth = tag, 1
        elif tag == "pre" and not self._in_code:
            self._in_code = True
            self._pieces.append(f"\n\n```\n{_PREFORMATTED}")
        elif not self._in_code:
            self._pieces.append("\n\n" if tag in _BLOCKS else "")
            self._pieces.append(_BEFORE.get(tag, ""))
            if tag == "a":
                self._link, self._link_at = self._target(token.attribute("href")), len(self._pieces)
            elif tag == "img" and (alternative := token.attribute("alt")):
                self._pieces.append(f"[image: {alternative}]")

    def end(self, token: _Token) -> None:
        tag = token.tag
        self._in_title = self._in_title and tag != "title"
        if self._dropping:
            self._depth -= tag == self._dropping
            self._dropping = self._dropping if self._depth else ""
        elif tag == "pre" and self._in_code:
            self._in_code = False
            self._pieces.append(f"{_PREFORMATTED}\n```\n\n")
        elif not self._in_code:
            self._pieces.append("\n\n" if tag in _BLOCKS else "`" if tag == "code" else "")
            if tag == "a" and self._link:
                self._end_link()

    def data(self, text: str) -> None:
        if self._in_title:
            self._title += text
        elif not self._dropping:
            text = text.replace(_PREFORMATTED, "")
            self._pieces.append(text if self._in_code else re.sub(r"\s+", " ", text))

    def _target(self, href: str) -> str:
        if not href or href.startswith(("#", "javascript:", "data:", "mailto:")):
            return ""
        try:
            return urljoin(self._base, href)
        except ValueError:
            return ""

    def _end_link(self) -> None:
        inside = "".join(self._pieces[self._link_at :])
        label = " ".join(inside.split())
        if label and _PREFORMATTED not in inside:
            self._pieces[self._link_at :] = [f"[{label}]({self._link})"]
        self._link = ""


def _tidied(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))
