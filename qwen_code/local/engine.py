"""Answers a list of token ids with another: evaluates what is new, draws what follows, says how far it is.

An engine belongs to one thread; other threads may only set its `Cancel`.
"""

from __future__ import annotations

import codecs
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias

from qwen_code.errors import BackendError, ContextOverflow
from qwen_code.local import ffi
from qwen_code.local.context import ABORTED, DECODED, NO_ROOM, Context, ContextOptions
from qwen_code.local.lookahead import Lookahead
from qwen_code.local.memory import Memory, Track
from qwen_code.local.model import Model
from qwen_code.local.sampling import Constraint, Sampler, Sampling

CHECKPOINT_BYTES = 640 * 2**20
"""Main memory for the checkpoints of one sequence; eight of Qwen3-Coder-Next's."""

_LEAST_ANSWER = 64
"""Tokens that must be left for an answer; with less, the conversation counts as too long."""

EndReason: TypeAlias = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt, whole, as token ids."""

    tokens: Sequence[int]
    sampling: Sampling
    max_tokens: int | None = None
    """Of the answer; None: as many as fit."""
    marks: Sequence[int] = ()
    """Lengths of `tokens` to which a later prompt may come back, ascending."""
    at_mark: Callable[[Track], None] | None = None
    """Called when one of them has just been reached by evaluating."""
    constraint: Constraint | None = None
    forced: Sequence[int] = ()
    """Tokens that the answer begins with, whatever the model would say."""
    ahead: Callable[[Lookahead], Sequence[int]] | None = None
    """Asked before each token that is to be drawn: those that come next, if that is known."""
    stop: Sequence[str] = ()
    """Words that end the answer where they are written outside of a call; they are still told."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`done` of `total` prompt tokens are in memory; `reused` of them were there before."""

    done: int
    total: int
    reused: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """The next token, and the text that has become certain with it (whole characters)."""

    token: int
    text: str
    held: bool = False
    """Drawn under a grammar."""
    call: str | None = None
    """With the token at which the grammar of calls took hold: the call's text so far, from its opener on."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is over. `evaluated` counts prompt tokens that were really computed."""

    reason: EndReason
    evaluated: int
    drawn: int
    prefill_s: float
    decode_s: float


Step: TypeAlias = Evaluated | Drawn | Ended


class Cancelled(Exception):
    """The request was cancelled; what was evaluated stays in memory."""


class Cancel:
    """Ends a running request soon: within a batch while it reads, a token while it writes."""

    def __init__(self) -> None:
        self.is_set = False
        self._abort: Callable[[], None] | None = None

    def check(self) -> None:
        """Raises Cancelled once it is set."""
        if self.is_set:
            raise Cancelled

    def set(self) -> None:
        """May be called from any thread, before, during and after the request."""
        self.is_set = True
        if self._abort is not None:
            self._abort()

    @contextmanager
    def aborting(self, context: Context) -> Generator[None]:
        """While the block runs, stop in the middle of an evaluation too."""
        context.clear_abort()
        self._abort = context.request_abort
        try:
            if self.is_set:
                raise Cancelled
            yield
        finally:
            self._abort = None
            context.clear_abort()


class Engine:
    """A model and its memory."""

    def __init__(
        self, model: Model, options: ContextOptions, *, checkpoint_bytes: int = CHECKPOINT_BYTES
    ) -> None:
        """Raises ConfigurationError when the context does not fit."""
        self.model = model
        self.context = Context(model, options)
        self.memory = Memory(self.context, checkpoint_bytes=checkpoint_bytes)
        self.evaluated_total = 0
        """Tokens computed since the start, for statistics."""

    @property
    def window(self) -> int:
        return self.context.window

    def answer(self, request: Request, tell: Callable[[Step], None], cancel: Cancel) -> None:
        """Run one request; `tell` gets Evaluated once or more, then Drawn for each token, then Ended.

        Raises:
            ContextOverflow: the prompt leaves no room for an answer.
            Cancelled: `cancel` was set.
            BackendError: llama.cpp failed to compute.
        """
        room = self.window - len(request.tokens)
        if room < min(_LEAST_ANSWER, request.max_tokens or _LEAST_ANSWER):
            raise ContextOverflow(
                f"The conversation has {len(request.tokens):,} tokens and leaves no room for an answer: "
                f"the model's context holds {self.window:,}.",
                window=self.window,
            )
        started = time.monotonic()
        track = self.memory.enter(request.tokens)
        reused = len(track.tokens)
        self._read(track, request, tell, cancel)
        prefilled = time.monotonic()
        sampler = Sampler(self.model, request.sampling, request.constraint)
        lookahead = Lookahead(self.context, track, cancel.check)
        try:
            reason, drawn = self._write(track, request, sampler, lookahead, room, tell, cancel)
        finally:
            lookahead.close()
            sampler.close()
        seconds = time.monotonic() - prefilled
        tell(Ended(reason, len(request.tokens) - reused, drawn, prefilled - started, seconds))

    def close(self) -> None:
        self.context.close()
        self.model.close()

    def _read(self, track: Track, request: Request, tell: Callable[[Step], None], cancel: Cancel) -> None:
        tokens, total, reused = request.tokens, len(request.tokens), len(track.tokens)
        tell(Evaluated(reused, total, reused))
        if reused in request.marks:
            self.memory.mark(track)
        for stop in [*(mark for mark in request.marks if reused < mark < total), total]:
            while len(track.tokens) < stop:
                start = len(track.tokens)
                self.memory.hold(track)
                with cancel.aborting(self.context):
                    self._evaluate(track, tokens[start : min(stop, start + self.context.options.batch)])
                tell(Evaluated(len(track.tokens), total, reused))
            if stop < total:
                self.memory.mark(track)
                if request.at_mark is not None:
                    request.at_mark(track)
        track.latest = None

    def _write(
        self,
        track: Track,
        request: Request,
        sampler: Sampler,
        lookahead: Lookahead,
        room: int,
        tell: Callable[[Step], None],
        cancel: Cancel,
    ) -> tuple[EndReason, int]:
        constraint = request.constraint
        known, unread = deque(request.forced), list[int]()
        limit = room if request.max_tokens is None else min(room, request.max_tokens)
        characters = codecs.getincrementaldecoder("utf-8")("replace")
        longest, tail = max(map(len, request.stop), default=0), ""
        for drawn in range(limit):
            cancel.check()
            held = constraint is not None and constraint.held
            if not known and request.ahead is not None:
                known.extend(request.ahead(lookahead))
            token = sampler.take(known.popleft()) if known else sampler.next(self.context)
            if token in self.model.end_tokens:
                self._evaluate_all(track, unread)
                return "stop", drawn
            call = constraint.opening if constraint is not None and constraint.held and not held else None
            text = characters.decode(self.model.piece(token))
            tell(Drawn(token, text, held, call))
            tail = (tail + text)[-longest - len(text) :] if longest and not held else ""
            is_stopped = any(word in tail for word in request.stop)
            is_last = is_stopped or drawn + 1 == limit
            if not is_last:
                unread.append(token)
            if is_last or not known:
                self._evaluate_all(track, unread)
                unread = []
            if is_stopped:
                return "stop", drawn + 1
        return "length", limit

    def _evaluate_all(self, track: Track, tokens: Sequence[int]) -> None:
        for start in range(0, len(tokens), self.context.options.batch):
            self._evaluate(track, tokens[start : start + self.context.options.batch])

    def _evaluate(self, track: Track, tokens: Sequence[int]) -> None:
        while (result := self.context.decode(tokens, len(track.tokens), track.id)) != DECODED:
            if result == NO_ROOM and self.memory.make_room(track):
                continue
            self.memory.cut(track, len(track.tokens))
            if result == ABORTED:
                raise Cancelled
            raise BackendError(
                f"llama.cpp could not evaluate {len(tokens)} tokens (code {result}): {_last_words()}. "
                "If the graphics card is short of memory, use a smaller context window or fewer layers on it."
            )
        track.tokens.extend(tokens)
        self.evaluated_total += len(tokens)


def _last_words() -> str:
    return next((line for line in reversed(ffi.log.recent) if line.strip()), "it gave no reason")
