"""What a model writes from its first call on: calls, and text between and behind them that is not used.

Qwen's template allows no text behind a call. What comes nevertheless is about results that the model can't
know yet, so it is dropped; from an invented result (`<tool_response>`) or turn on, calls are dropped too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qwen_code.chunks import CallChunk, CallStarted, Chunk
from qwen_code.wire.hermes_json import JsonReader
from qwen_code.wire.opener import Opener, OpenerFinder
from qwen_code.wire.prose import ProseScanner
from qwen_code.wire.qwen_xml import XmlReader
from qwen_code.wire.signatures import RawCall, Signatures
from qwen_code.wire.tags import TagKind

_MAX_BESIDE = 400
_ENDS: frozenset[TagKind] = frozenset(("response", "turn"))
_ENDS_IN_THOUGHT: frozenset[TagKind] = frozenset(("response", "turn", "/think"))


class CallRegion:
    """Begins with `opener`; `feed` it what stands from the opener's body on."""

    def __init__(
        self,
        signatures: Signatures,
        new_id: Callable[[], str],
        opener: Opener,
        *,
        thought: bool = False,
    ) -> None:
        """`thought`: the region lies in a thought and ends with it."""
        self._signatures = signatures
        self._new_id = new_id
        self._finder = OpenerFinder(signatures)
        self._stops = _ENDS_IN_THOUGHT if thought else _ENDS
        self._scanner = ProseScanner(self._finder, self._stops)
        self._reader: XmlReader | JsonReader | None = None
        self._chunks: list[Chunk] = []
        self.stop: TagKind | None = None
        """The tag that ended the region; `rest` follows it."""
        self.rest = ""
        self.beside = ""
        """What stands outside of the calls, without blanks, up to a length."""
        self._text_follows = False
        self._given_up: RawCall | None = None
        """A call that broke off before it had begun; forgotten if another follows."""
        self._open(opener)

    @property
    def overrun(self) -> bool:
        """The model has closed a call and gone on with something that is no call."""
        if self._reader is not None:
            return self._reader.overrun
        return bool(self.stop or self._text_follows)

    def feed(self, text: str) -> Sequence[Chunk]:
        """The calls that `text` completes, and what is wrong with them."""
        return self._run(text, complete=False, length=False)

    def finish(self, *, length: bool) -> Sequence[Chunk]:
        """What only the end of the text decides."""
        return self._run("", complete=True, length=length)

    def _run(self, text: str, *, complete: bool, length: bool) -> Sequence[Chunk]:
        while self.stop is None:
            reader = self._reader
            if reader is not None:
                if not reader.feed(text):
                    if not complete:
                        break
                    reader.finish(length=length)
                text = self._close(reader)
            else:
                found = self._scanner.scan(text, complete=complete, length=length)
                if beside := "".join(found.text.split()):
                    self.beside = (self.beside + beside)[:_MAX_BESIDE]
                    self._text_follows = True
                text, self.stop = found.rest, found.stop
                if found.opener is None:
                    break
                self._open(found.opener)
        if self.stop:
            self.rest += text
        if complete and self._given_up:
            self._tell([self._given_up], announced=True)
        chunks, self._chunks = self._chunks, []
        return chunks

    def _open(self, opener: Opener) -> None:
        self._text_follows = False
        self._given_up = None
        match opener.kind:
            case "xml":
                self._reader = XmlReader(opener.name, self._signatures, torn=opener.torn)
            case "json":
                self._reader = JsonReader(self._signatures, opener.name)
            case "cut":
                self._tell([RawCall(opener.name, fault="truncated")], announced=True)
        if opener.name and opener.kind != "cut":
            signature = self._signatures.find(opener.name)
            self._chunks.append(CallStarted(signature.name if signature else opener.name))

    def _close(self, reader: XmlReader | JsonReader) -> str:
        """The reader is done; answers with the text behind its call."""
        calls = reader.calls()
        if not calls:
            self._given_up = RawCall(reader.name, fault="truncated")
        self._tell(calls, announced=isinstance(reader, XmlReader))
        self._reader = None
        self._scanner = ProseScanner(self._finder, self._stops)
        return reader.rest

    def _tell(self, calls: Sequence[RawCall], *, announced: bool) -> None:
        for raw in calls:
            completed = self._signatures.complete(raw, self._new_id)
            if completed.call:
                if not announced:
                    self._chunks.append(CallStarted(completed.name))
                self._chunks.append(CallChunk(completed.call))
            self._chunks += completed.errors
