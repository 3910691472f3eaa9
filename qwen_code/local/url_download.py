"""Downloads one file from a URL: resumes, follows redirects, and puts it in place only when whole."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

from qwen_code.errors import BackendUnavailable, ConfigurationError
from qwen_code.http import HttpClient, HttpResponse
from qwen_code.transport_error import TransportError

_MOST_REDIRECTS = 8
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')


async def download(
    url: str,
    target: Path,
    progress: Callable[[str, int, int], None],
    *,
    check_room: Callable[[Path, int], None],
    proxy: str = "",
    ca_file: str = "",
) -> Path:
    """Download `url` to `target`, unless it is there already in the same size.

    Args:
        progress: gets the file's name, the bytes that are here, and those that it will have.
        check_room: gets a folder and the bytes to come; raises when they do not fit.

    Raises:
        ConfigurationError: there is no such file, or no room for it.
        BackendUnavailable: the connection failed or broke off; calling again goes on there.
    """
    client = HttpClient(proxy=proxy, ca_file=ca_file)
    try:
        return await _download(client, url, target, progress, check_room)
    except TransportError as error:
        raise BackendUnavailable(f"The download of {url} failed: {error}. Pull again to go on.") from None
    finally:
        await client.aclose()


async def _download(
    client: HttpClient,
    url: str,
    target: Path,
    progress: Callable[[str, int, int], None],
    check_room: Callable[[Path, int], None],
) -> Path:
    unfinished = target.with_name(f"{target.name}.incomplete")
    target.parent.mkdir(parents=True, exist_ok=True)
    here = unfinished.stat().st_size if unfinished.exists() else 0
    address, seen_digest = url, ""
    for _ in range(_MOST_REDIRECTS):
        headers = {"range": f"bytes={here}-"} if here else {}
        async with client.request("GET", address, headers=headers) as response:
            seen_digest = seen_digest or _digest(response)
            if response.status in (301, 302, 303, 307, 308):
                address = urljoin(address, response.headers.get("location", ""))
                continue
            if response.status == 416:  # the unfinished file is not a beginning of this one
                unfinished.unlink()
                here = 0
                continue
            _check_status(response, url)
            here = here if response.status == 206 else 0
            total = here + int(response.headers.get("content-length", 0))
            if target.exists() and target.stat().st_size == total:
                return target
            check_room(target.parent, total - here)
            await _receive(response, unfinished, here, total, progress, target.name)
            break
    else:
        raise ConfigurationError(f"{url} leads from one address to the next without end. Check the URL.")
    _check_whole(unfinished, total, seen_digest, url)
    unfinished.replace(target)
    return target


async def _receive(
    response: HttpResponse,
    unfinished: Path,
    here: int,
    total: int,
    progress: Callable[[str, int, int], None],
    name: str,
) -> None:
    with unfinished.open("ab" if here else "wb") as file:
        progress(name, here, total)
        async for chunk in response.chunks():
            file.write(chunk)
            here += len(chunk)
            progress(name, here, total)
        file.flush()
        os.fsync(file.fileno())


def _check_status(response: HttpResponse, url: str) -> None:
    if response.status in (200, 206):
        return
    if response.status in (401, 403):
        raise ConfigurationError(f"{url} may not be read without signing in (HTTP {response.status}).")
    if response.status in (404, 410):
        raise ConfigurationError(f"There is nothing at {url} (HTTP {response.status}). Check the URL.")
    raise BackendUnavailable(f"{url} answered HTTP {response.status}. Pull again later to go on.")


def _check_whole(unfinished: Path, total: int, digest: str, url: str) -> None:
    size = unfinished.stat().st_size
    if total and size < total:
        raise BackendUnavailable(
            f"The download of {url} broke off at {size:,} of {total:,} bytes. Pull again to go on there."
        )
    with unfinished.open("rb") as file:
        if digest and hashlib.file_digest(file, "sha256").hexdigest() != digest:
            unfinished.unlink()
            raise ConfigurationError(
                f"What came from {url} is damaged (its sha256 is not the one announced) and was deleted. "
                "Pull it again."
            )


def _digest(response: HttpResponse) -> str:
    """The sha256 that hubs announce as an entity tag."""
    for name in ("x-linked-etag", "etag"):
        if match := _SHA256.fullmatch(response.headers.get(name, "")):
            return match[1]
    return ""
