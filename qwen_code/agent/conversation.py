"""The history and its invariants: it only grows, and every call is answered once, in order.

The one exception is a compaction, which replaces it as a whole and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qwen_code.messages import INTERRUPTED, Message, Prompt, ToolCall, ToolSpec


class Conversation:
    """What has been said so far. `system`, `tools` and `preamble` are fixed for the session's life, so
    that every request has the one before as an exact prefix."""

    def __init__(
        self,
        system: str,
        tools: Sequence[ToolSpec] = (),
        *,
        preamble: str = "",
        messages: Sequence[Message] = (),
    ) -> None:
        self.system = system
        self.tools = tuple(tools)
        self.preamble = preamble
        """What varies between projects (environment, instructions); opens the first user message."""
        self._messages: list[Message] = list(messages)
        self._ids = {call.id for message in messages for call in message.tool_calls}
        self._open: list[ToolCall] = []

    @property
    def messages(self) -> Sequence[Message]:
        return self._messages

    @property
    def open_calls(self) -> Sequence[ToolCall]:
        """Calls of the last answer that have no result yet."""
        return self._open

    def prompt(self, answer_schema: dict[str, Any] | None = None) -> Prompt:
        """The next request. Every call must have its result by now."""
        return self.prompt_of(self._messages, answer_schema)

    def prompt_of(self, messages: Sequence[Message], answer_schema: dict[str, Any] | None = None) -> Prompt:
        """A request with this system prompt and tools, and other messages."""
        assert not self._open, "a request was made while calls were open"
        return Prompt(self.system, self.tools, tuple(messages), answer_schema)

    def add_user(self, text: str, *, by_harness: bool = False) -> None:
        assert not self._open, "a user message came between a call and its result"
        if self.preamble and not self._messages:
            text = f"{self.preamble}\n\n{text}"
        self._messages.append(Message("user", text, by_harness=by_harness))

    def replace(self, messages: Sequence[Message]) -> None:
        """Go on with `messages` instead: the conversation was shortened."""
        assert not self._open, "the conversation was replaced while calls were open"
        self._messages = list(messages)

    def add_answer(self, answer: Message) -> Message:
        """Append the model's answer and open its calls; an answer that says nothing is left out.

        Returns the answer as kept: a call whose id was used before gets a new one (some servers count
        from zero in every answer).
        """
        assert not self._open, "an answer came while calls were open"
        answer = replace(answer, tool_calls=tuple(self._with_fresh_id(call) for call in answer.tool_calls))
        if answer.text or answer.tool_calls:
            self._messages.append(answer)
        self._open = list(answer.tool_calls)
        return answer

    def add_results(self, results: dict[str, str]) -> None:
        """Answer all open calls at once, in their order; those missing from `results` as interrupted."""
        for call in self._open:
            text = results.get(call.id, INTERRUPTED)
            self._messages.append(Message("tool", text, tool_call_id=call.id))
        self._open = []

    def _with_fresh_id(self, call: ToolCall) -> ToolCall:
        name, n = call.id, 2
        while name in self._ids:
            name, n = f"{call.id}-{n}", n + 1
        self._ids.add(name)
        return call if name == call.id else replace(call, id=name)
