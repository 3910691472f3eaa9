"""Causal attention for a processor: blocks of rows, each over what stands before it, forth and back.

Torch's own takes twice as long there at a few hundred tokens; and where the blocks are left to autograd, half
of the time goes to masks of what needs none, and to gradients that are padded to be added.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

_ROWS = 192
"""Tokens that attend at a time."""


class CausalAttention(torch.autograd.Function):
    """Queries (batch, heads, length, size) over keys and values, of which several heads may share one."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        batch, heads, length, size = q.shape
        shared = heads // k.shape[1]
        # The heads that share a key become rows of one product.
        q = (q * (1 / math.sqrt(size))).view(-1, shared, length, size)
        k, v = k.reshape(-1, length, size), v.reshape(-1, length, size)
        out, weights = torch.empty_like(q), list[Tensor]()
        for start in range(0, length, _ROWS):
            end = min(start + _ROWS, length)
            scores = q[:, :, start:end].reshape(len(q), -1, size) @ k[:, :end].transpose(1, 2)
            scores.view(len(q), shared, end - start, end)[..., start:] += _later(end - start, q.dtype)
            weights.append(torch.softmax(scores, -1))
            out[:, :, start:end] = (weights[-1] @ v[:, :end]).view(len(q), shared, -1, size)
        ctx.save_for_backward(q, k, v, *weights)
        return out.view(batch, heads, length, size)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v, *weights = ctx.saved_tensors
        _, shared, length, size = q.shape
        batch, heads = gradients[0].shape[:2]
        of_out = gradients[0].reshape(q.shape)
        of_q, of_k, of_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for start, weight in zip(range(0, length, _ROWS), weights, strict=True):
            end = min(start + _ROWS, length)
            rows, came = (z[:, :, start:end].reshape(len(q), -1, size) for z in (q, of_out))
            of_v[:, :end] += weight.transpose(1, 2) @ came
            of_weight = came @ v[:, :end].transpose(1, 2)
            of_scores = torch._softmax_backward_data(of_weight, weight, -1, weight.dtype)
            of_q[:, :, start:end] = (of_scores @ k[:, :end]).view(len(q), shared, -1, size)
            of_k[:, :end] += of_scores.transpose(1, 2) @ rows
        of_q *= 1 / math.sqrt(size)
        own = (batch, -1, length, size)
        return of_q.view(batch, heads, length, size), of_k.view(own), of_v.view(own)


def _later(rows: int, dtype: torch.dtype) -> Tensor:
    """Minus infinity for what stands behind a row, in its own block."""
    return torch.full((rows, rows), -math.inf, dtype=dtype).triu(1)
