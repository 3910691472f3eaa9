"""The real llama-server, from the `xllamacpp` wheel, in a process of its own on loopback.

with LlamaServer(TinyModel("qwen3").build()) as server:
    environ["OPENAI_BASE_URL"] = server.base_url
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pytest

_missing = [
    name for name in ("xllamacpp", "numpy", "gguf", "tokenizers") if importlib.util.find_spec(name) is None
]
needs_llama_server = pytest.mark.skipif(
    bool(_missing),
    reason=f"the real server is not installed ({', '.join(_missing)}): pip install -e '.[dev]'; "
    "xllamacpp has wheels for Linux and macOS on x86-64 and arm64",
)
"""Put on every test that starts a server."""

_PROGRAM = """
import json, sys, xllamacpp
path, window, slots, keys, batch = json.loads(sys.argv[1])
params = xllamacpp.CommonParams()
params.model.path = path
params.n_ctx = window * slots
params.n_parallel = slots
params.n_batch = params.n_ubatch = batch
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.api_keys = keys
params.warmup = False
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


class LlamaServer:
    """Runs until the block is left. `window` is what each of the `slots` holds, in tokens."""

    def __init__(
        self, model: Path, *, window: int = 2048, slots: int = 1, keys: Sequence[str] = (), batch: int = 128
    ) -> None:
        import json

        arguments = json.dumps([str(model), window, slots, list(keys), batch])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"llama-server ended with {self._process.wait()} before it listened")
        self.base_url = f"{self.url}/v1"

    def __enter__(self) -> LlamaServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
