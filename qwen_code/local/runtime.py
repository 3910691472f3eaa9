"""One embedded model at work: prompts in, tokens out, with all that spares it from evaluating twice.

Synchronous; every method belongs to the worker's thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Literal

from qwen_code.local import ffi
from qwen_code.local.constraint import CallConstraint, Grammars, SchemaConstraint
from qwen_code.local.context import ContextOptions
from qwen_code.local.due_calls import DueCalls
from qwen_code.local.engine import CHECKPOINT_BYTES, Cancel, Ended, Engine, Request, Step
from qwen_code.local.kv_sidecar import Sidecar
from qwen_code.local.kv_store import KvStore, identity_of
from qwen_code.local.memory import Checkpoint, Track, least_useful
from qwen_code.local.model import Model, Placement
from qwen_code.local.outcomes import before_attempts
from qwen_code.local.prompt_tokens import PromptTokenizer
from qwen_code.local.quoted_edits import QuotedEdits, TextOf
from qwen_code.local.quoting import QuotingConstraint, quotes_files
from qwen_code.local.sampling import Sampling
from qwen_code.local.schema_grammar import Schema
from qwen_code.local.so_far import SoFar
from qwen_code.local.transcript import Rendered, Template, Transcript
from qwen_code.local.without_addresses import WithoutAddresses
from qwen_code.messages import Message, Prompt

_SAVED_CHECKPOINTS = 3
"""Running states saved with a conversation: its opening, and the last places that one would rewind to."""
_LONGEST_CLOSING = 8
"""Tokens that may stand behind an answer in its entry and have not been evaluated yet."""
_MEASURABLE = 32
"""Fewer tokens say nothing about the speed of evaluation."""
_READ_BYTES_PER_S = 500 * 2**20
"""How fast a saved state is read and its sha256 computed, on a machine that is not quick at it."""


@dataclass(frozen=True, slots=True)
class Saving:
    """Where and when evaluated conversations are kept on disk."""

    folder: Path
    limit_bytes: int = 8 * 2**30
    least_seconds: float = 0.02
    """What evaluating again must take at least to be worth a file."""


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    context: ContextOptions
    placement: Placement = field(default_factory=Placement)
    checkpoint_bytes: int = CHECKPOINT_BYTES
    grammar: bool = True
    """Hold the model to the grammar of calls once it has begun one."""
    saving: Saving | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What an answer has to be. As it stands: whatever the model likes."""

    calls: Literal["free", "none", "must"] = "free"
    tool: str = ""
    """With `must`: the tool to call; empty for any."""
    schema: Schema | None = None
    """The answer is one JSON document of this schema, and no call."""
    stop: tuple[str, ...] = ()
    """Words that end it."""


@dataclass(frozen=True, slots=True)
class _Held:
    """The conversation that a track holds, and the session that it is of."""

    rendered: Rendered
    session: str


def _template_of(model: Model, template: Callable[[Model], Template]) -> Template:
    made = template(model)
    return WithoutAddresses(made) if quotes_files(model.header) else made


class Runtime:
    """A loaded model with its memory, transcript, grammars and saved conversations."""

    def __init__(
        self,
        path: Path,
        options: RuntimeOptions,
        template: Callable[[Model], Template],
        on_progress: Callable[[float], bool] | None = None,
    ) -> None:
        """Load the model.

        Raises:
            ConfigurationError: it can't be loaded or is none that we can talk to.
            LoadCancelled: `on_progress` said so.
        """
        model = Model(path, options.placement, on_progress)
        try:
            self._template = _template_of(model, template)
            context = replace(options.context, has_spare=quotes_files(model.header) and not model.hybrid)
            self.engine = Engine(model, context, checkpoint_bytes=options.checkpoint_bytes)
        except BaseException:
            model.close()
            raise
        self.model = model
        self._options = options
        self._transcript = Transcript(self._template, PromptTokenizer(model))
        self._grammars: Grammars | None = None
        self._store = self._open_store(options.saving) if options.saving else None
        self._held: dict[int, _Held] = {}
        """By the track that holds it."""
        self._openings: dict[str, str] = {}
        """How each session's own conversation begins; its side jobs begin otherwise."""
        self._speed = 0.0
        """Prompt tokens a second, as last measured."""

    def count(self, prompt: Prompt) -> int:
        """Tokens of `prompt`, exactly."""
        return len(self._transcript.render(prompt).tokens)

    def answer(
        self,
        prompt: Prompt,
        sampling: Sampling,
        max_tokens: int | None,
        tell: Callable[[Rendered | Step], None],
        cancel: Cancel,
        *,
        session: str = "",
        demand: Demand | None = None,
        text_of: TextOf = lambda path: None,
    ) -> None:
        """Answer `prompt`: `tell` gets it as tokens first, then the engine's steps.

        Args:
            session: whose conversation this is; what is saved of it is deleted with the session. Of a
                conversation that belongs to none only the opening is saved.
            text_of: the files that edits may quote, for models that want to be held to them.

        Raises:
            ContextOverflow, Cancelled, BackendError: see `Engine.answer`.
        """
        rendered = self._transcript.render(prompt)
        if self._fetch_saved(rendered):
            rendered = self._transcript.render(prompt)  # what the model wrote is now known token by token
        tell(rendered)
        started, before = time.monotonic(), self.engine.evaluated_total

        def at_mark(track: Track) -> None:
            self._measure(self.engine.evaluated_total - before, time.monotonic() - started)
            if len(track.tokens) == rendered.lengths[0]:
                self._save_opening(track, rendered)

        def told(step: Step) -> None:
            if isinstance(step, Ended):
                self._measure(step.evaluated, step.prefill_s)
            tell(step)

        demand = demand or Demand()
        constraint = self._constraint(prompt, rendered, demand, text_of)
        request = Request(
            rendered.tokens,
            self._without_calls(sampling) if demand.calls == "none" else sampling,
            max_tokens,
            marks=rendered.marks,
            at_mark=at_mark,
            constraint=constraint,
            ahead=constraint.ahead if isinstance(constraint, QuotingConstraint) else None,
            forced=self._call_opener if demand.calls == "must" else (),
            stop=demand.stop,
        )
        self._openings.setdefault(session, rendered.chain[0])
        try:
            self.engine.answer(request, told, cancel)
        finally:
            self._held[self._latest.id] = _Held(rendered, session)
            if isinstance(constraint, SchemaConstraint):
                constraint.close()

    def answered(self, rendered: Rendered, answer: Message, drawn: Sequence[int]) -> None:
        """`answer` is what the conversation keeps of the tokens `drawn`; it will be rendered as them."""
        grown = self._transcript.answered(rendered, answer, drawn)
        for track, held in self._held.items():
            if held.rendered is rendered:
                self._held[track] = replace(held, rendered=grown)

    def save(self) -> bool:
        """Keep each session's own conversation on disk, as it was used last, where that is worth it."""
        main = dict[str, tuple[Track, Rendered]]()
        for track in sorted(self.engine.memory.tracks, key=lambda track: track.used_at):
            held = self._held.get(track.id)
            if held is not None and held.session and held.rendered.chain[0] == self._openings[held.session]:
                main[held.session] = track, held.rendered
        saved = [self._save(track, held, session) for session, (track, held) in main.items()]
        return any(saved)

    def _save(self, track: Track, held: Rendered, session: str) -> bool:
        if self._store is None or not self._is_worth(track):
            return False
        evaluated = len(track.tokens)
        common = min(evaluated, len(held.tokens))
        entries = sum(length <= evaluated + _LONGEST_CLOSING for length in held.lengths)
        if entries == 0 or track.tokens[:common] != held.tokens[:common]:
            return False
        chain = held.chain[:entries]
        if self._store.holds(chain):
            return False
        pending = held.tokens[evaluated : max(evaluated, held.lengths[entries - 1])]
        # The last mark is where the answer began; one rewinds to before what a person said.
        checkpoints = [c for c in track.checkpoints if c.length in held.marks[:-1]]
        return self._write(track, chain, held.lengths[:entries], pending, checkpoints, session)

    def close(self) -> None:
        if self._grammars is not None:
            self._grammars.close()
        self.engine.close()

    def _open_store(self, saving: Saving) -> KvStore:
        context = self._options.context
        identity = identity_of(
            self.model.header,
            ffi.library_version(),
            context.kv_type,
            str(context.yarn_from and context.window),
            *(() if context.flash else ("values transposed",)),
        )
        return KvStore(saving.folder, identity, limit_bytes=saving.limit_bytes)

    def _constraint(
        self, prompt: Prompt, rendered: Rendered, demand: Demand, text_of: TextOf
    ) -> CallConstraint | QuotingConstraint | SchemaConstraint | None:
        if demand.schema is not None:
            return SchemaConstraint(self.model, demand.schema)
        tools = tuple(tool for tool in prompt.tools if demand.tool in ("", tool.name))
        if not self._options.grammar or not tools or demand.calls == "none":
            return None
        if self._grammars is None or tuple(self._grammars.tools.values()) != tools:
            if self._grammars is not None:
                self._grammars.close()
            self._grammars = Grammars(self.model, tools, self._template.notation)
        calls = CallConstraint(self.model, self._grammars)
        if not self.engine.context.options.has_spare:
            return calls
        so_far = SoFar.of(prompt.messages)
        edits = QuotedEdits(text_of, so_far)
        first = before_attempts(prompt.messages, so_far.outcomes)
        due = DueCalls(self.model, edits, lambda: self._transcript.beginning(rendered, first))
        return QuotingConstraint(self.model, calls, edits, due)

    @property
    def _call_opener(self) -> list[int]:
        return self.model.tokenize("<tool_call>")

    def _without_calls(self, sampling: Sampling) -> Sampling:
        opener = self.model.special_tokens.get("<tool_call>")
        return sampling if opener is None else replace(sampling, bias=(*sampling.bias, (opener, -inf)))

    def _fetch_saved(self, rendered: Rendered) -> bool:
        """When much of the prompt is not in memory, look for it on disk."""
        reached = self.engine.memory.reach(rendered.tokens)
        if self._store is None or self._seconds(len(rendered.tokens) - reached) < self._least_seconds:
            return False
        cuttable = not self.model.hybrid
        sidecar = self._store.best_for(rendered.chain, cuttable=cuttable, better_than=reached)
        return sidecar is not None and self._read(self._store, sidecar)

    def _read(self, store: KvStore, sidecar: Sidecar) -> bool:
        path = store.verified(sidecar)
        if path is None:
            return False

        def read(sequence: int) -> list[int]:
            return self.engine.context.load(sequence, path, sidecar.evaluated)

        states = [Checkpoint(length, state) for length, state in store.checkpoints(sidecar)]
        track = self.engine.memory.adopt(read, states)
        if track is None or len(track.tokens) != sidecar.evaluated:
            store.delete(sidecar)
            return False
        self._transcript.restore(sidecar.chain, sidecar.lengths, [*track.tokens, *sidecar.pending])
        return True

    def _save_opening(self, track: Track, rendered: Rendered) -> None:
        """The system prompt and tools are the same in every session: keep their state for the next one."""
        chain = rendered.chain[:1]
        worth = self._store is not None and not self._store.holds(chain) and self._is_worth(track)
        if worth:
            self._write(track, chain, rendered.lengths[:1], (), (), "")

    def _write(
        self,
        track: Track,
        chain: Sequence[str],
        lengths: Sequence[int],
        pending: Sequence[int],
        checkpoints: Sequence[Checkpoint],
        label: str,
    ) -> bool:
        context = self.engine.context
        return self._store is not None and self._store.save(
            chain=chain,
            lengths=lengths,
            evaluated=len(track.tokens),
            pending=pending,
            size=context.state_size(track.id),
            write=lambda path: context.save(track.id, path, track.tokens) > 0,
            checkpoints=_most_useful(checkpoints),
            label=label,
        )

    def _is_worth(self, track: Track) -> bool:
        reading_s = self.engine.context.state_size(track.id) / _READ_BYTES_PER_S
        return self._seconds(len(track.tokens)) >= max(self._least_seconds, reading_s)

    def _seconds(self, tokens: int) -> float:
        """What evaluating takes; without end before that was measured."""
        return tokens / self._speed if self._speed else inf

    def _measure(self, evaluated: int, seconds: float) -> None:
        if evaluated >= _MEASURABLE and seconds > 0:
            self._speed = evaluated / seconds

    @property
    def _latest(self) -> Track:
        return max(self.engine.memory.tracks, key=lambda track: track.used_at)

    @property
    def _least_seconds(self) -> float:
        return self._options.saving.least_seconds if self._options.saving else inf


def _most_useful(checkpoints: Sequence[Checkpoint]) -> list[tuple[int, bytes]]:
    kept = list(checkpoints)
    while len(kept) > _SAVED_CHECKPOINTS:
        kept.pop(least_useful([checkpoint.length for checkpoint in kept]))
    return [(checkpoint.length, checkpoint.state) for checkpoint in kept]
