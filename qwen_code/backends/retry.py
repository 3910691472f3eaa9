"""Tries an answer again when its failure may pass, within one bounded total, and never silently."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from qwen_code.backends.attempt import Transient
from qwen_code.chunks import Chunk, Retrying
from qwen_code.errors import BackendUnavailable

GROWTH = 3.0
LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and for how long after the first failure, an answer is tried again."""

    max_tries: int = 4
    total_s: float = 90.0
    """No try begins later than this after the first failure; one that runs is not cut off."""
    first_wait_s: float = 0.5
    """Before the second try; short, since most failures that pass are connections dropped while idle."""

    def wait_s(self, failure: Transient, tried: int, spent_s: float) -> float:
        """Seconds to wait before the next try, after `tried` failed ones.

        Raises:
            QwenCodeError: there is no next try.
        """
        limit = self.max_tries if failure.max_tries is None else min(self.max_tries, failure.max_tries)
        if (failure.counted and tried >= limit) or spent_s >= self.total_s:
            raise failure.verdict or _gave_up(failure, tried, spent_s)
        asked = failure.retry_after_s
        if asked is not None:
            if spent_s + asked > self.total_s:
                raise BackendUnavailable(
                    f"{_sentence(failure)} It asks to wait {_span(asked)}, which is longer than the "
                    f"{_span(self.total_s)} that trying again may take. Try again later.",
                    retry_after_s=asked,
                )
            return asked
        backoff = min(LONGEST_WAIT_S, failure.slower * self.first_wait_s * GROWTH ** max(0, tried - 1))
        # Jitter, so that the many who were refused together do not come back together.
        return min(backoff * random.uniform(0.75, 1.25), max(0.0, self.total_s - spent_s))


async def with_retries(
    attempt: Callable[[], AsyncGenerator[Chunk, None]], policy: RetryPolicy
) -> AsyncGenerator[Chunk, None]:
    """The chunks of the first attempt that succeeds, with a Retrying before each new one.

    Raises:
        BackendUnavailable: the last attempt failed as well, or the server asks for too long a wait.
        QwenCodeError: what an attempt raises that no retry can help.
    """
    tried = 0
    first_failure = 0.0
    while True:
        try:
            async with aclosing(attempt()) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        except Transient as failure:
            tried += failure.counted
            first_failure = first_failure or time.monotonic()
            wait = policy.wait_s(failure, tried, time.monotonic() - first_failure)
            reason = str(failure)
        yield Retrying(max(1, tried), reason, wait)
        await asyncio.sleep(wait)


def _gave_up(failure: Transient, tried: int, spent_s: float) -> BackendUnavailable:
    tries = f" Gave up after {tried} tries within {_span(spent_s)}." if tried > 1 else ""
    return BackendUnavailable(
        f"{_sentence(failure)}{tries} Try again later.", retry_after_s=failure.retry_after_s
    )


def _sentence(failure: Transient) -> str:
    text = str(failure)
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in '.?!' else '.'}"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"
