"""Runs the endpoint on loopback until it is told to stop. The only import of uvicorn."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from contextlib import nullcontext
from importlib import import_module
from typing import Any

from qwen_code.errors import ConfigurationError, UsageError
from qwen_code.serving.service import Service

_FAREWELL_S = 2
"""Seconds that open connections get when the server stops."""


def listen(port: int) -> socket.socket:
    """A socket on loopback that already takes connections; port 0 is any free one.

    Raises:
        UsageError: the port is taken or not allowed.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(64)
    except OSError as error:
        listening.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
        raise UsageError(f"Port {port} {why}. Choose another one: --port N, or --port 0 for any.") from None
    return listening


def library() -> Any:
    """uvicorn.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return import_module("uvicorn")
    except ModuleNotFoundError:
        raise ConfigurationError(
            "Serving a model needs uvicorn, which is not installed: pip install 'qwen-code[local]'"
        ) from None


async def serve(service: Service, listening: socket.socket) -> None:
    """Answer requests until a signal says to stop."""
    uvicorn = library()
    config = uvicorn.Config(
        service,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # what a client breaks off is no news
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_FAREWELL_S,
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # it would raise them once more at the end
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    await asyncio.wait([running, asyncio.create_task(stopped.wait())], return_when=asyncio.FIRST_COMPLETED)
    service.stop()
    server.should_exit = True
    await running
