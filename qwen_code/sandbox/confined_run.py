"""One command inside a sandbox: what it was given, and what is cleaned up after it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qwen_code.sandbox.stubs import Stubs

if TYPE_CHECKING:
    from qwen_code.sandbox.base import HostJudge, Network
    from qwen_code.sandbox.network_proxy import NetworkProxy
    from qwen_code.sandbox.network_rules import NetworkDecision

LAUNCHER: Final = Path(__file__).with_name("launch.py")
MAX_NAMED: Final = 5
"""How many refused hosts are named to the model."""


def launcher() -> list[str]:
    """The beginning of a command line for `launch.py`."""
    return [sys.executable, "-I", "-S", str(LAUNCHER)]


def in_memory(content: bytes) -> int:
    """A descriptor from which `content` can be read."""
    descriptor = os.memfd_create("qwen-code", os.MFD_CLOEXEC)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@dataclass(slots=True)
class ConfinedRun:
    """Implements `qwen_code.sandbox.base.Confined`; backends fill it in."""

    links: Mapping[Path, str] = field(default_factory=dict[Path, str])
    """Links at protected names; they are put back when the command has changed them."""
    argv: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    stubs: Stubs = field(default_factory=Stubs)
    after: Callable[[], Sequence[str]] | None = None
    """To be done at the end; what it returns is for the model."""
    _owned: list[int] = field(default_factory=list[int])
    _proxy: NetworkProxy | None = None
    _decisions: dict[str, NetworkDecision] = field(default_factory=dict[str, "NetworkDecision"])

    @property
    def descriptors(self) -> Sequence[int]:
        proxy = [] if self._proxy is None else [self._proxy.end_for_child.fileno()]
        return [*self._owned, *proxy]

    def own(self, descriptor: int) -> int:
        """Hand `descriptor` down to the command, and close it here at the end."""
        self._owned.append(descriptor)
        return descriptor

    def through_proxy(self, network: Network, judge: HostJudge | None) -> list[str]:
        """What stands before a command inside the sandbox so that it has a proxy."""
        from qwen_code.sandbox.network_proxy import NetworkProxy

        self._proxy = NetworkProxy(network, self._decided, judge)
        return [*launcher(), "--proxy", str(self._proxy.end_for_child.fileno()), "--"]

    @property
    def hosts(self) -> Sequence[str]:
        return [str(decision) for decision in self._decisions.values()]

    def waited_s(self) -> float:
        return 0.0 if self._proxy is None else self._proxy.waited_s()

    async def spawned(self) -> None:
        if self._proxy is not None:
            await self._proxy.serve()

    def close(self) -> Sequence[str]:
        if self._proxy is not None:
            self._proxy.close()
        for descriptor in self._owned:
            os.close(descriptor)
        self._owned = []
        self.stubs.release()
        notes = [f"{path} was a link to {text} and is one again" for path, text in self._put_back()]
        if self.after is not None:
            notes += self.after()
        refused = [decision.host for decision in self._decisions.values() if not decision.allowed]
        if refused:
            named = ", ".join(dict.fromkeys(refused[:MAX_NAMED]))
            notes.append(f"the sandbox allows no connection to {named}")
        return notes

    def _put_back(self) -> list[tuple[Path, str]]:
        """Restore links that were replaced; what is in their place is kept under another name."""
        changed: list[tuple[Path, str]] = []
        for path, text in self.links.items():
            try:
                if path.is_symlink() and str(path.readlink()) == text:
                    continue
                if os.path.lexists(path):
                    path.rename(path.with_name(f"{path.name}.replaced-{os.urandom(4).hex()}"))
                path.symlink_to(text)
                changed.append((path, text))
            except OSError:
                continue
        self.links = {}
        return changed

    def _decided(self, decision: NetworkDecision) -> None:
        import logging

        logging.getLogger("qwen_code.sandbox").info("%s", decision)
        self._decisions.setdefault(str(decision), decision)
