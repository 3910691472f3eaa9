"""Decodes what a model says: text, thoughts and tool calls in every form in which Qwen models write them.

Incremental: however the text is split, the same text, thoughts, calls and errors come out, each as early as
it is certain. Only what may be the beginning of a call is held back. Nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import NamedTuple

from qwen_code.chunks import BadCall, CallChunk, Chunk, ReasoningChunk, TextChunk
from qwen_code.messages import ToolCall, ToolSpec
from qwen_code.wire.opener import Opener, OpenerFinder, Place
from qwen_code.wire.prose import ProseScanner
from qwen_code.wire.region import CallRegion
from qwen_code.wire.signatures import Signatures
from qwen_code.wire.tags import Pending, TagKind

_THINK = "<think>"
_THOUGHT_ENDS: frozenset[TagKind] = frozenset(("/think",))
_MAX_INDENT = 8
_FENCE = re.compile(r"(`{3,64}|~{3,64})[^\n`]{0,64}\n\s{0,64}")
_FENCE_START = re.compile(r"(?:`{1,2}|~{1,2}|(?:`{3,64}|~{3,64})[^\n`]{0,64}(?:\n\s{0,64})?)")
_CLOSERS = re.compile(r"</(?:tool_calls?|function|function_calls|parameter)>")
_ARGUMENTS = re.compile(r"""["'](?:arguments|parameters|args|input)["']\s*:""")


@dataclass(frozen=True, slots=True)
class Decoded:
    """All that one text said. Blanks around `content` are dropped, as the chat template drops them."""

    content: str
    calls: tuple[ToolCall, ...] = ()
    errors: tuple[BadCall, ...] = ()


def decode(text: str, tools: Sequence[ToolSpec], finish_reason: str = "stop") -> Decoded:
    """Decode a whole text. `finish_reason` as the server gave it; `length` says that a limit cut it."""
    decoder = Decoder(tools)
    return gathered([*decoder.feed(text), *decoder.finish(finish_reason)])


def gathered(chunks: Sequence[Chunk]) -> Decoded:
    """What `chunks` say, taken together."""
    return Decoded(
        "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk)),
        tuple(chunk.call for chunk in chunks if isinstance(chunk, CallChunk)),
        tuple(chunk for chunk in chunks if isinstance(chunk, BadCall)),
    )


def numbered_ids() -> Callable[[], str]:
    """Makes `call_1`, `call_2` and so on."""
    numbers = count(1)
    return lambda: f"call_{next(numbers)}"


class _Voice:
    """Says text without the blanks around the whole of it."""

    def __init__(self, chunk: type[TextChunk] | type[ReasoningChunk]) -> None:
        self._chunk = chunk
        self._blanks: list[str] = []
        self._begun = False

    def say(self, text: str, out: list[Chunk]) -> None:
        if text.strip():
            text = "".join((*self._blanks, text)) if self._begun else text.lstrip()
            self._blanks.clear()
            self._begun = True
            said = text.rstrip()
            out.append(self._chunk(said))
            text = text[len(said) :]
        if text:
            self._blanks.append(text)


class _Whole(NamedTuple):
    """A call that may turn out to be the whole message."""

    opener: Opener
    fence: str
    """The Markdown fence around it; empty for bare JSON."""


class Decoder:
    """Decodes one answer as it streams in.

    `new_id` makes the ids of calls; by default `call_1`, `call_2` and so on. `thinking` says that the prompt
    has opened a thought already, so that the answer begins inside it.
    """

    def __init__(
        self,
        tools: Sequence[ToolSpec],
        *,
        new_id: Callable[[], str] | None = None,
        thinking: bool = False,
    ) -> None:
        self._signatures = Signatures(tools)
        self._new_id = new_id or numbered_ids()
        self._finder = OpenerFinder(self._signatures)
        self._thinking = thinking
        self._prose = ProseScanner(self._finder)
        self._thought = ProseScanner(self._finder, _THOUGHT_ENDS)
        self._text = _Voice(TextChunk)
        self._reasoning = _Voice(ReasoningChunk)
        self._step: Callable[[str, list[Chunk]], str | None] = self._at_start
        self._region: CallRegion | None = None
        self._held = ""
        self._kept: list[Chunk] = []
        """Chunks of a call that may yet turn out to be text; `_raw` is that text."""
        self._raw: list[str] = []
        self._fence = ""
        self._complete = False
        self._length = False

    @property
    def overrun(self) -> bool:
        """The model has closed its calls and gone on with text that won't be used: generation may stop."""
        return self._region is not None and self._region.overrun

    def feed(self, text: str) -> list[Chunk]:
        """What `text` makes certain."""
        return self._run(text) if text and not self._complete else []

    def finish(self, reason: str) -> list[Chunk]:
        """What only the end decides. An open call is an error whatever `reason` says."""
        if self._complete:
            return []
        self._complete = True
        self._length = reason == "length"
        return self._run("")

    def _run(self, text: str) -> list[Chunk]:
        out: list[Chunk] = []
        following: str | None = text
        while following is not None:
            following = self._step(following, out)
        return out

    # Each step reads text in one state. It answers with what the next state is to read, or with None when it
    # has taken all of it in.

    def _at_start(self, text: str, out: list[Chunk]) -> str | None:
        """Nothing but blanks so far: a thought, a call that is the whole message, or plain text begins."""
        said = (self._held + text).lstrip()
        lead = (self._held + text)[: -len(said) or None].rpartition("\n")[2][-_MAX_INDENT:]
        self._held = ""
        if not self._complete and _THINK.startswith(said):
            self._held = lead + said
            return None
        if said.startswith(_THINK) or self._thinking:
            self._step = self._in_thought
            return said.removeprefix(_THINK)
        whole = self._whole_message(said)
        if whole is Pending.MORE:
            self._held = lead + said
            return None
        if whole is None:
            self._step = self._in_prose
            return lead + said
        self._fence = whole.fence
        self._raw = [said[: whole.opener.body]]
        self._begin(self._in_trial, CallRegion(self._signatures, numbered_ids(), whole.opener))
        return said[whole.opener.body :]

    def _whole_message(self, said: str) -> _Whole | Pending | None:
        """A call of a known tool that may be the whole message: in a fence, or as bare JSON."""
        at, fence = 0, ""
        if said[:1] in ("`", "~"):
            opening = _FENCE.match(said)
            if opening is None or opening.end() == len(said):
                undecided = not self._complete and _FENCE_START.fullmatch(said)
                return Pending.MORE if undecided else None
            at, fence = opening.end(), opening[1]
        opener = None
        if said[at : at + 1] == "{":
            opener = self._finder.json(said, at, complete=self._complete)
        elif fence and said[at : at + 1] == "<":
            place = Place(fresh=True, complete=self._complete, length=self._length)
            opener = self._finder.at(said, at, place)
        if not isinstance(opener, Opener):
            return opener
        known = opener.kind == "json" or self._signatures.knows(opener.name)
        return _Whole(opener, fence) if known else None

    def _in_trial(self, region: CallRegion, text: str, out: list[Chunk]) -> str | None:
        """In what may be a call that is the whole message; anything beside it makes it text."""
        self._keep(region, text)
        beside = _CLOSERS.sub("", region.beside)
        alone = set(beside) <= set(self._fence[:1])
        if alone and not self._complete:
            return None
        if alone and self._is_call():
            self._release(out)
            return None
        self._region = None
        self._step = self._in_prose
        return "".join(self._raw)

    def _is_call(self) -> bool:
        kinds = {chunk.kind for chunk in self._kept if isinstance(chunk, BadCall)}
        called = any(isinstance(chunk, CallChunk) for chunk in self._kept)
        if not self._fence and not _ARGUMENTS.search("".join(self._raw)):
            return False
        return (called or "truncated" in kinds) and not kinds & {"unknown_tool", "malformed"}

    def _in_prose(self, text: str, out: list[Chunk]) -> str | None:
        found = self._prose.scan(text, complete=self._complete, length=self._length)
        self._text.say(found.text, out)
        if found.opener is None:
            return None
        self._begin(self._in_region, CallRegion(self._signatures, self._new_id, found.opener))
        return found.rest

    def _in_region(self, region: CallRegion, text: str, out: list[Chunk]) -> None:
        out += region.feed(text)
        if self._complete:
            out += region.finish(length=self._length)

    def _in_thought(self, text: str, out: list[Chunk]) -> str | None:
        found = self._thought.scan(text, complete=self._complete, length=self._length)
        self._reasoning.say(found.text, out)
        if found.stop == "/think":
            self._step = self._in_prose
            return found.rest
        if found.opener is None:
            return None
        self._raw = [found.opening]
        region = CallRegion(self._signatures, numbered_ids(), found.opener, thought=True)
        self._begin(self._in_called_thought, region)
        return found.rest

    def _in_called_thought(self, region: CallRegion, text: str, out: list[Chunk]) -> str | None:
        """Behind a call in a thought: real if the model never ends the thought (vllm#39056)."""
        self._keep(region, text)
        if region.stop == "/think":
            whole = "".join(self._raw)
            self._raw = [whole[: whole.rindex("<", 0, len(whole) - len(region.rest))]]
            self._step = self._behind_called_thought
            return region.rest
        if not self._complete:
            return None
        thought, ended, rest = "".join(self._raw).partition("</think>")
        if ended and not any(isinstance(chunk, CallChunk) for chunk in self._kept):
            return self._considered_only(thought, rest, out)
        self._release(out)
        return None

    def _behind_called_thought(self, text: str, out: list[Chunk]) -> str | None:
        if text.strip():
            return self._considered_only("".join(self._raw), text, out)
        if self._complete:
            self._release(out)
        return None

    def _considered_only(self, thought: str, rest: str, out: list[Chunk]) -> str:
        """The model thought about a call and went on: what it wrote of it is thought."""
        self._region = None
        self._reasoning.say(thought, out)
        self._step = self._in_prose
        return rest

    def _begin(self, step: Callable[[CallRegion, str, list[Chunk]], str | None], region: CallRegion) -> None:
        self._region = region
        self._step = partial(step, region)

    def _keep(self, region: CallRegion, text: str) -> None:
        """Read calls on without saying them yet."""
        self._raw.append(text)
        self._kept += region.feed(text)
        if self._complete:
            self._kept += region.finish(length=self._length)

    def _release(self, out: list[Chunk]) -> None:
        """Say what was kept. Only now its calls get their ids, lest these depend on what was never said."""
        ids: dict[str, str] = {}
        for chunk in self._kept:
            if isinstance(chunk, CallChunk):
                ids[chunk.call.id] = self._new_id()
                chunk = CallChunk(replace(chunk.call, id=ids[chunk.call.id]))
            elif isinstance(chunk, BadCall):
                chunk = replace(chunk, call_id=ids.get(chunk.call_id, ""))
            out.append(chunk)
