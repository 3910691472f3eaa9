"""Trains the model: steady learning rate, checkpoints all the time, and a decay when it is to be finished.

    python -m mini_model.train --minutes 60             # begin, or go on from the last checkpoint
    python -m mini_model.train --minutes 20 --decay     # the last part: the rate goes down to nothing

Minutes of the first kind can be added at any time; the second kind makes `finished.pt` and leaves the
checkpoint as it is.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from mini_model.batches import LONGEST, Batch, batches, repeats
from mini_model.corpus import OPENING, Example, encode, make_trace
from mini_model.export import restore
from mini_model.names import dictionary, nouns
from mini_model.network import Network, Shape
from mini_model.tokens import Tokenizer
from mini_model.tokens import train as train_tokenizer

BUNDLED = Path(__file__).resolve().parents[3] / "qwen_code" / "local" / "mini" / "mini.gguf"
HOME = Path(__file__).resolve().parent.parent / "build"
VOCABULARY = 4096
_HELD_OUT = 10_000_000
"""Examples from this number on are for looking at, never for training."""


@dataclass
class Options:
    minutes: float
    decay: bool
    rate: float
    area: int
    seed: int
    threads: int
    folder: Path
    fresh: bool
    half: bool


class Training:
    """A network, its optimiser, and how far they have come."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(options.threads)
        torch.set_flush_denormal(True)
        options.folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer = tokenizer_in(options.folder, options.seed, fresh=options.fresh)
        self.network = Network(Shape(vocabulary=self.tokenizer.size), options.seed).to(self.device)
        self.optimiser = torch.optim.AdamW(
            _groups(self.network), lr=options.rate, betas=(0.9, 0.98), fused=True
        )
        self.steps = self.tokens = self.position = 0
        self.seconds = 0.0
        self.stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        if not options.fresh:
            self._go_on()
        self.looked_at = [encode(make_trace(_HELD_OUT + n), self.tokenizer) for n in range(60)]
        self.looked_at = [example for example in self.looked_at if len(example.ids) <= LONGEST][:40]

    @property
    def checkpoint(self) -> Path:
        return self.options.folder / "checkpoint.pt"

    def run(self) -> None:
        """Train for the minutes asked for."""
        options, started, saved = self.options, time.monotonic(), time.monotonic()
        first, seconds_before, smooth = self.steps, self.seconds, 0.0
        for batch in batches(self.tokenizer, self.position, options.area, options.seed):
            spent = time.monotonic() - started
            done = spent / (options.minutes * 60)
            if done >= 1 or self.stopping:
                break
            rate = options.rate * min(1.0, (self.steps + 1) / 80, (self.steps - first + 1) / 10)
            if options.decay:
                rate *= max(0.02, 1 - done)
            loss = self.step(batch, rate)
            if not math.isnan(loss):
                smooth = loss if smooth == 0 else 0.97 * smooth + 0.03 * loss
            self.steps += 1
            self.tokens += batch.tokens
            self.position = batch.position
            self.seconds = seconds_before + spent
            if self.steps % 25 == 0:
                self._tell(smooth, rate)
            if self.steps % 200 == 0:
                self._look()
            if time.monotonic() - saved > 120:
                self.save(options.folder / "finishing.pt" if options.decay else self.checkpoint)
                saved = time.monotonic()
        self.save(options.folder / "finished.pt" if options.decay else self.checkpoint)
        self._look()

    def _stop(self, *_: object) -> None:
        """Ctrl+C saves before it ends."""
        self.stopping = True

    def step(self, batch: Batch, rate: float) -> float:
        """One update; the loss of what the model says itself."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        ids, weights = batch.ids.to(self.device), batch.weights.to(self.device)[:, 1:].reshape(-1)
        kept = weights > 0
        with torch.autocast(self.device, torch.bfloat16, enabled=self.options.half):
            hidden = self.network(ids)[:, :-1].reshape(-1, self.network.shape.width)[kept]
            logits = hidden @ self.network.embedding.weight.T
        losses = F.cross_entropy(logits.float(), ids[:, 1:].reshape(-1)[kept], reduction="none")
        loss = (losses * weights[kept]).sum() / weights[kept].sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        said = weights[kept] > 0.99
        return float(losses.detach()[said].mean()) if bool(said.any()) else math.nan

    def save(self, path: Path) -> None:
        """Write a checkpoint; a half-written one never replaces a whole one."""
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "shape": self.network.shape.to_dict(),
            "steps": self.steps,
            "tokens": self.tokens,
            "position": self.position,
            "seconds": self.seconds,
            "tokenizer": self.tokenizer.json,
        }
        unfinished = path.with_suffix(".tmp")
        torch.save(state, unfinished)
        unfinished.replace(path)

    def _go_on(self) -> None:
        """From the last checkpoint, else from the model in the package, else from the beginning."""
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        elif BUNDLED.exists():
            state = restore(BUNDLED)
        else:
            return
        self.network.load_state_dict(state["network"])
        if "optimiser" in state:
            try:
                self.optimiser.load_state_dict(state["optimiser"])
            except ValueError:
                print("the optimiser's state does not fit any more; it begins anew", flush=True)
        self.steps, self.tokens, self.position = (int(state[k]) for k in ("steps", "tokens", "position"))
        self.seconds = state["seconds"]

    def _tell(self, loss: float, rate: float) -> None:
        speed = self.tokens / max(1.0, self.seconds)
        print(
            f"step {self.steps}  {self.tokens / 1e6:.2f}M tokens  {self.seconds / 60:.1f} min  "
            f"{speed:.0f} tokens/s  loss {loss:.4f}  rate {rate:.1e}",
            flush=True,
        )

    @torch.no_grad()
    def _copying(self) -> float:
        """How often a phrase of random tokens that came before is gone on with."""
        ids, weights, _ = repeats(self.tokenizer.size, random.Random(3), 6, 600)
        guessed = (
            (self.network(ids.to(self.device)) @ self.network.embedding.weight.T).argmax(-1)[:, :-1].cpu()
        )
        return round(float((guessed == ids[:, 1:])[weights[:, 1:] > 0].float().mean()), 3)

    def _look(self) -> None:
        exact = exact_answers(self.network, self.looked_at, self.device) | {"copy": self._copying()}
        print("   right answers: " + "  ".join(f"{k} {v:.2f}" for k, v in exact.items()), flush=True)
        line = {"step": self.steps, "tokens": self.tokens, "minutes": round(self.seconds / 60, 1), **exact}
        with (self.options.folder / "curve.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


def _groups(network: Network) -> list[dict[str, Any]]:
    """The parts that `construct` wrote learn slowly, so that copying is refined and not forgotten."""
    slow, fast, vectors = [], [], []
    for name, parameter in network.named_parameters():
        built = name.startswith(("embedding", "blocks.0.", "blocks.1."))
        (vectors if parameter.dim() < 2 else slow if built else fast).append(parameter)
    return [
        {"params": fast, "weight_decay": 0.05, "share": 1.0},
        {"params": slow, "weight_decay": 0.0, "share": 0.2},
        {"params": vectors, "weight_decay": 0.0, "share": 0.3},
    ]


@torch.no_grad()
def exact_answers(network: Network, examples: list[Example], device: str) -> dict[str, float]:
    """Which share of the answers, by kind, is right token by token when all before it is right."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for example in examples:
        ids = torch.tensor([example.ids], device=device)
        guessed = (network(ids) @ network.embedding.weight.T).argmax(-1)[0].tolist()
        answers = 0
        at = 1
        while at < len(example.ids):
            if not example.said[at]:
                at += 1
                continue
            end = at
            while end < len(example.ids) and example.said[end]:
                end += 1
            kind = "run" if answers == 0 else ("last" if end >= len(example.ids) - 2 else "middle")
            kind = f"{kind} {'early' if example.family in ('chat', 'ends early') else 'repair'}"
            if kind == "middle repair":
                kind = f"repair {min(answers, 3)}"
            asked[kind] += 1
            right[kind] += guessed[at - 1 : end - 1] == example.ids[at:end]
            answers += 1
            at = end
    return {kind: round(right[kind] / asked[kind], 3) for kind in sorted(asked)}


def tokenizer_in(folder: Path, seed: int, *, fresh: bool = False) -> Tokenizer:
    """The tokenizer of a training: that of the model in the package, unless all begins anew."""
    path = folder / "tokenizer.json"
    if not path.exists() and BUNDLED.exists() and not fresh:
        path.write_text(restore(BUNDLED)["tokenizer"], "utf-8")
    if not path.exists():
        texts = ["".join(text for text, _ in make_trace(n, seed=seed + 99).pieces) for n in range(3000, 4500)]
        words = [" ".join([*dictionary(), *nouns()])] * 40
        path.write_text(train_tokenizer([*texts, *words, *[OPENING] * 20], VOCABULARY), "utf-8")
    return Tokenizer.load(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the demonstration model.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--decay", action="store_true")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--area", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=HOME)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--half", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    random.seed(given.seed)
    training = Training(Options(**vars(given)))
    print(
        f"{sum(p.numel() for p in training.network.parameters()):,} parameters, on {training.device}",
        flush=True,
    )
    training.run()


if __name__ == "__main__":
    main()
