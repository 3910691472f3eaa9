from __future__ import annotations

import ast
from pathlib import Path

import pytest

import qwen_code
from qwen_code.local.python_edits import Demand, PythonText
from qwen_code.local.python_flaws import Linter
from qwen_code.local.quoted_edits import QuotedEdits
from qwen_code.local.so_far import SoFar
from tests.support.made_edits import made_edits

OPENER = "<tool_call>\n<function=edit>\n<parameter=file_path>\nm.py\n</parameter>\n<parameter=old_string>\n"
NEW = "\n</parameter>\n<parameter=new_string>\n"


def _found(body: str, head: str = "def f(a, b):") -> list[str]:
    """What is wrong in a function, without its name."""
    source = head + "".join(f"\n    {line}" for line in body.split("\n")) + "\n"
    tree = ast.parse(source)
    return sorted({flaw.what.partition(": ")[2].partition(" ")[0] for flaw in Linter(tree).flaws(tree.body)})


@pytest.mark.parametrize(
    ("body", "flaws"),
    [
        ("return a + b", []),
        ("return a + c", ["undefined", "unused"]),
        ("d = a\nreturn c + b", ["undefined", "unread", "unset"]),
        ("return a > a or b", ["comparison"]),
        ("return a - a + b", ["operands"]),
        ("return a + a + b", []),
        ("return a and b and a", ["twice"]),
        ("return a and 0 or b", ["constant"]),
        ("return a or b or 0", []),
        ("return a if b else a", ["alternatives"]),
        ("return max(a, a) + b", ["arguments"]),
        ("return a[a] + b", ["index"]),
        ("return a[:a] + b", ["index"]),
        ("return len(x for x in a) + b", ["length"]),
        ('return "x" - a - b', ["text"]),
        ("return len > a + b", ["operand"]),
        ("return a < b < b", ["comparison"]),
        ("return a + b < str(a + b)", ["comparison"]),
        ("return sorted(a) < a or b", ["comparison"]),
        ("return len(b) == b or a", ["comparison"]),
        ("return sorted(a) == a and int(b) < b", []),
        ("return len.b + a", ["operand", "unused"]),
        ("return 1 < 2 + (a and b)", ["logic"]),
        ("return not not a + b", ["not"]),
        ("return type and a + b", ["operand"]),
        ("a == b", ["idle"]),
        ("a.strip()\nreturn b", ["idle"]),
        ("a.append(b)", []),
        ("int(a)\nreturn b", []),
        ("if a:\n    return b\nf(a, b)", ["falls"]),
        ("if a:\n    return None\nf(a, b)", []),
        ("c = a\nreturn b", ["unread"]),
        ("c, d = a\nreturn c + b", []),
        ("c = {}\nfor d in a:\n    c[d] = b\nreturn d", ["unread"]),
        ("c = list()\nc.append(a)\nreturn b", ["unread"]),
        ("c = a.all\nc.append(b)", []),
        ("c = []\nd = c\nd.append(a + b)\nreturn d", []),
        ("c = [a]\nreturn c.append(b)", []),
        ("for a, c in a.items():\n    print(b, c)", ["loop"]),
        ("for c in not a:\n    print(b, c)", ["loop"]),
        ("return [a for a in b]", []),
        ("return lambda x: x + a + b", []),
        ("b = b\nreturn a", ["assigned"]),
        ("...", []),
        ("raise NotImplementedError", []),
        ("try:\n    return a\nexcept KeyError as error:\n    return error, b", []),
    ],
)
def test_what_no_one_means(body: str, flaws: list[str]) -> None:
    assert _found(body) == flaws


def test_attributes_that_a_class_never_has() -> None:
    body = "def __init__(self):\n    self.b = 1\n\ndef g(self):\n    return self.{}\n"
    assert _found(body.format("c"), "class A:") == ["no"]
    assert _found(body.format("b"), "class A:") == []
    assert _found(body.format("c"), "class A(B):") == []


def test_code_that_is_right_has_hardly_any() -> None:
    found = [
        flaw.what
        for path in Path(qwen_code.__file__).parent.rglob("*.py")
        for tree in [ast.parse(path.read_text("utf-8"))]
        for flaw in Linter(tree).flaws(tree.body)
        if not flaw.is_likely_meant and ": unused " not in flaw.what
    ]
    assert len(found) <= 8, found


SOURCE = "def clip(k, low, high):\n    return min(max(k, low), low)\n\n\ndef g(a):\n    return a\n"


def test_an_edit_brings_no_flaw_in() -> None:
    text, place = PythonText(SOURCE), SOURCE.index("low), low)")
    assert text.may_become(place, "high), low)", whole=True)
    assert not text.may_become(place, "k), low)", whole=True)
    assert text.may_become(place, "k), low)", whole=True, demand=Demand.NOTHING)
    assert text.can_change(place, Demand.NO_FLAW)
    assert not text.can_change(SOURCE.index("a\n"), Demand.ONE_LESS)


def test_where_something_is_certainly_wrong_an_edit_mends_it() -> None:
    text, place = PythonText(SOURCE), SOURCE.index("low)\n")
    assert text.may_become(place, "high)", whole=True, demand=Demand.ONE_LESS)
    assert not text.may_become(place, "k)", whole=True, demand=Demand.ONE_LESS)
    assert text.may_become(place, "k)", whole=True)
    assert SOURCE.index("a\n") not in text.flawed


def test_a_value_that_nobody_gets_at_the_end_of_a_function_is_returned() -> None:
    source = "def f(a):\n    a.strip()\n    b = a\n    a == b\n"
    text = PythonText(source)
    first, last = source.index("a.strip"), source.index("a ==")
    assert {first, last} <= text.flawed
    assert not {source.index("b = a"), source.index("== b")} & text.flawed
    assert text.may_become(last, "return a == b", whole=True, demand=Demand.ONE_LESS)
    assert not text.may_become(last, "b == b", whole=True, demand=Demand.ONE_LESS)
    assert text.may_become(first, "return a.strip()", whole=True, demand=Demand.ONE_LESS)


def _old(edits: QuotedEdits, *pieces: str) -> list[str]:
    edits.advance(OPENER.encode())
    return [piece for piece in pieces if edits.allows(piece.encode())]


@pytest.mark.parametrize(("attempts", "allowed"), [(0, ["low)\n"]), (7, ["low)\n"]), (8, ["low)\n", "a\n"])])
def test_half_of_the_attempts_are_held_to_it(attempts: int, allowed: list[str]) -> None:
    changes = [("def g", f"def g{number}") for number in range(attempts)]
    tried = [("m.py", *edit) for old, new in changes for edit in ((old, new), (new, old))]
    text = SOURCE.replace("def clip(k, low, high)", "def clip(k, low, top)")
    assert _old(QuotedEdits({"m.py": text}.get, SoFar(made_edits(tried))), "low)\n", "a\n") == allowed
