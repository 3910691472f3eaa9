"""Trains the model: steady learning rate, checkpoints all the time, and a decay when it is to be finished.

    python -m mini_model.train --minutes 60             # begin, or go on from the last checkpoint
    python -m mini_model.train --minutes 20 --decay     # the last part: the rate goes down to nothing
    python -m mini_model.train --fresh --million 39 --minutes 300    # all of it, from noise

Minutes of the first kind can be added at any time; the second kind makes `finished.pt` and leaves the
checkpoint as it is. Where a number of tokens is given, the rate goes down all the way, whenever it was
interrupted (then without `--fresh`). A GPU wants larger batches, and more processes that fill them:

    python -m mini_model.train --minutes 8 --decay --area 14000 --batches 2 --workers 12
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mini_model.answers import right_answers
from mini_model.batches import Batch, Sizes, as_batch, batches, repeats
from mini_model.corpus import OPENING, encode, exercise, make_trace
from mini_model.export import restore
from mini_model.gradients import Gradients
from mini_model.names import dictionary, nouns
from mini_model.network import POINTING, Network, Shape, grow
from mini_model.pointing import point_at_flags
from mini_model.tasks.base import all_tasks
from mini_model.tokens import Tokenizer
from mini_model.tokens import train as train_tokenizer

BUNDLED = Path(__file__).resolve().parents[3] / "qwen_code" / "local" / "mini" / "mini.gguf"
HOME = Path(__file__).resolve().parent.parent / "build"
VOCABULARY = 4096
LONGEST = 4000
"""Tokens of an example, unless something else is said."""
_POINTS = 2_500_000
"""Tokens after which it tells well enough what is wrong to be given a head that looks there."""
_INTERRUPTED = 130
"""The exit code after Ctrl+C, so that a script does not go on with what comes next."""
_HELD_OUT = 10_000_000
"""Examples from this number on are for looking at, never for training."""


@dataclass
class Options:
    minutes: float
    million: float
    until: float
    decay: bool
    rate: float
    end: float
    area: int
    longest: int
    batches: int
    seed: int
    threads: int
    workers: int
    folder: Path
    fresh: bool
    half: bool
    top: int


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
        if options.top:
            freeze_below(self.network, options.top)
        at_once = options.threads if self.device == "cpu" else 1
        self.gradients = Gradients(self.network, at_once, self.device, options.half)
        self.optimisers = _optimisers(self.network)
        self.steps = self.tokens = self.position = 0
        self.seconds = 0.0
        self.points = False
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

    @property
    def is_enough(self) -> bool:
        """Whether it has seen all the tokens that it was to see."""
        return self.tokens / 1e6 >= min(self.options.million, self.options.until)

    def run(self) -> None:
        """Train for the minutes, or up to the tokens, asked for."""
        options, started, saved = self.options, time.monotonic(), time.monotonic()
        first, seconds_before, smooth, looked = self.steps, self.seconds, 0.0, started
        sizes = Sizes(options.area, options.longest)
        stream = batches(self.tokenizer, self.position, sizes, options.seed, options.workers)
        try:
            while not self.is_enough and (parts := list(itertools.islice(stream, options.batches))):
                spent = time.monotonic() - started
                done, learned = spent / (options.minutes * 60), self.tokens / 1e6 / options.million
                if done >= 1 or self.stopping:
                    break
                rate = options.rate * min(1.0, (self.steps + 1) / 80, (self.steps - first + 1) / 40)
                rate *= 1 + done * (max(0.02, options.end / options.rate) - 1)
                rate *= max(0.02, 1 - learned)
                if self.tokens >= _POINTS and not self.points:
                    self._point()
                loss = self.step(parts, rate)
                if not math.isnan(loss):
                    smooth = loss if smooth == 0 else 0.97 * smooth + 0.03 * loss
                self.steps += 1
                self.tokens += sum(part.tokens for part in parts)
                self.position = parts[-1].position
                self.seconds = seconds_before + spent
                if self.steps % 25 == 0:
                    self._tell(smooth, rate)
                if time.monotonic() - looked > 300:
                    self._look()
                    looked = time.monotonic()
                if time.monotonic() - saved > 120:
                    self.save(options.folder / "finishing.pt" if options.decay else self.checkpoint)
                    saved = time.monotonic()
        finally:  # whatever happened, what was learned is kept
            self.save(options.folder / "finished.pt" if options.decay else self.checkpoint)
        if self.tokens / 1e6 >= options.million:
            self.save(options.folder / "finished.pt")
        if self.steps > first:
            self._look()

    def _stop(self, *_: object) -> None:
        """Ctrl+C saves before it ends."""
        self.stopping = True

    def step(self, parts: Sequence[Batch], rate: float) -> float:
        """One update; the loss of what the model says itself."""
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * group["share"]
        loss = self.gradients.of(parts)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        return loss

    def _point(self) -> None:
        """Write the head that looks at flags, as the model is by now."""
        examples = (
            exercise(random.Random(f"{self.options.seed}/point/{n}"), all_tasks(), easy=n % 3 > 0)
            for n in range(500)
        )
        encoded = [encode(example, self.tokenizer) for example in examples]
        point_at_flags(self.network, encoded)
        for optimiser in self.optimisers:
            for parameter in self.network.blocks[POINTING].parameters():
                optimiser.state.pop(parameter, None)
        self.points = True

    def save(self, path: Path) -> None:
        """Write a checkpoint; a half-written one never replaces a whole one."""
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "shape": self.network.shape.to_dict(),
            "steps": self.steps,
            "tokens": self.tokens,
            "position": self.position,
            "seconds": self.seconds,
            "points": self.points,
            "tokenizer": self.tokenizer.json,
        }
        unfinished = path.with_suffix(".tmp")
        torch.save(state, unfinished)
        unfinished.replace(path)

    def _go_on(self) -> None:
        """From the last checkpoint, else from a model that is here, else from the beginning."""
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        elif trained := _trained():
            state = restore(trained)
        else:
            return
        grow(self.network, state["network"])
        if state["shape"] == self.network.shape.to_dict():
            for optimiser, its_state in zip(self.optimisers, state.get("optimisers", ()), strict=False):
                optimiser.load_state_dict(its_state)
        self.steps, self.tokens, self.position = (int(state[k]) for k in ("steps", "tokens", "position"))
        self.seconds = state["seconds"]
        self.points = state.get("points", True)

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
        batch = as_batch(repeats(self.tokenizer.size, random.Random(3), 6, 600))
        hidden = self.network(batch.ids.to(self.device))
        guessed = (hidden @ self.network.embedding.weight.T).argmax(-1)[:, :-1].cpu()
        return round(float((guessed == batch.ids[:, 1:])[batch.weights[:, 1:] > 0].float().mean()), 3)

    def _look(self) -> None:
        right = right_answers(self.network, self.tokenizer, self.looked_at, self.device)
        exact = right | {"copy": self._copying()}
        print("   right answers: " + "  ".join(f"{k} {v:.2f}" for k, v in exact.items()), flush=True)
        line = {"step": self.steps, "tokens": self.tokens, "minutes": round(self.seconds / 60, 1), **exact}
        with (self.options.folder / "curve.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


def freeze_below(network: Network, top: int) -> None:
    """Let only the last `top` blocks learn, and what is told from the last state."""
    network.requires_grad_(False)
    network.flags.requires_grad_(True)
    network.blocks[len(network.blocks) - top :].requires_grad_(True)


def _optimisers(network: Network) -> list[torch.optim.Optimizer]:
    """Muon for matrices that begin as noise, AdamW for the rest; what `construct` wrote learns slowly.

    Muon ("Muon: An optimizer for hidden layers in neural networks", K. Jordan, 2024) moves a matrix in all
    directions alike, and finds the circuits of this task with fewer examples. The heads that are built in,
    and the vectors that they compare, are to be refined and not forgotten: at the full rate copying is lost.
    """
    noise, built, vectors, flags = list[Tensor](), list[Tensor](), list[Tensor](), list[Tensor]()
    for name, parameter in network.named_parameters():
        if name.startswith("flags"):
            flags.append(parameter)
        elif parameter.dim() < 2:
            vectors.append(parameter)
        elif name.startswith("embedding") or re.match(rf"blocks\.[01{POINTING}]\.[qkvo]\.", name):
            built.append(parameter)
        else:
            noise.append(parameter)
    muon = torch.optim.Muon(
        [{"params": noise, "share": 1.0}], weight_decay=0.05, adjust_lr_fn="match_rms_adamw"
    )
    adam = torch.optim.AdamW(
        [{"params": built, "share": 0.2}, {"params": vectors, "share": 0.3}],
        betas=(0.9, 0.98),
        weight_decay=0.0,
        fused=True,
    )
    beside = torch.optim.AdamW([{"params": flags, "share": 3.0}], betas=(0.9, 0.98), weight_decay=0.0)
    return [muon, adam, beside]


def _trained() -> Path | None:
    """The model in the package, to go on from."""
    return BUNDLED if BUNDLED.exists() else None


def tokenizer_in(folder: Path, seed: int, *, fresh: bool = False) -> Tokenizer:
    """The tokenizer of a training: that of the model it goes on from, unless all begins anew."""
    path = folder / "tokenizer.json"
    trained = _trained()
    if not path.exists() and trained and not fresh:
        path.write_text(restore(trained)["tokenizer"], "utf-8")
    if not path.exists():
        texts = ["".join(text for text, _ in make_trace(n, seed=seed + 99).pieces) for n in range(3000, 4500)]
        words = [" ".join([*dictionary(), *nouns()])] * 40
        path.write_text(train_tokenizer([*texts, *words, *[OPENING] * 20], VOCABULARY), "utf-8")
    return Tokenizer.load(path)


def main() -> int:
    parser = argparse.ArgumentParser(description="Train the demonstration model.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument(
        "--million", type=float, default=math.inf, help="tokens in all, towards which the rate goes down"
    )
    parser.add_argument(
        "--until", type=float, default=math.inf, help="million tokens to stop at, whatever the rate is then"
    )
    parser.add_argument("--decay", action="store_true")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--end", type=float, help="what the rate has come down to when the time is over")
    parser.add_argument("--area", type=int, default=2200)
    parser.add_argument("--longest", type=int, default=LONGEST, help="tokens of an example; up to 8000")
    parser.add_argument("--batches", type=int, default=4, help="how many one step takes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="processes that make examples")
    parser.add_argument("--folder", type=Path, default=HOME)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--half", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--top", type=int, default=0, help="let only so many of the last blocks learn")
    given = parser.parse_args()
    if given.end is None:
        given.end = 0 if given.decay else given.rate
    random.seed(given.seed)
    training = Training(Options(**vars(given)))
    print(
        f"{sum(p.numel() for p in training.network.parameters()):,} parameters, on {training.device}",
        flush=True,
    )
    training.run()
    return _INTERRUPTED if training.stopping else 0


if __name__ == "__main__":
    raise SystemExit(main())
