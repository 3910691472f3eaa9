"""Asks the model to sum up its conversation, and judges what it answers."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace

from qwen_code.agent.answer import Answer
from qwen_code.agent.executor import Tell
from qwen_code.backends.base import ModelBackend
from qwen_code.backends.token_estimate import estimate_tokens
from qwen_code.chunks import Finish
from qwen_code.errors import BackendError, BackendUnavailable, ContextOverflow
from qwen_code.events import Event, PrefillProgressed, Retried, Waited
from qwen_code.messages import Message, Prompt, Usage

LEAST_SUMMARY = 80
"""Characters; less says nothing that one could go on from."""

TRIES = 2

_AGAIN = (
    "\n\nYour last answer to this was no summary. Tools can't be called now: answer with the summary as "
    "plain text, beginning with `## Task`."
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of asking. `text` is empty when it was nothing that one could go on from."""

    text: str
    usage: Usage
    answers: tuple[str, ...] = ()
    """What was said to each request, as it came."""


async def ask_for_summary(
    backend: ModelBackend, prompt: Prompt, request: str, most: int, tell: Tell
) -> Summary:
    """Ask with `request` behind `prompt`, so that its beginning is what the model has read already.

    An answer that is longer than `most` tokens is cut there; one that calls tools or says nothing is asked
    for once more.

    Raises:
        ContextOverflow: the conversation does not fit with the request.
        BackendUnavailable: the server can't be reached.
    """
    used, answers = Usage(), list[str]()
    for attempt in range(TRIES):
        text = request + (_AGAIN if attempt else "")
        message = Message("user", text, by_harness=True)
        asked = replace(prompt, messages=(*prompt.messages, message))
        try:
            answer = await _answer(backend, asked, most, tell)
        except (ContextOverflow, BackendUnavailable):
            raise
        except BackendError:  # it answered with something odd; the program's own notes will do
            return Summary("", used, tuple(answers))
        used += answer.usage
        said = answer.message.text
        answers.append(said)
        if len(said) >= LEAST_SUMMARY:
            return Summary(_cut(said, most), used, tuple(answers))
    return Summary("", used, tuple(answers))


async def _answer(backend: ModelBackend, prompt: Prompt, most: int, tell: Tell) -> Answer:
    def progress(event: Event) -> None:
        if isinstance(event, (Waited, PrefillProgressed, Retried)):
            tell(event)

    answer, pieces = Answer(), 0
    async with aclosing(backend.stream(prompt)) as chunks:
        async for chunk in chunks:
            answer.take(chunk, progress)
            pieces += 1
            if pieces % 64 == 0 and estimate_tokens("".join(answer.text)) > 2 * most:
                break
            if isinstance(chunk, Finish):
                return answer
    # It would have gone on and on, and nobody tells what it has cost so far.
    written = estimate_tokens("".join(answer.text))
    answer.usage = Usage(await backend.count_tokens(prompt), 0, written)
    return answer


def _cut(text: str, most: int) -> str:
    """`text`, or as much of its beginning as `most` tokens hold, cut between lines."""
    if estimate_tokens(text) <= 1.3 * most:  # the estimate errs high
        return text
    lines = text.split("\n")
    low, high = 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        if estimate_tokens("\n".join(lines[:middle])) <= most:
            low = middle
        else:
            high = middle
    kept = "\n".join(lines[:low]) or text[: 3 * most]
    return f"{kept}\n[the summary was too long; its end is left out]"
