"""Gradients of several batches at once: on a processor a thread for each, which wait for nobody meanwhile."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import torch
import torch.nn.functional as F
from torch import Tensor

from mini_model.batches import Batch
from mini_model.network import Network, keep_names

_FLAGS = (0.15, 0.15, 0.4)
"""Weights of telling what is wrong, of which there are a few a row, besides the mean over tokens."""


class Gradients:
    """Leaves the mean gradient of batches in the parameters of `network`."""

    def __init__(self, network: Network, at_once: int, device: str, half: bool) -> None:
        """`half`: multiply in bfloat16."""
        self.device = device
        self.half = half
        self._replicas = [network, *(_replica(network) for _ in range(at_once - 1))]
        self._free: SimpleQueue[Network] = SimpleQueue()
        for replica in self._replicas:
            self._free.put(replica)
        self._threads = ThreadPoolExecutor(at_once, initializer=_alone)

    def of(self, batches: Sequence[Batch]) -> float:
        """The gradient; returns the loss of what the model says itself, NaN where it says nothing."""
        for replica in self._replicas:
            replica.zero_grad(set_to_none=True)
        losses = list(self._threads.map(self._by_any, sorted(batches, key=_work, reverse=True)))
        main, *others = (list(replica.parameters()) for replica in self._replicas)
        for parameters in zip(main, *others, strict=True):
            gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
            if gradients:  # none of what is frozen
                parameters[0].grad = torch.stack(gradients).sum(0).div_(len(batches))
        keep_names(self._replicas[0])
        said = [loss for loss in losses if not math.isnan(loss)]
        return sum(said) / len(said) if said else math.nan

    def _by_any(self, batch: Batch) -> float:
        """Leave the work to the replica that is free, for batches take unequal times."""
        network = self._free.get()
        try:
            return self._one(network, batch)
        finally:
            self._free.put(network)

    def _one(self, network: Network, batch: Batch) -> float:
        ids, weights = batch.ids.to(self.device), batch.weights.to(self.device)[:, 1:].reshape(-1)
        kept = weights > 0
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            flagged: list[Tensor] = []
            hidden = network(ids, flagged)[:, :-1].reshape(-1, network.shape.width)[kept]
            logits = hidden @ network.embedding.weight.T
        losses = F.cross_entropy(logits.float(), ids[:, 1:].reshape(-1)[kept], reduction="none")
        loss = (losses * weights[kept]).sum() / weights[kept].sum()
        for weight, flags in zip(_FLAGS, flagged, strict=True):
            loss = loss + weight * surprise(flags.float(), batch.wrong.to(self.device))
        loss.backward()
        said = weights[kept] > 0.99
        return float(losses.detach()[said].mean()) if bool(said.any()) else math.nan


def surprise(flags: Tensor, wrong: Tensor) -> Tensor:
    """How far the flags are from standing at what is wrong, and nowhere else: the sum over errors, the mean
    over rows with one."""
    rows = (wrong > 0).any(1)
    if not bool(rows.any()):
        return flags.sum() * 0
    flags, wrong = flags[rows], wrong[rows]
    told = torch.log_softmax(flags.masked_fill(wrong == -math.inf, -math.inf), 1)
    is_wrong = wrong > 0
    return -told.masked_fill(~is_wrong, 0).sum(1).mean()


def _replica(network: Network) -> Network:
    """Another network with the same parameters in memory, and gradients of its own."""
    replica = copy.deepcopy(network)
    for own, shared in zip(replica.parameters(), network.parameters(), strict=True):
        own.data = shared.data
    return replica


def _work(batch: Batch) -> int:
    """About what it takes, in which attention counts as much as the rest at some thousands of tokens. What
    takes longest comes first, so that all end at about the same time."""
    rows, length = batch.ids.shape
    return rows * length * (length + 3000)


def _alone() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
