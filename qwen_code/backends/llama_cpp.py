"""A model in this process: llama.cpp behind the protocol of all backends."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from pathlib import Path

from qwen_code.backends.base import Host
from qwen_code.backends.chat_format import ChatFormat, chat_format_of
from qwen_code.backends.local_options import runtime_options
from qwen_code.backends.stop_words import StopWords
from qwen_code.backends.token_estimate import PromptMeter
from qwen_code.chunks import (
    BadCall,
    CallChunk,
    Chunk,
    Finish,
    FinishReason,
    PrefillProgress,
    TextChunk,
    Waiting,
)
from qwen_code.errors import ConfigurationError
from qwen_code.local import ffi
from qwen_code.local.bundled import is_bundled
from qwen_code.local.engine import Cancel, Drawn, Ended, Evaluated, Step
from qwen_code.local.gguf import GgufHeader, read_header
from qwen_code.local.held_calls import HeldCalls
from qwen_code.local.library import ModelLibrary, locate
from qwen_code.local.model import LoadCancelled, Model, check, parts
from qwen_code.local.recommended import recommended_sampling
from qwen_code.local.runtime import Demand, Runtime, RuntimeOptions
from qwen_code.local.sampling import Sampling
from qwen_code.local.transcript import Rendered
from qwen_code.local.worker import Worker
from qwen_code.messages import Message, Prompt, ToolCall, ToolSpec, Usage
from qwen_code.settings.locations import Locations, find_home
from qwen_code.settings.model import SamplingSettings, Settings
from qwen_code.wire import Decoder

BUNDLED_MAX_TOKENS = 5000
"""So small a model may fall into repeating itself; none of its answers is longer."""
_LOADING_SIGN_S = 1.0
"""Seconds between two signs of life while the weights are read."""


class LlamaCppBackend:
    """One GGUF. It is loaded at the first question, on a thread of its own, and kept until `aclose`."""

    def __init__(
        self,
        path: Path,
        options: Callable[[Sequence[GgufHeader]], tuple[RuntimeOptions, list[str]]],
        sampling: SamplingSettings,
        *,
        host: Host | None = None,
        debug_file: Callable[[str], Path] | None = None,
    ) -> None:
        """Look at the file's header, no more.

        Args:
            options: chooses how to run the model from the headers of its files, when it is loaded; also what
                to tell the user about the choice.
            debug_file: where a session's debug log is, if one is kept.

        Raises:
            ConfigurationError: there is no such file, or it is no whole language model.
        """
        self._path = path
        self._header = check(path)
        self._options = options
        self._name = path.stem
        self._sampling = _sampling(recommended_sampling(self._header), sampling)
        self._max_tokens = sampling.max_tokens
        self._host = host or Host()
        self._debug_file = debug_file
        self._worker = Worker("llama.cpp")
        self._loading = asyncio.Lock()
        self._runtime: Runtime | None = None
        self._plan: tuple[RuntimeOptions, list[str]] | None = None
        self._thinking = False
        self._closing = False
        self._numbers = count(1)

    @property
    def name(self) -> str:
        return self._name

    @property
    def location(self) -> str:
        return "local"

    async def context_window(self) -> int:
        """Before it is loaded, as planned."""
        if self._runtime is None:
            return (await self._worker.call(self._planned))[0].context.window
        return self._runtime.engine.window

    async def load(self) -> int:
        """Load it now instead of at the first question; the tokens that it holds."""
        return (await self._loaded()).engine.window

    async def check(self) -> None:
        """That llama.cpp is here and the machine has the memory; nothing is loaded."""
        await self._worker.call(self._planned)

    async def window_at_hand(self) -> int | None:
        return await self.context_window()

    async def count_tokens(self, prompt: Prompt) -> int:
        """Exactly, once the model is loaded; it is not loaded for that."""
        if (runtime := self._runtime) is None:
            return PromptMeter().count(prompt)
        return await self._worker.call(lambda: runtime.count(prompt))

    async def stream(
        self, prompt: Prompt, demand: Demand | None = None, sampling: SamplingSettings | None = None
    ) -> AsyncGenerator[Chunk, None]:
        """Beyond the protocol: what the answer has to be, and how to sample it where not as always."""
        async for waiting in self._signs_of_loading():
            yield waiting
        runtime = await self._loaded()
        demand = demand or Demand(schema=prompt.answer_schema)
        if self._thinking:  # its answer begins inside a thought, where no document can stand
            demand = replace(demand, schema=None)
        callable_tools = prompt.tools if demand.calls != "none" and demand.schema is None else ()
        answer = _Answer(callable_tools, self._new_id, thinking=self._thinking, stop=demand.stop)
        chosen = _sampling(self._sampling, sampling) if sampling else self._sampling
        most = (sampling and sampling.max_tokens) or self._max_tokens
        cancel, session = Cancel(), self._host.session()

        def job(tell: Callable[[Rendered | Step], None]) -> None:
            text_of = self._host.text_of
            runtime.answer(
                prompt, chosen, most, tell, cancel, session=session, demand=demand, text_of=text_of
            )

        try:
            async with aclosing(self._worker.stream(job, cancel.set)) as steps:
                async for step in steps:
                    for chunk in answer.take(step):
                        yield chunk
        finally:
            self._worker.post(lambda: answer.keep(runtime))
        yield answer.finish()

    async def aclose(self) -> None:
        """Save what is worth it, and free the model."""
        self._closing = True
        await self._worker.aclose(self._close)

    async def _loaded(self) -> Runtime:
        async with self._loading:
            if self._runtime is None:
                self._runtime, notices = await self._worker.call(self._load)
                for notice in notices:
                    self._host.warn(notice)
            return self._runtime

    async def _signs_of_loading(self) -> AsyncGenerator[Waiting, None]:
        if self._runtime is not None:
            return
        started = time.monotonic()
        loading = asyncio.ensure_future(self._loaded())
        # When nobody waits for it any more, its failure is nobody's news.
        loading.add_done_callback(lambda task: task.cancelled() or task.exception())
        while not loading.done():
            await asyncio.wait([loading], timeout=_LOADING_SIGN_S)
            if not loading.done():
                yield Waiting(time.monotonic() - started)
        loading.result()

    def _planned(self) -> tuple[RuntimeOptions, list[str]]:
        """How it will be run, chosen once. Belongs to the worker's thread."""
        if self._plan is None:
            self._plan = self._options([read_header(p) for p in parts(self._path, self._header)])
        return self._plan

    def _load(self) -> tuple[Runtime, list[str]]:
        if self._debug_file is not None:
            ffi.log.write_to(self._debug_file(self._host.session()))
        try:
            options, notices = self._planned()
            return Runtime(self._path, options, self._format, lambda _: not self._closing), notices
        except LoadCancelled:
            raise ConfigurationError(f"{self._name} was not loaded: the program is ending.") from None

    def _format(self, model: Model) -> ChatFormat:
        chosen = chat_format_of(model)
        self._thinking = chosen.thinking
        return chosen

    def _close(self) -> None:
        if self._runtime is not None:
            self._runtime.save()
            self._runtime.close()
            self._runtime = None

    def _new_id(self) -> str:
        return f"call_{next(self._numbers)}"


class _Answer:
    """One answer as it comes: steps of the engine in, chunks out."""

    def __init__(
        self,
        tools: tuple[ToolSpec, ...],
        new_id: Callable[[], str],
        *,
        thinking: bool,
        stop: Sequence[str] = (),
    ) -> None:
        self._decoder = Decoder(tools, new_id=new_id, thinking=thinking)
        self._stop = StopWords(stop)
        self._held = HeldCalls(tools, new_id)
        self._in_held_call = False
        self._rendered: Rendered | None = None
        self._drawn: list[int] = []
        self._drawn_text: list[str] = []
        self._said: list[str] = []
        self._calls: list[ToolCall] = []
        self._lost = False
        self._reused = 0
        self._ended: Ended | None = None

    def take(self, step: Rendered | Step) -> list[Chunk]:
        match step:
            case Rendered():
                self._rendered = step
                return []
            case Evaluated(done, total, reused):
                self._reused = reused
                return [PrefillProgress(done, total, reused)]
            case Drawn():
                self._drawn.append(step.token)
                self._drawn_text.append(step.text)
                return self._noted(self._decoded(step))
            case Ended():
                self._ended = step
                if self._in_held_call:
                    return self._noted(self._held.finish())
                rest = self._decoder.feed(self._stop.finish())
                return self._noted([*rest, *self._decoder.finish(step.reason)])

    def finish(self) -> Finish:
        ended, rendered = self._ended, self._rendered
        assert ended is not None
        assert rendered is not None
        reason: FinishReason = "tool_calls" if self._calls and ended.reason == "stop" else ended.reason
        usage = Usage(
            prompt_tokens=len(rendered.tokens),
            cached_tokens=self._reused,
            completion_tokens=ended.drawn,
            prefill_s=ended.prefill_s,
            decode_s=ended.decode_s,
        )
        return Finish(reason, usage)

    def keep(self, runtime: Runtime) -> None:
        """Let the runtime know which tokens the conversation's next message is.

        Of an answer that was interrupted, or holds half a call, the agent keeps a part: its tokens are that
        message only if they say no more.
        """
        text = "".join(self._said)
        complete = self._ended is not None and not self._lost
        whole = complete or "".join(self._drawn_text).strip() == text.strip()
        if self._rendered is not None and whole and (text.strip() or self._calls):
            message = Message("assistant", text, tool_calls=tuple(self._calls))
            runtime.answered(self._rendered, message, self._drawn)

    def _decoded(self, step: Drawn) -> list[Chunk]:
        if step.call is not None:  # the decoder has given out all text before the call, and holds its opener
            self._in_held_call = True
            return self._held.feed(step.call)
        if self._in_held_call:
            return self._held.feed(step.text)
        return self._decoder.feed(self._stop.feed(step.text))

    def _noted(self, chunks: list[Chunk]) -> list[Chunk]:
        for chunk in chunks:
            if isinstance(chunk, TextChunk):
                self._said.append(chunk.text)
            elif isinstance(chunk, CallChunk):
                self._calls.append(chunk.call)
            elif isinstance(chunk, BadCall) and not chunk.call_id:
                self._lost = True
        return chunks


def open_local(settings: Settings, host: Host | None = None) -> LlamaCppBackend:
    """The embedded model that `settings.model.name` names.

    Raises:
        ConfigurationError: there is no such model here.
    """
    locations = Locations.of(cwd=Path.cwd(), home=find_home(os.environ), environ=os.environ)
    path = locate(settings.model.name, ModelLibrary(locations.models))
    if path is None:
        from qwen_code.backends.endpoint import how_to_configure

        raise ConfigurationError(
            f"The model {settings.model.name} needs an endpoint, and none is configured. {how_to_configure()}"
        )
    sampling = settings.model.sampling
    if is_bundled(settings.model.name) and sampling.max_tokens is None:
        sampling = replace(sampling, max_tokens=BUNDLED_MAX_TOKENS)
    return LlamaCppBackend(
        path,
        lambda files: runtime_options(files, settings),
        sampling,
        host=host,
        debug_file=locations.debug_log if settings.debug else None,
    )


def _sampling(recommended: Sampling, asked: SamplingSettings) -> Sampling:
    """What the user asked for, and the model's own defaults for the rest; -1 switches top_k and seed off."""
    chosen = recommended
    if asked.temperature is not None:
        chosen = replace(chosen, temperature=asked.temperature)
    if asked.top_p is not None:
        chosen = replace(chosen, top_p=asked.top_p)
    if asked.top_k is not None:
        chosen = replace(chosen, top_k=max(0, asked.top_k))
    if asked.repetition_penalty is not None:
        chosen = replace(chosen, repetition_penalty=asked.repetition_penalty or 1.0)
    if asked.seed is not None:
        chosen = replace(chosen, seed=asked.seed if asked.seed >= 0 else None)
    return chosen
