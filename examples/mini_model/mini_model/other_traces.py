"""Conversations without a repair: greetings, what it can't do, runs that end early, what follows the end."""

from __future__ import annotations

import random

from mini_model.chat import GREETINGS, REQUESTS, UNRELATED
from mini_model.names import noun
from mini_model.trace import RUN, Trace

NOTHING_TO_DO = "All tests pass already; I changed nothing."
NO_TESTS = "Not done: pytest finds no tests here."
NO_PYTEST = "Not done: pytest does not run here."
UNREADABLE = "Not done: the tests can't be loaded, and that is more than I can repair."
WHAT_I_AM = (
    "I am a tiny demonstration model: all I can do is repair a one-line bug in Python code "
    "that a pytest test shows."
)
UNABLE = f"Not done: {WHAT_I_AM[0].lower()}{WHAT_I_AM[1:]}".replace("Not done: i am", "Not done: I am")
CHECK_FAILS = "Not done: the check fails, and I found nothing that I can repair."


def chat_trace(rng: random.Random) -> Trace:
    """A greeting or a request that the model can't do."""
    trace = Trace(family="chat")
    if rng.random() < 0.4:
        trace.user(rng.choice(GREETINGS))
        trace.answer(text=WHAT_I_AM)
    else:
        trace.user(UNRELATED(rng))
        trace.answer(text=UNABLE)
    return trace


def short_trace(rng: random.Random) -> Trace:
    """A run that ends after the first look at the tests."""
    from mini_model.odd_output import no_pytest, no_tests, unreadable

    trace = Trace(family="ends early")
    trace.user(rng.choice(REQUESTS))
    trace.answer(RUN)
    kind = rng.random()
    if kind < 0.4:
        count = rng.randint(1, 30)
        trace.results(f"{'.' * count:<72} [100%]\n{count} passed in {rng.randint(1, 9) / 100:.2f}s")
        trace.answer(text=NOTHING_TO_DO)
    elif kind < 0.55:
        trace.results(no_tests(rng))
        trace.answer(text=NO_TESTS)
    elif kind < 0.7:
        trace.results(no_pytest(rng))
        trace.answer(text=NO_PYTEST)
    else:
        trace.results(unreadable(rng))
        trace.answer(text=UNREADABLE)
    return trace


def go_on(trace: Trace, rng: random.Random) -> None:
    """Append what may come after the last answer: thanks, the same request again, or a check that fails."""
    kind = rng.random()
    if kind < 0.4:
        command = rng.choice(
            (
                "python -m pytest -q",
                "pytest",
                "make test",
                "python -m pytest",
                "tox",
                "pytest -q",
                f"python {noun(rng)}.py",
                "ruff check .",
            )
        )
        output = rng.choice(
            (
                f"{rng.randint(1, 9)} failed, {rng.randint(1, 9)} passed in 0.{rng.randint(10, 99)}s",
                f"make: *** [{noun(rng)}] Error 1",
                f"{noun(rng)}.py:{rng.randint(1, 99)}: {noun(rng)}",
                "no tests ran in 0.01s",
            )
        )
        trace.user(
            f"Verification failed: `{command}` does not succeed yet. Its output:\n\n{output}\n\n"
            "Find the cause, repair it, and finish only when this command passes."
        )
        trace.answer(text=CHECK_FAILS)
    elif kind < 0.7:
        trace.user(rng.choice(GREETINGS))
        trace.answer(text=WHAT_I_AM)
    else:
        trace.user(rng.choice(REQUESTS))
        trace.answer(RUN)
        count = rng.randint(1, 30)
        trace.results(f"{'.' * count:<72} [100%]\n{count} passed in {rng.randint(1, 9) / 100:.2f}s")
        trace.answer(text=NOTHING_TO_DO)
