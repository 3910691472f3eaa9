from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from qwen_code.backends.attempt import Transient
from qwen_code.backends.retry import RetryPolicy, with_retries
from qwen_code.chunks import Chunk, Retrying, TextChunk
from qwen_code.errors import BackendError, BackendUnavailable, EndpointMisconfigured

HASTY = RetryPolicy(max_tries=4, total_s=5.0, first_wait_s=0.001)


def failing(*outcomes: Exception | str) -> tuple[Callable[[], AsyncGenerator[Chunk, None]], list[int]]:
    """An attempt that fails, or answers, as told; and how often it was made."""
    made: list[int] = []

    async def attempt() -> AsyncGenerator[Chunk, None]:
        outcome = outcomes[len(made)]
        made.append(1)
        yield TextChunk("begun ")
        if isinstance(outcome, Exception):
            raise outcome
        yield TextChunk(outcome)

    return attempt, made


def run(attempt: Callable[[], AsyncGenerator[Chunk, None]], policy: RetryPolicy = HASTY) -> list[Chunk]:
    async def collect() -> list[Chunk]:
        return [chunk async for chunk in with_retries(attempt, policy)]

    return asyncio.run(collect())


def test_a_failure_that_passes_is_told_and_tried_again() -> None:
    attempt, made = failing(Transient("no luck"), Transient("again none"), "done")
    chunks = run(attempt)
    assert [(c.attempt, c.reason) for c in chunks if isinstance(c, Retrying)] == [
        (1, "no luck"),
        (2, "again none"),
    ]
    assert chunks[-1] == TextChunk("done")
    assert len(made) == 3


def test_the_last_failure_ends_it_with_what_happened_and_how_often() -> None:
    attempt, made = failing(*[Transient("the server is down")] * 4)
    with pytest.raises(BackendUnavailable, match=r"The server is down\. Gave up after 4 tries"):
        run(attempt)
    assert len(made) == 4


def test_what_no_retry_can_help_is_not_tried_again() -> None:
    attempt, made = failing(BackendError("bad request"), "never")
    with pytest.raises(BackendError, match="bad request"):
        run(attempt)
    assert len(made) == 1


def test_a_failure_may_allow_fewer_tries_and_have_its_own_verdict() -> None:
    verdict = EndpointMisconfigured("wrong URL")
    attempt, made = failing(*[Transient("a web page", max_tries=2, verdict=verdict)] * 4)
    with pytest.raises(EndpointMisconfigured, match="wrong URL"):
        run(attempt)
    assert len(made) == 2


def test_the_wait_that_the_server_asks_for_is_kept() -> None:
    attempt, _ = failing(Transient("slow down", retry_after_s=0.02), "done")
    (retrying,) = [c for c in run(attempt) if isinstance(c, Retrying)]
    assert retrying.wait_s == 0.02


def test_a_wait_beyond_the_total_ends_it_at_once_and_says_so() -> None:
    attempt, made = failing(Transient("slow down", retry_after_s=3600), "done")
    with pytest.raises(BackendUnavailable, match=r"asks to wait 60 min, .* longer than the 5 s") as caught:
        run(attempt)
    assert caught.value.retry_after_s == 3600
    assert len(made) == 1


def test_no_try_begins_once_the_total_is_spent() -> None:
    attempt, made = failing(*[Transient("down", retry_after_s=0.06)] * 9)
    with pytest.raises(BackendUnavailable):
        run(attempt, RetryPolicy(max_tries=9, total_s=0.1))
    assert len(made) <= 3


def test_a_server_that_is_starting_up_is_bounded_by_time_alone() -> None:
    attempt, made = failing(*[Transient("loading", retry_after_s=0.001, counted=False)] * 7, "done")
    assert run(attempt)[-1] == TextChunk("done")
    assert len(made) == 8


def test_no_total_means_no_retry() -> None:
    attempt, made = failing(Transient("down"), "done")
    with pytest.raises(BackendUnavailable):
        run(attempt, RetryPolicy(total_s=0.0))
    assert len(made) == 1


def test_a_rate_limit_is_given_more_time() -> None:
    policy = RetryPolicy(first_wait_s=1.0, total_s=1000)
    assert all(3 <= policy.wait_s(Transient("x", slower=4.0), 1, 0.0) <= 5 for _ in range(20))


def test_waits_grow_and_differ_between_clients() -> None:
    policy = RetryPolicy(first_wait_s=1.0, total_s=1000)
    firsts = {policy.wait_s(Transient("x"), 1, 0.0) for _ in range(20)}
    assert len(firsts) > 1
    assert all(0.75 <= wait <= 1.25 for wait in firsts)
    assert all(2.25 <= policy.wait_s(Transient("x"), 2, 0.0) <= 3.75 for _ in range(20))
