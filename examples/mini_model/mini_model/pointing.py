"""A head that looks where something is flagged and says what stands there, fitted to a model that can tell.

Telling what is wrong is learned from every token that is read, where an edit begins from one token of each
edit; the second needs the first, and by itself is not learned at all within ten million tokens. What is told
after a block is a direction by then, and so is that an edit begins; a state still names its token: a head is
written that joins them. What the model says elsewhere stays about as likely as it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mini_model.corpus import Example
from mini_model.network import NAMED, POINTING, Network

_SHARPNESS, _LOUDNESS = 1.5, 0.7
"""How much surer than the flags its look is; what it says, against the states that words are told from."""
_CONSTANT = 16.0
"""Of keys: as large as this, their norm leaves the differences between flags as they are."""
_OTHERS = 10
"""How much more it matters that what is not of a kind is not taken for it."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the block reads, normalised, at every token of examples."""

    states: Tensor
    looks: Tensor
    """How much of a look a token gets, of one an example."""
    begins: Tensor
    """Whether it is the first of an example."""
    decides: Tensor
    """Whether an edit begins behind it."""
    length: float
    """Of the states that words are told from, on average."""


@torch.no_grad()
def point_at_flags(network: Network, examples: Sequence[Example]) -> None:
    """Write the head into the first head of a block; the second, which shares its keys, begins anew.

    Where no edit begins it looks at the first token of all, of which it says nothing.
    """
    block, size = network.blocks[POINTING], network.shape.head_size
    seen = _look(network, examples)
    states = seen.states
    decides, begins = (_told(states, kind) for kind in (seen.decides, seen.begins))
    always = _told(states, torch.ones_like(seen.begins))
    flags = network.flags.weight[0]
    flags = flags - (states @ flags).mean() * always
    scale = block.attention_norm.weight
    # Rotations that are so slow that distance does not matter.
    looking, resting, constant = size // 2 - 3, size // 2 - 2, size // 2 - 1
    for part in (block.q, block.k, block.v):
        part.weight[:size] = 0
    block.q.weight[size : 2 * size] *= 0.02
    block.o.weight[:, : 2 * size] = 0
    for norm in (block.q_norm, block.k_norm):
        norm.weight[[looking, resting, constant]] = 2.0
    block.q.weight[looking] = decides / scale
    block.q.weight[resting] = (always - decides) / scale
    block.k.weight[looking] = _SHARPNESS * flags / scale
    block.k.weight[resting] = 4 * _CONSTANT * begins / scale
    block.k.weight[constant] = _CONSTANT * always / scale
    start = F.normalize(states[seen.begins].mean(0), dim=0)
    names = torch.eye(len(start), device=start.device)[NAMED][:size]
    reading = names - torch.outer(names @ start, start)
    said = (states @ reading.T).norm(dim=1) @ seen.looks / seen.looks.sum()
    block.v.weight[:size] = reading / scale
    block.o.weight[:, :size] = names.T * (_LOUDNESS * seen.length / said)


def _look(network: Network, examples: Sequence[Example]) -> _Seen:
    given, device = list[Tensor](), network.embedding.weight.device
    states, looks, marks = list[Tensor](), list[Tensor](), list[Tensor]()
    lengths = list[float]()
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
        for module in (network.blocks[POINTING], network.norm)
    ]
    for example in examples:
        given.clear()
        network(torch.tensor([example.ids], device=device))
        states.append(F.rms_norm(given[0][0], (network.shape.width,)))
        flags = states[-1] @ network.flags.weight[0]
        looks.append(flags.masked_fill(torch.tensor(example.said, device=device), -math.inf).softmax(0))
        lengths.append(float(given[1][0].norm(dim=1).mean()))
        mark = torch.zeros(2, len(example.ids), dtype=torch.bool, device=device)
        mark[0, 0] = True
        mark[1, [at - 1 for at in example.replaced]] = True
        marks.append(mark)
    for hook in hooks:
        hook.remove()
    begins, decides = torch.cat(marks, 1)
    return _Seen(torch.cat(states), torch.cat(looks), begins, decides, sum(lengths) / len(lengths))


def _told(states: Tensor, kind: Tensor) -> Tensor:
    """A direction along which states of a kind are at one, and others at nought."""
    weights = torch.where(kind, 1 / kind.sum(), _OTHERS / max(1, int((~kind).sum())))
    alike = (states * weights[:, None]).T @ states
    return torch.linalg.solve(
        alike + 1e-5 * torch.eye(len(alike), device=states.device), states.T @ (weights * kind)
    )
