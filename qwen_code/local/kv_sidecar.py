"""What lies beside a saved conversation and says what it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

FORMAT = 1


@dataclass(frozen=True, slots=True)
class SavedCheckpoint:
    """A running state inside the file of checkpoints."""

    length: int
    bytes: int


@dataclass(frozen=True, slots=True)
class SavedFile:
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a saved conversation is."""

    identity: str
    chain: tuple[str, ...]
    lengths: tuple[int, ...]
    evaluated: int
    """Tokens in the state; the last entry's closing may not be among them."""
    pending: tuple[int, ...]
    """Tokens of the last entry that are not."""
    state: SavedFile
    label: str = ""
    """The session that it belongs to, if any."""
    checkpoints: tuple[SavedCheckpoint, ...] = ()
    checkpoint_file: SavedFile | None = None
    format: int = FORMAT
    path: Path = field(default=Path(), compare=False)
    """Where this sidecar lies; not stored."""

    def reach(self, chain: Sequence[str], *, cuttable: bool) -> int:
        """Tokens that this can give to a prompt with `chain`; `cuttable`: it can be cut anywhere."""
        shared = 0
        while shared < min(len(chain), len(self.chain)) and chain[shared] == self.chain[shared]:
            shared += 1
        if shared == 0:
            return 0
        length = min(self.lengths[shared - 1], self.evaluated)
        if cuttable or length == self.evaluated:
            return length
        return max((c.length for c in self.checkpoints if c.length <= length), default=0)


def read_sidecar(path: Path) -> Sidecar | None:
    """The sidecar in `path`; None when it is damaged or of another version."""
    try:
        data: Any = json.loads(path.read_text("utf-8"))
        return _parsed(cast("dict[str, Any]", data), path)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _parsed(data: dict[str, Any], path: Path) -> Sidecar | None:
    sidecar = Sidecar(
        identity=str(data["identity"]),
        chain=tuple(str(digest) for digest in data["chain"]),
        lengths=tuple(int(length) for length in data["lengths"]),
        evaluated=int(data["evaluated"]),
        pending=tuple(int(token) for token in data["pending"]),
        state=_file(data["state"]),
        label=str(data["label"]),
        checkpoints=tuple(SavedCheckpoint(int(c["length"]), int(c["bytes"])) for c in data["checkpoints"]),
        checkpoint_file=_file(data["checkpoint_file"]) if data["checkpoint_file"] else None,
        format=int(data["format"]),
        path=path,
    )
    files = [f for f in (sidecar.state, sidecar.checkpoint_file) if f]
    sound = (
        sidecar.format == FORMAT
        and sidecar.chain
        and len(sidecar.chain) == len(sidecar.lengths)
        and sidecar.evaluated > 0
        and sidecar.evaluated + len(sidecar.pending) >= sidecar.lengths[-1]
        and all(a < b for a, b in pairwise((0, *sidecar.lengths)))
        and all(c.bytes > 0 for c in sidecar.checkpoints)
        and all("/" not in f.name and f.name not in ("", ".", "..") for f in files)
    )
    return sidecar if sound else None


def _file(data: dict[str, Any]) -> SavedFile:
    return SavedFile(str(data["name"]), int(data["bytes"]), str(data["sha256"]))
