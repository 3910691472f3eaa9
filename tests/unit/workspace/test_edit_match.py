from __future__ import annotations

import pytest

from qwen_code.workspace.edit_match import EditRefused, apply_edit

EXACT = {
    "a word": ("let a = 1\n", "a", "b", "let b = 1\n"),
    "the only line": ("one\n", "one\n", "two\n", "two\n"),
    "a line in the middle": ("a\nb\nc\n", "b\n", "x\n", "a\nx\nc\n"),
    "the first line": ("a\nb\n", "a\n", "x\n", "x\nb\n"),
    "the last line, no final line break": ("a\nb", "b", "x", "a\nx"),
    "a part of a line": ("price = 10 * rate\n", "10 * rate", "20", "price = 20\n"),
    "several lines by one": ("a\nb\nc\nd\n", "b\nc\n", "x\n", "a\nx\nd\n"),
    "one line by several": ("a\nb\n", "b", "x\ny", "a\nx\ny\n"),
    "insertion before": ("a\nb\n", "b\n", "x\nb\n", "a\nx\nb\n"),
    "deletion of a line": ("a\nb\nc\n", "b\n", "", "a\nc\n"),
    "deletion of all": ("a\n", "a\n", "", ""),
    "deletion of a piece": ("f(a, b)\n", ", b", "", "f(a)\n"),
    "an indented line, named without its indentation, goes with it": (
        "if x:\n    a()\n    b()\n",
        "a()\n",
        "",
        "if x:\n    b()\n",
    ),
    "what looks like a reference to a group": ("x\n", "x", r"$& \1 $1 \g<0> $$", "$& \\1 $1 \\g<0> $$\n"),
    "what looks like a pattern": ("re.sub('(a|b)*', s)\n", "(a|b)*", "[c]+", "re.sub('[c]+', s)\n"),
    "backslashes": ('p = "C:\\\\x\\\\n"\n', "C:\\\\x", "D:\\\\y", 'p = "D:\\\\y\\\\n"\n'),
    "a backslash and an n that stand in the file": ('f("\\n")\n', 'f("\\n")', 'g("\\n")', 'g("\\n")\n'),
    "an entity that stands in the file": ("a &amp; b\n", "&amp;", "&lt;", "a &lt; b\n"),
    "tabs": ("a:\n\tcc x\n", "\tcc x\n", "\tcc -O y\n", "a:\n\tcc -O y\n"),
    "Chinese": ("名 = '张三'\n", "张三", "李四", "名 = '李四'\n"),
    "beyond the basic plane": ("x = '🎉'\n", "🎉", "🚀", "x = '🚀'\n"),
    "curly quotes that stand in the file": ("say “a”\n", "“a”", "“b”", "say “b”\n"),
    "blank lines": ("a\n\n\nb\n", "a\n\n\nb", "a\n\nb", "a\n\nb\n"),
    "a form feed is no line break": ("a\x0cb\n", "b", "c", "a\x0cc\n"),
    "a line separator is no line break": ("a\u2028b\n", "b", "c", "a\u2028c\n"),
}


@pytest.mark.parametrize("case", EXACT)
def test_exact_text_is_replaced_literally(case: str) -> None:
    text, old, new, after = EXACT[case]
    edited = apply_edit(text, old, new)
    assert edited.text == after
    assert edited.leniency == ""


EVERYWHERE = {
    "words": ("a b a b a\n", "a", "c", "c b c b c\n", 3),
    "one": ("a\n", "a", "b", "b\n", 1),
    "what it grows from": ("a a\n", "a", "aa", "aa aa\n", 2),
    "overlapping ones, from the left": ("aaaa\n", "aa", "b", "bb\n", 2),
    "deletion": ("xaxa\n", "a", "", "xx\n", 2),
    "lines": ("a\nb\na\n", "a\n", "", "b\n", 2),
    "lines of a CRLF file": ("a\r\nb\r\na\r\nb\r\n", "a\nb\n", "x\n", "x\r\nx\r\n", 2),
    "lines of a file of mixed endings": ("a\r\nb\na\nb\r\n", "a\nb", "x\ny", "x\r\ny\nx\ny\r\n", 2),
}


@pytest.mark.parametrize("case", EVERYWHERE)
def test_every_exact_occurrence_is_replaced_when_asked(case: str) -> None:
    text, old, new, after, count = EVERYWHERE[case]
    edited = apply_edit(text, old, new, replace_all=True)
    assert (edited.text, edited.count) == (after, count)


LENIENT = {
    # line endings
    "CRLF file, LF request": ("a\r\nb\r\n", "a\nb\n", "x\ny\n", "x\r\ny\r\n", ""),
    "CRLF file, CRLF request": ("a\r\nb\r\n", "a\r\nb", "x\r\ny", "x\r\ny\r\n", ""),
    "CRLF file, new lines in one line": ("a\r\nb\r\n", "a", "x\ny", "x\r\ny\r\nb\r\n", ""),
    "LF file, CRLF request": ("a\nb\n", "a\r\nb\r\n", "x\r\ny\r\n", "x\ny\n", ""),
    "LF file, CRLF in the new text only": ("a\nb\n", "a", "x\r\ny", "x\ny\nb\n", ""),
    "CRLF file without a final line break": ("a\r\nb", "a\nb", "x\ny\nz", "x\r\ny\r\nz", ""),
    "mixed endings, the line itself": ("a\r\nb\nc\r\n", "b\n", "x\n", "a\r\nx\nc\r\n", ""),
    "mixed endings, lines that stay": ("a\r\nb\nc\r\nd\n", "a\nb\nc\n", "a\nx\nc\n", "a\r\nx\nc\r\nd\n", ""),
    "mixed endings, a line more": ("a\r\nb\nc\r\n", "b", "b\nb2", "a\r\nb\nb2\nc\r\n", ""),
    "mixed endings, a line less": ("a\r\nb\nc\r\n", "a\nb\n", "b\n", "b\nc\r\n", ""),
    "a lone carriage return stays": ("a\rb\r\nc\r\n", "c", "x", "a\rb\r\nx\r\n", ""),
    "a byte order mark in the request": ("a\nb\n", "\ufeffa\n", "\ufeffx\n", "x\nb\n", ""),
    # trailing blanks
    "blanks in the file": ("a = 1 \nb = 2\t\n", "a = 1\nb = 2\n", "a = 3\nb = 4\n", "a = 3\nb = 4\n", "t"),
    "blanks in the request": ("a = 1\nb = 2\n", "a = 1  \nb = 2\n", "c = 1\n", "c = 1\n", "t"),
    "blanks in an empty line of the file": ("a\n  \nb\n", "a\n\nb\n", "a\nb\n", "a\nb\n", "t"),
    "blanks in an empty line of the request": ("a\n\nb\n", "a\n  \nb", "c", "c\n", "t"),
    "deletion takes the blanks along": ("a\nb  \nc\n", "b\n", "", "a\nc\n", "t"),
    "a following empty line stays": ("a\nb \n\nc\n", "b\n", "x\n", "a\nx\n\nc\n", "t"),
    "blanks in the new text stay": ("v = 1;\n", "v = 1;  \n", "v = 2;  \n", "v = 2;  \n", "t"),
    "an unchanged line keeps its blanks": ("a  \nb\n", "a\nb\n", "a\nc\n", "a  \nc\n", "t"),
    "an unchanged line gets no blanks": ("a\nb\n", "a  \nb\n", "a  \nc\n", "a\nc\n", "t"),
    "the file lacks the final line break": ("a\nb", "b\n", "c\n", "a\nc", "t"),
    "the file lacks it, deletion": ("a\nb", "b\n", "", "a\n", "t"),
    "blanks and CRLF": ("a \r\nb\r\n", "a\nb\n", "x\nb\n", "x\r\nb\r\n", "t"),
    # indentation
    "block from column 0": (
        "k:\n    if a:\n        b()\n",
        "if a:\n    b()\n",
        "if a:\n    c()\n",
        None,
        "i",
    ),
    "too deep": ("  a\n  b\n", "      a\n      b\n", "      c\n", "  c\n", "i"),
    "not deep enough": (
        "def f():\n        a()\n        b()\n",
        "  a()\n  b()\n",
        "  a()\n  c()\n",
        None,
        "i",
    ),
    "deeper lines in the new text": (
        "def f():\n    x = 1\n    y = 2\n",
        "x = 1\ny = 2\n",
        "if q:\n    x = 1\ny = 3\n",
        "def f():\n    if q:\n        x = 1\n    y = 3\n",
        "i",
    ),
    "tabs for spaces": (
        "\tif a {\n\t\tb()\n",
        "    if a {\n        b()\n",
        "    if a {\n        c()\n",
        None,
        "i",
    ),
    "tabs for spaces, one depth": (
        "\t\ta()\n\t\tb()\n",
        "        a()\n        b()\n",
        "        c()\n",
        None,
        "i",
    ),
    "spaces for tabs": ("    a:\n        b\n", "\ta:\n\t\tb\n", "\ta:\n\t\tc\n", "    a:\n        c\n", "i"),
    "another width": (
        "if a:\n    b()\n",
        "if a:\n  b()\n",
        "if a:\n  c()\n  d()\n",
        "if a:\n    c()\n    d()\n",
        "i",
    ),
    "empty lines stay empty": ("    a\n\n    b\n", "a\n\nb\n", "a\n\nc\n", "    a\n\n    c\n", "i"),
    "indentation and trailing blanks": ("    a  \n    b\n", "a\nb\n", "a\nc\n", "    a  \n    c\n", "i"),
    "indentation and CRLF": ("  a\r\n  b\r\n", "a\nb\n", "a\nc\n", "  a\r\n  c\r\n", "i"),
    # typographic characters
    "straight quotes asked, curly in the file": ("s = ‘x’\n", "s = 'x'", "s = 1", "s = 1\n", "u"),
    "curly quotes asked, straight in the file": ('s = "x"\n', "s = “x”", "s = 1", "s = 1\n", "u"),
    "hyphen asked, dash in the file": ("1–2\n", "1-2", "3", "3\n", "u"),
    "em dash asked, hyphen in the file": ("a - b\n", "a — b", "c", "c\n", "u"),
    "minus sign": ("x − 1\n", "x - 1", "x - 2", "x - 2\n", "u"),
    "no-break space in the file": ("a\u00a0= 1\n", "a = 1", "a = 2", "a = 2\n", "u"),
    "ideographic space": ("a\u3000b\n", "a b", "c", "c\n", "u"),
    "an unchanged line keeps its quotes": ("it’s\nb\n", "it's\nb\n", "it's\nc\n", "it’s\nc\n", "u"),
    "a dash in the new text stays": ("1-2\n", "1–2", "3–4", "3–4\n", "u"),
    "quotes and trailing blanks": ("‘a’  \nb\n", "'a'\nb\n", "c\n", "c\n", "u"),
    "quotes and indentation": ("  ‘a’\n  b\n", "'a'\nb\n", "c\n", "  c\n", "u"),
    # escapes
    "line break": ("a\nb\n", "a\\nb", "a\\nc", "a\nc\n", "e"),
    "tab": ("\tx = 1\n", "\\tx = 1", "\\tx = 2", "\tx = 2\n", "e"),
    "double quotes": ('f("a")\n', 'f(\\"a\\")', 'f(\\"b\\")', 'f("b")\n', "e"),
    "single quotes": ("f('a')\n", "f(\\'a\\')", "f(\\'b\\')", "f('b')\n", "e"),
    "backquotes": ("f(`a`)\n", "f(\\`a\\`)", "f(\\`b\\`)", "f(`b`)\n", "e"),
    "backslashes": ('"C:\\x"\n', '"C:\\\\x"', '"D:\\\\x"', '"D:\\x"\n', "e"),
    "a whole JSON string": (
        'def f():\n    print("a\\n")\n',
        'def f():\\n    print(\\"a\\\\n\\")\\n',
        'def f():\\n    print(\\"b\\\\n\\")\\n',
        'def f():\n    print("b\\n")\n',
        "e",
    ),
    "quotes alone, the language's own escape stays": (
        'x = 1\nf("a\\n")\n',
        'x = 1\nf(\\"a\\n\\")',
        'x = 2\nf(\\"b\\n\\")',
        'x = 2\nf("b\\n")\n',
        "e",
    ),
    "ampersands": ("a && b\n", "a &amp;&amp; b", "a &amp;&amp; c", "a && c\n", "e"),
    "angle brackets": ("if a < b > c\n", "if a &lt; b &gt; c", "if a &gt; b", "if a > b\n", "e"),
    "entities of quotes": (
        "say \"a\" 'b'\n",
        "say &quot;a&quot; &#39;b&#39;",
        "say &quot;c&quot;",
        'say "c"\n',
        "e",
    ),
    "quotes alone, an escape that would break a string stays": (
        'f("a")\n',
        'f(\\"a\\")',
        'f(\\"b\\n\\")',
        'f("b\\n")\n',
        "e",
    ),
    "CRLF file": ("a\r\nb\r\n", "a\\nb", "a\\nc", "a\r\nc\r\n", "e"),
}
RUNGS = {
    "": "",
    "t": "trailing blanks",
    "i": "indentation",
    "u": "typographic characters",
    "e": "escaped characters",
}
INDENTED = {
    "block from column 0": "k:\n    if a:\n        c()\n",
    "not deep enough": "def f():\n        a()\n        c()\n",
    "tabs for spaces": "\tif a {\n\t\tc()\n",
    "tabs for spaces, one depth": "\t\tc()\n",
}


@pytest.mark.parametrize("case", LENIENT)
def test_the_one_lenient_reading_is_taken(case: str) -> None:
    text, old, new, after, rung = LENIENT[case]
    edited = apply_edit(text, old, new)
    assert edited.text == (INDENTED[case] if after is None else after)
    assert edited.leniency == RUNGS[rung]


AMBIGUOUS = {
    "words": ("a a\n", "a", (1, 1)),
    "lines": ("x\ny\nx\n", "x\n", (1, 3)),
    "the beginning of another": ("import os\nimport os.path\n", "import os", (1, 2)),
    "overlapping": ("aaa\n", "aa", (1, 1)),
    "overlapping blocks": ("a\nb\na\nb\na\n", "a\nb\na\n", (1, 3)),
    "line endings alone differ": ("a\nb\na\r\nb\n", "a\nb", (1, 3)),
    "trailing blanks": ("a \nb\na\t\nb\n", "a\nb\n", (1, 3)),
    "indentation": ("  a\n  b\n    a\n    b\n", "a\nb\n", (1, 3)),
    "quotes": ("‘x’\n’x’\n", "'x'", (1, 2)),
    "quotes, differing in the file too": ('“x”\n"x"\n', "„x„", (1, 2)),
    "escapes": ("a\nb\nc\na\nb\n", "a\\nb", (1, 4)),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_several_places_are_named_and_none_is_touched(case: str) -> None:
    text, old, lines = AMBIGUOUS[case]
    with pytest.raises(EditRefused) as refused:
        apply_edit(text, old, "new")
    assert refused.value.kind == "ambiguous"
    assert refused.value.lines == lines


def test_several_lenient_places_are_refused_even_when_all_are_to_be_replaced() -> None:
    with pytest.raises(EditRefused) as refused:
        apply_edit("a \nb\na \nb\n", "a\nb\n", "c\n", replace_all=True)
    assert refused.value.kind == "ambiguous"


NEAR_MISSES = {
    "letter case": ("Foo()\n", "foo()"),
    "a number": ("x = 10\n", "x = 11"),
    "a comment": ("# one\ncode()\n", "# two\ncode()\n"),
    "a string": ('f("a")\n', 'f("b")'),
    "a name": ("user_id = 1\n", "userid = 1"),
    "a missing line": ("a\nb\nc\n", "a\nc\n"),
    "an additional line": ("a\nc\n", "a\nb\nc\n"),
    "lines in another order": ("a\nb\n", "b\na\n"),
    "an empty line": ("a\nb\n", "a\n\nb\n"),
    "a missing empty line": ("a\n\nb\n", "a\nb\n"),
    "blanks within a line": ("a  = 1\n", "a = 1"),
    "a tab within a line": ("a\t= 1\n", "a = 1"),
    "no blanks": ("f(a, b)\n", "f(a,b)"),
    "an omission": ("a\nb\nc\n", "a\n...\nc\n"),
    "other nesting": ("if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"),
    "nesting that the file lacks": ("a()\nb()\n", "a()\n    b()\n"),
    "one line deeper": ("    a\n    b\n    c\n", "a\nb\n  c\n"),
    "line numbers from a listing": ("a\nb\n", "1| a\n2| b\n"),
    "a letter of another script": ("value = 1\n", "vаlue = 1"),
    "an accent": ("cafe\n", "café"),
    "a decomposed accent": ("caf\u00e9\n", "cafe\u0301"),
    "an ellipsis": ("wait...\n", "wait…"),
    "a zero-width space": ("ab\n", "a\u200bb"),
    "the rest of a line": ("remove-me-too\n", "remove-me  "),
    "a missing semicolon": ("f();\n", "f()\n"),
    "an empty file": ("", "a"),
    "blank text": ("a\nb\n", " \n \n"),
}


@pytest.mark.parametrize("case", NEAR_MISSES)
def test_a_near_miss_is_no_match(case: str) -> None:
    text, old = NEAR_MISSES[case]
    with pytest.raises(EditRefused) as refused:
        apply_edit(text, old, "new\n")
    assert refused.value.kind == "not_found"


DOUBTFUL_NEW_TEXT = {
    "quotes were escaped, was the line break?": ('f("a")\n', 'f(\\"a\\")', 'f(\\"b\\")\\ng()'),
    "a line break within a string": ("a\nb\n", "a\\nb", 'print("c\\n")\\nb'),
    "half escaped markup": ("a < b\n", "a &lt; b", "a < b &lt; c"),
    "shallower than the file goes": ("a\n  b\n", "  a\n    b\n", "c\n"),
    "no rule for tabs": ("\ta\n", "   \t a\n", "     b\n"),
    "a depth between two": ("if a:\n\tb()\n", "if a:\n    b()\n", "if a:\n  c()\n"),
}


@pytest.mark.parametrize("case", DOUBTFUL_NEW_TEXT)
def test_new_text_that_could_mean_two_things_is_not_written(case: str) -> None:
    text, old, new = DOUBTFUL_NEW_TEXT[case]
    with pytest.raises(EditRefused) as refused:
        apply_edit(text, old, new)
    assert refused.value.kind == "not_found"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("a\n", "a", "a"),
        ("a\r\n", "a\r\n", "a\n"),
        ("  a\n", "a\n  ", "a\n  "),
        ("a  \nb\n", "a\nb\n", "a\nb\n"),
    ],
)
def test_an_edit_that_changes_nothing_is_said_to(text: str, old: str, new: str) -> None:
    with pytest.raises(EditRefused) as refused:
        apply_edit(text, old, new)
    assert refused.value.kind == "no_change"


def test_exact_text_wins_over_lenient_places() -> None:
    edited = apply_edit("a  \nb\na\nb\n", "a\nb\n", "c\n")
    assert edited.text == "a  \nb\nc\n"
    assert edited.leniency == ""


def test_a_closer_rung_wins_over_a_farther_one() -> None:
    edited = apply_edit("  a\n  b\na \nb\n", "a\nb\n", "c\n")
    assert edited.text == "  a\n  b\nc\n"
    assert edited.leniency == "trailing blanks"


def test_the_changed_lines_are_named() -> None:
    edited = apply_edit("a\nb\nc\nd\n", "b\nc\n", "x\ny\nz\n")
    assert (edited.first_line, edited.last_line) == (2, 4)


def test_no_more_than_ten_places_are_named() -> None:
    with pytest.raises(EditRefused) as refused:
        apply_edit("a\n" * 100_000, "a\n", "b\n")
    assert refused.value.lines == tuple(range(1, 11))


def test_one_place_in_a_large_repetitive_file_is_found() -> None:
    text = "value = 12345\n" * 70_000 + "only = 1\n" + "value = 12345\n" * 70_000
    old = "value = 12345\nonly = 1 \nvalue = 12345\n"
    edited = apply_edit(text, old, old.replace("only = 1 ", "only = 2"))
    assert edited.text == text.replace("only = 1", "only = 2")
