"""Keeps a conversation within the window of the model that answers it.

Before each request the prompt is measured. Beyond the limit (`window.py`) the conversation is shortened, by
the cheaper of two steps that is enough: old tool results become references to a file, or the model is
asked, with the prefix intact, for a summary that takes the place of all but the task and the latest
exchanges. Either is a deliberate break of the prefix, told with its price. A conversation is never shortened
again before the model has answered, and one that has to be again and again ends the turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from qwen_code.agent.condenser import Condenser, Cutter
from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Tell
from qwen_code.agent.limits import Stop
from qwen_code.agent.shortening import Facts, tail_start
from qwen_code.agent.window import ALWAYS_FITS, WindowPlan
from qwen_code.backends.base import ModelBackend
from qwen_code.backends.token_estimate import estimate_messages, estimate_tokens
from qwen_code.errors import ContextOverflow
from qwen_code.events import (
    Compacted,
    CompactionReason,
    CompactionStarted,
    Outcome,
    ToolFinished,
    WindowFilling,
)
from qwen_code.messages import Message, Usage
from qwen_code.tool import OutputStore

_CROWDED = 3
"""So many compactions in a row with fewer answers than this between two: the window is too small."""
_LEAST_KEPT = 512
"""Tokens of the latest exchanges that stay, also of a short conversation."""


@dataclass(frozen=True, slots=True)
class Fill:
    """How full the window is. `window` is 0 while nobody had to ask for it."""

    used: int
    window: int


class Compactor:
    """Measures and shortens one conversation."""

    def __init__(
        self,
        conversation: Conversation,
        outputs: OutputStore,
        *,
        threshold: float = 0.9,
        longest_answer: int | None = None,
        facts: Callable[[], Facts] = Facts,
        replaced: Callable[[Sequence[Message]], None] = lambda messages: None,
        on_window: Callable[[WindowPlan], None] = lambda plan: None,
        measured: tuple[int, int] | None = None,
    ) -> None:
        """
        Args:
            outputs: where what is left out is saved.
            replaced: makes the new messages durable before anything else happens.
            on_window: hears of the window when it becomes known or changes.
            measured: of a resumed session: how many tokens the server counted for its first messages.
        """
        self._conversation = conversation
        self._cutter = Cutter(outputs)
        self._threshold = threshold
        self._longest_answer = longest_answer
        self._facts = facts
        self._replaced = replaced
        self._on_window = on_window
        self._measured = measured
        self._plan: WindowPlan | None = None
        self._backend: ModelBackend | None = None
        self._at_hand: int | None = None
        """The window that could be known without asking for it."""
        self._refused_at: int | None = None
        """A window that a server did not name is smaller than this prompt, which it refused."""
        self._answers = 1
        """Since the last compaction."""
        self._crowded = 0
        self._warned = False
        self._needs_room = False

    @property
    def plan(self) -> WindowPlan | None:
        """How the window is divided, once it is known."""
        return self._plan

    def turn_began(self) -> None:
        """A person has said something, which may be what needs the room."""
        self._crowded, self._answers = 0, max(self._answers, 1)

    def answered(self) -> None:
        """The model has answered; from now on the backend knows the size of what it was sent."""
        self._answers += 1
        self._measured = None

    def cut_short(self, usage: Usage) -> None:
        """An answer was cut off. Where the window was its limit, the next request comes with more room."""
        if (plan := self._plan) is not None:
            full = usage.prompt_tokens + usage.completion_tokens
            self._needs_room = full >= plan.window - plan.window // 50 and full > plan.window // 2

    async def before_request(self, backend: ModelBackend, tell: Tell) -> Fill:
        """Make room where there is too little.

        Raises:
            ContextOverflow: what has to stay does not fit.
            Stop: the window is too small for the work.
        """
        fill = await self._measure(backend)
        plan = self._plan
        if plan is None or not fill.window:
            return fill
        needs_room, self._needs_room = self._needs_room, False
        if self._answers and (fill.used > plan.limit or needs_room):
            if await self._shorten(backend, plan, "window", fill.used, tell) is not None:
                fill = await self._measure(backend)
        elif fill.used > plan.warn_at and not self._warned:
            self._warned = True
            tell(WindowFilling(fill.used, fill.window, plan.limit))
        if fill.used * 3 // 4 > fill.window:  # estimates err high; in doubt the server knows
            raise self._too_large(fill.used, fill.window)
        return fill

    async def after_refusal(self, backend: ModelBackend, refused: ContextOverflow, tell: Tell) -> Fill:
        """The server did not take the prompt: learn from that, and make room.

        Raises:
            ContextOverflow: there is nothing left to leave out.
            Stop: the window is too small for the work.
        """
        used = await backend.count_tokens(self._conversation.prompt())
        self._refused_at = refused.window or min(used, self._refused_at or used) * 9 // 10
        fill = await self._measure(backend, ask=True)
        plan = self._plan
        assert plan is not None
        shortened = None
        if self._answers:
            shortened = await self._shorten(backend, plan, "overflow", max(used, fill.window), tell)
        if shortened is None:
            raise self._too_large(used, fill.window, str(refused))
        return await self._measure(backend)

    async def compress(self, backend: ModelBackend, tell: Tell, focus: str = "") -> Compacted | None:
        """Shorten because a person asks for it; None when that would gain nothing."""
        fill = await self._measure(backend, ask=True)
        assert self._plan is not None
        return await self._shorten(backend, self._plan, "asked", fill.used, tell, focus)

    def fitting(self, calls: int) -> Callable[[ToolFinished], ToolFinished]:
        """Cuts the results of one answer's calls, as they come, to what the window has for them."""
        plan, left = self._plan, calls
        room = plan.results if plan else 0

        def fitted(finished: ToolFinished) -> ToolFinished:
            nonlocal room, left
            if plan is None:
                return finished
            allowed = max(min(plan.one_result * 3 // 2, room // max(left, 1)), 64)
            text = self._cutter.cut(finished.for_model, allowed, finished.call.name)
            left -= 1
            room -= estimate_tokens(text)
            return finished if text is finished.for_model else replace(finished, for_model=text)

        return fitted

    # -- measuring

    async def _measure(self, backend: ModelBackend, *, ask: bool = False) -> Fill:
        prompt = self._conversation.prompt()
        if self._measured is not None:
            known, tokens = self._measured
            used = tokens + estimate_messages(prompt.messages[known:])
        else:
            used = await backend.count_tokens(prompt)
        if backend is not self._backend:
            self._backend, self._plan = backend, None
            self._at_hand = await backend.window_at_hand()
            self._refused_at = self._refused_at if ask else None
        asks = ask or used > ALWAYS_FITS or self._plan is not None
        window = await backend.context_window() if asks else self._at_hand
        if not window:
            return Fill(used, 0)
        window = min(window, self._refused_at or window)
        if self._plan is None or self._plan.window != window:
            self._plan = WindowPlan(window, self._threshold, self._longest_answer)
            self._on_window(self._plan)
        return Fill(used, window)

    async def _tokens(self, backend: ModelBackend, messages: Sequence[Message]) -> int:
        return await backend.count_tokens(self._conversation.prompt_of(messages))

    def _too_large(self, used: int, window: int, said: str = "") -> ContextOverflow:
        """The sentence for what can't be made to fit; `said` is the server's own."""
        if len(self._conversation.messages) <= 1:
            what = f"The prompt has about {used:,} tokens, and the model's window holds {window:,}."
            remedy = "Put the text into a file and name that file in the prompt; it is read in parts."
        else:
            what = f"What has to stay has about {used:,} tokens; the model's window holds {window:,}."
            remedy = (
                "Use a larger window (model.generationConfig.contextWindowSize, or the server's own "
                "setting), or begin anew with a smaller task."
            )
        return ContextOverflow(f"{said or what} {remedy}", window=window)

    # -- shortening

    async def _shorten(
        self,
        backend: ModelBackend,
        plan: WindowPlan,
        reason: CompactionReason,
        before: int,
        tell: Tell,
        focus: str = "",
    ) -> Compacted | None:
        old = list(self._conversation.messages)
        start = tail_start(old, min(plan.kept, max(before // 5, _LEAST_KEPT)))
        if reason == "asked" and not _has_middle(old, start):
            return None
        self._count_crowding(plan)
        tell(CompactionStarted(reason, before, plan.window))
        condenser = Condenser(self._conversation, backend, plan, self._cutter, self._facts)
        shortened = None
        if not _has_middle(old, start):
            shortened = await condenser.latest_cut()
        elif reason == "window":
            shortened = await condenser.without_outputs(start, before)
        if shortened is None:
            shortened = await condenser.summed_up(start, before, focus, tell)
        after = await self._tokens(backend, shortened.messages)
        self._answers = 0
        if after >= before * (9 if reason == "asked" else 10) // 10:
            return None
        done = Compacted(
            before,
            after,
            shortened.kind,
            after - await self._unchanged(backend, old, shortened.messages),
            shortened.usage,
            shortened.saved_to,
            shortened.answers,
        )
        self._replaced(shortened.messages)
        self._conversation.replace(shortened.messages)
        self._warned, self._measured = False, None
        tell(done)
        return done

    def _count_crowding(self, plan: WindowPlan) -> None:
        self._crowded = self._crowded + 1 if self._answers < _CROWDED else 0
        if self._crowded >= _CROWDED:
            raise Stop(
                Outcome.FAILED,
                f"Stopped: the window of {plan.window:,} tokens is too small for this task. The conversation "
                f"was shortened {self._crowded} times with hardly an answer between. Use a larger window, or "
                "ask for smaller steps.",
            )

    async def _unchanged(self, backend: ModelBackend, old: Sequence[Message], new: Sequence[Message]) -> int:
        """Tokens of the beginning that both have."""
        same = 0
        for ours, theirs in zip(old, new, strict=False):
            if ours != theirs:
                break
            same += 1
        return await self._tokens(backend, new[:same])


def _has_middle(messages: Sequence[Message], start: int) -> bool:
    """Whether anything but an earlier summary stands between the first message and `start`."""
    return start > 2 or (start == 2 and not messages[1].by_harness)
