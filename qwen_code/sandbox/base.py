"""What a sandbox is to the rest of the program: bounds go in, confined command lines come out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from qwen_code.sandbox.denied_paths import Pattern

NAME: Final = re.compile(r"(?:\*?\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[?[0-9a-f:.]+\]?", re.ASCII)
"""A host's name, `*.` before one for all below it, or an address."""


@dataclass(frozen=True, slots=True)
class Network:
    """What commands reach of the network."""

    mode: Literal["off", "on", "allow"] = "off"
    names: tuple[str, ...] = ()
    """With `allow`: hosts, lower-case; `*.example.org` stands for all names below it. None of them: each host
    is asked for."""
    private: bool = False
    """Whether a name may lead to this machine or to a private network."""

    @classmethod
    def parse(cls, text: str, *, private: bool = False) -> Network:
        """Read `off`, `on`, `ask` or `allow:NAME,...`.

        Raises:
            ValueError: it is none of these; the sentence says why.
        """
        if text == "off":
            return cls("off")
        if text == "on":
            return cls("on", private=True)
        if text == "ask":
            return cls("allow", private=private)
        kind, _, names = text.partition(":")
        hosts = tuple(name.strip().lower().rstrip(".") for name in names.split(",") if name.strip())
        if kind != "allow" or not hosts:
            raise ValueError(f"{text!r} is not a network; write off, on, ask or allow:NAME,...")
        for host in hosts:
            if not NAME.fullmatch(host):
                raise ValueError(
                    f"{host!r} is not the name of a host; write e.g. allow:pypi.org,*.example.org"
                )
        return cls("allow", hosts, private)

    def __str__(self) -> str:
        if self.mode != "allow":
            return self.mode
        return f"allow:{','.join(self.names)}" if self.names else "ask"


class HostJudge(Protocol):
    """Decides about hosts while a command waits for its connection."""

    async def __call__(self, host: str, port: int, named: bool) -> str:
        """Why there may be no connection; empty when there may. `named`: the bounds name the host."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """What commands may touch."""

    roots: tuple[Path, ...]
    """The workspace: writable, except for what would run code later."""
    home: Path
    config: Path
    """This program's own folder, which holds keys and other projects' sessions: not readable."""
    network: Network = field(default_factory=Network)
    writable: tuple[Path, ...] = ()
    """Further folders that commands may write to, such as caches."""
    shown: tuple[Path, ...] = ()
    """Folders below hidden ones that commands may read nevertheless."""
    denied: tuple[Pattern, ...] = ()
    """Patterns of files that commands can't read, as rules have them."""
    judge_host: HostJudge | None = None
    """Asked about each host, with `allow`; None: what is named may be reached, nothing else."""


def lies_in(path: Path, folders: Iterable[Path]) -> bool:
    """Whether `path` is one of `folders` or below it; by their names, a hundred times for each command."""
    text = str(path)
    for folder in folders:
        name = str(folder)
        if text == name or text.startswith(name if name == "/" else f"{name}/"):
            return True
    return False


class Confined(Protocol):
    """One command's way into the sandbox; `close` must be called in the end."""

    @property
    def argv(self) -> Sequence[str]: ...

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables to set for it, beside those that it gets anyway."""
        ...

    @property
    def descriptors(self) -> Sequence[int]:
        """To be handed down to it."""
        ...

    async def spawned(self) -> None:
        """To be awaited once the process runs. May be cancelled."""
        ...

    @property
    def hosts(self) -> Sequence[str]:
        """What was decided about each connection that it wanted, in words."""
        ...

    def waited_s(self) -> float:
        """Seconds, since the last call of this, in which it waited for a person's decision."""
        ...

    def close(self) -> Sequence[str]:
        """Clean up after it; what the model should be told, in short sentences."""
        ...


class Sandbox(Protocol):
    """A way of confining commands that has been found to work here."""

    @property
    def name(self) -> str: ...

    @property
    def confines(self) -> bool:
        """True when it holds well enough to let commands run without a question."""
        ...

    @property
    def leads_group(self) -> bool:
        """True when the spawned process is the sandbox's own, which ends with what runs inside it."""
        ...

    @property
    def network(self) -> Network: ...

    def confine(self, argv: Sequence[str], directory: Path) -> Confined:
        """Prepare one command that starts in `directory`.

        Raises:
            OSError: that can't be done now.
        """
        ...

    def explain(self) -> Sequence[str]:
        """What it confines, in one line each, for people."""
        ...

    def close(self) -> None:
        """Remove what it kept between commands."""
        ...


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one kind of sandbox can't be used here."""

    sandbox: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.sandbox}: {self.text}." + (f" {self.remedy}" if self.remedy else "")
