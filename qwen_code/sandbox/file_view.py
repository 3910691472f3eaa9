"""What a command sees of the file system under bubblewrap, as that program's options."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from qwen_code.sandbox.base import Bounds, lies_in
from qwen_code.sandbox.denied_paths import find_denied
from qwen_code.sandbox.secret_paths import secret_paths

PRIVATE: Final = (Path("/tmp"), Path("/var/tmp"), Path("/run"))
"""Emptied: what other programs leave there is none of a command's business."""
_SHOWN_OF_RUN: Final = ("/run/current-system", "/run/wrappers", "/run/opengl-driver")
"""Where NixOS keeps the programs."""
_OF_THE_KERNEL: Final = tuple(
    Path("/proc") / name for name in ("bus", "fs", "irq", "mtrr", "sys", "sysrq-trigger")
)
"""What root may set there without any capability. bubblewrap 0.8 makes some of it read-only where it finds it
writable, which it does not on every kernel (6.18: not `sys`)."""


class FileView:
    """Everything read-only but the workspace, without secrets, with empty folders for temporary files."""

    def __init__(self, bounds: Bounds, environment: Mapping[str, str], *, own_proc: bool) -> None:
        self._bounds = bounds
        self._environment = environment
        self._own_proc = own_proc

    def options(
        self, writable: Sequence[Path], mounts: Mapping[Path, bool], directory: Path, temporary: Path | None
    ) -> list[str]:
        """The mounts, parents before what is in them.

        Args:
            writable: folders that commands write to.
            mounts: paths in them that can't be replaced, and whether what is in them may be written.
            directory: where the command starts.
            temporary: what /tmp is; None: an empty one that ends with the command.
        """
        table = self._beneath(temporary)
        for path in (*self._needed, directory):
            if path not in PRIVATE and lies_in(path, PRIVATE) and path.exists():
                table[path] = _bind(path)
        for path in writable:
            table[path] = _bind(path, writable=True)
        for path, changes in mounts.items():
            if changes:
                table.setdefault(path, _bind(path, writable=True))
            elif lies_in(path, writable):
                table[path] = _bind(path)
        table.update((path, _bind(path)) for path in self._bounds.shown if path.is_dir())
        sealed: list[str] = []
        for path in self._hidden(writable):
            if path.is_dir():
                table[path] = _emptied(path, table)
                sealed += ["--remount-ro", str(path)]
            else:
                table[path] = ("--dev-bind", "/dev/null", str(path))
        ordered = sorted(table.items(), key=lambda item: item[0].parts)
        return ["--ro-bind", "/", "/", *(part for _, parts in ordered for part in parts), *sealed]

    def needs_tmp(self, directory: Path) -> bool:
        """Whether something is to be mounted in /tmp."""
        bounds = self._bounds
        mounted = (*bounds.roots, *bounds.writable, *bounds.shown, *self._needed, directory)
        return any(lies_in(path, PRIVATE[:1]) and path.exists() for path in mounted)

    def _beneath(self, temporary: Path | None) -> dict[Path, tuple[str, ...]]:
        """What lies below everything else."""
        proc = ("--proc", "/proc") if self._own_proc else ("--ro-bind", "/proc", "/proc")
        table: dict[Path, tuple[str, ...]] = {Path("/dev"): ("--dev", "/dev"), Path("/proc"): proc}
        if self._own_proc:
            readable = (path for path in _OF_THE_KERNEL if path.exists())
            table.update((path, ("--ro-bind", str(path), str(path))) for path in readable)
        for path in PRIVATE:
            if path.is_dir() and not path.is_symlink():
                table[path] = ("--tmpfs", str(path))
        if temporary is not None:
            table[Path("/tmp")] = ("--bind", str(temporary), "/tmp")
        return table

    def _hidden(self, writable: Sequence[Path]) -> list[Path]:
        """Secrets, without what lies in another hidden folder or is out of sight anyway."""
        found = {*secret_paths(self._bounds.home), *self._denied}
        if self._bounds.config.is_dir():
            found.add(Path(os.path.realpath(self._bounds.config)))
        shown = (*self._bounds.shown, *self._bounds.roots, self._bounds.home)
        hidden: list[Path] = []
        for path in sorted(found.difference(writable)):  # a folder comes before what is in it
            in_sight = lies_in(path, shown) or not lies_in(path, PRIVATE)
            if in_sight and not lies_in(path, hidden):
                hidden.append(path)
        return hidden

    @cached_property
    def _denied(self) -> list[Path]:
        return find_denied(self._bounds.denied, (*self._bounds.roots, self._bounds.home))

    @cached_property
    def _needed(self) -> list[Path]:
        """What may lie in an emptied folder and is needed: the home, programs, the resolver's file."""
        return [self._bounds.home, *map(Path, _SHOWN_OF_RUN), *self._programs()]

    def _programs(self) -> Iterator[Path]:
        yield from (Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parent)
        for name in self._environment.get("PATH", "").split(os.pathsep):
            path = Path(name)
            if path.is_absolute():
                yield path.parent if path.name == "bin" else path
        if self._bounds.network.mode == "on":
            yield Path(os.path.realpath("/etc/resolv.conf"))


def _bind(path: Path, *, writable: bool = False) -> tuple[str, ...]:
    return ("--bind" if writable else "--ro-bind", str(path), str(path))


def _emptied(path: Path, others: Collection[Path]) -> tuple[str, ...]:
    """An empty folder, which can only be entered where something in it is shown."""
    entered = any(lies_in(other, (path,)) for other in others)
    return ("--perms", "0555" if entered else "0000", "--tmpfs", str(path))
