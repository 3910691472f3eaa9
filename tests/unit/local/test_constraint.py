from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.chunks import BadCall, CallChunk, CallStarted, Chunk
from qwen_code.errors import BackendError
from qwen_code.local.call_grammar import Notation
from qwen_code.local.constraint import CallConstraint, CallWatch, Grammar, Grammars, SchemaConstraint
from qwen_code.local.context import Context
from qwen_code.local.engine import Cancel, Drawn, Ended, Engine, Request, Step
from qwen_code.local.held_calls import HeldCalls
from qwen_code.local.model import Model
from qwen_code.local.sampling import Constraint, Sampler, Sampling
from qwen_code.messages import ToolCall, ToolSpec
from tests.support.tiny_models import TinyModel, needs_llama_cpp
from tests.unit.local.models import loaded, small_context
from tests.unit.local.test_call_grammar import EDIT, NOTHING, READ, TODO, TOOLS

HABITS = (
    "<parameter=file_path>\na.py\n</parameter>\n</function>\n</tool_call><|im_end|>",
    "<parameter=old_string>\nx = 1\n</parameter>\n</function>",
    '{"name": "edit", "arguments": {"file_path": "a.py", "old_string": "x", "new_string": ""}}\n</tool_call>',
    '[{"content": "a", "status": "pending"}]}}\n</tool_call><|im_end|>',
)
NAMES = frozenset(tool.name for tool in TOOLS)


def _found(text: str, split: Callable[[str], list[str]] = list) -> tuple[str, str] | None:
    watch = CallWatch(NAMES)
    for piece in split(text):
        if found := watch.feed(piece):
            return found[0].text, found[1]
    return None


@pytest.mark.parametrize(
    ("text", "opener"),
    [
        ("<tool_call>\n<function=edit>", "<tool_call>"),
        ('I will look.\n\n  <tool_call>\n{"name"', "<tool_call>"),
        ("I look: <tool_call>\n{", "<tool_call>\n{"),
        ("I look.<tool_call><function=x", "<tool_call><"),
        ("Now <tool_call>\n\n\n  <", "<tool_call>\n\n\n  <"),
        ("Let me read.\n<function=read_file>\n", "<function=read_file>"),
        ("```\ncode\n```\n<tool_call>", "<tool_call>"),
        ("a `span` then <tool_call>\n<", "<tool_call>\n<"),
        ("The <tool_call> is a tag.\n<tool_call>", "<tool_call>"),
        ("x" * 5000 + "<tool_call>\n<", "<tool_call>\n<"),
    ],
)
def test_the_beginning_of_a_call_is_seen(text: str, opener: str) -> None:
    assert _found(text) == (opener, "")


@pytest.mark.parametrize(
    "text",
    [
        "The tag <tool_call> opens a call.",
        "Write `<tool_call>\n` before it",
        "```xml\n<tool_call>\n<function=edit>\n```\n",
        "> <tool_call>\n> <function=edit>\n",
        "> <function=edit>\n",
        'The string "<function=edit>" is found',
        "<function=unknown>\n<parameter=a>",
        "std::<function=edit",
        "A <tool_call>\nNo, wait.",
    ],
)
def test_what_is_only_quoted_or_unknown_is_passed_over(text: str) -> None:
    assert _found(text) is None


@given(
    st.text(alphabet="<>/{}\n `'tool_calfunctioned=", max_size=60), st.lists(st.integers(1, 8), max_size=40)
)
def test_how_text_is_split_does_not_change_what_is_seen(text: str, sizes: list[int]) -> None:
    def portions(whole: str) -> list[str]:
        pieces: list[str] = []
        for size in sizes:
            pieces.append(whole[:size])
            whole = whole[size:]
        return [*pieces, whole]

    for prefix in ("", "<tool_call>", "<tool_call>\n<function=edit>"):
        one_by_one = _found(prefix + text)
        split = _found(prefix + text, portions)
        assert (one_by_one is None) == (split is None)
        if one_by_one and split:
            assert one_by_one[0] == split[0]


class Forcing:
    """An engine that is made to call tools: openers are forced, and it has the habit of ending values."""

    def __init__(self) -> None:
        self.engine = Engine(
            Model(TinyModel("qwen3", habits=HABITS, layers=1, width=64).build()), small_context(4096)
        )
        model = self.engine.model
        self._prompt = model.tokenize("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", special=True)

    def draw(self, opening: str, seed: int, constraint: Constraint | None) -> tuple[str, list[Drawn], Ended]:
        steps: list[Step] = []
        request = Request(
            self._prompt,
            Sampling(temperature=0.9, top_k=20, top_p=1.0, seed=seed),
            max_tokens=250,
            constraint=constraint,
            forced=self.engine.model.tokenize(opening, special=True),
        )
        self.engine.answer(request, steps.append, Cancel())
        ended = steps[-1]
        assert isinstance(ended, Ended)
        drawn = [step for step in steps if isinstance(step, Drawn)]
        return "".join(step.text for step in drawn), drawn, ended


def _calls(tools: Sequence[ToolSpec], drawn: Sequence[Drawn]) -> list[Chunk]:
    """The chunks of what was drawn from the call's opener on."""
    numbers = count()
    reader = HeldCalls(tools, lambda: f"call_{next(numbers)}")
    begun = next(n for n, step in enumerate(drawn) if step.call is not None)
    chunks = reader.feed(drawn[begun].call or "")
    for step in drawn[begun + 1 :]:
        assert step.held
        chunks += reader.feed(step.text)
    return chunks + reader.finish()


@needs_llama_cpp
@pytest.mark.parametrize(
    ("opening", "notation"),
    [
        ("I look.\n<tool_call>", "xml"),
        ("<tool_call>", "json"),
        ("Now: <tool_call>\n{", "xml"),
        ("Now:\n<function=read_file>", "xml"),
    ],
)
def test_calls_that_a_random_model_is_forced_to_make_are_all_valid(opening: str, notation: Notation) -> None:
    forcing = Forcing()
    model = forcing.engine.model
    grammars = Grammars(model, TOOLS, notation)
    made: list[ToolCall] = []
    for seed in range(50):
        text, drawn, ended = forcing.draw(opening, seed, CallConstraint(model, grammars))
        chunks = _calls(TOOLS, drawn)
        if ended.reason == "stop":
            calls = [chunk.call for chunk in chunks if isinstance(chunk, CallChunk)]
            assert calls, text
            assert [chunk.name for chunk in chunks if isinstance(chunk, CallStarted)] == [
                c.name for c in calls
            ]
            assert not [chunk for chunk in chunks if isinstance(chunk, BadCall)]
            made += calls
    for call in made:
        _check(call)
    assert len(made) >= 25
    assert len({call.name for call in made}) > 1
    grammars.close()
    forcing.engine.close()


def _check(call: ToolCall) -> None:
    schema = next(tool for tool in TOOLS if tool.name == call.name).parameters
    assert set(schema.get("required", ())) <= set(call.arguments) <= set(schema["properties"])
    for name, value in call.arguments.items():
        match name:
            case "replace_all":
                assert isinstance(value, bool)
            case "limit":
                assert value is None or isinstance(value, int)
            case "mode":
                assert value in ("text", "hex")
            case "todos":
                assert all(set(todo) == {"content", "status"} for todo in value)
                assert {todo["status"] for todo in value} <= {"pending", "done"}
            case "any":
                pass
            case _:
                assert isinstance(value, str)


@needs_llama_cpp
def test_documents_that_a_random_model_is_forced_to_write_follow_their_schema() -> None:
    forcing = Forcing()
    schema = TODO.parameters
    for seed in range(20):
        constraint = SchemaConstraint(forcing.engine.model, schema)
        text, _, ended = forcing.draw("", seed, constraint)
        constraint.close()
        if ended.reason == "stop":
            document = json.loads(text)
            assert {todo["status"] for todo in document["todos"]} <= {"pending", "done"}
    forcing.engine.close()


@needs_llama_cpp
def test_free_text_is_left_alone() -> None:
    model = loaded("qwen3")
    constraint = CallConstraint(model, Grammars(model, TOOLS, "xml"))
    for token in model.tokenize("Some prose with `<tool_call>` and <function=x> and {braces}.\n"):
        assert not constraint.active
        assert all(constraint.accepts(t) for t in (5, 77, min(model.end_tokens)))
        constraint.advance(token)


@needs_llama_cpp
def test_a_forced_token_against_the_grammar_frees_the_model_and_ends_no_process() -> None:
    model = loaded("qwen3")
    constraint = CallConstraint(model, Grammars(model, (NOTHING,), "xml"))
    for token in model.tokenize("<tool_call>\n<", special=True):
        constraint.advance(token)
    assert constraint.active
    wrong = model.tokenize("zzz")[0]
    assert not constraint.accepts(wrong)
    constraint.advance(wrong)
    assert not constraint.active


@needs_llama_cpp
def test_an_opener_that_is_half_in_a_token_is_carried_into_the_grammar() -> None:
    model = loaded("qwen3")
    constraint = CallConstraint(model, Grammars(model, (READ, EDIT), "xml"))
    for token in model.tokenize("I look: <tool_call>\n", special=True):
        constraint.advance(token)
    constraint._look("<function=re")  # pyright: ignore[reportPrivateUsage]
    assert constraint.active
    allowed = {model.text([t]) for t in range(model.vocabulary_size) if constraint.accepts(t)}
    assert "a" in allowed
    assert all("read_file>\n".startswith(("re" + text).split("\n")[0]) for text in allowed if text.isalpha())


@needs_llama_cpp
def test_a_grammar_that_llama_cpp_does_not_take_is_an_error_and_a_call_without_grammar_stays_free() -> None:
    with pytest.raises(BackendError):
        Grammar(loaded("qwen3"), "root ::= (")


@needs_llama_cpp
def test_a_grammar_costs_one_check_a_token_while_nothing_is_refused() -> None:
    model = loaded("qwen3")
    context = Context(model, small_context())
    context.decode(model.tokenize("hello"), 0, 0)
    masks = 0

    class Counting(CallConstraint):
        def mask(self, candidates: object) -> None:
            nonlocal masks
            masks += 1
            super().mask(candidates)

    constraint = Counting(model, Grammars(model, (READ,), "xml"))
    for token in model.tokenize("<tool_call>\n<function=read_file>\n<parameter=file_path>\n", special=True):
        constraint.advance(token)
    assert constraint.active
    ordinary = model.tokenize("a")[0]
    sampler = Sampler(model, Sampling(temperature=0, bias=((ordinary, 1000.0),)), constraint)
    assert [sampler.next(context) for _ in range(50)] == [ordinary] * 50
    assert masks == 0
    sampler.close()
    context.close()
