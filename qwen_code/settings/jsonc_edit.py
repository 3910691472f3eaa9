"""Changes one value inside a JSON text; comments, order and layout of all the rest stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from qwen_code.settings.jsonc import Node, parse

_COMMA = re.compile(r"(?:[ \t\r\n]++|//[^\n]*+|/\*.*?\*/)*+(,)", re.DOTALL)


class NotAnObject(ValueError):
    """The path leads through a value that has no members."""

    def __init__(self, path: str, line: int) -> None:
        super().__init__(path)
        self.line = line


def value_at(root: Node, names: Sequence[str]) -> Any:
    """The plain value at a path; None where there is none."""
    node: Node | None = root
    for name in names:
        node = node.value.get(name) if node and isinstance(node.value, dict) else None
    return node.plain() if node else None


def set_value(text: str, names: Sequence[str], value: Any) -> str:
    """`text` with `value` at the path `names`; objects on the way are made.

    A list that only grows at its end gets the new items and keeps the comments between the old ones.

    Raises:
        JsonError: `text` is not JSON.
        NotAnObject: the path leads through something else.
    """
    root = parse(text)
    style = _Style(text, root)
    if root.start == root.end:  # nothing but comments
        head = text.rstrip()
        return (
            (head + style.newline if head else "") + style.render(_nested(names, value), "") + style.newline
        )
    node = root
    for depth, name in enumerate(names):
        if node.value is None:
            return style.replaced(node, _nested(names[depth:], value))
        if not isinstance(node.value, dict):
            raise NotAnObject(".".join(names[:depth]), node.line)
        if name not in node.value:
            return style.inserted(node, [(name, _nested(names[depth + 1 :], value))])
        node = node.value[name]
    if isinstance(value, list) and isinstance(node.value, list):
        items, old = cast("list[Any]", value), [json.dumps(item.plain()) for item in node.value]
        if [json.dumps(item) for item in items[: len(old)]] == old:
            added = items[len(old) :]
            return style.inserted(node, [(None, item) for item in added]) if added else text
    return style.replaced(node, value)


def _nested(names: Sequence[str], value: Any) -> Any:
    for name in reversed(names):
        value = {name: value}
    return value


class _Style:
    """How this text is laid out, and changes that keep to it."""

    def __init__(self, text: str, root: Node) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        first = next(iter(_children(root)), None)
        self.unit = (self.indent(first.start) if first and first.line > root.line else "") or "  "

    def indent(self, offset: int) -> str:
        """The blanks that begin the line of `offset`."""
        start = self.text.rfind("\n", 0, offset) + 1
        return self.text[start : start + len(self.text[start:]) - len(self.text[start:].lstrip(" \t"))]

    def render(self, value: Any, base: str) -> str:
        lines = json.dumps(value, ensure_ascii=False, indent=self.unit).split("\n")
        return (self.newline + base).join(lines)

    def replaced(self, node: Node, value: Any) -> str:
        rendered = self.render(value, self.indent(node.start))
        return self.text[: node.start] + rendered + self.text[node.end :]

    def inserted(self, container: Node, items: Sequence[tuple[str | None, Any]]) -> str:
        """`container` with members (name, value) or items (None, value) at its end."""
        children = _children(container)
        close = container.end - 1
        flat = "\n" not in self.text[container.start : container.end]
        if flat and children:
            pieces = [_piece(name, json.dumps(value, ensure_ascii=False)) for name, value in items]
            at, trailing = self.after(children[-1], close)
            return self.text[:at] + (" " if trailing else ", ") + ", ".join(pieces) + self.text[at:]
        base = self.indent(container.start)
        inner = base + self.unit
        if children and children[0].line > container.line:
            inner = self.indent(children[0].start)
        pieces = [_piece(name, self.render(value, inner)) for name, value in items]
        body = ("," + self.newline + inner).join(pieces)
        head, comma = self.text[:close].rstrip(), ""
        if children:
            at, trailing = self.after(children[-1], close)
            comma = "," if trailing else ""
            head = self.text[:at] + ("" if trailing else ",") + self.text[at:close].rstrip()
        return head + self.newline + inner + body + comma + self.newline + base + self.text[close:]

    def after(self, child: Node, close: int) -> tuple[int, bool]:
        """Where `child` and its comma end, and whether there is one."""
        match = _COMMA.match(self.text, child.end, close)
        return (match.end(1), True) if match else (child.end, False)


def _children(node: Node) -> list[Node]:
    if isinstance(node.value, dict):
        return list(node.value.values())
    return node.value if isinstance(node.value, list) else []


def _piece(name: str | None, rendered: str) -> str:
    return rendered if name is None else f"{json.dumps(name, ensure_ascii=False)}: {rendered}"
