"""Keeps evaluated conversations on disk, so that a resumed session, or a new one with a known system prompt,
starts without evaluating them again.

A saved conversation is found by what it holds, not by a session's name: its sidecar lists the digest chain
of its entries (see `transcript`), and whichever saved file shares the longest beginning with a prompt
serves it. llama.cpp trusts such files blindly (a cut one ends the process, one of another model loads), so
nothing reaches it before the sidecar's model, version, size and sha256 have been compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from qwen_code.local.gguf import GgufHeader
from qwen_code.local.kv_sidecar import SavedCheckpoint, SavedFile, Sidecar, read_sidecar

_STALE_S = 3600.0
"""A file without a sidecar that is older than this was left behind by a process that died."""
_FREE_BYTES = 2**30
"""Disk space that saving leaves to others."""


class KvStore:
    """The saved conversations of one model under one configuration."""

    def __init__(self, folder: Path, identity: str, *, limit_bytes: int) -> None:
        """
        Args:
            folder: shared by all models; created when something is saved.
            identity: see `identity_of`.
            limit_bytes: what all saved conversations together may take; the least recently used go first.
        """
        self._root = folder
        self._identity = identity
        self._folder = folder / identity[:16]
        self._limit = limit_bytes

    def best_for(self, chain: Sequence[str], *, cuttable: bool, better_than: int) -> Sidecar | None:
        """The saved conversation that gives most of a prompt, if it gives more than `better_than` tokens."""
        best, most = None, better_than
        for sidecar in self._sidecars():
            if (reach := sidecar.reach(chain, cuttable=cuttable)) > most:
                best, most = sidecar, reach
        return best

    def holds(self, chain: Sequence[str]) -> bool:
        """Whether exactly this conversation is saved."""
        return self._sidecar_path(chain).exists()

    def verified(self, sidecar: Sidecar) -> Path | None:
        """The file with the state, when it is whole and unchanged; else it is deleted."""
        path = self._folder / sidecar.state.name
        if not _is_intact(path, sidecar.state):
            self.delete(sidecar)
            return None
        with suppress(OSError):
            os.utime(sidecar.path)
        return path

    def checkpoints(self, sidecar: Sidecar) -> list[tuple[int, bytes]]:
        """The running states saved beside a conversation, each with its length in tokens; none if damaged."""
        if sidecar.checkpoint_file is None:
            return []
        path = self._folder / sidecar.checkpoint_file.name
        if not _is_intact(path, sidecar.checkpoint_file):
            return []
        with path.open("rb") as file:
            return [(c.length, file.read(c.bytes)) for c in sidecar.checkpoints]

    def save(
        self,
        *,
        chain: Sequence[str],
        lengths: Sequence[int],
        evaluated: int,
        pending: Sequence[int],
        size: int,
        write: Callable[[Path], bool],
        checkpoints: Sequence[tuple[int, bytes]] = (),
        label: str = "",
    ) -> bool:
        """Save a conversation; `write` puts the state of about `size` bytes into a file.

        Nothing half-written is ever found, whatever happens, also beside other processes that save the same.

        Returns:
            False when it could not be saved, or would not have been kept.
        """
        total = size + sum(len(state) for _, state in checkpoints)
        if total > self._limit or not self._has_room(total):
            return False
        key = self._sidecar_path(chain).stem
        try:
            state = self._write(key, "kv", write)
            file = None
            if state is not None and checkpoints:
                file = self._write(key, "states", lambda path: _write_all(path, [s for _, s in checkpoints]))
            if state is None:
                return False
            sidecar = Sidecar(
                self._identity,
                tuple(chain),
                tuple(lengths),
                evaluated,
                tuple(pending),
                state,
                label,
                tuple(SavedCheckpoint(n, len(s)) for n, s in checkpoints) if file else (),
                file,
            )
            self._write_sidecar(sidecar)
        except OSError:
            return False
        self._tidy(sidecar)
        return True

    def delete(self, sidecar: Sidecar) -> None:
        sidecar.path.unlink(missing_ok=True)
        for file in (sidecar.state, sidecar.checkpoint_file):
            if file is not None:
                (sidecar.path.parent / file.name).unlink(missing_ok=True)

    def _has_room(self, size: int) -> bool:
        import shutil

        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            return shutil.disk_usage(self._folder).free > size + _FREE_BYTES
        except OSError:
            return False

    def _sidecar_path(self, chain: Sequence[str]) -> Path:
        return self._folder / f"{chain[-1]}.json"

    def _write(self, key: str, kind: str, write: Callable[[Path], bool]) -> SavedFile | None:
        """Write one file, and give it a name that says what is in it once it is safe on disk."""
        unfinished = self._folder / f"{key}.{os.getpid()}.{kind}.tmp"
        try:
            unfinished.touch(mode=0o600)
            if not write(unfinished):
                return None
            with unfinished.open("rb+") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
                size = file.tell()
            name = f"{key}-{digest[:16]}.{kind}"
            unfinished.replace(self._folder / name)
            return SavedFile(name, size, digest)
        finally:
            unfinished.unlink(missing_ok=True)

    def _write_sidecar(self, sidecar: Sidecar) -> None:
        content = {k: v for k, v in asdict(sidecar).items() if k != "path"}
        target = self._sidecar_path(sidecar.chain)
        unfinished = target.with_suffix(f".{os.getpid()}.tmp")
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(0o600)
        unfinished.replace(target)

    def _sidecars(self) -> Iterator[Sidecar]:
        for path in self._folder.glob("*.json"):
            sidecar = read_sidecar(path)
            if sidecar is None:
                path.unlink(missing_ok=True)
            elif sidecar.identity == self._identity:
                yield sidecar

    def _tidy(self, new: Sidecar) -> None:
        """Delete what `new` replaces, what nobody refers to any more, and the oldest beyond the limit."""
        for old in self._sidecars():
            continued = len(old.chain) < len(new.chain) and new.chain[: len(old.chain)] == old.chain
            if continued and old.label and old.label == new.label:
                self.delete(old)
        tidy(self._root, self._limit)


def tidy(root: Path, limit_bytes: int) -> None:
    """Keep all saved conversations below `root` within `limit_bytes`, the most recently used ones."""
    kept, used = set[Path](), 0
    known = [(path, sidecar) for path in root.glob("*/*.json") if (sidecar := read_sidecar(path))]
    for path, sidecar in sorted(known, key=lambda item: -_modified(item[0])):
        files = [path.parent / f.name for f in (sidecar.state, sidecar.checkpoint_file) if f]
        size = sum(file.stat().st_size for file in files if file.exists())
        if used + size <= limit_bytes:
            used += size
            kept.update((path, *files))
        else:
            for file in (path, *files):
                file.unlink(missing_ok=True)
    now = time.time()
    for path in root.glob("*/*"):
        if (
            path not in kept
            and (path.suffix in (".kv", ".states", ".tmp"))
            and now - _modified(path) > _STALE_S
        ):
            path.unlink(missing_ok=True)


def forget(root: Path, label: str) -> None:
    """Delete what was saved for a session, in all models' folders."""
    for path in root.glob("*/*.json"):
        sidecar = read_sidecar(path)
        if sidecar is not None and sidecar.label == label:
            for file in (sidecar.state, sidecar.checkpoint_file):
                if file is not None:
                    (path.parent / file.name).unlink(missing_ok=True)
            path.unlink(missing_ok=True)


def identity_of(header: GgufHeader, *configuration: str) -> str:
    """What a saved state belongs to: the model's file and everything that shapes the state.

    Weights are too large to hash; metadata, tensor table, size and a sample of the weights tell any two
    files apart that are not made to deceive.
    """
    digest = hashlib.sha256()
    with header.path.open("rb") as file:
        digest.update(file.read(header.header_bytes))
        weights = header.file_bytes - header.header_bytes
        for tenth in range(10):
            file.seek(header.header_bytes + weights * tenth // 10)
            digest.update(file.read(65_536))
    digest.update(json.dumps([header.file_bytes, *configuration]).encode())
    return digest.hexdigest()


def _is_intact(path: Path, saved: SavedFile) -> bool:
    try:
        with path.open("rb") as file:
            return (
                os.fstat(file.fileno()).st_size == saved.bytes
                and hashlib.file_digest(file, "sha256").hexdigest() == saved.sha256
            )
    except OSError:
        return False


def _write_all(path: Path, parts: Sequence[bytes]) -> bool:
    with path.open("wb") as file:
        for part in parts:
            file.write(part)
    return True


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
