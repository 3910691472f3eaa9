from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from qwen_code.ui.markdown_inline import inline


def looks(text: Text) -> list[tuple[str, str]]:
    return [(text.plain[span.start : span.end], str(span.style)) for span in text.spans]


@pytest.mark.parametrize(
    ("source", "plain", "styles"),
    [
        ("a **b** c", "a b c", [("b", "md.bold")]),
        ("*i* and _j_", "i and j", [("i", "md.italic"), ("j", "md.italic")]),
        ("**bold *both* x**", "bold both x", [("both", "md.italic"), ("bold both x", "md.bold")]),
        ("***x***", "x", [("x", "md.bold"), ("x", "md.italic")]),
        ("~~gone~~", "gone", [("gone", "md.strike")]),
        ("`code` and ``a`b``", "code and a`b", [("code", "md.code"), ("a`b", "md.code")]),
        ("`**not bold**`", "**not bold**", [("**not bold**", "md.code")]),
        (
            "[text](http://x.y/a_(b))",
            "text (http://x.y/a_(b))",
            [("text", "md.link"), (" (http://x.y/a_(b))", "md.url")],
        ),
        ("<http://x.y>", "http://x.y", [("http://x.y", "md.link")]),
        ("see https://x.y/z.", "see https://x.y/z.", [("https://x.y/z", "md.link")]),
        ("![alt](pic.png)", "alt (pic.png)", [("alt", "md.link"), (" (pic.png)", "md.url")]),
        ("&lt;b&gt; &amp; &copy;", "<b> & ©", []),
        (r"\*not\* \`this\`", "*not* `this`", []),
    ],
)
def test_markup_becomes_style(source: str, plain: str, styles: list[tuple[str, str]]) -> None:
    text = inline(source)
    assert (text.plain, looks(text)) == (plain, styles)


@pytest.mark.parametrize(
    "source",
    [
        "**open",
        "`open",
        "a * b * c",
        "snake_case_name",
        "__init__.py",
        "2*3*4",
        "[text](",
        "[x] done",
        "~one~",
        "&nope;",
    ],
)
def test_what_is_no_markup_stays_as_it_is_written(source: str) -> None:
    text = inline(source)
    assert text.plain == source
    assert not looks(text)


def test_an_entity_can_not_smuggle_a_control_character_in() -> None:
    assert inline("&#x202e; &#8238;").plain == "<U+202E> <U+202E>"


@given(st.text(alphabet="ab *_`~[]()<>\\!&;#0123x\n"))
def test_words_are_never_lost(source: str) -> None:
    plain = inline(source).plain
    assert [c for c in plain if c in "ab"] == [c for c in source if c in "ab"]


@pytest.mark.parametrize("piece", ["*a ", "**a ", "`", "` `` ", "[", "[a](", "_a", "~~a ", "<a:"])
def test_hostile_repetition_is_survived(piece: str) -> None:
    assert inline(piece * 3000).plain
