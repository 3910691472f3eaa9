"""The model: Qwen3's dense architecture, small, with induction heads built in by hand.

A transformer learns to copy only after it has formed a pair of heads of which one looks at the token before
and the other finds where that token came up earlier ("In-context Learning and Induction Heads", Olsson et
al., 2022). From a plain initialisation that takes many millions of tokens. `construct` writes such a pair
into the first layers, so training begins with a model that can copy, and only has to learn what.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mini_model.attention import CausalAttention


@dataclass(frozen=True, slots=True)
class Shape:
    vocabulary: int = 4096
    width: int = 256
    layers: int = 10
    heads: int = 4
    kv_heads: int = 2
    head_size: int = 64
    hidden: int = 640
    rope_base: float = 1e7
    context: int = 8192

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


class Norm(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), 1e-6)


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = s = shape
        self.attention_norm, self.hidden_norm = Norm(s.width), Norm(s.width)
        self.q = nn.Linear(s.width, s.heads * s.head_size, bias=False)
        self.k = nn.Linear(s.width, s.kv_heads * s.head_size, bias=False)
        self.v = nn.Linear(s.width, s.kv_heads * s.head_size, bias=False)
        self.o = nn.Linear(s.heads * s.head_size, s.width, bias=False)
        self.q_norm, self.k_norm = Norm(s.head_size), Norm(s.head_size)
        self.gate = nn.Linear(s.width, s.hidden, bias=False)
        self.up = nn.Linear(s.width, s.hidden, bias=False)
        self.down = nn.Linear(s.hidden, s.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        s = self.shape
        batch, length, _ = x.shape
        h = self.attention_norm(x)
        q = self.q_norm(self.q(h).view(batch, length, s.heads, s.head_size)).transpose(1, 2)
        k = self.k_norm(self.k(h).view(batch, length, s.kv_heads, s.head_size)).transpose(1, 2)
        v = self.v(h).view(batch, length, s.kv_heads, s.head_size).transpose(1, 2)
        q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
        y = _attention(q, k, v.to(q.dtype))
        x = x + self.o(y.transpose(1, 2).reshape(batch, length, -1))
        h = self.hidden_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


def _attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    if q.device.type == "cpu":
        return CausalAttention.apply(q, k, v)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)


POINTING = 5
"""The block with a head that looks at what is to be mended, once `pointing` has written it."""
_TELLING = (POINTING - 1, POINTING - 2)
"""Blocks after which that is told already; those above fetch it."""
_ROOM = 48
_OWN = 1 + 2 * _ROOM
NAMED = slice(_OWN, _OWN + 64)
"""The part of a state that says which token it is of: blocks below that one leave it as it is."""


def _rotate(z: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = z.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


class Network(nn.Module):
    """Token ids -> hidden states; `embedding` is also the output matrix."""

    def __init__(self, shape: Shape, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width)
        self.flags = nn.Linear(shape.width, len(_TELLING) + 1, bias=False)
        inverse = shape.rope_base ** (-torch.arange(0, shape.head_size, 2).float() / shape.head_size)
        angles = torch.outer(torch.arange(shape.context).float(), inverse)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if name.startswith("flags"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                inward = name.endswith(("o.weight", "down.weight"))
                nn.init.normal_(parameter, 0, 0.02 / math.sqrt(2 * shape.layers) if inward else 0.02)
        construct(self)

    def forward(self, ids: Tensor, flagged: list[Tensor] | None = None) -> Tensor:
        """`flagged`: gets how much each token looks like what is to be mended (batch, length), three times.

        The last is told from the state that words are told from, and is part of the model: a token that is
        never said. Learning the others teaches the layers below to tell what is wrong where it stands, and
        those above need only look there. Their signal comes from every token that is read, where that of an
        edit comes from one.
        """
        length = ids.shape[1]
        x = self.embedding(ids)
        dtype = torch.bfloat16 if torch.is_autocast_enabled(ids.device.type) else x.dtype
        cos, sin = self.cos[:length].to(dtype), self.sin[:length].to(dtype)
        for number, block in enumerate(self.blocks):
            x = block(x, cos, sin)
            if flagged is not None and number in _TELLING:
                flagged.append(F.rms_norm(x, (x.shape[-1],)) @ self.flags.weight[_TELLING.index(number)])
        x = self.norm(x)
        if flagged is not None:
            flagged.append(x @ self.flags.weight[-1])
        return x


def keep_names(network: Network) -> None:
    """Drop gradients that would write over what tokens are named by, unless a model has learned to do so."""
    for weight in _below_pointing(network):
        if weight.grad is not None and not bool(weight[NAMED].any()):
            weight.grad[NAMED] = 0


def _below_pointing(network: Network) -> list[nn.Parameter]:
    return [part.weight for block in network.blocks[:POINTING] for part in (block.o, block.down)]


def grow(network: Network, state: Mapping[str, Tensor]) -> None:
    """Take over a network of fewer blocks; those that come on top change nothing until they have learned."""
    network.load_state_dict(state, strict=False)
    with torch.no_grad():
        for number, block in enumerate(network.blocks):
            if f"blocks.{number}.o.weight" not in state:
                block.o.weight.zero_()
                block.down.weight.zero_()


def construct(network: Network) -> None:
    """Write two looking-back heads into layer 0 and an induction head into layer 1.

    Dimension 0 of the embedding is a constant; then come room for the token before and for the one before
    that, which the first layer's heads fill in, and the token itself, of which a part is never written over.
    The induction head looks for a place behind a token like the one at hand, the more so where the token
    before fits too, and says what stands there.
    """
    shape = network.shape
    size = shape.head_size
    half, room, own = size // 2, _ROOM, _OWN
    before, before_that = slice(1, 1 + room), slice(1 + room, own)
    random = torch.Generator().manual_seed(1)
    content = shape.width - own
    frequencies = shape.rope_base ** (-torch.arange(0, size, 2).float() / size)
    with torch.no_grad():
        embedding = torch.zeros(shape.vocabulary, shape.width)
        embedding[:, own:] = F.normalize(torch.randn(shape.vocabulary, content, generator=random), dim=1)
        embedding[:, 0] = 0.5
        network.embedding.weight.copy_(embedding)
        for weight in _below_pointing(network):
            weight[NAMED] = 0
        first, second = network.blocks[0], network.blocks[1]
        for part in (first.q, second.q, first.k, second.k, first.v, second.v):
            part.weight[: 2 * size if part in (first.q, second.q) else size] *= 0.02
        for block in (first, second):
            block.o.weight[:, : 2 * size] *= 0.02
        # Fast rotations, a phase apart: the score of the constant with itself peaks one or two tokens back.
        first.q_norm.weight.fill_(2.2)
        first.k_norm.weight.fill_(2.2)
        for i in range(6):
            for head in (0, 1):
                phase = -frequencies[i] * (head + 1)
                first.q.weight[head * size + i, 0] += torch.cos(phase)
                first.q.weight[head * size + i + half, 0] += torch.sin(phase)
            first.k.weight[i, 0] += 1.0
        seen = torch.randn(room, content, generator=random) / 14.3
        first.v.weight[:room, own:] = seen
        first.o.weight[before, :room] += torch.eye(room) * 0.1
        first.o.weight[before_that, size : size + room] += torch.eye(room) * 0.1
        # Slow rotations only, so that distance does not matter.
        second.q_norm.weight.fill_(2.0)
        second.k_norm.weight.fill_(2.0)
        slow = [*range(14, half), *range(14 + half, size)]
        one, two = slow[:_ONE], slow[_ONE:]
        for at, dimension in enumerate(one):
            second.q.weight[dimension, own:] = seen[at]
            second.k.weight[dimension, before.start + at] = 1.0
        for at, dimension in enumerate(two):
            second.q.weight[dimension, before.start + at] = _SECOND
            second.k.weight[dimension, before_that.start + at] = 1.0
        said = slice(NAMED.stop, None)
        basis = torch.linalg.qr(torch.randn(shape.width - NAMED.stop, size, generator=random))[0].T
        second.v.weight[:size] = 0
        second.v.weight[:size, said] = basis
        second.o.weight[said, :size] += basis.T * 0.8


_ONE, _SECOND = 20, 0.6
"""Dimensions that compare the token at hand, out of 36, and the weight of the rest, for the one before."""
