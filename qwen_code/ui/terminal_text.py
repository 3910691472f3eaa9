"""The one gate between untrusted text and a terminal: nothing that passes it can move a cursor or hide text.

Untrusted is whatever qwen-code did not write itself: what the model says, file names and contents, output of
commands, names of models and servers. Two treatments:

- `shown` makes every control character visible, for text whose exact bytes matter (names, commands, prose);
- `output_shown` first drops the colour and cursor sequences that programs write for a terminal, and keeps
  only what a carriage return leaves on a line, for output that is read and not judged.

What counts as a control is ECMA-48 (C0, DEL, C1), Unicode's bidirectional and invisible format characters
(UAX 9; the trick is known as Trojan Source), tag characters (invisible ASCII) and lone surrogates.
"""

from __future__ import annotations

import re

TAB_WIDTH = 4

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b\u200c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
)
_CONTROL = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_INVISIBLE}\U0001d173-\U0001d17a\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Everything that may not reach the terminal as it is; tab and line feed are dealt with apart."""

JOINER = "\u200d"
"""Zero width joiner: part of many emoji, harmless between two of them, suspect anywhere else."""
_STRAYJOINER = re.compile("(?<![\u00a9-\U0001ffff\ufe0f])\u200d|\u200d(?![\u00a9-\U0001ffff])")

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]P^_X][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, PM, APC, SOS with their terminator
    r"|\x1b[ -/]*[0-Z\\^-~]"  # two-character escapes and charset designations
)
_OVERSTRUCK = re.compile(r"[^\n]*\r(?=[^\n])")
"""What a carriage return in the middle of a line throws away."""


def shown(text: str) -> str:
    """`text` with every control character made visible; tabs expanded, line feeds kept, CR LF as LF."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    if "\t" in text:
        text = text.expandtabs(TAB_WIDTH)
    text = _CONTROL.sub(_visible, text)
    return _STRAYJOINER.sub(_visible, text) if JOINER in text else text


def shown_line(text: str) -> str:
    """Like `shown`, for what must stay on one line: line feeds become visible as well."""
    return shown(text).replace("\n", "␊")


def output_shown(text: str) -> str:
    """`text` as a terminal would have left it, in plain characters: for output of programs."""
    if text.isascii() and text.isprintable():
        return text
    if "\x1b" in text or "\x9b" in text:
        text = _SEQUENCE.sub("", text)
    if "\r" in text:
        text = _OVERSTRUCK.sub("", text.replace("\r\n", "\n")).replace("\r", "")
    if "\x08" in text:
        text = re.sub(r"[^\n\x08]\x08|\x08", "", text)
    return shown(text)


def clipped(text: str, limit: int) -> str:
    """`text` cut to `limit` characters, the cut marked; for names and titles, never for commands."""
    return text if len(text) <= limit else text[: max(0, limit - 1)] + "…"


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"<U+{code:04X}>"
