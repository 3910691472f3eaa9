"""What can go wrong between two machines, told apart by what it means and not by who raised it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

if TYPE_CHECKING:
    import ssl

TransportKind: TypeAlias = Literal[
    "unknown_host",
    "name_service",
    "refused",
    "unreachable",
    "tls",
    "timeout",
    "proxy",
    "reset",
    "invalid_url",
]


CONNECTING: tuple[TransportKind, ...] = ("unknown_host", "name_service", "refused", "unreachable", "timeout")
"""Kinds that mean that there was no connection at all."""


class TransportError(Exception):
    """No usable answer came over the wire; the text is the reason in a few words."""

    def __init__(self, kind: TransportKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: TransportKind = kind


def explained(error: Exception) -> TransportError:
    """What stood behind an HTTP library's error: the system's own, somewhere in its chain of causes."""
    import errno
    import socket
    import ssl

    unreachable = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            temporary = cause.errno in (socket.EAI_AGAIN, getattr(socket, "EAI_FAIL", socket.EAI_AGAIN))
            return TransportError(
                "name_service" if temporary else "unknown_host", cause.strerror or str(cause)
            )
        if isinstance(cause, ssl.SSLError):
            return TransportError("tls", _tls_reason(cause))
        if isinstance(cause, ConnectionRefusedError):
            return TransportError("refused", "connection refused")
        if isinstance(cause, OSError) and cause.errno in unreachable:
            return TransportError("unreachable", cause.strerror or str(cause))
    reason = str(error).strip().rstrip(".")
    if "disconnected without sending" in reason:
        reason = "the server closed the connection without an answer"
    elif "incomplete" in reason or "peer closed" in reason:
        reason = "the connection was closed in the middle of the answer"
    elif "illegal" in reason.lower() or "invalid" in reason.lower():
        reason = "the server does not speak HTTP"
    return TransportError("reset", reason or "the connection was reset")


def _causes(error: BaseException) -> Iterator[BaseException]:
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            pending += cast("tuple[BaseException, ...]", cause.exceptions)
        pending += [cause.__cause__, cause.__context__]


def _tls_reason(error: ssl.SSLError) -> str:
    message = getattr(error, "verify_message", "")
    if message:
        return str(message)
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return "the server does not speak TLS on this port"
    return (error.reason or str(error)).lower().replace("_", " ")
