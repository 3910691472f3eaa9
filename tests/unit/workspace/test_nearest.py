from __future__ import annotations

from qwen_code.workspace.nearest import nearest

TEXT = """\
def load(path):
    data = read(path)
    return parse(data)


def save(path, data):
    text = render(data)
    write(path, text)
"""


def test_the_place_where_most_lines_stand_is_shown_with_what_differs() -> None:
    near = nearest(TEXT, "def save(path, data):\n    text = dump(data)\n    write(path, text)\n")
    assert near is not None
    assert (near.first_line, near.last_line) == (6, 8)
    assert near.difference == (
        "  def save(path, data):\n-     text = dump(data)\n+     text = render(data)\n      write(path, text)"
    )


def test_a_single_line_is_found_by_its_letters() -> None:
    near = nearest(TEXT, "    return parse(dat)")
    assert near is not None
    assert near.first_line == 3
    assert near.difference == "-     return parse(dat)\n+     return parse(data)"


def test_nothing_alike_gives_nothing() -> None:
    assert nearest(TEXT, "SELECT * FROM users") is None
    assert nearest("", "x = 1") is None


def test_lines_of_a_crlf_file_are_compared_without_their_endings() -> None:
    near = nearest("a = 1\r\nb = 2\r\n", "a = 1\nb = 3\n")
    assert near is not None
    assert near.difference == "  a = 1\n- b = 3\n+ b = 2"


def test_what_is_shown_is_short() -> None:
    text = "".join(f"line number {number} {'x' * 500}\n" for number in range(1000))
    near = nearest(text, text.replace("number 7", "number seven"))
    assert near is not None
    assert len(near.difference) < 3000


def test_blank_text_is_near_to_nothing() -> None:
    assert nearest(TEXT, "\n  \n") is None
