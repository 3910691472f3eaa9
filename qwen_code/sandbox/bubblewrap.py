"""Confines commands with bubblewrap: Linux namespaces, read-only mounts and a system call filter.

A command sees the whole file system read-only, the workspace writable, a /tmp of its own, and no secrets; no
process but its own; no network but what it is allowed. The reason for each measure: docs/guides/sandbox.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from qwen_code.sandbox.base import Bounds, Network, lies_in
from qwen_code.sandbox.confined_run import ConfinedRun, in_memory
from qwen_code.sandbox.file_view import FileView
from qwen_code.sandbox.protected_paths import ProtectedPaths

_CACHES: Final = {
    "GOCACHE": "/tmp/.cache/go-build",
    "UV_CACHE_DIR": "/tmp/.cache/uv",
    "npm_config_cache": "/tmp/.cache/npm",
}
"""Tools that don't work without a writable cache. The person's own would carry what a command puts there to
programs that run outside."""
_TEMPORARY: Final = {"TMPDIR": "/tmp", "TMP": "/tmp", "TEMP": "/tmp"}


@dataclass(frozen=True, slots=True)
class Variant:
    """What of bubblewrap works on this machine."""

    user_namespace: bool = True
    """Off where root is refused one, or works on files of others, which a namespace of its own would take
    from it."""
    disable_user_namespaces: bool = True
    """Since 0.8; the system call filter refuses them anyway."""
    own_proc: bool = True
    """Off in containers that forbid mounting it; the names of other processes can be seen then."""


class Bubblewrap:
    """Implements `qwen_code.sandbox.base.Sandbox`."""

    name = "bubblewrap"
    confines = True
    leads_group = True

    def __init__(
        self,
        program: str,
        bounds: Bounds,
        environment: Mapping[str, str],
        call_filter: bytes,
        variant: Variant,
    ) -> None:
        """`environment` is the user's; `call_filter` comes from `qwen_code.sandbox.seccomp`."""
        self.program = program
        self.variant = variant
        self._bounds = bounds
        self._environment = environment
        self._filter = call_filter
        self._view = FileView(bounds, environment, own_proc=variant.own_proc)
        self._protected = ProtectedPaths(bounds.roots)
        self._temporary: Path | None = None

    @property
    def network(self) -> Network:
        return self._bounds.network

    def confine(self, argv: Sequence[str], directory: Path) -> ConfinedRun:
        protection = self._protected.now()
        missing = [entry for entry in protection.missing if self._is_writable(entry[0])]
        run = ConfinedRun(protection.links)
        try:
            mounts = dict(protection.mounts) | dict.fromkeys(run.stubs.hold(missing), False)
            inside = (
                run.through_proxy(self.network, self._bounds.judge_host)
                if self.network.mode == "allow"
                else []
            )
            view = self._view.options(self._writable, mounts, directory, self._temporary_for(directory))
            self._put_in(run, view, directory, [*inside, *argv])
        except BaseException:
            run.close()
            raise
        run.environment = self._variables()
        return run

    def probe(self) -> ConfinedRun:
        """`true`, confined like a command, but nothing is looked for in the workspace."""
        run, directory = ConfinedRun(), self._bounds.roots[0]
        view = self._view.options(self._bounds.roots, {}, directory, None)
        self._put_in(run, view, directory, ["true"])
        return run

    def _put_in(self, run: ConfinedRun, view: Sequence[str], directory: Path, argv: Sequence[str]) -> None:
        call_filter = run.own(in_memory(self._filter))
        options = [
            *self._start(),
            *view,
            *("--seccomp", str(call_filter), "--chdir", str(directory)),
        ]
        # not on the command line, where `ps` shows it to the command
        given = run.own(in_memory(b"".join(os.fsencode(option) + b"\0" for option in options)))
        run.argv = [self.program, "--args", str(given), "--", *argv]

    def explain(self) -> Sequence[str]:
        roots = ", ".join(str(root) for root in (*self._bounds.roots, *self._bounds.writable))
        lines = [
            f"writes only in {roots} and a private /tmp",
            "protected there: the hooks and settings of git, of editors and of agents",
            "not readable: keys, tokens and histories in the home directory, and qwen-code's own files",
            "environment: without variables that look like secrets",
            f"network: {self.network}; unix sockets: none",
            "processes: only its own, ended with it",
        ]
        if not self.variant.user_namespace:
            lines.append("no user namespace: this machine refuses it, or the files belong to other users")
        if not self.variant.own_proc:
            lines.append(
                "this container allows no /proc of its own: the names of other processes can be seen"
            )
        return lines

    def close(self) -> None:
        if self._temporary is not None:
            import shutil

            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _start(self) -> Iterator[str]:
        variant = self.variant
        yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL")
        yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
        if variant.user_namespace:
            yield "--unshare-user"
            if variant.disable_user_namespaces:
                yield "--disable-userns"
        else:  # root, on files of others
            for name in ("CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_CHOWN"):
                yield from ("--cap-add", name)
        if self.network.mode != "on":
            yield "--unshare-net"

    @cached_property
    def _writable(self) -> list[Path]:
        extra = [path for path in self._bounds.writable if path.is_dir()]
        return [*self._bounds.roots, *extra, *self._protected.outside]

    def _is_writable(self, path: Path) -> bool:
        return lies_in(path, self._writable) and os.access(path.parent, os.W_OK)

    def _temporary_for(self, directory: Path) -> Path | None:
        """A folder for /tmp that lasts as long as the session, so that commands can hand files on.

        None where something that commands see lies in /tmp itself: there a command could put links in the way
        of the next one's mounts, so each gets an empty one.
        """
        if self._view.needs_tmp(directory):
            return None
        if self._temporary is None:
            folder = Path(self._environment.get("TMPDIR") or "/tmp")
            self._temporary = folder / f"qwen-code-{os.urandom(8).hex()}"
            self._temporary.mkdir(0o700)
        return self._temporary

    def _variables(self) -> dict[str, str]:
        caches = {name: path for name, path in _CACHES.items() if name not in self._environment}
        return {**_TEMPORARY, **caches}
