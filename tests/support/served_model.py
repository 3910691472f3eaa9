"""`qwen-code serve` as a process, with a model of random weights."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.support.tiny_models import TinyModel

TOKEN = "a-token-for-tests"


class ServedModel:
    """Runs until the block is left."""

    def __init__(self, model: TinyModel, directory: Path, *arguments: str) -> None:
        path = directory / "tiny.gguf"
        path.symlink_to(model.build())
        environ = {
            **os.environ,
            "HOME": str(directory),
            "QWEN_CODE_SERVE_TOKEN": TOKEN,
            "QWEN_CODE_LOCAL_THREADS": "1",
            "QWEN_CODE_LOCAL_BATCH": "64",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qwen_code", "serve", "-m", str(path), "--port", "0", *arguments],
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[str] = []
        """What it has said on stderr so far."""
        self._logged = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        found = re.search(r"answers at (http://127\.0\.0\.1:\d+/v1)", first)
        assert found, f"{first}{self.log}"
        self.url = found[1]
        self.hint = self._process.stdout.readline()

    def __enter__(self) -> ServedModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def interrupt(self) -> int:
        """Press Ctrl+C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(60)

    def wait_for(self, text: str, *, times: int = 1) -> None:
        """Until it has said `text` so often."""
        with self._logged:
            assert self._logged.wait_for(lambda: _count(self.log, text) >= times, 60), self.log

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._logged:
                self.log.append(line)
                self._logged.notify_all()


def _count(lines: Sequence[str], text: str) -> int:
    return sum(text in line for line in lines)
