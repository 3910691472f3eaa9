"""Measures how fast a model reads and writes here, and what a resumed session saves."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from qwen_code.local.engine import Cancel, Ended, Engine, Request, Step
from qwen_code.local.model import Model
from qwen_code.local.runtime import RuntimeOptions
from qwen_code.local.sampling import Sampling

_TEXT = "def parse(line):\n    return [int(part) for part in line.split(',') if part.strip()]\n\n"


@dataclass(frozen=True, slots=True)
class Measurement:
    """Seconds, and tokens a second."""

    load_s: float
    prompt_tokens: int
    prefill_per_s: float
    decode_per_s: float
    resume_s: float
    """Reading the evaluated prompt back from disk, instead of evaluating it."""
    state_bytes: int


def measure(
    path: Path,
    options: RuntimeOptions,
    *,
    prompt_tokens: int = 2048,
    answer_tokens: int = 128,
    told: Callable[[str], None] = lambda text: None,
) -> Measurement:
    """Load the model in `path` and time it; `told` gets what is being done.

    Raises:
        ConfigurationError: it can't be loaded.
    """
    told("loading")
    started = time.monotonic()
    model = Model(path, options.placement)
    window = min(options.context.window, prompt_tokens + answer_tokens + 64)
    engine = Engine(model, replace(options.context, window=max(window, 512), sequences=1))
    loaded = time.monotonic() - started
    try:
        words = model.tokenize(_TEXT) * (prompt_tokens // 10 + 1)
        prompt = words[: min(prompt_tokens, window - answer_tokens - 64)]
        told(f"reading {len(prompt)} tokens")
        ended = _answer(engine, prompt, answer_tokens)
        told("saving and restoring")
        resume_s, size = _resumed(engine)
    finally:
        engine.close()
    return Measurement(
        load_s=loaded,
        prompt_tokens=len(prompt),
        prefill_per_s=len(prompt) / max(ended.prefill_s, 1e-9),
        decode_per_s=ended.drawn / max(ended.decode_s, 1e-9),
        resume_s=resume_s,
        state_bytes=size,
    )


def _answer(engine: Engine, prompt: list[int], answer_tokens: int) -> Ended:
    goes_on = tuple((token, -1000.0) for token in engine.model.end_tokens)
    ends: list[Ended] = []

    def tell(step: Step) -> None:
        if isinstance(step, Ended):
            ends.append(step)

    engine.answer(Request(prompt, Sampling(seed=1, bias=goes_on), answer_tokens), tell, Cancel())
    return ends[0]


def _resumed(engine: Engine) -> tuple[float, int]:
    track = engine.memory.tracks[0]
    tokens = list(track.tokens)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        if not engine.context.save(track.id, path, tokens):
            return 0.0, 0
        engine.memory.forget(track)
        started = time.monotonic()
        engine.context.load(track.id, path, len(tokens))
        return time.monotonic() - started, path.stat().st_size
