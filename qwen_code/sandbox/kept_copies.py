"""Copies of protected files, put back after a command where the kernel can't keep it from changing them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qwen_code.sandbox.protected_paths import Protection

MAX_BYTES: Final = 16 * 1024 * 1024
"""Of all copies together; what is beyond is not kept."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """`content` is None for a folder and a text for a link."""

    mode: int
    content: bytes | str | None


class KeptCopies:
    """The state of the protected paths at one moment."""

    def __init__(self, protection: Protection) -> None:
        self._locked = [path for path, writable in protection.mounts if not writable]
        self._absent = [path for path, _ in protection.missing]
        self._copies: dict[Path, _Copy] = {}
        self._room = MAX_BYTES
        for path in (*self._locked, *protection.links):
            self._copies.update(self._take(path))

    def put_back(self) -> list[str]:
        """Restore what has changed; a sentence for each. What came to be is kept under another name."""
        changed: list[str] = []
        for path in self._absent:
            if os.path.lexists(path) and _is_real(path.parent):
                path.rename(_aside(path))
                changed.append(f"{path} may not be created; it was renamed")
        for path in self._locked:
            for extra in list(_below(path)):
                if extra not in self._copies and _is_real(extra.parent) and os.path.lexists(extra):
                    extra.rename(_aside(extra))
                    changed.append(f"{extra} may not be created; it was renamed")
        for path, copy in sorted(self._copies.items()):
            if self._look(path) == copy:
                continue
            if _restore(path, copy):
                changed.append(f"{path} may not be changed; it was put back")
        return changed

    def _take(self, top: Path) -> Iterator[tuple[Path, _Copy]]:
        for path in (top, *_below(top)):
            if (copy := self._look(path)) is not None:
                self._room -= len(copy.content or "")
                if self._room < 0:
                    return
                yield path, copy

    @staticmethod
    def _look(path: Path) -> _Copy | None:
        """None for what is gone, and for what no copy can be made of."""
        try:
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                return _Copy(0, str(path.readlink()))
            if stat.S_ISDIR(info.st_mode):
                return _Copy(stat.S_IMODE(info.st_mode), None)
            if stat.S_ISREG(info.st_mode) and info.st_size <= MAX_BYTES:
                return _Copy(stat.S_IMODE(info.st_mode), path.read_bytes())
        except OSError:
            return None
        return None


def _below(top: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            yield Path(folder, name)


def _restore(path: Path, copy: _Copy) -> bool:
    """Never through a link that was put in the way."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _is_real(path.parent):
            return False
        if os.path.lexists(path) and (copy.content is not None or path.is_symlink() or not path.is_dir()):
            path.rename(_aside(path)) if path.is_dir() else path.unlink()
        if isinstance(copy.content, str):
            path.symlink_to(copy.content)
            return True
        if copy.content is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(copy.content)
        path.chmod(copy.mode)
    except OSError:
        return False
    return True


def _is_real(folder: Path) -> bool:
    return os.path.realpath(folder) == str(folder)


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.refused-{os.urandom(4).hex()}")
