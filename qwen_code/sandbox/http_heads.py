"""Reads and rewrites the heads of proxied requests (RFC 9112), strictly: what is ambiguous is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = rb"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
_CONNECT = re.compile(_HOST + rb":(?P<port>\d{1,5})")
_ABSOLUTE = re.compile(rb"http://" + _HOST + rb"(?::(?P<port>\d{1,5}))?(?P<path>[/?][!-~]*)?", re.IGNORECASE)
_NOT_PASSED_ON = frozenset(
    b"host connection keep-alive upgrade te trailer proxy-connection proxy-authorization".split()
)


class BadRequest(Exception):
    """The request can't be proxied; the text says why."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request to a proxy."""

    method: str
    host: str
    """Lower-case, without a dot at its end and without brackets."""
    port: int
    onward: bytes = b""
    """The head as the server gets it; empty for CONNECT."""
    length: int = 0
    """Bytes of body that follow."""
    chunked: bool = False


def parse_head(data: bytes) -> RequestHead:
    """Read a head up to and with its empty line.

    Raises:
        BadRequest: it is not one that a proxy gets.
    """
    line, *fields = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    parts = line.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise BadRequest("this is not an HTTP/1.1 request")
    method, target, _ = parts
    headers = [_field(field) for field in fields]
    if method == b"CONNECT":
        match = _CONNECT.fullmatch(target)
        if match is None:
            raise BadRequest("CONNECT needs HOST:PORT")
        return RequestHead("CONNECT", _host(match["host"]), _port(match["port"]))
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise BadRequest("a proxy takes http://HOST/... or CONNECT HOST:PORT")
    host, port = _host(match["host"]), _port(match["port"] or b"80")
    length, chunked = _body(headers)
    path = match["path"] or b"/"
    path = b"/" + path if path.startswith(b"?") else path
    authority = f"[{host}]" if ":" in host else host
    authority += "" if port == 80 else f":{port}"
    kept = [name + b": " + value for name, value in headers if name.lower() not in _NOT_PASSED_ON]
    first = method + b" " + path + b" HTTP/1.1"
    head = [first, b"Host: " + authority.encode(), b"Connection: close", *kept, b"", b""]
    return RequestHead(method.decode(), host, port, b"\r\n".join(head), length, chunked)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.fullmatch(name) or any(byte < 0x20 and byte != 0x09 for byte in value):
        raise BadRequest("a header is malformed")
    return name, value.strip()


def _body(headers: list[tuple[bytes, bytes]]) -> tuple[int, bool]:
    lengths = {value for name, value in headers if name.lower() == b"content-length"}
    codings = [value.lower() for name, value in headers if name.lower() == b"transfer-encoding"]
    if codings:
        if codings != [b"chunked"] or lengths:
            raise BadRequest("the length of the body is ambiguous")
        return 0, True
    if not lengths:
        return 0, False
    if len(lengths) > 1 or not (text := lengths.pop()).isdigit() or len(text) > 15:
        raise BadRequest("the length of the body is ambiguous")
    return int(text), False


def _host(text: bytes) -> str:
    return text.decode("ascii").lower().rstrip(".").strip("[]")


def _port(text: bytes) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise BadRequest("there is no such port")
    return port
