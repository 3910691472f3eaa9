from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.permissions.shell_command import parse


def found(text: str) -> list[str]:
    script = parse(text)
    assert script.error == ""
    return [command.source for command in script.commands]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("", []),
        ("  # only a comment", []),
        ("a b", ["a b"]),
        ("a; b\nc", ["a", "b", "c"]),
        ("a && b || c | d |& e & f", ["a", "b", "c", "d", "e", "f"]),
        ("a &&\n\n  b", ["a", "b"]),
        ("(a; b) && { c; d; }", ["a", "b", "c", "d"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("while a; do b; done; until c; do d; done", ["a", "b", "c", "d"]),
        ("for x in 1 2; do a; done; for x; do b; done", ["a", "b"]),
        ("for x in 1; { a; }", ["a"]),
        ("for ((i=0;i<3;i++)); do a; done", ["a"]),
        ("case x in (a|b) c;; d) e;& *) f;;& esac", ["c", "e", "f"]),
        ("f() { a; }; function g { b; }; h() (c)", ["a", "b", "c"]),
        ("! a; time -p b; time ! c", ["a", "b", "c"]),
        ("coproc a b; coproc N { c; }", ["a b", "c"]),
        ("[[ -n $(a) && x =~ ^(y|z) ]] && b", ["a", "b"]),
        ("(( 1 + $(a) )) || b", ["a", "b"]),
        ("a $(b) `c` <(d) >(e)", ["b", "c", "d", "e", "a $(b) `c` <(d) >(e)"]),
        ('a "$(b "$(c)")"', ["c", 'b "$(c)"', 'a "$(b "$(c)")"']),
        ("a `b \\`c\\``", ["c", "b `c`", "a `b \\`c\\``"]),
        ("a ${x:-$(b)} ${y#`c`}", ["b", "c", "a ${x:-$(b)} ${y#`c`}"]),
        ("a $(( $(b) )) $[ $(c) ]", ["b", "c", "a $(( $(b) )) $[ $(c) ]"]),
        ("x=$(a) y=(1 $(b)) z[$(c)]=2 d", ["a", "b", "c", "x=$(a) y=(1 $(b)) z[$(c)]=2 d"]),
        ("a > $(b) < `c` <<< $(d)", ["b", "c", "d", "a > $(b) < `c` <<< $(d)"]),
        ("a <<E\n$(b)\nE\nc", ["a <<E", "b", "c"]),
        ("a <<'E'\n$(b)\nE\nc", ["a <<'E'", "c"]),
        ("a <<-E\n\t`b`\n\tE\nc", ["a <<-E", "b", "c"]),
        ("a <<A <<B\n$(x)\nA\n$(y)\nB\nc", ["a <<A <<B", "x", "y", "c"]),
        ("a <<E | b\ntext\nE\nc", ["a <<E", "b", "c"]),
        ("a <<E\nx\nE \nE\nb", ["a <<E", "b"]),
        ("r\\\nm x", ["r\\\nm x"]),
        ("a \\\n&\\\n& b", ["a", "b"]),
        ("a # it's\nb", ["a", "b"]),
        ("a#b; c", ["a#b", "c"]),
        ("a 'b; c' \"d && e\" f\\;g", ["a 'b; c' \"d && e\" f\\;g"]),
        ("a $'it\\'s'; b", ["a $'it\\'s'", "b"]),
        ("echo if then; for", None),
        ("a 'b", None),
        ('a "b', None),
        ("a $(b", None),
        ("a `b", None),
        ("(a", None),
        ("a )", None),
        ("if a; then b", None),
        ("a &&", None),
        ("a | | b", None),
        ("a ;; b", None),
        ("echo !(a)", None),
        ("a ${ b; }", None),
    ],
)
def test_the_commands_of_a_text_are_found(text: str, commands: list[str] | None) -> None:
    if commands is None:
        assert parse(text).error
    else:
        assert found(text) == commands


def test_what_was_read_before_a_mistake_is_kept() -> None:
    script = parse("rm x; echo 'never closed")
    assert script.error == "a single quote is never closed"
    assert [command.source for command in script.commands] == ["rm x"]


def test_a_comparison_that_other_shells_take_for_a_redirection_is_said() -> None:
    assert parse("[[ a > b ]]").odd
    assert not parse("[[ a == b ]]").odd


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo $((a) )", "`((` may be arithmetic or a subshell"),
        ("echo ${!x}", "an indirect expansion can run commands"),
        ("echo ${x@P}", "an expansion evaluates its value as a prompt"),
        ("""echo "${x:-'$(a)'}" """, "a single quote inside a quoted expansion"),
        ("echo $(cat <<E\nx\nE\na; b)", "a command follows a here-document inside a substitution"),
        ("coproc a", "a coprocess"),
    ],
)
def test_what_may_hide_commands_is_said(text: str, reason: str) -> None:
    assert parse(text).odd.get(reason) is True


def test_a_commit_message_in_a_here_document_is_nothing_odd() -> None:
    script = parse("git commit -m \"$(cat <<'EOF'\nfix: it's `done` $(now)\n\n(really)\nEOF\n)\"")
    assert not script.error
    assert not script.odd
    assert [command.source.split()[0] for command in script.commands] == ["cat", "git"]


def test_assignments_redirections_and_words_are_told_apart() -> None:
    (command,) = parse("A=1 B+='x y' 2>err >>out cmd C=3 <in 3<&0").commands
    assert [(a.name, a.value.text if a.value else None) for a in command.assignments] == [
        ("A", "1"),
        ("B", "x y"),
    ]
    assert [word.text for word in command.words] == ["cmd", "C=3"]
    assert [(r.op, r.target.text if r.target else None) for r in command.redirects] == [
        (">", "err"),
        (">>", "out"),
        ("<", "in"),
        ("dup", "0"),
    ]


def test_commands_know_the_loops_around_them() -> None:
    command = parse("for f in a 'b c'; do for g in d; do x; done; done").commands[0]
    assert {name: [word.text for word in words] for name, words in command.loops.items()} == {
        "f": ["a", "b c"],
        "g": ["d"],
    }


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    assert parse("$(" * 5000).error == "it is nested too deeply"
    assert parse("( " * 5000).error == "it is nested too deeply"
    assert parse("{ " * 5000).error == "it is nested too deeply"
    assert parse("$((" * 5000).error
    assert parse("((" * 5000).error


_PIECES = st.sampled_from(
    [
        "a",
        " ",
        "\n",
        ";",
        "&",
        "|",
        "(",
        ")",
        "{",
        "}",
        "'",
        '"',
        "`",
        "$",
        "$(",
        "${",
        "((",
        "))",
        "[[",
        "]]",
        "<<E",
        "\nE\n",
        "<",
        ">",
        "\\",
        "\\\n",
        "#",
        "if ",
        "then ",
        "fi",
        "for ",
        "do ",
        "done",
        "case ",
        "in ",
        "esac",
        "x=",
        "=(",
        "*",
        "~",
        "!",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=30).map("".join)))
def test_any_text_can_be_parsed(text: str) -> None:
    script = parse(text)
    assert script.error or script.commands is not None
    assert parse(text) == script
