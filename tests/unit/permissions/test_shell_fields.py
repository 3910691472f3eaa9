from __future__ import annotations

import pytest

from qwen_code.permissions.shell_command import parse
from qwen_code.permissions.shell_fields import Field, Variables, expand_all


def fields(words: str) -> list[tuple[str, str]]:
    command = parse(f"x {words}").commands[-1]
    variables = Variables("/home/ada", {"HOME": (Field("/home/ada"),), "f": (Field("a"), Field("b c"))})
    return [(field.kind, field.text) for field in expand_all(command.words[1:], variables)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a 'b c' \"d\"e", [("literal", "a"), ("literal", "b c"), ("literal", "de")]),
        ("$'\\x41\\n'", [("literal", "A\n")]),
        (
            "~ ~/x '~' a~ dir=~/y",
            [("literal", t) for t in ("/home/ada", "/home/ada/x", "~", "a~", "dir=/home/ada/y")],
        ),
        ("~bob/x", [("dynamic", "~bob/x")]),
        ("$HOME/x ${HOME}", [("literal", "/home/ada/x"), ("literal", "/home/ada")]),
        ("*.py 'a*' a[*]\\?", [("glob", "*.py"), ("literal", "a*"), ("glob", "a[*][?]")]),
        ('"$f".txt', [("literal", "a.txt"), ("literal", "b c.txt")]),
        ("$f", [("dynamic", "$f")]),
        ("$x `y` $(z)", [("dynamic", "$x"), ("dynamic", "`y`"), ("dynamic", "$(z)")]),
        ("<(y)", [("process", "<(y)")]),
        ("$((1+2)) $#", [("literal", "0"), ("literal", "0")]),
        ("[ a]", [("literal", "["), ("literal", "a]")]),
        ('.["!"e]nv', [("dynamic", '.["!"e]nv')]),
    ],
)
def test_words_become_arguments(words: str, expected: list[tuple[str, str]]) -> None:
    assert fields(words) == expected


def test_what_is_known_of_an_unknown_argument_is_kept() -> None:
    (command,) = parse('x "a/$y/b" c$z').commands
    first, second = expand_all(command.words[1:], Variables("/h", {}))
    assert (first.head, first.tail, first.single, first.variables) == ("a/", "/b", True, ("y",))
    assert (second.head, second.tail, second.single) == ("c", "", False)
