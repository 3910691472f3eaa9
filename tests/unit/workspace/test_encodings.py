from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.workspace.encodings import UTF_8, NotText, decode


@pytest.mark.parametrize(
    ("raw", "text", "name", "bom"),
    [
        (b"", "", "utf-8", b""),
        ("é 你 🎉\r\n".encode(), "é 你 🎉\r\n", "utf-8", b""),
        (b"\xef\xbb\xbfa\n", "a\n", "utf-8", b"\xef\xbb\xbf"),
        (b"\xff\xfea\0\n\0", "a\n", "utf-16-le", b"\xff\xfe"),
        (b"\xfe\xff\0a\0\n", "a\n", "utf-16-be", b"\xfe\xff"),
        (b"\xff\xfe\0\0a\0\0\0", "a", "utf-32-le", b"\xff\xfe\0\0"),
        (b"caf\xe9 \x93x\x94\n", "café “x”\n", "cp1252", b""),
        (b"\x81\xe9\n", "\x81é\n", "latin-1", b""),
        ("变量 = 1\n".encode("gb18030"), "变量 = 1\n", "gb18030", b""),
        (b"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n", "utf-8", b""),
    ],
)
def test_text_is_read_in_the_encoding_it_is_stored_in(raw: bytes, text: str, name: str, bom: bytes) -> None:
    found, encoding = decode(raw)
    assert (found, encoding.name, encoding.bom) == (text, name, bom)
    assert encoding.encode(found) == raw


@pytest.mark.parametrize(
    ("raw", "what", "damaged"),
    [
        (b"a\0b", "binary data", False),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image", False),
        (b"%PDF-1.7\n", "a PDF document", False),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP image", False),
        (b"\x7fELF\x02", "an ELF binary", False),
        (bytes(range(1, 32)) + b"\xff\xfa", "binary data", False),
        (b"\xff\xfe\0\xd8", "damaged utf-16-le text (at byte 2)", True),
        (b"\xef\xbb\xbfa\xff", "damaged utf-8 text (at byte 4)", True),
    ],
)
def test_what_is_no_text_is_named(raw: bytes, what: str, damaged: bool) -> None:
    with pytest.raises(NotText) as refused:
        decode(raw)
    assert (str(refused.value), refused.value.damaged) == (what, damaged)


@given(st.binary(max_size=200))
def test_whatever_is_read_as_text_gives_back_its_bytes(raw: bytes) -> None:
    try:
        text, encoding = decode(raw)
    except NotText:
        return
    assert encoding.encode(text) == raw


@given(st.text(max_size=100).map("text: {}".format).filter(lambda text: "\0" not in text))
def test_utf_8_is_never_taken_for_something_else(text: str) -> None:
    assert decode(text.encode()) == (text, UTF_8)
