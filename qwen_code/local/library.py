"""The models that were downloaded, and what a model's name means on this machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qwen_code.errors import ConfigurationError
from qwen_code.local.bundled import bundled_model, is_bundled
from qwen_code.local.catalog import Family, families, find
from qwen_code.local.fit import GIB

_HUB_NAME = re.compile(r"hf:(\w[\w.-]*/\w[\w.-]*)(?::((?:\w[^/:]*/)*\w[^/:]*))?")
_LATER_PART = re.compile(r"-(\d{5})-of-\d{5}\.gguf$")


@dataclass(frozen=True, slots=True)
class Source:
    """A repository on a hub, and which of its files: a name, or a quant of which all files are meant."""

    repository: str
    file: str = ""
    quant: str = ""


class ModelLibrary:
    """A folder with `OWNER/REPOSITORY/FILE.gguf`, as on the hubs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def models(self) -> list[Path]:
        """All models, the first file of each that is split."""
        return sorted(path for path in self.folder.glob("*/*/**/*.gguf") if _is_first(path))

    def folder_of(self, repository: str) -> Path:
        return self.folder / repository

    def find(self, source: Source) -> Path | None:
        """The file of a model, when it is here."""
        folder = self.folder_of(source.repository)
        if source.file:
            path = folder / source.file
            return path if path.is_file() else None
        names = {str(path.relative_to(folder)): path for path in self.models() if path.is_relative_to(folder)}
        chosen = files_of(source, list(names))
        return names[chosen[0]] if chosen else None

    def parts(self, model: Path) -> list[Path]:
        """All files of the model whose first file is `model`."""
        if not (match := _LATER_PART.search(model.name)):
            return [model]
        stem = model.name[: match.start()]
        return sorted(model.parent.glob(f"{stem}-?????-of-?????.gguf"))

    def remove(self, model: Path) -> int:
        """Delete a model and what its download left; returns the bytes freed.

        Raises:
            ConfigurationError: it is not one of the library's.
        """
        if not model.resolve().is_relative_to(self.folder.resolve()):
            raise ConfigurationError(f"{model} was not downloaded by qwen-code; delete it yourself.")
        freed = 0
        for path in self.parts(model):
            freed += path.stat().st_size
            path.unlink()
        repository = self.folder.joinpath(*model.relative_to(self.folder).parts[:2])
        if not any(repository.rglob("*.gguf")):
            shutil.rmtree(repository)
            with suppress(OSError):
                repository.parent.rmdir()
        return freed


def source_of(name: str) -> Source | None:
    """What `hf:OWNER/REPO:FILE` or a name from the catalog stands for; None for anything else."""
    if match := _HUB_NAME.fullmatch(name):
        return Source(match[1], file=match[2] or "")
    if found := find(name):
        family, quant = found
        return Source(family.repository, quant=quant)
    return None


def locate(name: str, library: ModelLibrary) -> Path | None:
    """The file that `name` stands for: the bundled model, a path, a model on a hub or one of the catalog that
    was downloaded.

    None when the name means nothing.

    Raises:
        ConfigurationError: it means a model that is not here.
    """
    if is_bundled(name):
        return _bundled()
    path = Path(name).expanduser()
    if path.is_file() or (path.suffix.lower() == ".gguf" and not _HUB_NAME.fullmatch(name)):
        return path
    source = source_of(name)
    if source is None:
        return None
    here = _any_quant(source, library) if not (source.file or source.quant) else library.find(source)
    if here is not None:
        return here
    size = _size_of(find(name))
    raise ConfigurationError(
        f"{name} is not on this machine{size}. Get it with: qwen-code models pull {name}"
    )


def _bundled() -> Path:
    path = bundled_model()
    if path is None:
        raise ConfigurationError(
            "This build of qwen-code has no demonstration model; `make mini` in a checkout trains one."
        )
    return path


def files_of(source: Source, names: Sequence[str]) -> list[str]:
    """Which of a repository's files `source` means, all parts of a split model in order."""
    if source.file:
        match = _LATER_PART.search(source.file)
        stem = source.file[: match.start()] if match else source.file
        return sorted(n for n in names if n == source.file or (match and n.startswith(f"{stem}-")))
    pattern = re.compile(rf"[-._]{re.escape(source.quant)}(?:-\d{{5}}-of-\d{{5}})?\.gguf", re.IGNORECASE)
    found = sorted(n for n in names if pattern.search(n) and "mmproj" not in n.lower())
    # `Q4_K_XL` also ends `UD-Q4_K_XL`, another quant of the same repository.
    exact = [
        n
        for n in found
        if source.quant.upper().startswith("UD-") or f"UD-{source.quant}".upper() not in n.upper()
    ]
    return exact or found


def _any_quant(source: Source, library: ModelLibrary) -> Path | None:
    """Whichever quant of a repository is here; the largest."""
    folder = library.folder_of(source.repository)
    here = [path for path in library.models() if path.is_relative_to(folder)]
    return max(here, key=lambda path: sum(p.stat().st_size for p in library.parts(path)), default=None)


def _is_first(path: Path) -> bool:
    match = _LATER_PART.search(path.name)
    return match is None or match[1] == "00001"


def _size_of(found: tuple[Family, str] | None) -> str:
    if not found or not found[1]:
        return ""
    return f" ({found[0].quants[found[1]] / GIB:.1f} GiB)"


def described(library: ModelLibrary) -> Iterator[tuple[str, int]]:
    """The models that are here, as `-m` takes them, with their bytes."""
    named = {
        library.find(Source(family.repository, quant=quant)): f"{family.name}:{quant}"
        for family in families()
        for quant in family.quants
    }
    for path in library.models():
        size = sum(part.stat().st_size for part in library.parts(path))
        steps = path.relative_to(library.folder).parts
        yield named.get(path) or f"hf:{'/'.join(steps[:2])}:{'/'.join(steps[2:])}", size
