from __future__ import annotations

import shutil
import subprocess

import pytest

from qwen_code.permissions.shell_command import parse
from qwen_code.permissions.shell_fields import Variables, expand_all

WORDS = str.split(
    """
    {a,b} a{b,c{d,e}}f {a} {} {,} x{,} {a}b,c} {a,b a,b} {{a,b} {a,b}} {1..3} {3..1} {01..03} {1..10..3}
    {a..e..2} {a..} {1..x} {1..x}{a,b} {a{b,c}} x{a,"b,c"}y {a\\,b,c} {..} {1..2..} {-1..1} {+1..2}
    {-05..5..5} {z..x} {a..1} {,a}{b,} {a,b}{ }{a,b} {{},x} {a..b,c} {{1..2},3} {1..2}} r{m,}
    {a,b}c{d,e} '{a,b}' "{a,b}" \\{a,b} {a,b}{1..2}
    """
)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is the oracle of this test")
def test_braces_expand_as_in_bash() -> None:
    script = "\n".join(f"printf '%s|' {word}; printf '\\n'" for word in WORDS)
    run = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True)
    expected = dict(zip(WORDS, run.stdout.splitlines(), strict=True))
    assert {word: "".join(f"{text}|" for text in expanded(word)) or "|" for word in WORDS} == expected


def expanded(word: str) -> list[str]:
    (command,) = parse(f"printf {word}").commands
    return [field.text for field in expand_all(command.words[1:], Variables("/home", {}))]


@pytest.mark.parametrize("word", ["{1..100000}", "{a,b}" * 12, "{" * 100 + "a,b" + "}" * 100])
def test_words_that_grow_beyond_all_bounds_are_left_unknown(word: str) -> None:
    (command,) = parse(f"echo {word}").commands
    fields = expand_all(command.words[1:], Variables("/home", {}))
    assert [field.kind for field in fields] == ["dynamic"]
