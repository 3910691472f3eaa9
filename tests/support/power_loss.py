"""What a disk may hold after a power cut, from the system calls that a process made before it.

A trace of calls (strace) is played onto a disk in memory that knows what is safe: content by `fsync` of the
file, a name by `fsync` of its directory, and nothing else. At a cut all that is not safe is whole, lost,
torn, zeros or partly zeros, and names are made, moved or removed in part. POSIX permits that; real file
systems keep more.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TRACED = (
    "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat"
)
_CALL = re.compile(r"(\w+)\((.*)\) += (\d+)(?:<((?:\\x..)*)>)?")
_ARGUMENT = re.compile(r'(\w+)<((?:\\x..)*)>|"((?:\\x..)*)"|([^,\s]+)')


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[tuple[str, bytes], ...]
    """What is written as a word, and the bytes that strace adds to it or that stand for it."""
    result: int
    opened: str
    """The path of the descriptor that it gave."""


@dataclass(eq=False, slots=True)
class _Inode:
    directory: bool = False
    safe: bytes = b""
    now: bytes = b""
    unsafe: list[tuple[int, bytes | None]] = field(default_factory=list[tuple[int, bytes | None]])
    """Offset and data of writes; without data the file is cut off there."""


@dataclass(frozen=True, slots=True)
class _Renaming:
    """A change of names that happens as a whole or not at all."""

    directories: frozenset[str]
    names: dict[str, _Inode | None]


def record(command: Sequence[str], trace: Path, **more: object) -> list[Call]:
    """Run `command`, a process of one thread, and give its calls that change a disk or tell of it."""
    strace = ["strace", "-qq", "-y", "-xx", "-s", "1000000", "-o", str(trace), "-e", f"trace={TRACED}"]
    subprocess.run([*strace, *command], check=True, stdout=subprocess.DEVNULL, timeout=120, **more)  # type: ignore[call-overload]
    return list(_calls(trace.read_text("ascii", "replace")))


def _calls(trace: str) -> Iterator[Call]:
    for line in trace.splitlines():
        if found := _CALL.match(line):
            name, arguments, result, opened = found.groups()
            parsed = tuple((a or d, _bytes(b or c)) for a, b, c, d in _ARGUMENT.findall(arguments))
            yield Call(name, parsed, int(result), _bytes(opened or "").decode(errors="replace"))


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


class Disk:
    """Holds what lies under `root`, which was there before the first call."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._names: dict[str, _Inode | None] = {}
        self._safe_names: dict[str, _Inode | None] = {}
        self._unsafe: list[_Renaming] = []

    def existing(self, *directories: str) -> None:
        """There were these, safely, before the first call."""
        self._safe_names |= {f"{self._root}/{name}": _Inode(directory=True) for name in directories}
        self._names |= self._safe_names

    def play(self, call: Call) -> bool:
        """Do what `call` did; False when that is nothing to this disk."""
        match call.name:
            case "openat":
                return self._open(call.opened, call.arguments[2][0])
            case "write":
                inode = self._of(call)
                return self._write(inode, len(inode.now) if inode else 0, call.arguments[1][1][: call.result])
            case "pwrite64":
                return self._write(
                    self._of(call), int(call.arguments[3][0]), call.arguments[1][1][: call.result]
                )
            case "ftruncate":
                return self._write(self._of(call), int(call.arguments[1][0]), None)
            case "fsync" | "fdatasync":
                return self._sync(call)
            case "mkdir" | "mkdirat":
                return self._rename({_path(call, 0): _Inode(directory=True)})
            case "unlink" | "unlinkat":
                return self._rename({_path(call, 0): None})
            case _:
                old, new = _path(call, 0), _path(call, 1)
                return self._rename({old: None, new: self._names.get(old)})

    def _of(self, call: Call) -> _Inode | None:
        return self._names.get(call.arguments[0][1].decode(errors="replace"))

    def _open(self, path: str, flags: str) -> bool:
        inode = self._names.get(path)
        if "O_CREAT" in flags and inode is None:
            return self._rename({path: _Inode()})
        return self._write(inode, 0, None) if "O_TRUNC" in flags else False

    def _write(self, inode: _Inode | None, at: int, data: bytes | None) -> bool:
        if inode is None:
            return False
        inode.unsafe.append((at, data))
        inode.now = _written(inode.now, at, data)
        return True

    def _rename(self, names: dict[str, _Inode | None]) -> bool:
        if not all(path.startswith(self._root + "/") for path in names):
            return False
        self._names |= names
        self._unsafe.append(_Renaming(frozenset(path.rpartition("/")[0] for path in names), names))
        return True

    def _sync(self, call: Call) -> bool:
        path = call.arguments[0][1].decode(errors="replace")
        inode = self._names.get(path)
        if inode is not None and not inode.directory:
            inode.safe = inode.now
            inode.unsafe.clear()
            return True
        for change in [change for change in self._unsafe if path in change.directories]:
            self._safe_names |= change.names
            self._unsafe.remove(change)
        return path.startswith(self._root)

    def cut(self, rng: random.Random, place: Path) -> None:
        """Lay out in `place` what may be left of `root`."""
        names = dict(self._safe_names)
        likely = rng.choice((0.0, 0.5, 1.0))
        for change in self._unsafe:
            if rng.random() < likely:
                names |= change.names
        for path, inode in sorted(names.items()):
            target = place / path.removeprefix(self._root + "/")
            if inode is None or not target.parent.is_dir():
                continue
            if inode.directory:
                target.mkdir()
            else:
                target.write_bytes(_left(inode, rng))


def _path(call: Call, number: int) -> str:
    """Number `number` of the paths that `call` names, with the directory that it is relative to."""
    base, paths = "", list[str]()
    for word, data in call.arguments:
        text = data.decode(errors="replace")
        if word:
            base = text
        elif text:
            paths.append(text if text.startswith("/") else f"{base}/{text}")
    return paths[number]


def _written(content: bytes, at: int, data: bytes | None) -> bytes:
    if data is None:
        return content[:at].ljust(at, b"\0")
    return content[:at].ljust(at, b"\0") + data + content[at + len(data) :]


def _left(inode: _Inode, rng: random.Random) -> bytes:
    content = inode.safe
    for at, data in inode.unsafe:
        fate = rng.choice(("whole", "lost", "torn", "zeros", "hole"))
        if fate == "lost":
            continue
        if data is not None and fate != "whole":
            start, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
            start, end = (0, len(data)) if fate == "zeros" else (start, end)
            zeros = data[:start] + bytes(end - start) + data[end:]
            data = data[:start] if fate == "torn" else zeros
        content = _written(content, at, data)
    return content
