"""Keeps account of one turn, and says in the end what exactly happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qwen_code.agent.answer import Answer
from qwen_code.agent.executor import Tell
from qwen_code.agent.limits import Budget
from qwen_code.chunks import BadCall
from qwen_code.events import (
    CorrectionReason,
    Denial,
    Event,
    Outcome,
    ToolFinished,
    TurnEnded,
    Verification,
    VerificationFinished,
)
from qwen_code.messages import Message, ToolCall, Usage

NOT_DONE = "Not done:"
"""How a model's last answer begins when it could not do what was asked; such a run is no success."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why an answer without calls can't be taken as the end."""

    reason: CorrectionReason
    text: str
    """What the model is told."""
    gave_up: str
    """What the user is told when the model does not mend it."""


@dataclass(slots=True)
class TurnReport:
    """The account of one turn."""

    budget: Budget
    text: str = ""
    model_s: float = 0.0
    files_changed: dict[str, None] = field(default_factory=dict[str, None])
    denials: list[Denial] = field(default_factory=list[Denial])
    """Refused calls, less those that were made again and ran."""
    verification: Verification | None = None
    structured: Any = None
    """The answer as JSON, where a schema was given."""

    def answered(self, message: Message, usage: Usage, seconds: float) -> None:
        self.text = message.text or self.text
        self.budget.usage += usage
        self.model_s += seconds

    def watching(self, tell: Tell, results: dict[str, str]) -> Tell:
        """A `tell` that takes each result into the account and into `results` (for the model) as it comes."""

        def watch(event: Event) -> None:
            if isinstance(event, ToolFinished):
                results[event.call.id] = event.for_model
                self._ran(event)
            tell(event)

        return watch

    def _ran(self, finished: ToolFinished) -> None:
        self.budget.tool_calls += 1
        self.files_changed.update(dict.fromkeys(finished.files_changed))
        if finished.denial is not None:
            self.denials.append(finished.denial)
        elif finished.ok:
            self.denials = [d for d in self.denials if not _same(d.call, finished.call)]

    def verified(self, finished: VerificationFinished) -> None:
        self.verification = Verification(finished.command, finished.passed)

    def complaint(self, answer: Answer) -> Complaint | None:
        """What is wrong with an answer that holds no call, None when it may be the last one."""
        if answer.lost_calls:
            return _lost(answer.lost_calls[0], "Nothing was run.")
        if answer.reason == "length":
            return Complaint(
                "truncated",
                "Your answer was cut off by the output limit. Go on from where it stopped, in smaller steps.",
                "The model did not finish: its answers were cut off by the output limit. "
                "Raise model.generationConfig.samplingParams.max_tokens.",
            )
        if answer.reason in ("content_filter", "error"):
            return Complaint(
                "empty",
                "Your answer was cut off by the server. Go on with the task.",
                f"The model did not finish: the server ended its answer ({answer.reason}).",
            )
        if not answer.message.text:
            return Complaint(
                "empty",
                "Your last answer was empty. Go on with the task, or say what you found.",
                "The model stopped without finishing: its answers were empty.",
            )
        return None

    @property
    def gave_up(self) -> bool:
        """Whether the model itself says that the work is not done."""
        return self.text.lstrip().startswith(NOT_DONE)

    def lost_beside_others(self, answer: Answer) -> Complaint | None:
        """What to say of a call that could not be used in an answer whose other calls ran."""
        return _lost(answer.lost_calls[0], "Only the other calls ran.") if answer.lost_calls else None

    def finished(self) -> TurnEnded:
        """The model said its last word and nothing is left to verify."""
        passed = self.verification is not None and self.verification.passed
        refused = [d for d in self.denials if not (d.by_person or d.by_sandbox)]
        if refused and not passed:
            return self.ended(Outcome.DENIED, _denied(refused))
        if self.gave_up and not passed:
            return self.ended(Outcome.UNFINISHED, "The model says that the work is not done.")
        return self.ended(Outcome.DONE)

    def ended(self, outcome: Outcome, detail: str = "") -> TurnEnded:
        failing = self.verification is not None and not self.verification.passed
        if failing and outcome in (Outcome.TURN_LIMIT, Outcome.BUDGET, Outcome.UNFINISHED, Outcome.LOOP):
            assert self.verification is not None
            detail = f"`{self.verification.command}` still fails. {detail}"
            outcome = Outcome.VERIFICATION_FAILED
        return TurnEnded(
            outcome,
            text=self.text,
            detail=detail,
            usage=self.budget.usage,
            steps=self.budget.steps,
            tool_calls=self.budget.tool_calls,
            duration_s=round(self.budget.elapsed_s, 3),
            model_s=round(self.model_s, 3),
            files_changed=tuple(self.files_changed),
            denials=tuple(self.denials),
            verification=self.verification,
            structured=self.structured,
        )


def _lost(lost: BadCall, meanwhile: str) -> Complaint:
    cut = lost.kind == "truncated"
    how = "with less text in it" if cut else "in the right form"
    return Complaint(
        "truncated" if cut else "malformed",
        f"{lost.message} {meanwhile} Make the call again, {how}.",
        f"The model did not finish: its tool calls stayed unusable ({lost.message})",
    )


def _same(one: ToolCall, other: ToolCall) -> bool:
    return (one.name, one.arguments) == (other.name, other.arguments)


def _denied(denials: list[Denial]) -> str:
    lines = [f"{d.call.name}: {d.reason}" + (f" (allow with {d.rule})" if d.rule else "") for d in denials]
    return "Not everything was permitted: " + "; ".join(dict.fromkeys(lines)) + "."
