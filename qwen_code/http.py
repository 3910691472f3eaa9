"""The way out to the network: the only module that imports httpx, and only when a request is made.

Whatever goes wrong on the wire leaves here as one `TransportError` with a kind, so that each caller can say
what it means to its user.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from qwen_code import __version__
from qwen_code.errors import ConfigurationError
from qwen_code.transport_error import CONNECTING, TransportError, explained

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_S = 15.0
"""Limit for opening a connection; a server that is there accepts within a second or two."""

KEEPALIVE_S = 60.0
"""How long an idle connection is kept: tools run between requests. One that the server closed is noticed."""


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses, which no proxy may come between."""
    return host in ("localhost", "::1", "0.0.0.0") or host.startswith("127.") or host.endswith(".localhost")


PIECE_BYTES = 64 * 1024
"""Of a long request's body, as it goes out."""


@dataclass(slots=True)
class HttpResponse:
    """An answer whose body is still on its way."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    url: str
    _response: httpx.Response = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives.

        Raises:
            TransportError: the connection broke.
        """
        import httpx

        stream = self._response.stream
        if "content-encoding" in self.headers or not isinstance(stream, httpx.AsyncByteStream):
            stream = self._response.aiter_bytes()
        # Else the transport's own iterator: httpx' two more generators around it would cost as much again for
        # each of an answer's 20,000 chunks.
        with _translated():
            async for chunk in stream:
                yield chunk

    async def read(self, limit: int) -> bytes:
        """The first `limit` bytes of the body.

        Raises:
            TransportError: the connection broke.
        """
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) >= limit:
                break
        return bytes(body[:limit])


class HttpClient:
    """Connections that are kept between requests, with this user's proxy and certificates.

    Safe to use from one event loop after another (a Python program may call `asyncio.run` per prompt): kept
    connections belong to their loop and are dropped with it.
    """

    def __init__(self, *, proxy: str = "", ca_file: str = "") -> None:
        self._proxy = proxy
        self._ca_file = ca_file
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def request(
        self,
        method: Literal["GET", "POST"],
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> AsyncGenerator[HttpResponse]:
        """Send a request; leaving the block before the body's end closes the connection.

        Redirects are not followed. There is no limit on time but the one for connecting: callers watch the
        stream, since only they know what silence means.

        Raises:
            TransportError: no answer.
            ConfigurationError: the proxy or certificate settings can't be used.
        """
        with _translated(lambda: self._proxy_for(url)):
            client = self._client(url)
            sent = _sendable(headers)
            content: bytes | AsyncIterator[bytes] | None = body
            if body is not None and len(body) > PIECE_BYTES:
                sent["content-length"] = str(len(body))
                content = _pieces(body)
            async with client.stream(method, url, headers=sent, content=content) as response:
                yield HttpResponse(response.status_code, dict(response.headers), str(response.url), response)

    async def aclose(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        if self._loop is asyncio.get_running_loop():
            for client in clients:
                await client.aclose()

    def _proxy_for(self, url: str) -> str:
        """The host of the proxy between us and `url`, or empty."""
        from urllib.request import getproxies, proxy_bypass

        parts = urlsplit(url)
        host = parts.hostname or ""
        if is_loopback(host):
            return ""
        proxies = getproxies()
        configured = "" if proxy_bypass(host) else proxies.get(parts.scheme) or proxies.get("all", "")
        proxy = self._proxy or configured
        return (urlsplit(proxy).netloc or proxy).rpartition("@")[2]

    def _client(self, url: str) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._clients = loop, {}
        parts = urlsplit(url)
        route = f"{parts.scheme} direct" if is_loopback(parts.hostname or "") else parts.scheme
        client = self._clients.get(route)
        if client is None:
            client = self._clients[route] = self._open(parts.scheme, direct=route.endswith("direct"))
        return client

    def _open(self, scheme: str, *, direct: bool) -> httpx.AsyncClient:
        httpx = _httpx()
        # Reading the trusted certificates takes 20 ms, so plain HTTP goes without.
        verify: Any = _tls_context(self._ca_file) if scheme == "https" else False
        try:
            return httpx.AsyncClient(
                verify=verify,
                proxy=(self._proxy or None) if not direct else None,
                trust_env=not direct,
                timeout=httpx.Timeout(None, connect=CONNECT_S),
                limits=httpx.Limits(keepalive_expiry=KEEPALIVE_S),
                headers={"user-agent": f"qwen-code/{__version__}"},
            )
        except ImportError:
            raise ConfigurationError(
                "A SOCKS proxy is configured, which needs one more package: pip install 'httpx[socks]'."
            ) from None
        except (ValueError, httpx.InvalidURL) as error:
            raise ConfigurationError(
                f"The proxy can't be used: {error}. Give `proxy` as http://HOST:PORT, or correct HTTP_PROXY, "
                "HTTPS_PROXY and ALL_PROXY."
            ) from None


@lru_cache(maxsize=1)
def _httpx() -> Any:
    """httpx without its command line program.

    `import httpx` also imports its CLI, and with it click, rich and pygments where they are installed, as
    they are with us: 60 ms and 6 MB before the first request. A None in `sys.modules` makes that one import
    fail, and httpx is prepared for that.
    """
    blocked = "httpx._main" not in sys.modules
    if blocked:
        cast("dict[str, Any]", sys.modules)["httpx._main"] = None
    try:
        import httpx
    finally:
        if blocked:
            del sys.modules["httpx._main"]
    return httpx


def _tls_context(ca_file: str) -> ssl.SSLContext:
    import ssl

    import certifi

    trusted = os.environ.get("SSL_CERT_FILE") or None
    directory = os.environ.get("SSL_CERT_DIR") or None
    if trusted is None and directory is None:
        trusted = certifi.where()
    source = "SSL_CERT_FILE or SSL_CERT_DIR"
    try:
        context = ssl.create_default_context(cafile=trusted, capath=directory)
        if ca_file:
            source = f"The certificate file {ca_file}"
            context.load_verify_locations(cafile=Path(ca_file).expanduser())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, FileNotFoundError) else error
        raise ConfigurationError(
            f"{source} can't be used: {reason}. It must hold PEM certificates."
        ) from None
    return context


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """`body` piece by piece: the layers below copy what they are given, a long one four times over."""
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]


def _sendable(headers: Mapping[str, str] | None) -> dict[str, str]:
    """`headers` when they can be sent.

    Raises:
        ConfigurationError: a name or value has characters that HTTP forbids; a key pasted with a line break.
    """
    for name, value in (headers or {}).items():
        if not value.isascii() or not value.isprintable() or not name.isascii():
            what = "The API key" if name.lower() == "authorization" else f"The header {name}"
            raise ConfigurationError(f"{what} holds characters that can't be sent, such as a line break.")
    return dict(headers or {})


@contextmanager
def _translated(proxy: Callable[[], str] = str) -> Generator[None]:
    """Turn httpx' errors into ours. `proxy` names what a failed connection really went to."""
    httpx = _httpx()
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise TransportError("invalid_url", str(error)) from None
    except httpx.ProxyError as error:
        raise TransportError("proxy", str(error) or "the proxy refused") from error
    except httpx.TransportError as error:
        late = TransportError("timeout", f"no connection within {CONNECT_S:.0f} s")
        found = late if isinstance(error, httpx.ConnectTimeout) else explained(error)
        if found.kind in CONNECTING and (host := proxy()):
            found = TransportError("proxy", f"{found} at the proxy {host}")
        raise found from error
    except httpx.DecodingError as error:
        raise TransportError("reset", f"the answer can't be unpacked ({error})") from error
