"""What Python takes and no mended slip leaves behind."""

from __future__ import annotations

import ast

import pytest

from qwen_code.local.python_edits import PythonText
from qwen_code.local.python_unlikely import unlikely


def _is_unlikely(body: str, head: str = "def f(a, b):") -> bool:
    source = head + "".join(f"\n    {line}" for line in body.split("\n")) + "\n"
    return any(found for node in ast.walk(ast.parse(source)) for found in unlikely(node))


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        ("return a[b]", "return a[not b]"),
        ("return a[-1]", "return a[-b]"),
        ("return a[int(b)]", "return a[sorted(b)]"),
        ("return a[-b:]", "return a[self]"),
        ("return f(a, -b)", "return f(a, not b)"),
        ("return f(a, -1)", "return f(a, -None)"),
        ("return bool(not a)", "return len(not a)"),
        ("return f(a)(b)", "return len(a)(b)"),
        ("return a - 1", "return None - 1"),
        ("return len(a) + 1", "return [] + 1"),
        ("return a == -b", "return a == (not b)"),
        ("return a is self", "return a == self"),
        ("return a is None", "return a is -b"),
        ("return str(a) in b", "return sorted(a) in b"),
        ("return [a, -b]", "return [a, not b]"),
        ("return not a", "return not a.split()"),
        ("return -a", "return -self"),
        ("raise ValueError(a)", "raise a + b"),
        ("raise error", "raise a"),
        ("for c in sorted(a):\n    b(c)", "for c in len(a):\n    b(c)"),
        ("while a:\n    a = b(a)", "while a:\n    return b"),
        ("while a:\n    a -= b", "while a:\n    b += 1"),
        ("if len(a):\n    b()", "if int(a):\n    b()"),
        ("c = 1\nc += a\nreturn c", "c += a\nreturn c"),
        ("a += b\nreturn a", "for c in a:\n    d += c\nreturn d"),
        ("global c\nc += 1", "c += 1"),
        ("for i in range(a):\n    b.i(i)", "for i in range(a):\n    i.b(i)"),
        ("return [c.x for i, c in enumerate(a)]", "return [i.x for i, c in enumerate(a)]"),
    ],
)
def test_what_no_slip_is_mended_by(likely: str, unlikely: str) -> None:
    assert not _is_unlikely(likely)
    assert _is_unlikely(unlikely)


def test_attributes_are_set_before_they_are_added_to() -> None:
    assert _is_unlikely("self.x += a", "def __init__(self, a):")
    assert not _is_unlikely("self.x = 0\nself.x += a", "def __init__(self, a):")
    assert not _is_unlikely("self.x += a", "def add(self, a):")


def test_an_edit_leaves_nothing_unlikely_that_was_not_there() -> None:
    source = "def f(a, b):\n    return a[b] + a[not b]\n"
    text = PythonText(source)
    assert not text.may_become(source.index("b] +"), "not b] + a[not b]", whole=True)
    assert text.may_become(source.index("+ a"), "- a[not b]", whole=True)
