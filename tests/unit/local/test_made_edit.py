from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local.made_edit import MadeEdit

_LINES = st.lists(st.sampled_from(["a = 1", "b = a", "", "a = 1 + a", "return b"]), min_size=1, max_size=8)


def _taken_back(before: str, old: str, new: str) -> str | None:
    """A text after an edit and the one that takes it back; None where that can't be quoted."""
    after = before.replace(old, new)
    line = before[: before.index(old)].count("\n") + 1
    back = MadeEdit(b"m.py", old.encode(), new.encode(), line).taken_back_in(after.encode())
    if back is None:
        return None
    assert after.encode().count(back.old) == 1
    return after.encode().replace(back.old, back.new).decode()


@given(_LINES, st.data())
def test_what_is_taken_back_is_as_it_was(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    ends = {line[start:] for line in lines for start in range(len(line))}
    unique = sorted(end for end in ends if text.count(end) == 1)
    if unique:
        old = data.draw(st.sampled_from(unique))
        back = _taken_back(text, old, data.draw(st.sampled_from(["a = 2", "1", "b", "x\ny", "return b"])))
        assert back in (text, None)


def test_as_much_is_quoted_as_makes_it_unique() -> None:
    text = "def f(a):\n    return a\n\n\ndef g(a):\n    return b\nprint(g)\n"
    edit = MadeEdit(b"m.py", b"b", b"a", 6)
    back = edit.taken_back_in(text.replace("return b", "return a").encode())
    assert back == MadeEdit(b"m.py", b"a\nprint(g)", b"b\nprint(g)")


def test_what_is_not_there_any_more_can_not_be_taken_back() -> None:
    assert MadeEdit(b"m.py", b"b", b"a", 1).taken_back_in(b"c\n") is None
    assert MadeEdit(b"m.py", b"b", b"", 1).taken_back_in(b"c\n") is None
