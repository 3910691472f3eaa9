"""Feeds training: a process of its own makes examples, here they become batches of about the same size."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any, TypeAlias

import torch
from torch import Tensor

from mini_model.corpus import Example, examples
from mini_model.mistakes import read as known_mistakes
from mini_model.tokens import SPECIAL, Tokenizer

LONGEST = 4000
"""Tokens of an example that is trained on."""
_AHEAD = 400
_PATIENCE_S = 300
_SHARPENING = 150
"""Examples during which much of the time goes to copying alone, lest it be forgotten before it is used."""
_GROUP = 128
_CONTEXT_SHARE, _CONTEXT_WEIGHT = 0.3, 0.25
"""Of what the model only reads, a part is learned too, which teaches what code looks like. Not so what stands
there for the first time: new names can't be foreseen, and would drown the rest."""
_DECISION_WEIGHTS = (4.0, 3.0, 2.0)
"""Of the first tokens of an edit's strings: behind them hardly more than one place can be meant, and the rest
is copying and has little to teach."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids, the weight of predicting each, and the number of the first example not yet used."""

    ids: Tensor
    weights: Tensor
    wrong: Tensor
    """Above 0 where what is read is wrong, 0 where it may be, minus infinity where it can't."""
    tokens: int
    position: int


def batches(tokenizer: Tokenizer, position: int, area: int, seed: int) -> Iterator[Batch]:
    """Batches of at most `area` tokens, padding included, from example `position` on."""
    source = _stream(tokenizer, position, seed)
    while True:
        group: list[Example] = []
        while len(group) < _GROUP:
            position, example = next(source)
            if len(example.ids) <= LONGEST:
                group.append(example)
        rng = random.Random(f"{seed}/{position}")
        made = [_padded(part, rng) for part in _cut(sorted(group, key=lambda e: len(e.ids)), area)]
        share = 0.3 if position < _SHARPENING else 0.08
        made += [repeats(tokenizer.size, rng) for _ in range(max(1, round(share * len(made))))]
        rng.shuffle(made)
        for ids, weights, wrong, tokens in made:
            yield Batch(ids, weights, wrong, tokens, position + 1)


def _stream(tokenizer: Tokenizer, position: int, seed: int) -> Iterator[tuple[int, Example]]:
    context = multiprocessing.get_context("spawn")
    queue: Queue[Any] = context.Queue(_AHEAD)
    worker = context.Process(
        target=_produce, args=(tokenizer.json, position, seed, queue, os.getpid()), daemon=True
    )
    worker.start()
    while True:
        try:
            position, example = queue.get(timeout=_PATIENCE_S)
        except Empty:
            what = "is stuck" if worker.is_alive() else "has ended; see above"
            raise RuntimeError(f"the process that makes examples {what}, after number {position}") from None
        yield position, example


def _produce(trained: str, position: int, seed: int, queue: Queue[Any], parent: int) -> None:
    os.nice(3)
    for item in examples(Tokenizer(trained), position, 1, seed, known_mistakes()):
        queue.put(item)
        if os.getppid() != parent:
            return


def _cut(group: list[Example], area: int) -> Iterator[list[Example]]:
    part: list[Example] = []
    for example in group:
        if part and (len(part) + 1) * len(example.ids) > area:
            yield part
            part = []
        part.append(example)
    yield part


_Made: TypeAlias = tuple[Tensor, Tensor, Tensor, int]
"""The fields of a batch, without the position."""


def _padded(part: list[Example], rng: random.Random) -> _Made:
    length = max(len(example.ids) for example in part)
    ids = torch.zeros(len(part), length, dtype=torch.long)
    weights = torch.zeros(len(part), length)
    wrong = torch.full((len(part), length), -math.inf)
    for row, example in enumerate(part):
        read = ~torch.tensor(example.said)
        wrong[row, : len(example.ids)][read] = 0.0
        wrong[row, example.wrong] = 1.0
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        weights[row, : len(example.ids)] = torch.tensor(_weights(example, rng))
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


def repeats(vocabulary: int, rng: random.Random, rows: int = 6, length: int = 320) -> _Made:
    """Random tokens of which parts come again: keeps copying sharp for every token."""
    ids = torch.zeros(rows, length, dtype=torch.long)
    weights = torch.zeros(rows, length)
    for row in range(rows):
        phrase = [rng.randrange(len(SPECIAL), vocabulary) for _ in range(rng.randint(20, 140))]
        line, marks = list(phrase), [0.0] * len(phrase)
        while len(line) < length:
            start = rng.randrange(0, len(phrase) - 5)
            part = phrase[start : start + rng.randint(4, 16)]
            between = [rng.randrange(len(SPECIAL), vocabulary) for _ in range(rng.randint(0, 5))]
            line += between + part
            marks += [0.0] * (len(between) + 1) + [0.3] * (len(part) - 1)
        ids[row] = torch.tensor(line[:length])
        weights[row] = torch.tensor(marks[:length])
    return ids, weights, torch.zeros(rows, length), rows * length
