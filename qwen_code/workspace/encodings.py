"""Bytes of a text file to text and back, so that what was not edited keeps every byte."""

from __future__ import annotations

from dataclasses import dataclass

_SAMPLE = 8192

_BINARY_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x7fELF", "an ELF binary"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x00asm", "a WebAssembly module"),
    (b"GGUF", "a GGUF model"),
    (b"\xca\xfe\xba\xbe", "a compiled binary"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O binary"),
)


class NotText(ValueError):
    """The bytes are no text; `str()` says what they are, e.g. `a PNG image`."""

    def __init__(self, what: str, *, damaged: bool = False) -> None:
        super().__init__(what)
        self.damaged = damaged
        """True for text of a known encoding with bytes that this encoding does not allow."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's text is stored."""

    name: str = "utf-8"
    """A Python codec that adds no mark of its own."""
    bom: bytes = b""
    """The byte order mark that the file begins with."""

    def encode(self, text: str) -> bytes:
        """Raises UnicodeEncodeError for what this encoding does not have."""
        return self.bom + text.encode(self.name)

    def __str__(self) -> str:
        return f"{self.name} with byte order mark" if self.bom else self.name


UTF_8 = Encoding()

_MARKS = (
    Encoding("utf-8", b"\xef\xbb\xbf"),
    Encoding("utf-32-le", b"\xff\xfe\x00\x00"),
    Encoding("utf-32-be", b"\x00\x00\xfe\xff"),
    Encoding("utf-16-le", b"\xff\xfe"),
    Encoding("utf-16-be", b"\xfe\xff"),
)


def decode(raw: bytes) -> tuple[str, Encoding]:
    """The text that `raw` holds, and the encoding that gives back exactly these bytes.

    Raises:
        NotText: binary data, or text that is damaged beyond an exact way back.
    """
    marked = encoding_of_mark(raw)
    if marked is None or marked.name == "utf-8":
        reject_binary(raw)
    if marked is not None:
        return _exactly(raw, marked), marked
    try:
        return raw.decode(), UTF_8
    except UnicodeDecodeError:
        return _legacy(raw)


def encoding_of_mark(raw: bytes) -> Encoding | None:
    """The encoding that the byte order mark at the start of `raw` tells; None without one."""
    return next((encoding for encoding in _MARKS if raw.startswith(encoding.bom)), None)


def reject_binary(raw: bytes) -> None:
    """Raises NotText when `raw`, the start of a file or all of it, can't be text in a one-byte encoding or
    UTF-8."""
    for magic, what in _BINARY_FORMATS:
        if raw.startswith(magic):
            raise NotText(what)
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        raise NotText("a WebP image")
    if b"\0" in raw:
        raise NotText("binary data")


def decode_piece(raw: bytes) -> str:
    """Text of a piece cut out of a file that is not UTF-16 or UTF-32, for showing."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _legacy(raw)[0]


def _exactly(raw: bytes, encoding: Encoding) -> str:
    try:
        text = raw[len(encoding.bom) :].decode(encoding.name)
    except UnicodeDecodeError as error:
        at = error.start + len(encoding.bom)
        raise NotText(f"damaged {encoding.name} text (at byte {at})", damaged=True) from None
    return text


def _legacy(raw: bytes) -> tuple[str, Encoding]:
    """Text from before UTF-8. Chinese first: in GB 2312 both bytes of a character are high, which Western
    text, with its single accents, can't satisfy throughout."""
    controls = sum(raw[:_SAMPLE].count(code) for code in (*range(1, 8), *range(0x0E, 0x1B), 0x7F))
    if controls * 20 > min(len(raw), _SAMPLE):
        raise NotText("binary data")
    for probe, name in (("gb2312", "gb18030"), ("cp1252", "cp1252")):
        try:
            raw.decode(probe)
            text = raw.decode(name)
        except UnicodeDecodeError:
            continue
        if text.encode(name) == raw:
            return text, Encoding(name)
    return raw.decode("latin-1"), Encoding("latin-1")
