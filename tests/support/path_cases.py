"""Cases for the file tools, as data: what is there, what is asked of a tool, and what must come of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, cast

Json = dict[str, Any]
_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 30.0


class PathTrial:
    """One `qwen-code tools run --jsonl` process, to which the calls of all cases go."""

    def __init__(self) -> None:
        self._base = Path(tempfile.mkdtemp()).resolve()
        self._number = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        home = self._base / "home"
        home.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qwen_code", "tools", "run", "--jsonl", "--assume-read"],
            cwd=home,
            env={**os.environ, "HOME": str(home), "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(_PATIENCE_S)
        shutil.rmtree(self._base, ignore_errors=True)

    def faults(self, case: Json) -> list[str]:
        """What is not as the case wants it."""
        self._number += 1
        folder = self._base / str(self._number)
        home, workspace, outside = self._base / "home", folder / "ws", folder / "out"
        for path in (workspace, outside):
            path.mkdir(parents=True)
        link = folder / "wslink"
        link.symlink_to(workspace)
        names = {
            "WSLINK": str(link), "OUTNAME": outside.name, "OUTREL": str(outside).lstrip("/"),
            "WS": str(workspace), "OUT": str(outside), "HOME": str(home),
        }  # fmt: skip
        with _set_up(case, names, workspace, self._call):
            expected = case["expect"]
            watched = [_filled(path, names) for path in expected.get("untouched", ())]
            before = {path: _content(path) for path in watched}
            started = time.monotonic()
            args = {**case.get("args", {})}
            args["file_path" if case["tool"] in ("read_file", "write_file", "edit") else "path"] = _filled(
                case["path"], names
            )
            args = {k: _filled(v, names) if isinstance(v, str) else v for k, v in args.items()}
            answer = self._call(
                {"workspace": str(workspace), "tool": case["tool"], "args": args, "mode": case["mode"]}
            )
            took = time.monotonic() - started
        faults = list(_judged(case, answer, names, took))
        faults += [f"touched {path}" for path in watched if _content(path) != before[path]]
        return faults

    def _call(self, line: Json) -> Json:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"id": "x", **line}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())


def _judged(case: Json, answer: Json, names: dict[str, str], took: float) -> Iterator[str]:
    expected, also = case["expect"], case.get("also_ok", {})
    if "decision" in expected and answer["decision"] not in (expected["decision"], *also.get("decision", ())):
        yield f"{answer['decision']} instead of {expected['decision']}"
    error = None if answer["error"] is None else answer["error"]["kind"]
    permitted = answer["decision"] == "allow"
    result = "ok" if answer["ok"] else "error"
    if permitted and "result" in expected and result not in (expected["result"], *also.get("result", ())):
        yield f"{result} ({answer['error'] or answer['for_model']}) instead of {expected['result']}"
    wanted = expected.get("error") if expected.get("result") == "error" else None
    if permitted and error is not None and wanted and error not in (wanted, *also.get("error", ())):
        yield f"error {error} instead of {wanted}"
    for name, wanted in expected.get("after", {}).items():
        yield from _after(name, wanted, answer, names)
    if took > expected.get("limits", {}).get("seconds", _PATIENCE_S) + 1:
        yield f"took {took:.1f} s"
    size = expected.get("limits", {}).get("output_bytes")
    if size and len(answer["for_model"]) > size:
        yield f"printed {len(answer['for_model'])} bytes"


def _after(name: str, wanted: Any, answer: Json, names: dict[str, str]) -> Iterator[str]:
    if name == "output_contains" and wanted not in answer["for_model"]:
        yield f"the output lacks {wanted!r}: {answer['for_model'][:200]!r}"
    elif name == "output_not_contains" and wanted in answer["for_model"]:
        yield f"the output holds {wanted!r}"
    elif name == "modes":
        for path, mode in wanted.items():
            found = oct(Path(_filled(path, names)).stat().st_mode & 0o7777)
            if int(found, 8) != (int(mode, 8) if isinstance(mode, str) else mode):
                yield f"{path} has the mode {found}"
    elif "/" in name or name.startswith("{"):
        found = _content(_filled(name, names))
        if isinstance(wanted, dict):
            table = cast("dict[str, Any]", wanted)
            if "hex" in table and (not isinstance(found, bytes) or found.hex() != table["hex"]):
                yield f"{name} holds {found!r}"
        elif found != (None if wanted is None else wanted.encode()):
            yield f"{name} holds {found!r}"


def _content(path: str) -> object:
    try:
        if os.path.islink(path):  # noqa: PTH114
            return ("link", os.readlink(path))  # noqa: PTH115
        if os.path.isdir(path):  # noqa: PTH112
            return ("folder", tuple(sorted(os.listdir(path))))  # noqa: PTH208
        return Path(path).read_bytes() if os.path.isfile(path) else os.path.lexists(path) or None  # noqa: PTH113
    except (OSError, ValueError):
        return None


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@contextmanager
def _set_up(
    case: Json, names: dict[str, str], workspace: Path, call: Callable[[Json], Json]
) -> Generator[None]:
    ends: list[Callable[[], object]] = []
    try:
        for operation, *rest in case.get("setup", ()):
            values = [_filled(value, names) if isinstance(value, str) else value for value in rest]
            _do(operation, values, workspace, call, ends)
        yield
    finally:
        for end in reversed(ends):
            end()


def _do(
    operation: str,
    values: list[Any],
    workspace: Path,
    call: Callable[[Json], Json],
    ends: list[Callable[[], object]],
) -> None:
    path = Path(values[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    if operation in _MAKING:
        _MAKING[operation](path, *values[1:])
    elif operation == "socket":
        opened = socket.socket(socket.AF_UNIX)
        with suppress(OSError):
            opened.bind(str(path))
        ends.append(opened.close)
    elif operation == "read_first":
        arguments = {"file_path": values[0]}
        call({"workspace": str(workspace), "tool": "read_file", "args": arguments, "mode": "yolo"})
    elif operation == "race":
        ends.append(_racing(path, values[1]))
    else:
        raise ValueError(f"nothing is known of {operation!r}")


def _bytes(path: Path, digits: str) -> None:
    path.write_bytes(bytes.fromhex(digits))


def _text(path: Path, text: str, count: int = 1) -> None:
    path.write_bytes(text.encode() * count)


def _folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _git_init(path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(path)], check=True)


def _hard_link(path: Path, target: str) -> None:
    os.link(target, path)


def _mode(path: Path, mode: str) -> None:
    path.chmod(int(str(mode), 8))


_MAKING: dict[str, Callable[..., object]] = {
    "file": _text,
    "repeat": _text,
    "bytes": _bytes,
    "dir": _folder,
    "git_init": _git_init,
    "symlink": Path.symlink_to,
    "hardlink": _hard_link,
    "fifo": os.mkfifo,
    "sparse": _sparse,
    "mode": _mode,
}


def _racing(path: Path, target: str) -> Callable[[], object]:
    """Swap a path for a link and back until told to stop."""
    stop = threading.Event()

    def swap() -> None:
        aside = path.with_name(path.name + ".aside")
        while not stop.is_set():
            with suppress(OSError):
                path.rename(aside)
                path.symlink_to(target)
                path.unlink()
                aside.rename(path)

    thread = threading.Thread(target=swap, daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(2)

    return end
