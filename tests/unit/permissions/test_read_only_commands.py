from __future__ import annotations

import pytest

from qwen_code.permissions.command_options import NotReadOnly
from qwen_code.permissions.read_only_commands import READ_ONLY, reading
from qwen_code.permissions.shell_command import parse
from qwen_code.permissions.shell_fields import Field, Variables, expand_all


def fields(command: str) -> tuple[Field, ...]:
    words = parse(command).commands[-1].words
    return expand_all(words, Variables("/home/ada", {"HOME": (Field("/home/ada"),)}))


@pytest.mark.parametrize("command", [example for entry in READ_ONLY for example in entry.match])
def test_each_example_only_reads(command: str) -> None:
    reading(fields(command))


@pytest.mark.parametrize("command", [example for entry in READ_ONLY for example in entry.not_match])
def test_each_counter_example_does_more(command: str) -> None:
    with pytest.raises(NotReadOnly):
        reading(fields(command))


def test_each_entry_has_examples_of_all_its_kinds() -> None:
    for entry in READ_ONLY:
        assert entry.match
        for example in (*entry.match, *entry.not_match):
            assert fields(example)[0].text in entry.names.split()


def test_no_command_stands_in_two_entries() -> None:
    names = [name for entry in READ_ONLY for name in entry.names.split()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name",
    ["env", "printenv", "ps", "less", "man", "tee", "xargs", "curl", "ssh", "vim", "python3", "sh", "sudo"],
)
def test_commands_that_show_secrets_or_run_others_are_not_listed(name: str) -> None:
    with pytest.raises(NotReadOnly):
        reading(fields(f"{name} a"))


@pytest.mark.parametrize(
    ("command", "reads", "looks"),
    [
        ("cat a -n b", ["a", "b"], []),
        ("head -n 5 a", ["a"], []),
        ("grep -e x -f pats a", ["a", "pats"], []),
        ("grep 'a b' c", ["c"], []),
        ("rg --ignore-file=i x src", ["src", "i"], []),
        ("ls -la src", [], ["src"]),
        ("find src docs -name '*.py'", [], ["src", "docs"]),
        ("sed -n 1p a b", ["a", "b"], []),
        ("sed -e 1p -e 2p a", ["a"], []),
        ("awk -F: '{print $1}' n=1 a", ["a"], []),
        ("git show HEAD:src/a.py", ["src/a.py"], []),
        ("git diff main..dev -- a", ["a"], []),
        ("wc --files0-from=list", ["list"], []),
        ("test -f a -o b = c", [], ["a"]),
    ],
)
def test_the_files_that_a_command_reads_are_known(command: str, reads: list[str], looks: list[str]) -> None:
    seen = reading(fields(command))
    assert [field.text for field in seen.reads if field.text not in ("main..dev", "--")] == reads
    assert [field.text for field in seen.looks] == looks
