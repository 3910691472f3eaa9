"""Fetches web pages for the model: bounded in bytes, time and redirects, text only."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from qwen_code.tool import ToolFailure, WebPage

if TYPE_CHECKING:
    from qwen_code.http import HttpClient, HttpResponse

MAX_REDIRECTS = 5

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/javascript", "application/yaml")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class HttpWebClient:
    """A `qwen_code.tool.WebClient` over HTTP.

    A redirect to another site is reported instead of followed: the permission was given for the site that was
    asked for, and a page must not be able to send the agent elsewhere.
    """

    def __init__(self, *, proxy: str = "", ca_file: str = "") -> None:
        self._proxy = proxy
        self._ca_file = ca_file
        self._opened: HttpClient | None = None

    async def fetch(self, url: str, *, max_bytes: int, timeout_s: float) -> WebPage:
        """GET `url` and return its text, at most `max_bytes` of it.

        Raises:
            ToolFailure: not a web address, no answer in time, not text, or a redirect elsewhere.
        """
        import asyncio

        from qwen_code.transport_error import TransportError

        where = _web_address(url)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._follow(url, max_bytes)
        except TimeoutError:
            raise ToolFailure(f"{where.hostname} did not answer within {timeout_s:g} s.") from None
        except TransportError as error:
            raise ToolFailure(_sentence(error.kind, str(error), where.hostname or url)) from None

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()

    async def _follow(self, url: str, max_bytes: int) -> WebPage:
        headers = {"accept": "text/html,text/plain,application/json;q=0.9,*/*;q=0.5"}
        for _ in range(MAX_REDIRECTS + 1):
            async with self._client().request("GET", url, headers=headers) as response:
                target = response.headers.get("location", "") if 300 <= response.status < 400 else ""
                if not target:
                    return await _page(response, max_bytes)
            target = urljoin(url, target)
            if not _same_site(urlsplit(url), _web_address(target)):
                raise ToolFailure(
                    f"{url} redirects to another site: {target}. Call web_fetch with that address to go on."
                )
            url = target
        raise ToolFailure(f"{url} redirects in a circle: given up after {MAX_REDIRECTS} redirects.")

    def _client(self) -> HttpClient:
        from qwen_code.http import HttpClient

        if self._opened is None:
            self._opened = HttpClient(proxy=self._proxy, ca_file=self._ca_file)
        return self._opened


def _web_address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid, parts = False, urlsplit("")
    if not valid:
        raise ToolFailure(f"Not a web address: {url!r}. It must begin with http:// or https://.")
    return parts


def _same_site(asked: SplitResult, target: SplitResult) -> bool:
    def site(parts: SplitResult) -> tuple[str, int | None]:
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        # From port 80 to 443 is the usual step to TLS, not another server.
        return (parts.hostname or "").lower().removeprefix("www."), None if port in (80, 443) else port

    return site(asked) == site(target)


async def _page(response: HttpResponse, max_bytes: int) -> WebPage:
    kind, _, parameters = response.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    body = await response.read(max_bytes + 1)
    cut = len(body) > max_bytes
    body = body[:max_bytes]
    textual = kind.startswith(_TEXT_TYPES) or kind.endswith(("+json", "+xml")) if kind else True
    if not textual or b"\0" in body[:8192]:
        raise ToolFailure(f"{response.url} is not text but {kind or 'binary data'}.", "not_text")
    text = _decoded(body, parameters)
    if cut:
        text += f"\n\n[The page goes on; only its first {max_bytes:,} bytes were read.]"
    return WebPage(response.url, response.status, kind, text)


def _decoded(body: bytes, parameters: str) -> str:
    charset = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip("\"'")
    try:
        return body.decode(charset or "utf-8", "replace")
    except (LookupError, UnicodeError):
        return body.decode("utf-8", "replace")


def _sentence(kind: str, reason: str, host: str) -> str:
    if kind == "unknown_host":
        return f"There is no host named {host}, or this machine is offline."
    if kind == "tls":
        return f"The TLS connection to {host} failed: {reason}."
    return f"{host} could not be reached: {reason}."
