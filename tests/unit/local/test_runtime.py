from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from qwen_code.errors import ConfigurationError, ContextOverflow
from qwen_code.local.engine import Cancel, Cancelled, Drawn, Ended, Evaluated, Step
from qwen_code.local.kv_store import forget
from qwen_code.local.model import Model
from qwen_code.local.runtime import Runtime, RuntimeOptions, Saving
from qwen_code.local.sampling import Sampling
from qwen_code.local.transcript import Rendered, Template
from qwen_code.messages import Message, Prompt, ToolCall, ToolSpec
from tests.support.tiny_models import Architecture, TinyModel, needs_llama_cpp
from tests.unit.local.chatml import ChatMl
from tests.unit.local.models import small_context

BOTH: tuple[Architecture, ...] = ("qwen3moe", "qwen3next")
TOOLS = (
    ToolSpec(
        "read_file", "Read a file.", {"type": "object", "properties": {"file_path": {"type": "string"}}}
    ),
)
SYSTEM = "You are a coding agent. " * 20


class Talk:
    """A conversation with a runtime, that counts what is evaluated."""

    def __init__(self, runtime: Runtime, prompt: Prompt | None = None, session: str = "one") -> None:
        self.runtime = runtime
        self.session = session
        self.prompt = prompt or Prompt(SYSTEM, TOOLS, ())
        self.evaluated: list[int] = []
        self.reused: list[int] = []
        self.opening = 0
        """Tokens of the system prompt and tools."""

    def say(self, text: str, *, role: str = "user", tokens: int = 6, seed: int = 1) -> Message:
        """Ask, and keep the answer in the conversation."""
        message = Message("tool", text) if role == "tool" else Message("user", text)
        self.prompt = replace(self.prompt, messages=(*self.prompt.messages, message))
        return self.ask(tokens=tokens, seed=seed)

    def ask(self, *, tokens: int = 6, seed: int = 1) -> Message:
        steps: list[Rendered | Step] = []
        self.runtime.answer(
            self.prompt, Sampling(seed=seed), tokens, steps.append, Cancel(), session=self.session
        )
        rendered, ended = steps[0], steps[-1]
        assert isinstance(rendered, Rendered)
        assert isinstance(ended, Ended)
        self.opening = rendered.lengths[0]
        self.evaluated.append(ended.evaluated)
        self.reused.append(next(step.reused for step in steps if isinstance(step, Evaluated)))
        drawn = [step for step in steps if isinstance(step, Drawn)]
        answer = Message("assistant", "".join(step.text for step in drawn).strip())
        self.runtime.answered(rendered, answer, [step.token for step in drawn])
        self.prompt = replace(self.prompt, messages=(*self.prompt.messages, answer))
        return answer

    def rewind(self, messages: int) -> None:
        self.prompt = replace(self.prompt, messages=self.prompt.messages[:messages])


@contextmanager
def _runtime(
    architecture: Architecture,
    folder: Path | None = None,
    *,
    window: int = 4096,
    seed: int = 0,
) -> Generator[Runtime]:
    saving = Saving(folder, least_seconds=0.0) if folder else None
    options = RuntimeOptions(small_context(window, sequences=3), saving=saving)
    runtime = Runtime(TinyModel(architecture, seed=seed).build(), options, lambda model: ChatMl())
    try:
        yield runtime
    finally:
        runtime.close()


def _new_tokens(runtime: Runtime, text: str, role: str = "user") -> int:
    """Tokens that a turn adds to a conversation, with the opening of the answer; what the model said before
    is closed by one more, and its last token comes with it."""
    added = f"<|im_start|>{role}\n{text}<|im_end|>\n<|im_start|>assistant\n"
    return len(runtime.model.tokenize(added, special=True)) + len(runtime.model.tokenize("\n")) + 2


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_each_of_ten_turns_evaluates_only_what_is_new(architecture: Architecture) -> None:
    with _runtime(architecture) as runtime:
        talk = Talk(runtime)
        talk.say("Repair the test, please.")
        for turn in range(10):
            talk.say(f"result {turn}: ok", role="tool" if turn % 2 else "user")
            assert talk.evaluated[-1] == _new_tokens(
                runtime, f"result {turn}: ok", "tool" if turn % 2 else "user"
            )


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_a_resumed_session_evaluates_nothing_old(architecture: Architecture, tmp_path: Path) -> None:
    with _runtime(architecture, tmp_path) as runtime:
        talk = Talk(runtime)
        for turn in range(4):
            talk.say(f"step {turn}")
        assert runtime.save()
        held = len(runtime.engine.memory.tracks[0].tokens)
        prompt = talk.prompt
    with _runtime(architecture, tmp_path) as runtime:
        resumed = Talk(runtime, prompt)
        resumed.say("and now?")
        assert resumed.reused == [held]
        assert resumed.evaluated == [_new_tokens(runtime, "and now?")]
        resumed.say("more")
        assert resumed.evaluated[1] == _new_tokens(runtime, "more")


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_a_resumed_session_goes_on_as_if_it_had_never_been_left(
    architecture: Architecture, tmp_path: Path
) -> None:
    with _runtime(architecture, tmp_path) as runtime:
        talk = Talk(runtime)
        talk.say("one")
        talk.say("two")
        runtime.save()
        prompt = talk.prompt
        uninterrupted = talk.say("three", tokens=12, seed=5)
    with _runtime(architecture, tmp_path) as runtime:
        assert Talk(runtime, prompt).say("three", tokens=12, seed=5) == uninterrupted


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_rewinding_costs_nothing_but_what_is_said_anew(architecture: Architecture, tmp_path: Path) -> None:
    with _runtime(architecture, tmp_path) as runtime:
        talk = Talk(runtime)
        for turn in range(5):
            talk.say(f"step {turn}, with some words that make it long enough to matter " * 3)
        full = talk.prompt
        talk.rewind(4)
        talk.say("another way")
        assert talk.evaluated[-1] <= _new_tokens(runtime, "another way")
        back = Talk(runtime, full)
        back.say("the first way after all")
        assert back.evaluated[-1] == _new_tokens(runtime, "the first way after all")


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_rewinding_after_a_resume_goes_back_to_a_place_near_by(
    architecture: Architecture, tmp_path: Path
) -> None:
    with _runtime(architecture, tmp_path) as runtime:
        talk = Talk(runtime)
        for turn in range(5):
            talk.say(f"step {turn}, with some words that make it long enough to matter " * 3)
        runtime.save()
        prompt = talk.prompt
    with _runtime(architecture, tmp_path) as runtime:
        resumed = Talk(runtime, prompt)
        resumed.rewind(8)
        resumed.say("another way")
        one_answer = 12
        assert resumed.evaluated[-1] <= _new_tokens(runtime, "another way") + one_answer


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_a_new_session_with_the_same_opening_starts_warm(architecture: Architecture, tmp_path: Path) -> None:
    with _runtime(architecture, tmp_path) as runtime:
        first = Talk(runtime)
        first.say("in one project")
    with _runtime(architecture, tmp_path) as runtime:
        second = Talk(runtime)
        second.say("in another")
        assert second.reused == [first.opening]


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_a_side_job_leaves_the_main_conversation_in_memory(architecture: Architecture) -> None:
    with _runtime(architecture) as runtime:
        main = Talk(runtime)
        main.say("the task " * 30)
        side = Talk(runtime, Prompt("You summarise.", (), ()))
        side.say("Summarise this: " + "word " * 60)
        main.say("next")
        assert main.evaluated[-1] == _new_tokens(runtime, "next")
        side.say("shorter")
        assert side.evaluated[-1] == _new_tokens(runtime, "shorter")


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_compaction_keeps_the_opening(architecture: Architecture) -> None:
    with _runtime(architecture) as runtime:
        talk = Talk(runtime)
        for turn in range(3):
            talk.say(f"long story, part {turn} " * 20)
        talk.say("Summarise what we did.")
        assert talk.evaluated[-1] == _new_tokens(runtime, "Summarise what we did.")
        compacted = Talk(runtime, Prompt(SYSTEM, TOOLS, ()))
        compacted.say("Summary of the conversation so far: much.")
        assert talk.opening <= compacted.reused[0] < talk.opening + 8


@needs_llama_cpp
def test_other_tools_are_another_opening_and_nothing_breaks() -> None:
    with _runtime("qwen3next") as runtime:
        talk = Talk(runtime)
        talk.say("with one tool")
        late = ToolSpec("mcp__late__tool", "Late.", {"type": "object", "properties": {}})
        talk.prompt = replace(talk.prompt, tools=(*TOOLS, late))
        talk.say("with two")
        assert talk.reused[-1] < runtime.count(Prompt(SYSTEM, TOOLS, ()))
        talk.say("and on")
        assert talk.evaluated[-1] == _new_tokens(runtime, "and on")


@needs_llama_cpp
def test_an_answer_that_the_agent_changed_is_read_as_changed() -> None:
    with _runtime("qwen3moe") as runtime:
        talk = Talk(runtime)
        talk.say("hi", tokens=30)
        changed = Message(
            "assistant", "I was changed", tool_calls=(ToolCall("1", "read_file", {"file_path": "a"}),)
        )
        talk.prompt = replace(talk.prompt, messages=(talk.prompt.messages[0], changed, Message("tool", "r")))
        talk.ask()
        track = max(runtime.engine.memory.tracks, key=lambda track: track.used_at)
        assert "I was changed" in runtime.model.text(track.tokens)


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_what_was_saved_for_another_model_or_damaged_is_not_used(
    architecture: Architecture, tmp_path: Path
) -> None:
    with _runtime(architecture, tmp_path) as runtime:
        talk = Talk(runtime)
        talk.say("hello")
        runtime.save()
        prompt = talk.prompt
    with _runtime(architecture, tmp_path, seed=1) as runtime:
        other = Talk(runtime, prompt)
        other.say("again")
        assert other.reused == [0]
    for path in tmp_path.glob("*/*.kv"):
        path.write_bytes(path.read_bytes()[:-200])
    with _runtime(architecture, tmp_path) as runtime:
        damaged = Talk(runtime, prompt)
        damaged.say("again")
        assert damaged.reused == [0]


@needs_llama_cpp
def test_a_saved_conversation_that_the_window_can_not_hold_is_not_used(tmp_path: Path) -> None:
    with _runtime("qwen3moe", tmp_path) as runtime:
        talk = Talk(runtime)
        talk.say("word " * 500)
        runtime.save()
    with _runtime("qwen3moe", tmp_path, window=512) as runtime:
        small = Talk(runtime)
        small.say("hi")
        assert small.evaluated[0] > 0


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_a_cancelled_request_costs_the_next_one_nothing_that_was_read(architecture: Architecture) -> None:
    with _runtime(architecture) as runtime:
        talk = Talk(runtime)
        talk.say("hi")
        cancel = Cancel()
        longer = replace(talk.prompt, messages=(*talk.prompt.messages, Message("user", "word " * 800)))

        def tell(step: Rendered | Step) -> None:
            if isinstance(step, Evaluated) and step.done - step.reused > 400:
                cancel.set()

        with pytest.raises(Cancelled):
            runtime.answer(longer, Sampling(), 5, tell, cancel)
        again = Talk(runtime, longer)
        again.ask()
        assert again.reused[0] > 400


@needs_llama_cpp
def test_saving_twice_writes_once_and_short_work_is_not_saved(tmp_path: Path) -> None:
    with _runtime("qwen3moe", tmp_path) as runtime:
        talk = Talk(runtime)
        assert not runtime.save()
        talk.say("hello")
        assert runtime.save()
        assert not runtime.save()
    folder = tmp_path / "patient"
    options = RuntimeOptions(small_context(2048), saving=Saving(folder, least_seconds=3600.0))
    runtime = Runtime(TinyModel("qwen3moe").build(), options, lambda model: ChatMl())
    Talk(runtime).say("hello " * 50)
    assert not runtime.save()
    assert not folder.exists()
    runtime.close()


@needs_llama_cpp
def test_what_was_saved_of_a_session_can_be_forgotten_alone(tmp_path: Path) -> None:
    with _runtime("qwen3moe", tmp_path) as runtime:
        first, second = Talk(runtime, session="one"), Talk(runtime, session="two")
        first.say("hello")
        runtime.save()
        first.say("more")
        second.say("another conversation")
        runtime.save()
    forget(tmp_path, "one")
    with _runtime("qwen3moe", tmp_path) as runtime:
        for talk, kept in ((first, False), (second, True)):
            again = Talk(runtime, talk.prompt)
            again.say("again")
            assert (again.reused[0] > again.opening + 8) is kept


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_of_a_session_its_own_conversation_is_saved_and_not_the_side_job_that_came_last(
    architecture: Architecture, tmp_path: Path
) -> None:
    with _runtime(architecture, tmp_path) as runtime:
        main = Talk(runtime, session="one")
        main.say("the task " * 30)
        Talk(runtime, Prompt("You summarise.", (), ()), session="one").say("word " * 60)
        assert runtime.save()
    with _runtime(architecture, tmp_path) as runtime:
        resumed = Talk(runtime, main.prompt, session="one")
        resumed.say("go on")
        assert resumed.evaluated == [_new_tokens(runtime, "go on")]


@needs_llama_cpp
@pytest.mark.parametrize("architecture", BOTH)
def test_an_old_session_is_fetched_from_disk_although_its_opening_is_in_memory(
    architecture: Architecture, tmp_path: Path
) -> None:
    with _runtime(architecture, tmp_path) as runtime:
        old = Talk(runtime, session="old")
        old.say("a long story " * 60)
        runtime.save()
    with _runtime(architecture, tmp_path) as runtime:
        Talk(runtime, session="new").say("something else")
        resumed = Talk(runtime, old.prompt, session="old")
        resumed.say("go on")
        assert resumed.evaluated == [_new_tokens(runtime, "go on")]


@needs_llama_cpp
def test_a_prompt_beyond_the_window_is_refused_and_a_shorter_one_works() -> None:
    with _runtime("qwen3moe", window=512) as runtime:
        talk = Talk(runtime, Prompt("short", (), ()))
        with pytest.raises(ContextOverflow):
            talk.say("word " * 600)
        talk.rewind(0)
        talk.say("hi")


@needs_llama_cpp
def test_a_template_that_refuses_the_model_leaves_nothing_loaded() -> None:
    def refuse(model: Model) -> Template:
        raise ConfigurationError("not a model to talk to")

    with pytest.raises(ConfigurationError, match="not a model to talk to"):
        Runtime(TinyModel("qwen3").build(), RuntimeOptions(small_context()), refuse)
