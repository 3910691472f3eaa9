from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_code.cli.agent_command import read_with_typer
from qwen_code.cli.options import OPTIONS, read, with_optional_values
from qwen_code.errors import UsageError

PIECES = st.sampled_from(
    [
        *(spelling for option in OPTIONS for spelling in option.spellings),
        *(
            "fix it",
            "3",
            "0",
            "-1",
            "x",
            "1.5",
            "--",
            "-",
            "--model=m",
            "--max-tokens=7",
            "--prompt=",
            "--nope",
        ),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=6))
def test_the_quick_reader_agrees_with_typer_on_all_that_it_reads(arguments: list[str]) -> None:
    arguments = with_optional_values(arguments)
    quick = read(arguments)
    if quick is not None:
        assert read_with_typer(arguments) == quick


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ([], {}),
        (["fix", "it"], {"words": ["fix", "it"]}),
        (["-y", "-p", "fix it"], {"yolo": True, "prompt": "fix it"}),
        (["--max-wall-time=1.5", "--", "-x"], {"max_wall_time": 1.5, "words": ["-x"]}),
        (["--add-dir", "a", "--add-dir", "b"], {"add_dir": ["a", "b"]}),
        (["-r", "-p", "x"], {"resume": "latest", "prompt": "x"}),
        (["-p", "x", "-r"], {"prompt": "x", "resume": "latest"}),
        (["--resume", "2026"], {"resume": "2026"}),
    ],
)
def test_a_plain_command_line_is_read_without_typer(arguments: list[str], values: dict[str, object]) -> None:
    assert read(with_optional_values(arguments)) == values


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nope"], "No such option: --nope"),
        (["--max-tokens", "many"], "--max-tokens"),
        (["--max-tokens", "0"], "greater than or equal to 1"),
        (["-p"], "requires an argument"),
        (["--yolo=1"], "--yolo"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], words: str) -> None:
    assert read(arguments) is None
    with pytest.raises(UsageError) as error:
        read_with_typer(arguments)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
