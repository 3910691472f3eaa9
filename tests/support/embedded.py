"""The program with a model in its own process, as a user runs it, and what its requests evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.support.program import Finished, Program

MOST_TOKENS = 100
SLACK = 8
"""Tokens around an answer that a turn may drop: its opening, and its closing."""


@dataclass(frozen=True)
class Request:
    """One request to the model, in tokens."""

    prompt: int
    cached: int
    drawn: int

    @property
    def evaluated(self) -> int:
        return self.prompt - self.cached

    @property
    def held(self) -> int:
        """What must be in memory afterwards; of an answer that was cut off the conversation may drop all."""
        return self.prompt - SLACK if self.drawn >= MOST_TOKENS else self.prompt + self.drawn - 1


def embedded(directory: Path, model: Path, **environment: str) -> Program:
    """The program with `model`, one thread, a short prompt and short answers."""
    sampling = "QWEN_CODE_MODEL_GENERATION_CONFIG_SAMPLING_PARAMS"
    given = {
        "OPENAI_MODEL": str(model),
        f"{sampling}_MAX_TOKENS": str(MOST_TOKENS),
        "QWEN_CODE_LOCAL_THREADS": "1",
        "QWEN_CODE_AGENT_PROFILE": "lean",
        **environment,
    }
    return Program(directory, environment=given)


def one_shot(program: Program, prompt: str, *arguments: str, requests: int = 3) -> Finished:
    """A run in which everything is permitted, of at most so many requests."""
    limit = ("--max-session-turns", str(requests), "--no-sandbox", "-o", "json")
    ran = program.ask(*limit, *arguments, prompt=prompt, timeout=180)
    assert ran.code in (0, 1, 53), ran.err
    return ran


def requests_of(ran: Finished) -> list[Request]:
    """The requests of a run, in order."""
    return [_request(message["usage"]) for message in _first_messages(ran.json())]


def assert_nothing_twice(requests: Sequence[Request]) -> None:
    """Each request found all of the one before in memory."""
    assert len(requests) > 1
    for before, after in pairwise(requests):
        assert after.cached >= before.held, requests


def _first_messages(events: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The first message of each answer: an answer has several, one a block."""
    for event in events:
        if event["type"] == "assistant" and event["message"]["id"].endswith("_0"):
            yield event["message"]


def _request(usage: Mapping[str, int]) -> Request:
    return Request(usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"])
