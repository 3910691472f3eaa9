"""Feeds training: processes of their own make examples, and batches of about the same size of them."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from mini_model.corpus import Example, numbered
from mini_model.mistakes import Mistake
from mini_model.mistakes import read as known_mistakes
from mini_model.tokens import SPECIAL, Tokenizer

_AHEAD = 4
"""Groups that a process may have ready."""
_PATIENCE = 300
"""Seconds that a group may take."""
_SHARPENING = 150
"""Examples during which much of the time goes to copying alone, lest it be forgotten before it is used."""
_GROUP = 128
_CONTEXT_SHARE, _CONTEXT_WEIGHT = 0.3, 0.25
"""Of what the model only reads, a part is learned too, which teaches what code looks like. Not so what stands
there for the first time: new names can't be foreseen, and would drown the rest."""
_DECISION_WEIGHTS = (4.0, 3.0, 2.0)
"""Of the first tokens of an edit's strings: behind them hardly more than one place can be meant, and the rest
is copying and has little to teach."""


Made: TypeAlias = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], int]
"""Ids, weights, what is wrong (1; 0 where something may be, -1 where nothing can), and how many tokens."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids, the weight of predicting each, and the number of the first example not yet used."""

    ids: Tensor
    weights: Tensor
    wrong: Tensor
    """Above 0 where what is read is wrong, 0 where it may be, minus infinity where it can't."""
    tokens: int
    position: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large batches are to be, in tokens."""

    area: int
    """Of a batch, padding included; one example may have more."""
    longest: int
    """Of an example; those that have more are left out."""


def batches(
    tokenizer: Tokenizer, position: int, sizes: Sizes, seed: int, workers: int = 1
) -> Iterator[Batch]:
    """Batches of the examples from number `position` on.

    Args:
        workers: processes that make examples; the batches are the same however many there are.
    """
    for after, group in _stream(tokenizer, position, sizes, seed, workers):
        for made in group:
            yield as_batch(made, after)


def as_batch(made: Made, position: int = 0) -> Batch:
    """What a worker made, as tensors."""
    ids, weights, wrong, tokens = made
    flags = torch.from_numpy(wrong).float()
    flags = flags.masked_fill(flags < 0, -math.inf)
    return Batch(torch.from_numpy(ids).long(), torch.from_numpy(weights).float(), flags, tokens, position)


def _stream(
    tokenizer: Tokenizer, position: int, sizes: Sizes, seed: int, workers: int
) -> Iterator[tuple[int, list[Made]]]:
    """Groups of batches, each with the number of the first example behind it."""
    context = multiprocessing.get_context("spawn")
    queues: list[Queue[Any]] = [context.Queue(_AHEAD) for _ in range(workers)]
    processes = [
        context.Process(
            target=_produce,
            args=(
                tokenizer.json,
                position + number * _GROUP,
                workers * _GROUP,
                sizes,
                seed,
                queue,
                os.getpid(),
            ),
            daemon=True,
        )
        for number, queue in enumerate(queues)
    ]
    for process in processes:
        process.start()
    while True:
        for process, queue in zip(processes, queues, strict=True):
            position, group = _next(process, queue, position)
            yield position, group


def _next(process: BaseProcess, queue: Queue[Any], position: int) -> tuple[int, list[Made]]:
    for _ in range(_PATIENCE):
        is_alive = process.is_alive()
        try:
            return queue.get(timeout=1)
        except Empty:
            if not is_alive:
                break
    what = "is stuck" if process.is_alive() else "has ended; see above"
    raise RuntimeError(f"a process that makes examples {what}, after number {position}")


def _produce(
    trained: str, start: int, step: int, sizes: Sizes, seed: int, queue: Queue[Any], parent: int
) -> None:
    os.nice(3)
    tokenizer, mistakes = Tokenizer(trained), known_mistakes()
    while os.getppid() == parent:
        queue.put((start + _GROUP, _group(tokenizer, start, sizes, seed, mistakes)))
        start += step


def _group(
    tokenizer: Tokenizer, start: int, sizes: Sizes, seed: int, mistakes: Sequence[Mistake]
) -> list[Made]:
    """Batches of the examples from `start` on, in each those of like length, and some for copying alone."""
    made = list[Example]()
    for number in range(start, start + _GROUP):
        try:
            made.append(numbered(tokenizer, number, seed, mistakes))
        except Exception:  # hours of training do not end with an example that could not be made
            print(f"number {number} is left out:\n{traceback.format_exc()}", flush=True)
    fitting = sorted(
        (each for each in made if len(each.ids) <= sizes.longest), key=lambda each: len(each.ids)
    )
    rng = random.Random(f"{seed}/{start}")
    group = [_padded(part, rng) for part in _cut(fitting, sizes.area)]
    share = 0.3 if start < _SHARPENING else 0.08
    rows = round(6 * sizes.area / 2200)
    group += [repeats(tokenizer.size, rng, rows) for _ in range(max(1, round(share * len(group))))]
    rng.shuffle(group)
    return group


def _cut(group: list[Example], area: int) -> Iterator[list[Example]]:
    part: list[Example] = []
    for example in group:
        if part and (len(part) + 1) * len(example.ids) > area:
            yield part
            part = []
        part.append(example)
    yield part


def _padded(part: list[Example], rng: random.Random) -> Made:
    length = max(len(example.ids) for example in part)
    ids = np.zeros((len(part), length), np.int16)
    weights = np.zeros((len(part), length), np.float16)
    wrong = np.full((len(part), length), -1, np.int8)
    for row, example in enumerate(part):
        size = len(example.ids)
        wrong[row, :size] = np.where(example.said, -1, 0)
        wrong[row, example.wrong] = 1
        ids[row, :size] = example.ids
        weights[row, :size] = _weights(example, rng)
    return ids, weights, wrong, sum(len(example.ids) for example in part)


def _weights(example: Example, rng: random.Random) -> list[float]:
    weights: list[float] = []
    seen = set[int]()
    for token, said in zip(example.ids, example.said, strict=True):
        learned = token in seen and rng.random() < _CONTEXT_SHARE
        weights.append(1.0 if said else _CONTEXT_WEIGHT if learned else 0.0)
        seen.add(token)
    for start in example.decisions:
        for at, weight in enumerate(_DECISION_WEIGHTS, start):
            weights[at] = weight
    return weights


def repeats(vocabulary: int, rng: random.Random, rows: int = 6, length: int = 320) -> Made:
    """Random tokens of which parts come again: keeps copying sharp for every token."""
    ids, weights = np.zeros((rows, length), np.int16), np.zeros((rows, length), np.float16)
    for row in range(rows):
        phrase = [rng.randrange(len(SPECIAL), vocabulary) for _ in range(rng.randint(20, 140))]
        line, marks = list(phrase), [0.0] * len(phrase)
        while len(line) < length:
            start = rng.randrange(0, len(phrase) - 5)
            part = phrase[start : start + rng.randint(4, 16)]
            between = [rng.randrange(len(SPECIAL), vocabulary) for _ in range(rng.randint(0, 5))]
            line += between + part
            marks += [0.0] * (len(between) + 1) + [0.3] * (len(part) - 1)
        ids[row] = line[:length]
        weights[row] = marks[:length]
    return ids, weights, np.zeros((rows, length), np.int8), rows * length
