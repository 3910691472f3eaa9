"""Decodes `$'...'`, bash's quotes with C escapes (bash manual, "ANSI-C Quoting")."""

from __future__ import annotations

import re

from qwen_code.permissions.shell_syntax import Unreadable

_PIECE = re.compile(
    r"[^\\']+|\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|c.|.)", re.DOTALL
)
_SIMPLE = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip


def ansi_c(text: str, start: int) -> tuple[str, int]:
    """The value of the quote whose content begins at `start`, and the position after it.

    A NUL ends the value, as it does in bash. Bytes that are not UTF-8 become surrogate escapes.

    Raises:
        Unreadable: the quote is never closed.
    """
    value = bytearray()
    at = start
    while match := _PIECE.match(text, at):
        value += _decode(match[0])
        at = match.end()
    if not text.startswith("'", at):
        raise Unreadable("a `$'` quote is never closed")
    value, _, _ = value.partition(b"\0")
    return value.decode("utf-8", "surrogateescape"), at + 1


def _decode(piece: str) -> bytes:
    if piece[0] != "\\":
        return _bytes(piece)
    kind, rest = piece[1], piece[2:]
    if kind in "01234567":
        return bytes([int(piece[1:], 8) & 0xFF])
    if kind == "x" and rest:
        return bytes([int(rest, 16)])
    if kind in "uU" and rest:
        code = int(rest, 16)
        return _bytes(chr(code)) if code < 0x110000 else b"?"
    if kind == "c" and rest:
        return bytes([ord(rest) & 0x1F]) if ord(rest) < 128 else b"?"
    return _bytes(_SIMPLE.get(kind, piece))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
