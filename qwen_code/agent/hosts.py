"""Decides about the hosts that commands connect to: by rules, and else by asking a person while they wait."""

from __future__ import annotations

from collections.abc import Callable

from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import Answer, ApprovalRequest, Approver
from qwen_code.permissions.gate import Gate
from qwen_code.tool import Access

CALL_ID = "network"


class HostQuestions:
    """Implements `qwen_code.sandbox.base.HostJudge`."""

    def __init__(self, gate: Gate, approver: Approver, remember: Callable[[Answer], None]) -> None:
        self._gate = gate
        self._approver = approver
        self._remember = remember

    async def __call__(self, host: str, port: int, named: bool) -> str:
        decision = self._gate.decide_host(host, named=named)
        if decision.verdict == "allow":
            return ""
        if decision.verdict == "deny":
            return decision.reason
        call = ToolCall(CALL_ID, "network", {"host": host, "port": port})
        accesses = (Access("net", f"{host}:{port}"),)
        answer = await self._approver.approve(
            ApprovalRequest(call, f"{host}:{port}", decision, None, accesses)
        )
        if answer.kind == "no":
            return _refusal(host, answer, named)
        if answer.kind != "once":
            self._remember(answer)
        return ""


def _refusal(host: str, answer: Answer, named: bool) -> str:
    if answer.unattended:
        return f"{host} is asked for by a rule" if named else f"{host} is not among the allowed names"
    return f"the user refused {host}" + (f" and said: {answer.note}" if answer.note else "")
