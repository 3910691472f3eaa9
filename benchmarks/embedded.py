"""Speed of the embedded runtime against the bare loop over llama.cpp's own functions, in one run.

    python -m benchmarks.embedded [MODEL.gguf] [THREADS]

Without a model a synthetic one is built: the vocabulary of Qwen3-Coder (152,000 tokens), a few layers. Both
sides read the same prompt and write the same number of tokens, turn by turn, in one process; the figure is
the ratio of the medians, 1.00 being as fast as llama.cpp itself. With one thread processor time is counted,
so that a busy machine does not matter; with more, the time on the wall.
"""

from __future__ import annotations

import ctypes
import json
import os
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from qwen_code.local import ffi
from qwen_code.local.constraint import CallConstraint, Grammars
from qwen_code.local.context import ContextOptions
from qwen_code.local.engine import Cancel, Ended, Engine, Evaluated, Request, Step
from qwen_code.local.model import Model
from qwen_code.local.sampling import Sampling
from qwen_code.messages import ToolSpec

OUT = Path(__file__).parent / "out" / "embedded.json"
PROMPT_TOKENS, ANSWER_TOKENS, ROUNDS, BATCH = 1024, 128, 7, 512
TARGET = 0.95
TOOL = ToolSpec(
    "read_file",
    "",
    {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]},
)


@dataclass(frozen=True)
class Speed:
    """Tokens a second."""

    prefill: float
    decode: float


def clock(threads: int) -> float:
    return time.process_time() if threads == 1 else time.perf_counter()


def bare(model: Model, prompt: list[int], threads: int) -> Speed:
    """What a C program would do: decode batches, sample with llama.cpp's chain, decode one token."""
    lib: Any = ffi.library()
    params = lib.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = 4096, BATCH, BATCH
    params.n_threads = params.n_threads_batch = threads
    context = lib.llama_init_from_model(model.handle, params)
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    for step in (
        lib.llama_sampler_init_top_k(20),
        lib.llama_sampler_init_top_p(0.8, 1),
        lib.llama_sampler_init_temp(0.7),
        lib.llama_sampler_init_dist(1),
    ):
        lib.llama_sampler_chain_add(chain, step)
    tokens = (ctypes.c_int32 * len(prompt))(*prompt)
    one = (ctypes.c_int32 * 1)()
    started = clock(threads)
    for start in range(0, len(prompt), BATCH):
        part = ctypes.cast(ctypes.byref(tokens, start * 4), ctypes.POINTER(ctypes.c_int32))
        lib.llama_decode(context, lib.llama_batch_get_one(part, min(BATCH, len(prompt) - start)))
    lib.llama_synchronize(context)
    read = clock(threads)
    for _ in range(ANSWER_TOKENS):
        one[0] = lib.llama_sampler_sample(chain, context, -1)
        lib.llama_decode(context, lib.llama_batch_get_one(one, 1))
    lib.llama_synchronize(context)
    written = clock(threads)
    lib.llama_sampler_free(chain)
    lib.llama_free(context)
    return Speed(len(prompt) / (read - started), ANSWER_TOKENS / (written - read))


def ours(model: Model, prompt: list[int], threads: int) -> Speed:
    """The engine as the agent uses it: grammar watching, penalties, sequences for side jobs."""
    engine = Engine(model, ContextOptions(4096, threads=threads, batch=BATCH, sequences=4))
    grammars = Grammars(model, [TOOL], "xml")
    never_ends = tuple((token, -1000.0) for token in model.end_tokens)
    read = written = 0.0

    def tell(step: Step) -> None:
        nonlocal read, written
        if isinstance(step, Evaluated):
            read = clock(threads)
        elif isinstance(step, Ended):
            written = clock(threads)

    request = Request(
        prompt,
        Sampling(seed=1, bias=never_ends),
        ANSWER_TOKENS,
        constraint=CallConstraint(model, grammars),
    )
    started = clock(threads)
    engine.answer(request, tell, Cancel())
    grammars.close()
    engine.context.close()
    return Speed(len(prompt) / (read - started), ANSWER_TOKENS / (written - read))


class Server:
    """The same through llama.cpp's own server, where xllamacpp is installed; it works with one thread."""

    def __init__(self, path: Path) -> None:
        from tests.support.llama_server import LlamaServer

        self._server = LlamaServer(path, window=4096, batch=BATCH)

    def measure(self, prompt: list[int]) -> Speed:
        read = self._seconds(prompt, 1, cached=False)
        written = self._seconds(prompt, ANSWER_TOKENS, cached=True)
        return Speed(len(prompt) / read, ANSWER_TOKENS / written)

    def close(self) -> None:
        self._server.close()

    def _seconds(self, prompt: list[int], tokens: int, *, cached: bool) -> float:
        """Processor time that the server spends on one request."""
        body = {
            "prompt": prompt,
            "n_predict": tokens,
            "cache_prompt": cached,
            "ignore_eos": True,
            "temperature": 0.7,
            "top_k": 20,
            "top_p": 0.8,
            "repeat_penalty": 1.05,
        }
        request = HttpRequest(f"{self._server.url}/completion", json.dumps(body).encode())
        before = self._used()
        with urlopen(request, timeout=600) as response:
            response.read()
        return self._used() - before

    def _used(self) -> float:
        fields = Path(f"/proc/{self._server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server_of(path: Path, threads: int) -> Server | None:
    if threads != 1 or sys.platform != "linux" or find_spec("xllamacpp") is None:
        return None
    return Server(path)


def main(arguments: list[str]) -> int:
    if arguments:
        path = Path(arguments[0])
    else:
        from tests.support.tiny_models import TinyModel

        path = TinyModel("qwen3moe", layers=8, width=512, filler=149_822).build()
    threads = int(arguments[1]) if len(arguments) > 1 else 1
    model = Model(path)
    words = model.tokenize("def parse(text):\n    return [int(part) for part in text.split()]\n" * 200)
    prompt = words[:PROMPT_TOKENS]
    rounds: list[tuple[Speed, Speed]] = []
    server, served = server_of(path, threads), list[Speed]()
    for _ in range(ROUNDS):  # taken in turns, so that a busy moment meets all
        rounds.append((bare(model, prompt, threads), ours(model, prompt, threads)))
        if server is not None:
            served.append(server.measure(prompt))
    if server is not None:
        server.close()
    figures: dict[str, dict[str, float]] = {}
    for name in ("prefill", "decode"):
        floor = statistics.median(getattr(pair[0], name) for pair in rounds)
        own = statistics.median(getattr(pair[1], name) for pair in rounds)
        figures[name] = {"bare": round(floor, 1), "ours": round(own, 1), "ratio": round(own / floor, 3)}
        verdict = "ok" if own / floor >= TARGET else f"below {TARGET}"
        print(
            f"{name:<8} bare {floor:9.1f} tok/s   ours {own:9.1f} tok/s   ratio {own / floor:.3f}  {verdict}"
        )
        if served:
            theirs = statistics.median(getattr(speed, name) for speed in served)
            figures[name] |= {"llama_server": round(theirs, 1), "to_llama_server": round(own / theirs, 3)}
            print(f"{'':<8} llama-server {theirs:.1f} tok/s   ratio to it {own / theirs:.3f}")
    OUT.parent.mkdir(exist_ok=True)
    report = {
        "model": path.name,
        "threads": threads,
        "figures": figures,
        "rounds": [{"bare": asdict(a), "ours": asdict(b)} for a, b in rounds],
    }
    OUT.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
