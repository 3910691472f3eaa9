"""Confines commands with Landlock (landlock(7)) and the system call filter, where namespaces are refused.

Weaker than bubblewrap: nothing inside the workspace can be kept from being written, so protected paths are
put back after each command; modes and times of files outside can be changed; other processes can be seen.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from qwen_code.sandbox.base import Bounds, Network, lies_in
from qwen_code.sandbox.confined_run import ConfinedRun, in_memory, launcher
from qwen_code.sandbox.denied_paths import find_denied
from qwen_code.sandbox.kept_copies import KeptCopies
from qwen_code.sandbox.protected_paths import ProtectedPaths
from qwen_code.sandbox.secret_paths import secret_paths

_CREATE_RULESET, _ADD_RULE = 444, 445
_VERSION: Final = 1
_PATH_BENEATH: Final = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_MAKE_AND_REMOVE: Final = sum(1 << bit for bit in range(4, 13))
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_TCP: Final = 0b11
_SCOPES: Final = 0b11
"""Abstract unix sockets and signals."""

_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm")


def version() -> int:
    """Of the kernel's Landlock; 0 where there is none. The rules below know versions up to 6."""
    try:
        return _call(_CREATE_RULESET, None, 0, _VERSION)
    except OSError:
        return 0


class Landlock:
    """Implements `qwen_code.sandbox.base.Sandbox`."""

    name = "landlock"
    confines = False
    leads_group = False

    def __init__(self, bounds: Bounds, environment: Mapping[str, str], call_filter: bytes) -> None:
        """`environment` is the user's; `call_filter` allows sockets only where there is a network."""
        self._bounds = bounds
        self._environment = environment
        self._filter = call_filter
        self._protected = ProtectedPaths(bounds.roots)
        self._temporary: Path | None = None
        self._ruleset = -1

    @property
    def network(self) -> Network:
        return Network("on", private=True) if self._bounds.network.mode == "on" else Network("off")

    def confine(self, argv: Sequence[str], directory: Path) -> ConfinedRun:
        run = ConfinedRun()
        try:
            ruleset, call_filter = run.own(self._rules()), run.own(in_memory(self._filter))
            run.argv = [*launcher(), "--landlock", str(ruleset), "--filter", str(call_filter), "--", *argv]
            run.environment = dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(self._own_temporary))
            run.after = KeptCopies(self._protected.now()).put_back
        except BaseException:
            run.close()
            raise
        return run

    def probe(self) -> ConfinedRun:
        run = self.confine(["true"], self._bounds.roots[0])
        run.after = None
        return run

    def explain(self) -> Sequence[str]:
        roots = ", ".join(str(root) for root in (*self._bounds.roots, *self._bounds.writable))
        lines = [
            f"writes only in {roots} and a temporary folder; elsewhere modes and times can be changed",
            "put back after each command: the hooks and settings of git, of editors and of agents",
            "not readable: keys, tokens and histories in the home directory, and qwen-code's own files",
            f"network: {self.network}; unix sockets: none",
            "processes: others can be seen; its own are ended with it",
        ]
        if self._bounds.network.mode == "allow":
            lines.append(f"{self._bounds.network} needs bubblewrap, so the network is off")
        return lines

    def close(self) -> None:
        if self._temporary is not None:
            import shutil

            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
            self.__dict__.pop("_own_temporary", None)

    @cached_property
    def _own_temporary(self) -> Path:
        self._temporary = Path(self._environment.get("TMPDIR") or "/tmp") / f"qwen-code-{os.urandom(8).hex()}"
        self._temporary.mkdir(0o700)
        return self._temporary

    @cached_property
    def _known(self) -> int:
        return version()

    def _rules(self) -> int:
        """A descriptor of a new ruleset."""
        write = _WRITE_FILE | _MAKE_AND_REMOVE
        write |= (_REFER if self._known >= 2 else 0) | (_TRUNCATE if self._known >= 3 else 0)
        read = _EXECUTE | _READ_FILE | _READ_DIR
        tcp = _TCP if self._known >= 4 and self.network.mode == "off" else 0
        handled = struct.pack("=QQQ", read | write, tcp, _SCOPES if self._known >= 6 else 0)
        size = 8 if self._known < 4 else 16 if self._known < 6 else 24
        ruleset = _call(_CREATE_RULESET, handled, size, 0)
        try:
            _add(ruleset, Path("/"), _READ_DIR)
            for path in self._readable():
                _add(ruleset, path, read)
            for path in self._writable():
                _add(ruleset, path, read | write)
            for path in map(Path, _DEVICES):
                _add(ruleset, path, read | write)
        except BaseException:
            os.close(ruleset)
            raise
        return ruleset

    def _writable(self) -> list[Path]:
        return [*self._bounds.roots, *self._bounds.writable, *self._protected.outside, self._own_temporary]

    def _readable(self) -> Iterator[Path]:
        """Folders and files that hold no secret: what is not named can't be read."""
        secrets = {*secret_paths(self._bounds.home), *self._denied}
        if self._bounds.config.is_dir():
            secrets.add(Path(os.path.realpath(self._bounds.config)))
        leads_there = {parent for secret in secrets for parent in secret.parents}
        folders = [Path("/")]
        while folders:
            for entry in os.scandir(folders.pop()):
                path = Path(entry.path)
                if path in leads_there and entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif not lies_in(path, secrets) and not entry.is_symlink():
                    yield path
        yield from (path for path in self._bounds.shown if path.exists())

    @cached_property
    def _denied(self) -> list[Path]:
        return find_denied(self._bounds.denied, (*self._bounds.roots, self._bounds.home))


def _add(ruleset: int, path: Path, rights: int) -> None:
    """Grant `rights` on `path` and all below it; a path that is gone is left out."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = rights if path.is_dir() else rights & _OF_FILES
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    """A system call that the C library has no function for."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    passed = [ctypes.c_long(a) if isinstance(a, int) else ctypes.c_char_p(a) for a in arguments]
    result: int = library.syscall(ctypes.c_long(number), *passed)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result
