from __future__ import annotations

import math
from collections.abc import Generator

import pytest

from qwen_code.local.attempts import Attempts
from qwen_code.local.bundled import bundled_model
from qwen_code.local.context import Context, ContextOptions
from qwen_code.local.edit_places import EditPlaces
from qwen_code.local.lookahead import Lookahead
from qwen_code.local.memory import Track
from qwen_code.local.model import Model
from qwen_code.local.python_edits import PythonText
from qwen_code.local.suspicion import suspicions
from tests.support.mini import needs_mini

pytestmark = needs_mini

FILE = (
    '"""Shapes."""\n\n\ndef area(width, height):\n    return width + height\n\n\n'
    "def largest(values):\n    best = values[0]\n    for value in values:\n        if value > best:\n"
    "            best = value\n    return best\n"
)
TOLD = (
    "<|im_start|>user\n<tool_response>\nF\n____ test_area ____\n\n    def test_area():\n"
    ">       assert area(3, 5) == 15\nE       assert 8 == 15\nE        +  where 8 = area(3, 5)\n\n"
    "test_shapes.py:5: AssertionError\n1 failed in 0.02s\n</tool_response>\n<|im_end|>\n"
    "<|im_start|>assistant\n<tool_call>\n<function=read_file>\n<parameter=file_path>\nshapes.py\n"
    "</parameter>\n</function>\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\n"
    "{file}\n</tool_response>\n<|im_end|>\n<|im_start|>assistant\n"
)


@pytest.fixture(scope="module")
def context() -> Generator[Context]:
    path = bundled_model()
    assert path is not None
    model = Model(path)
    context = Context(model, ContextOptions(2048, threads=1, batch=64, has_spare=True, flash=False))
    yield context
    context.close()
    model.close()


def _file(text: str) -> EditPlaces:
    return EditPlaces(b"shapes.py", text.encode(), PythonText(text), Attempts())


def _suspicions(context: Context, shown: str, held: int, text: str = FILE) -> dict[int, float]:
    """Those of `text`, in a conversation in which `shown` stands and of which so much was evaluated."""
    model = context.model
    base = model.tokenize(TOLD.format(file=shown), special=True)
    context.remove_from(0, 0)
    for start in range(0, held, 64):
        context.decode(base[start : min(start + 64, held)], start, 0)
    lookahead = Lookahead(context, Track(0, base[:held]), lambda: None)
    found = suspicions(model, lookahead, base, [_file(text)])
    assert context.last_position(context.spare) == -1
    return {place: surprise for (_, place), surprise in found.items()}


def test_what_is_wrong_stands_out(context: Context) -> None:
    found = _suspicions(context, FILE, 0)
    assert set(found) == _file(FILE).useful[1]
    assert sum(math.exp(-surprise) for surprise in found.values()) == pytest.approx(1)
    assert min(found, key=lambda place: found[place]) == FILE.index(" + height")


def test_it_is_the_same_however_much_has_been_evaluated_already(context: Context) -> None:
    first = _suspicions(context, FILE, 0)
    for held in (40, 150, 260):
        again = _suspicions(context, FILE, held)
        assert [again[place] for place in first] == pytest.approx(list(first.values()), abs=0.2)


def test_of_a_file_that_was_not_shown_as_it_is_nothing_is_known(context: Context) -> None:
    assert _suspicions(context, FILE.replace("best = value\n", "best = values\n"), 0) == {}
