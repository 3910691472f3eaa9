"""Calls that have to be made, and attempts in the order in which the bundled model finds them likely."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from qwen_code.chunks import CallChunk
from qwen_code.local.attempts import AT_MOST, IN_ANSWER
from qwen_code.local.bundled import bundled_model
from qwen_code.local.context import Context, ContextOptions
from qwen_code.local.due_calls import DueCalls
from qwen_code.local.lookahead import Lookahead
from qwen_code.local.memory import Track
from qwen_code.local.model import Model
from qwen_code.local.outcomes import Outcomes
from qwen_code.local.quoted_edits import QuotedEdits
from qwen_code.local.so_far import SoFar
from qwen_code.messages import ToolSpec
from qwen_code.wire import Decoder
from tests.support.made_edits import made_edits
from tests.support.mini import needs_mini
from tests.unit.local.test_call_grammar import EDIT

pytestmark = needs_mini

FILE = "def total(prices):\n    result = 0\n    for n in prices:\n        result -= n\n    return result\n"
FAILED = (
    "F\n____ test_total ____\n\n    def test_total():\n>       assert total([1, 2]) == 3\n"
    "E       assert -3 == 3\n\ntest_shop.py:4: AssertionError\n1 failed in 0.02s"
)
WRONG = ("shop.py", "result = 0", "n = 0")
SHELL = ToolSpec(
    "run_shell_command",
    "Run.",
    {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
)
SPOILED = FILE.replace("result = 0", "n = 0")
COMMAND = "python -m pytest -x -q -rN"


@pytest.fixture(scope="module")
def model() -> Generator[Model]:
    path = bundled_model()
    assert path is not None
    model = Model(path)
    yield model
    model.close()


@pytest.fixture
def context(model: Model) -> Generator[Context]:
    context = Context(model, ContextOptions(2048, threads=1, has_spare=True, flash=False))
    yield context
    context.close()


def _so_far(*made: tuple[str, str, str], attempts: int = 1, **known: Any) -> SoFar:
    known.setdefault("outcomes", Outcomes(best=0, is_green=False, attempts=attempts, in_all=attempts))
    return SoFar(made_edits(made), test_run=COMMAND, paths=frozenset({"shop.py"}), **known)


def _calls(context: Context, so_far: SoFar, text: str, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The calls that an answer begins with."""
    model = context.model
    told = (
        f"<|im_start|>user\n<tool_response>\n{FAILED}\n</tool_response>\n<|im_end|>\n"
        "<|im_start|>assistant\n<tool_call>\n<function=read_file>\n<parameter=file_path>\nshop.py\n"
        "</parameter>\n</function>\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\n"
        f"{FILE}\n</tool_response>\n<|im_end|>\n<|im_start|>assistant\n"
    )
    base = model.tokenize(told, special=True)
    context.decode(base, 0, 0)
    edits = QuotedEdits({"shop.py": text}.get, so_far)
    due = DueCalls(model, edits, lambda: base)
    lookahead = Lookahead(context, Track(0, [*base]), lambda: None)
    written: list[int] = []
    for _ in range(count):
        tokens = due.next(lookahead)
        written += tokens
        for token in tokens:
            edits.advance(model.piece(token))
    lookahead.close()
    return _decoded(model.text(written))


def _decoded(text: str) -> list[tuple[str, dict[str, Any]]]:
    decoder = Decoder([EDIT, SHELL])
    chunks = [*decoder.feed(text), *decoder.finish("stop")]
    return [(c.call.name, dict(c.call.arguments)) for c in chunks if isinstance(c, CallChunk)]


def _edited(calls: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    return [(a["old_string"], a["new_string"]) for name, a in calls if name == "edit"]


def test_what_was_edited_is_tested_as_before(context: Context) -> None:
    edits = QuotedEdits({"shop.py": FILE}.get, _so_far(outcomes=None))
    for piece in _call("edit", file_path="shop.py", old_string=" -= n", new_string=" += n"):
        edits.advance(piece)
    tokens = DueCalls(context.model, edits, list).next(Lookahead(context, Track(0), lambda: None))
    ((name, arguments),) = _decoded(context.model.text(tokens))
    assert (name, arguments["command"]) == ("run_shell_command", COMMAND)


def test_what_was_in_vain_is_taken_back_and_the_likeliest_other_edit_made(context: Context) -> None:
    calls = _calls(context, _so_far(WRONG), SPOILED, 3)
    assert [name for name, _ in calls] == ["edit", "edit", "run_shell_command"]
    undone, made = _edited(calls)
    assert undone[0].startswith("n = 0")
    assert undone[1].startswith("result = 0")
    assert made == (" -= n", " += n")
    assert calls[2][1]["command"] == "python -m pytest -x -q --tb=no"


def test_each_attempt_is_another_one(context: Context) -> None:
    edits = _edited(_calls(context, _so_far(WRONG, attempts=4), SPOILED, 3 * AT_MOST))
    undone, made = edits[::2], edits[1::2]
    assert len(made) == len(set(made)) == IN_ANSWER[-1]
    assert all(FILE.count(old) == 1 for old, _ in made)
    assert [back for _, back in undone[1:]] == [old for old, _ in made[:-1]]


def test_what_helped_is_made_again(context: Context) -> None:
    right = ("shop.py", " -= n", " += n")
    undone = ("shop.py", " += n", " -= n")
    green = Outcomes(best=1, is_green=True, attempts=0, in_all=3)
    (made,) = _edited(_calls(context, _so_far(right, undone, outcomes=green), FILE, 1))
    assert made == right[1:]


def test_a_file_that_is_no_python_is_left_to_the_model(context: Context) -> None:
    edits = QuotedEdits({"a.txt": "b\n"}.get, _so_far(attempts=4))
    assert (
        DueCalls(context.model, edits, lambda: [1, 2]).next(Lookahead(context, Track(0), lambda: None)) == []
    )


def _call(tool: str, **arguments: str) -> list[bytes]:
    written = "".join(f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in arguments.items())
    return [b"<tool_call>", f"\n<function={tool}>\n{written}</function>\n".encode(), b"</tool_call>"]
