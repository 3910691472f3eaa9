from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.workspace.html_text import is_html, text_of

PAGE = """<!doctype html>
<html><head><title>My  page</title><style>p { color: red }</style>
<script>if (a < b) document.write("<p>no</p>")</script></head>
<body><nav><a href="/">Home</a></nav>
<h1>Hello &amp; welcome</h1>
<p>Some <b>bold</b> text with <a href="../docs#x">a
 link</a> and <code>code</code>.<br>New line</p>
<ul><li>one</li><li>two</li></ul>
<pre><span>def</span> f():
    return  1</pre>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
<img src="x.png" alt="A picture"><img src="y.png">
<!-- a <b>comment</b> --><p>end</p></body></html>"""


def test_a_page_reads_like_a_document() -> None:
    assert text_of(PAGE, "https://example.invalid/a/b") == (
        "# My page\n\n# Hello & welcome\n\n"
        "Some bold text with [a link](https://example.invalid/docs#x) and `code`.\nNew line\n\n"
        "- one\n- two\n\n"
        "```\ndef f():\n    return  1\n```\n\n"
        "| a | b\n| 1 | 2\n\n"
        "[image: A picture]\n\nend"
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("a &lt;b&gt; &#x41; &nbsp;c", "a <b> A c"),
        ("<p>unclosed <b>tags <i>here", "unclosed tags here"),
        ("<P CLASS='x'>upper</P>", "upper"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<a href=javascript:x>label</a>", "label"),
        ("<a href='#top'>label</a>", "label"),
        ("<a href=/x></a>after", "after"),
        ("<nav><a href='https://x.invalid/'>only this</a></nav>", "[only this](https://x.invalid/)"),
        ("<script>never closed <p>text", ""),
        ("before<!-- never closed <p>text", "before"),
        ("<svg><text>drawn</text></svg>seen", "seen"),
        ("<title>T</title><h1>T</h1>", "# T"),
        ("<pre>a\n\n\n\nb</pre>", "```\na\n\nb\n```"),
        ("", ""),
    ],
)
def test_markup_of_every_kind_gives_its_text(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    "unit",
    ["<", "<!--", "<![", "<?", "</", "<a ", "<a x='", "<a href=", "&", "<div>", "<script></", "<title>x"],
)
def test_pages_made_to_be_slow_are_read(unit: str) -> None:
    assert len(text_of(unit * 30_000)) <= len(unit) * 30_000


def test_an_attribute_without_end_is_read() -> None:
    assert text_of(f"<a {'a' * 200_000}>x</a>") == "x"


@given(st.text(alphabet="<>/!-ab='\" \n&;\0", max_size=200))
def test_no_page_is_an_error(html: str) -> None:
    assert "\0" not in text_of(html)


def test_the_kind_of_page_is_told_by_type_or_by_its_beginning() -> None:
    assert is_html("text/html; charset=utf-8", "")
    assert not is_html("text/plain", "<html>")
    assert is_html("", "\n<!DOCTYPE html><html>")
    assert not is_html("", '{"a": 1}')
