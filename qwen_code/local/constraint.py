"""Holds a model to a grammar: from the start of an answer, or from the moment it begins to call a tool."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qwen_code.errors import BackendError
from qwen_code.local import ffi
from qwen_code.local.call_grammar import (
    Notation,
    grammar_after_name,
    grammar_after_opener,
    grammar_after_tag,
    grammar_of_schema,
)
from qwen_code.local.model import Model
from qwen_code.local.schema_grammar import Schema
from qwen_code.messages import ToolSpec

_OPENER = re.compile(r"<tool_call>(?:\s*([<{]))?|<function=([^\s<>]+)>")
_LONGEST_OPENER = 256
_QUOTES = ("'", '"', "“", "‘", "«")
_FENCE = re.compile(r"\s*(```|~~~)")


class Grammar:
    """A state of one grammar. Copies are cheap, compiling is done once."""

    def __init__(self, model: Model, source: str) -> None:
        """Compile `source`.

        Raises:
            BackendError: llama.cpp does not accept it.
        """
        self._library = lib = ffi.library()
        self._model = model
        self._handle: Any = lib.llama_sampler_init_grammar(
            model.vocabulary, source.encode("utf-8", "replace"), b"root"
        )
        if not self._handle:
            raise BackendError("llama.cpp does not accept the grammar of these tools; turn `grammar` off.")
        self._one = (lib.llama_token_data * 1)()
        self._only = lib.llama_token_data_array(data=self._one, size=1, selected=-1, sorted=False)

    def restart(self) -> None:
        """Back to where nothing has been written."""
        self._library.llama_sampler_reset(self._handle)

    def accepts(self, token: int) -> bool:
        """Whether `token` may come next; ends of text only when the grammar is complete."""
        self._one[0].id = token
        self._one[0].logit = 0.0
        self.mask(self._only)
        return self._one[0].logit > float("-inf")

    def mask(self, candidates: Any) -> None:
        self._library.llama_sampler_apply(self._handle, ctypes.byref(candidates))

    def advance(self, token: int) -> bool:
        """Take `token`; False, and nothing changed, when it may not come: C would end the process."""
        if not self.accepts(token):
            return False
        self._library.llama_sampler_accept(self._handle, token)
        return True

    def advance_text(self, text: str) -> bool:
        """Take text that is written already; False, and a state to throw away, when it does not fit."""
        return all(self.advance(token) for token in self._model.tokenize(text))

    def close(self) -> None:
        if self._handle:
            self._library.llama_sampler_free(self._handle)
            self._handle = None


class Grammars:
    """The compiled grammars of one set of tools, each made at its first use."""

    def __init__(self, model: Model, tools: Sequence[ToolSpec], notation: Notation) -> None:
        """`notation`: how this model was taught to write what stands inside `<tool_call>`."""
        self._model = model
        self._notation: Notation = notation
        self.tools = {tool.name: tool for tool in tools}
        self._compiled: dict[str, Grammar | None] = {}

    def begin(self, opener: Opener) -> Grammar | None:
        """A grammar for what follows `opener`; None when there is none, then the call stays free."""
        key = opener.name or opener.text[-1]
        if key not in self._compiled:
            self._compiled[key] = self._compile(key)
        grammar = self._compiled[key]
        if grammar is not None:
            grammar.restart()
        return grammar

    def close(self) -> None:
        for grammar in self._compiled.values():
            if grammar is not None:
                grammar.close()
        self._compiled = {}

    def _compile(self, key: str) -> Grammar | None:
        tools = tuple(self.tools.values())
        match key:
            case ">":
                source = grammar_after_tag(tools, self._notation)
            case "<":
                source = grammar_after_opener(tools, "xml")
            case "{":
                source = grammar_after_opener(tools, "json")
            case _:
                source = grammar_after_name(self.tools[key], tools)
        try:
            return Grammar(self._model, source)
        except (
            BackendError
        ):  # a schema that the grammar language can't carry: the decoder still checks the call
            return None


class CallConstraint:
    """Lets the model write freely until it begins a call; then the call must be one of a known tool,
    well-formed, with the arguments that its schema wants; and behind it only another call or the end."""

    def __init__(self, model: Model, grammars: Grammars) -> None:
        self._model = model
        self._grammars = grammars
        self._watch = CallWatch(frozenset(grammars.tools))
        self._grammar: Grammar | None = None
        self.opening = ""

    @property
    def active(self) -> bool:
        return self._grammar is not None

    @property
    def held(self) -> bool:
        return self._grammar is not None

    def accepts(self, token: int) -> bool:
        return self._grammar is None or self._grammar.accepts(token)

    def mask(self, candidates: Any) -> None:
        if self._grammar is not None:
            self._grammar.mask(candidates)

    def advance(self, token: int) -> None:
        if self._grammar is not None:
            if not self._grammar.advance(token):  # a forced token: whoever forced it knows better
                self._grammar = None
        elif self._grammars.tools:
            self._look(self._model.piece(token).decode("utf-8", "replace"))

    def _look(self, text: str) -> None:
        found = self._watch.feed(text)
        if found is None:
            return
        opener, written = found
        grammar = self._grammars.begin(opener)
        if grammar is not None and grammar.advance_text(written):
            self._grammar = grammar
            self.opening = opener.text + written


class SchemaConstraint:
    """Lets the model write nothing but one JSON document of a schema."""

    active = held = True
    opening = ""

    def __init__(self, model: Model, schema: Schema) -> None:
        """Raises BackendError when the schema can't be made a grammar."""
        self._grammar = Grammar(model, grammar_of_schema(schema))

    def accepts(self, token: int) -> bool:
        return self._grammar.accepts(token)

    def mask(self, candidates: Any) -> None:
        self._grammar.mask(candidates)

    def advance(self, token: int) -> None:
        self._grammar.advance(token)

    def close(self) -> None:
        self._grammar.close()


@dataclass(frozen=True, slots=True)
class Opener:
    """The beginning of a call, up to where a grammar can take over."""

    text: str
    name: str = ""
    """The tool, when it is named already."""


class CallWatch:
    """Sees where a call begins in text that comes piece by piece, and passes over what is only quoted.

    Quoted is what stands in a Markdown fence, a code span, a block quote or quotation marks. `<tool_call>`
    on a fresh line opens a call by itself; within a line only if `<` or `{` follows. An opener without
    `<tool_call>` counts only with the name of a known tool.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._line = ""
        self._seen = 0
        self._fenced = False

    def feed(self, text: str) -> tuple[Opener, str] | None:
        """An opener and what is written behind it, once there is one."""
        self._line += text
        while True:
            found = self._opener()
            if found is not None:
                return found
            end = self._line.find("\n")
            if end < 0:
                self._seen = max(self._seen, len(self._line) - _LONGEST_OPENER)
                return None
            if "<tool_call>" in self._line[:end] and not self._line[end:].strip():
                return None  # what decides comes with the next line
            if _FENCE.match(self._line[:end]):
                self._fenced = not self._fenced
            self._line = self._line[end + 1 :]
            self._seen = 0

    def _opener(self) -> tuple[Opener, str] | None:
        for found in _OPENER.finditer(self._line, self._seen):
            line = self._line[: found.start()].rpartition("\n")[2]
            if self._is_quoted(line):
                self._seen = found.end()
                continue
            end = found.end()
            if found[2]:
                opener = Opener(found[0], found[2]) if found[2] in self._names else None
            elif not line.strip():
                end = found.start() + len("<tool_call>")
                opener = Opener("<tool_call>")
            else:
                opener = Opener(found[0]) if found[1] else None
            if opener is not None:
                self._seen = end
                return opener, self._line[end:]
        return None

    def _is_quoted(self, line: str) -> bool:
        in_span = line.count("`") % 2 == 1
        return self._fenced or in_span or line.lstrip().startswith(">") or line[-1:] in _QUOTES
