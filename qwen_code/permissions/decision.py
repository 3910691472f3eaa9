"""The gate's vocabulary: modes, verdicts, and what a person is asked and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from qwen_code.messages import ToolCall
from qwen_code.tool import Access, Block, Draft

Verdict: TypeAlias = Literal["allow", "ask", "deny"]


class Mode(StrEnum):
    """How much runs without a question."""

    PLAN = "plan"
    """Reads only; everything else is denied."""
    DEFAULT = "default"
    """Reads and read-only commands run, the rest is asked."""
    AUTO_EDIT = "auto-edit"
    """As default, and writes inside the workspace run."""
    AUTO = "auto"
    """What the sandbox confines runs; the rest is asked."""
    YOLO = "yolo"
    """No questions; deny rules and the circuit breaker stay."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says of one call."""

    verdict: Verdict
    reason: str
    """For people, e.g. `writes outside the workspace: /etc/hosts`."""
    rule: str = ""
    """The rule that decided, as written; empty when the mode did."""
    suggestions: tuple[str, ...] = ()
    """For `ask`: the narrowest allow rules that would have let exactly this pass."""
    commands: tuple[str, ...] = ()
    """For `run` accesses: the simple commands found, as text."""


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a person is asked."""

    call: ToolCall
    title: str
    decision: Decision
    preview: Block | None
    accesses: Sequence[Access]
    draft: Draft | None = None
    """What of the call the person may rewrite."""


AnswerKind: TypeAlias = Literal["once", "session", "always", "edited", "no"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person said. `session` and `always` carry the rules to remember, as shown to the person."""

    kind: AnswerKind
    note: str = ""
    """With `no`: a sentence for the model."""
    text: str = ""
    """With `edited`: what the person made of the draft; it runs once."""
    rules: tuple[str, ...] = ()
    unattended: bool = False
    """With `no`: nobody was there to ask."""


class Approver(Protocol):
    """Puts an approval request to a person. One-shot runs use `Refuse`."""

    async def approve(self, request: ApprovalRequest) -> Answer: ...


class Refuse:
    """Nobody is there to ask, so the answer is no."""

    async def approve(self, request: ApprovalRequest) -> Answer:
        return Answer("no", unattended=True)
