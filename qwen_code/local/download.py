"""Downloads models from Hugging Face or a mirror of it, and single files from any URL such as ModelScope's.

huggingface-hub does the transfer: it resumes, follows `HF_ENDPOINT` and uses the token that the person has.
What it leaves out is done here: the room on the disk first, the sha256 afterwards, and sentences.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from qwen_code.errors import BackendUnavailable, ConfigurationError, UsageError
from qwen_code.local.fit import GIB
from qwen_code.local.library import ModelLibrary, Source, files_of, source_of

_SPARE_BYTES = GIB
"""Left free on the disk."""
Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes that are here and those that it will have."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    name: str
    bytes: int
    sha256: str
    """Empty when the hub does not tell."""


class Hub:
    """Hugging Face, or a mirror."""

    def __init__(self, endpoint: str = "", token: str = "") -> None:
        """Empty: what `HF_ENDPOINT`, `HF_TOKEN` and `hf auth login` say."""
        self.endpoint = endpoint or os.environ.get("HF_ENDPOINT", "") or "https://huggingface.co"
        self._token = token or None

    def files(self, source: Source) -> list[RemoteFile]:
        """The files that `source` means.

        Raises:
            ConfigurationError: there is no such repository or file, or it needs a token.
            BackendUnavailable: the hub can't be reached.
        """
        hub = _library()
        try:
            info: Any = hub.HfApi(endpoint=self.endpoint, token=self._token).model_info(
                source.repository, files_metadata=True, timeout=30
            )
        except Exception as error:
            raise self._failure(error, source.repository) from None
        remote = {file.name: file for file in map(_remote_file, info.siblings or ())}
        chosen = files_of(source, list(remote))
        if not chosen:
            there = sorted(name for name in remote if name.endswith(".gguf"))
            listed = ", ".join(there[:12]) + (", ..." if len(there) > 12 else "")
            raise ConfigurationError(
                f"{self.endpoint}/{source.repository} has no {source.file or source.quant}. "
                + (f"It has {listed}." if there else "It has no GGUF at all.")
            )
        return [remote[name] for name in chosen]

    def pull(self, source: Source, library: ModelLibrary, progress: Progress) -> Path:
        """Download a model into `library`; goes on where an earlier attempt was cut off.

        Raises:
            ConfigurationError: as `files`; or the disk is too small, or what came is not what was promised.
            BackendUnavailable: the connection failed; calling again resumes.
        """
        wanted = self.files(source)
        folder = library.folder_of(source.repository)
        missing = [file for file in wanted if not _is_here(folder / file.name, file)]
        _check_room(folder, sum(file.bytes for file in missing))
        for file in missing:
            self._fetch(source.repository, file, folder, progress)
        return folder / wanted[0].name

    def _fetch(self, repository: str, file: RemoteFile, folder: Path, progress: Progress) -> None:
        hub = _library()
        try:
            path = Path(
                hub.hf_hub_download(
                    repository,
                    file.name,
                    local_dir=folder,
                    endpoint=self.endpoint,
                    token=self._token,
                    tqdm_class=_bar(file, progress),
                )
            )
        except Exception as error:
            raise self._failure(error, repository) from None
        _verify(path, file)

    def _failure(self, error: Exception, repository: str) -> ConfigurationError | BackendUnavailable:
        """A sentence for what huggingface-hub raises; it has its own classes and those of its HTTP client."""
        kind = " ".join(cls.__name__ for cls in type(error).__mro__)
        if "Gated" in kind:
            return ConfigurationError(
                f"{repository} asks for its licence to be accepted: open {self.endpoint}/{repository} in a "
                "browser, accept, and set HF_TOKEN."
            )
        if "RepositoryNotFound" in kind or "HFValidation" in kind:
            return ConfigurationError(
                f"There is no public repository {repository} on {self.endpoint}. Check the name; for a "
                "private one set HF_TOKEN."
            )
        if "No space left" in str(error):
            return ConfigurationError(f"The disk is full. Make room and pull {repository} again to go on.")
        first = str(error).strip().splitlines()
        return BackendUnavailable(
            f"The download of {repository} from {self.endpoint} failed: {first[0] if first else kind}. "
            "Pull again to go on where it stopped."
        )


def pull(name: str, library: ModelLibrary, progress: Progress, *, proxy: str = "", ca_file: str = "") -> Path:
    """Download what `name` means: a model of the catalog with its quant, `hf:OWNER/REPO:FILE` or a URL.

    Raises:
        UsageError: it means no single model.
        ConfigurationError, BackendUnavailable: see `Hub.pull`.
    """
    if name.startswith(("https://", "http://")):
        return pull_url(name, library, progress, proxy=proxy, ca_file=ca_file)
    source = source_of(name)
    if source is None or not (source.file or source.quant):
        raise UsageError(
            f"{name} is not a model to download: give a name from `qwen-code models list`, "
            "hf:OWNER/REPO:FILE or a URL."
        )
    return Hub().pull(source, library, progress)


def pull_url(
    url: str, library: ModelLibrary, progress: Progress, *, proxy: str = "", ca_file: str = ""
) -> Path:
    """Download a single file from a URL, e.g. ModelScope's; an earlier attempt that was cut off goes on.

    Raises:
        ConfigurationError: the server has no such file, or the disk is too small.
        BackendUnavailable: the connection failed; calling again resumes.
    """
    import asyncio

    from qwen_code.local.url_download import download

    target = library.folder / "from-url" / _host(url) / url.split("?")[0].rstrip("/").rpartition("/")[2]
    return asyncio.run(download(url, target, progress, check_room=_check_room, proxy=proxy, ca_file=ca_file))


def _remote_file(sibling: Any) -> RemoteFile:
    """One entry of a repository's list."""
    digest = str(sibling.lfs.sha256) if sibling.lfs else ""
    return RemoteFile(str(sibling.rfilename), int(sibling.size or 0), digest)


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or "unknown"


def _library() -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        hub: Any = import_module("huggingface_hub")
    except ModuleNotFoundError:
        raise ConfigurationError(
            "Downloading models needs huggingface-hub, which is not installed: pip install 'qwen-code[local]'"
        ) from None
    # A step of its progress, and of what an interrupted download keeps; its own is ten times as large.
    constants: Any = import_module("huggingface_hub.constants")
    constants.DOWNLOAD_CHUNK_SIZE = 2**20
    # Its retries are its own business; how it ends is said here.
    import_module("huggingface_hub.utils.logging").set_verbosity_error()
    return hub


def _is_here(path: Path, file: RemoteFile) -> bool:
    return path.is_file() and path.stat().st_size == file.bytes


def _check_room(folder: Path, size: int) -> None:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if size + _SPARE_BYTES > free:
        raise ConfigurationError(
            f"The download takes {size / GIB:.1f} GiB, and {existing} has {free / GIB:.1f} GiB free. "
            "Make room, choose a smaller quant, or set QWEN_RUNTIME_DIR to a larger disk."
        )


def _verify(path: Path, file: RemoteFile) -> None:
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest() if file.sha256 else ""
    if path.stat().st_size != file.bytes or digest != file.sha256:
        path.unlink()
        raise ConfigurationError(
            f"{file.name} came damaged (its sha256 is not the one that the hub lists) and was deleted. "
            "Pull it again; if that does not help, another mirror: HF_ENDPOINT."
        )


def _bar(file: RemoteFile, progress: Progress) -> type[Any]:
    """The progress bar that huggingface-hub wants, which only passes the numbers on."""
    bar: Any = import_module("tqdm").tqdm
    here = 0

    def begin(self: Any, *arguments: Any, **options: Any) -> None:
        nonlocal here
        here = int(options.get("initial") or 0)
        options.pop("name", None)
        bar.__init__(self, *arguments, **(options | {"disable": True}))
        progress(file.name, here, file.bytes)

    def update(self: Any, n: float | None = 1) -> None:
        nonlocal here
        here += int(n or 0)
        progress(file.name, here, file.bytes)

    return type("Bar", (bar,), {"__init__": begin, "update": update})
