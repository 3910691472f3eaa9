"""The proxy through which commands reach the hosts that are allowed to them.

It runs in the agent's own event loop. Its listening socket is opened inside the command's network namespace
and handed out (`launch.py`), so that nothing but the command can connect to it, and the command can connect
to nothing else. A name is resolved once, and the address that was judged is the one that is dialled.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Final

from qwen_code.sandbox.base import HostJudge, Network
from qwen_code.sandbox.http_heads import BadRequest, RequestHead, parse_head
from qwen_code.sandbox.network_rules import NetworkDecision, is_named, refusal_of_addresses

HEAD_BYTES: Final = 64 * 1024
HEAD_S: Final = 30.0
CONNECT_S: Final = 30.0
PIECE_BYTES: Final = 64 * 1024

Decided = Callable[[NetworkDecision], None]


class Refused(Exception):
    """The connection may not be made; the text is for whoever asked for it."""


class NetworkProxy:
    """The proxy of one command. `end_for_child` goes to `launch.py --proxy`."""

    def __init__(self, network: Network, decided: Decided, judge: HostJudge | None = None) -> None:
        """`decided` is told of every decision. `judge` is asked about each host once."""
        self._network = network
        self._decided = decided
        self._judge = judge
        self._judged: dict[str, asyncio.Future[str]] = {}
        self._waiting_since: float | None = None
        self._waited_s = 0.0
        self._ours, self.end_for_child = socket.socketpair()
        self._ours.setblocking(False)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Take the listening socket over and serve it; nothing to do when the command has already failed."""
        self.end_for_child.close()
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        loop.add_reader(self._ours, arrived.set)
        try:
            await arrived.wait()
        finally:
            loop.remove_reader(self._ours)
        _, descriptors, _, _ = socket.recv_fds(self._ours, 1, 1)
        if not descriptors:
            return
        listener = socket.socket(fileno=descriptors[0])
        listener.setblocking(False)
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=HEAD_BYTES)
        self._ours.send(b"g")

    def waited_s(self) -> float:
        """Seconds, since the last call of this, in which a person was asked about a host."""
        now = time.monotonic()
        if self._waiting_since is not None:
            self._waited_s += now - self._waiting_since
            self._waiting_since = now
        waited, self._waited_s = self._waited_s, 0.0
        return waited

    def close(self) -> None:
        """Stop serving and cut what is open."""
        if self._server is not None:
            self._server.close()
        for task in (*self._connections, *self._judged.values()):
            task.cancel()
        self._ours.close()
        self.end_for_child.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            return  # the command has hung up, or sends no request
        except asyncio.CancelledError:
            return  # the command is over; asyncio would report a cancelled handler as an error
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_S):
            received = await reader.readuntil(b"\r\n\r\n")
        try:
            head = parse_head(received)
        except BadRequest as error:
            await _say(writer, "400 Bad Request", f"the sandbox's proxy can't use this: {error}.")
            return
        try:
            onward, server = await self._connect(head)
        except Refused as error:
            await _say(writer, "403 Forbidden", f"the sandbox refuses this connection: {error}.")
            return
        except OSError as error:
            await _say(writer, "502 Bad Gateway", f"{head.host}:{head.port} can't be reached: {error}.")
            return
        try:
            if head.method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _until_one_fails(_pump(reader, server), _pump(onward, writer))
            else:
                server.write(head.onward)
                await _until_one_fails(_send_body(head, reader, server), _pump(onward, writer))
        finally:
            server.close()

    async def _connect(self, head: RequestHead) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to where the request wants to go.

        Raises:
            Refused: it may not.
            OSError: it can't.
        """
        host, port = head.host, head.port
        if reason := await self._refusal(host, port):
            raise self._refuse(host, port, reason)
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise OSError(error.strerror) from error
        addresses = [str(address[0]) for *_, address in found]
        if reason := refusal_of_addresses(host, addresses, self._network):
            raise self._refuse(host, port, reason)
        self._decided(NetworkDecision(host, port, True))
        last: OSError = OSError("no address answers")
        for address in dict.fromkeys(addresses):
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(address, port)
            except OSError as error:
                last = error
        raise last

    async def _refusal(self, host: str, port: int) -> str:
        """Why this host may not be reached; connections that want the same one wait for the same answer."""
        named = is_named(host, self._network)
        if self._judge is None:
            return "" if named else f"{host} is not among the allowed names"
        if host not in self._judged:
            self._judged[host] = asyncio.ensure_future(self._ask(self._judge, host, port, named))
        return await asyncio.shield(self._judged[host])

    async def _ask(self, judge: HostJudge, host: str, port: int, named: bool) -> str:
        self._waiting_since = time.monotonic()
        try:
            return await judge(host, port, named)
        finally:
            self._waited_s += time.monotonic() - self._waiting_since
            self._waiting_since = None

    def _refuse(self, host: str, port: int, reason: str) -> Refused:
        self._decided(NetworkDecision(host, port, False, reason))
        return Refused(reason)


async def _say(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = f"qwen-code: {text}\n".encode("utf-8", "replace")
    fields = ("Content-Type: text/plain", f"Content-Length: {len(body)}", "Connection: close", "", "")
    writer.write("\r\n".join((f"HTTP/1.1 {status}", *fields)).encode() + body)
    await writer.drain()


async def _until_one_fails(*ways: Coroutine[None, None, None]) -> None:
    """Both directions of a connection; when one breaks off, the other has no use any more."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(PIECE_BYTES):
        target.write(piece)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()


async def _send_body(head: RequestHead, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Exactly the body and nothing behind it: another request could be meant for another host."""
    if not head.chunked:
        await _send_exactly(head.length, source, target)
        return
    while True:
        line = await source.readuntil(b"\r\n")
        size = int(line.partition(b";")[0].strip(), 16)
        if size < 0:
            raise ValueError("a chunk of negative size")
        target.write(b"%x\r\n" % size)
        if size == 0:
            target.write(b"\r\n")  # trailers are left out
            await target.drain()
            return
        await _send_exactly(size, source, target)
        if await source.readexactly(2) != b"\r\n":
            raise ValueError("a chunk without its end")
        target.write(b"\r\n")


async def _send_exactly(count: int, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while count > 0:
        piece = await source.read(min(count, PIECE_BYTES))
        if not piece:
            raise ConnectionResetError("the body is cut short")
        target.write(piece)
        await target.drain()
        count -= len(piece)
