"""Server-sent events, as far as chat servers use them: bytes in, `data` payloads out.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from qwen_code.errors import BackendError

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""More than this without a line end is no answer of a model."""


class EventParser:
    """Splits a stream into payloads, however it is cut into chunks.

    More lenient than the format: a line that holds a whole JSON object is an event of its own, since some
    servers leave out the blank line between events, and so is `[DONE]`; proxies that wrap events write
    `data:` twice. An error that is told by the event's name, or by `error:` instead of `data:` as older
    llama-servers do, becomes `{"error": ...}`.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._failed = False
        """The event is named `error`."""
        self.comments = 0
        """Comment lines so far; servers send them to keep the connection alive."""
        self.events = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Payloads completed by `chunk`.

        Raises:
            BackendError: the stream is not made of lines.
        """
        text = self._rest + chunk if self._rest else chunk
        if b"\r" in text:
            # A CR at the very end may be half of a CRLF.
            held = b"\r" if text.endswith(b"\r") else b""
            text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        lines = text.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_EVENT_BYTES:
            raise BackendError("The server sends an endless line; this is not a stream of chat completions.")
        payloads: list[bytes] = []
        for line in lines:
            self._take(line, payloads)
        self.events += len(payloads)
        return payloads

    def finish(self) -> list[bytes]:
        """Payloads that the end of the stream completes."""
        payloads: list[bytes] = []
        self._take(self._rest, payloads)
        self._take(b"", payloads)
        self._rest = b""
        self.events += len(payloads)
        return payloads

    def _take(self, line: bytes, payloads: list[bytes]) -> None:
        if line.startswith(b"data:"):
            data = line[6:] if line.startswith(b"data: ") else line[5:]
            while data.startswith(b"data:"):
                data = data[5:].lstrip(b" ")
            if not self._data and (data == b"[DONE]" or (data.startswith(b"{") and data.endswith(b"}"))):
                payloads.append(self._named(data))
            else:
                self._data.append(data)
        elif not line:
            if self._data:
                payloads.append(self._named(b"\n".join(self._data)))
                self._data = []
            self._failed = False
        elif line.startswith(b":"):
            self.comments += 1
        elif line.startswith(b"event:"):
            self._failed = line[6:].strip() == b"error"
        elif line.startswith(b"error:") and line.endswith(b"}"):
            payloads.append(_as_error(line[6:].strip()))

    def _named(self, data: bytes) -> bytes:
        return _as_error(data) if self._failed else data


def _as_error(data: bytes) -> bytes:
    """`data` as the error that it tells of."""
    return data if b'"error"' in data or not data.startswith(b"{") else b'{"error": ' + data + b"}"
