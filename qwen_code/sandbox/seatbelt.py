"""Confines commands on macOS with a Seatbelt profile for sandbox-exec(1).

The profile is tested as text; it has not been run on that system by this project's tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from qwen_code.sandbox.base import Bounds, Network
from qwen_code.sandbox.confined_run import ConfinedRun
from qwen_code.sandbox.denied_paths import find_denied
from qwen_code.sandbox.protected_paths import ProtectedPaths, Protection
from qwen_code.sandbox.secret_paths import secret_paths

PROGRAM: Final = "/usr/bin/sandbox-exec"
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/tty", "/dev/dtracehelper")


class Seatbelt:
    """Implements `qwen_code.sandbox.base.Sandbox`."""

    name = "seatbelt"
    confines = True
    leads_group = False

    def __init__(self, bounds: Bounds, environment: Mapping[str, str]) -> None:
        self._bounds = bounds
        self._environment = environment
        self._protected = ProtectedPaths(bounds.roots)

    @property
    def network(self) -> Network:
        return Network("on", private=True) if self._bounds.network.mode == "on" else Network("off")

    def confine(self, argv: Sequence[str], directory: Path) -> ConfinedRun:
        profile = self.profile(self._protected.now())
        return ConfinedRun(argv=[PROGRAM, "-p", profile, *argv])

    def probe(self) -> ConfinedRun:
        return self.confine(["/usr/bin/true"], self._bounds.roots[0])

    def profile(self, protection: Protection) -> str:
        """The profile; a later rule wins over an earlier one."""
        temporary = os.path.realpath(self._environment.get("TMPDIR") or "/tmp")
        writable = [*self._bounds.roots, *self._bounds.writable, *self._protected.outside, Path(temporary)]
        locked = [path for path, changes in protection.mounts if not changes]
        kept = [*locked, *(path for path, _ in protection.missing), *protection.links]
        pinned = [path for path, changes in protection.mounts if changes]
        config = [Path(os.path.realpath(self._bounds.config))]
        rules = [
            "(version 1)",
            "(allow default)",
            "(deny file-write*)",
            _rule("allow", "file-write*", "subpath", writable),
            _rule("allow", "file-write-data", "literal", map(Path, _DEVICES)),
            '(allow file-write* (regex #"^/dev/ttys[0-9]+$") (regex #"^/dev/fd/"))',
            _rule("deny", "file-write*", "subpath", kept),
            _rule("deny", "file-write-unlink", "literal", pinned),
            _rule("deny", "file-read* file-write*", "subpath", [*self._secrets, *config]),
            _rule("allow", "file-read*", "subpath", self._bounds.shown),
        ]
        if self.network.mode == "off":
            rules += [
                "(deny network*)",
                '(allow network* (local ip "localhost:*") (remote ip "localhost:*"))',
            ]
            rules.append("(deny network-outbound (remote unix-socket))")
        return "\n".join(rule for rule in rules if rule)

    def explain(self) -> Sequence[str]:
        roots = ", ".join(str(root) for root in (*self._bounds.roots, *self._bounds.writable))
        lines = [
            f"writes only in {roots} and the temporary folder",
            "protected there: the hooks and settings of git, of editors and of agents",
            "not readable: keys, tokens and histories in the home directory, and qwen-code's own files",
            f"network: {self.network}" + ("; loopback can be reached" if self.network.mode == "off" else ""),
        ]
        if self._bounds.network.mode == "allow":
            lines.append(f"{self._bounds.network} is not supported here, so the network is off")
        return lines

    def close(self) -> None:
        """Nothing is kept."""

    @cached_property
    def _secrets(self) -> list[Path]:
        denied = find_denied(self._bounds.denied, (*self._bounds.roots, self._bounds.home))
        return [*secret_paths(self._bounds.home), *denied]


def _rule(verdict: str, operation: str, kind: str, paths: Iterable[Path]) -> str:
    """One rule for all `paths`; none where there are none, since it would then hold for everything."""
    named = [f"({kind} {_quoted(str(path))})" for path in paths]
    return f"({verdict} {operation} {' '.join(named)})" if named else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
