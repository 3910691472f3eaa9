"""Reads one simple command: its assignments, arguments, redirections and here-documents."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from qwen_code.permissions.shell_lexer import Notes, WordReader
from qwen_code.permissions.shell_syntax import (
    Assignment,
    Redirect,
    SimpleCommand,
    Text,
    Unreadable,
    Word,
)

_DECLARING = frozenset({"declare", "typeset", "local", "export", "readonly", "alias", "eval", "let"})
"""Commands among whose arguments bash reads `name=(...)` (parse.y: PST_ASSIGNOK)."""
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
_ELEMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[")
_DESCRIPTOR = re.compile(r"[0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\}")
_FAMILIES = {"<": ("<<<", "<<-", "<<", "<>", "<&", "<"), ">": (">>", ">|", ">&", ">"), "&": ("&>>", "&>")}
_DUPLICATE = re.compile(r"[0-9]+-?|-")


class CommandNotes(Notes):
    """What is learned of the commands of one script."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[SimpleCommand] = []
        self.piped: set[int] = set()
        self.functions: set[str] = set()
        self.loop_words: list[Word] = []
        self.chain = 0

    def new_chain(self) -> int:
        self.chain += 1
        return self.chain


@dataclass(slots=True)
class _Reading:
    """A simple command while it is being read."""

    words: list[Word] = field(default_factory=list[Word])
    assignments: list[Assignment] = field(default_factory=list[Assignment])
    redirects: list[Redirect] = field(default_factory=list[Redirect])
    documents: list[_HereDocument] = field(default_factory=list["_HereDocument"])


@dataclass(slots=True)
class _HereDocument:
    """A here-document whose body begins at the next line end."""

    place: int
    """Of its redirect in its command."""
    delimiter: str
    expands: bool
    strip_tabs: bool
    command: int = -1
    """Index of its command among all."""


class SimpleReader(WordReader):
    """Reads simple commands into the notes."""

    notes: CommandNotes

    def __init__(self, text: str, notes: CommandNotes, depth: int = 0) -> None:
        super().__init__(text, notes, depth)
        self.pending: list[_HereDocument] = []
        self.chains: tuple[int, ...] = ()
        self.loops: Mapping[str, tuple[Word, ...]] = {}
        self.substituting = False
        """True inside `$(...)`, where `)` may follow a here-document's delimiter."""
        self.after_document = False
        """True in the part of `$(...)` that follows a command with a here-document."""

    @abstractmethod
    def function_body(self, name: Word) -> None:
        """Read the body of a function, after its parentheses."""

    def simple(self, *, may_be_empty: bool) -> None:
        """Read one simple command, or a function's definition, which begins like one."""
        start = self.at
        reading = _Reading()
        stop = start
        while self.element(reading):
            stop = self.at
            self.blanks()
        if self.peek() == "(" and len(reading.words) == 1 and not (reading.assignments or reading.redirects):
            self.empty_parentheses()
            self.function_body(reading.words[0])
        elif reading.words or reading.assignments or reading.redirects:
            self.record(reading, self.text[start:stop])
        elif not may_be_empty:
            raise Unreadable(f"`{self.peek() or 'the end'}` is unexpected here")

    def record(self, reading: _Reading, source: str) -> None:
        if self.after_document:
            # bash 5.2 prints and re-reads what it substitutes, and then loses a `;`
            self.notes.strange("a command follows a here-document inside a substitution", hides=True)
        for document in reading.documents:
            document.command = len(self.notes.commands)
            self.pending.append(document)
        self.notes.commands.append(
            SimpleCommand(
                tuple(reading.words),
                tuple(reading.assignments),
                tuple(reading.redirects),
                source,
                self.chains,
                self.loops,
            )
        )
        self.after_document = self.after_document or (self.substituting and bool(reading.documents))

    def empty_parentheses(self) -> None:
        self.at += 1
        self.blanks()
        if self.peek() != ")":
            raise Unreadable("a parenthesis is unexpected here")
        self.at += 1

    def element(self, reading: _Reading) -> bool:
        """Read one word, assignment or redirection; False at the end of the command."""
        character = self.peek()
        if character in ("<", ">"):
            if not self.opens_process():
                self.redirection(reading)
                return True
        elif character == "&":
            if not self.ahead("&>"):
                return False
            self.redirection(reading)
            return True
        leading = not reading.words
        arrays = not leading and reading.words[0].plain in _DECLARING
        word = self.word(leading=leading, arrays=arrays)
        if not word.source:
            return False
        if not word.parts:
            return True
        if self.peek() in ("<", ">") and _DESCRIPTOR.fullmatch(word.plain or ""):
            if (word.plain or "").startswith("{"):
                self.notes.strange(f"a redirection sets the variable {word.plain}")
            self.redirection(reading)
        elif leading and (assignment := self.assignment(word)):
            reading.assignments.append(assignment)
        else:
            reading.words.append(word)
        return True

    def opens_process(self) -> bool:
        mark = self.at
        self.at += 1
        opens = self.peek() == "("
        self.at = mark
        return opens

    def ahead(self, operator: str) -> bool:
        """Does `operator` come next? Looks through line continuations, moves nothing."""
        mark = self.at
        found = True
        for character in operator:
            found = found and self.peek() == character
            self.at += 1
        self.at = mark
        return found

    def assignment(self, word: Word) -> Assignment | None:
        first = word.parts[0]
        if not isinstance(first, Text) or first.quoted:
            return None
        if match := _ASSIGNMENT.match(first.value):
            rest = first.value[match.end() :]
            parts = (Text(rest, False), *word.parts[1:]) if rest else word.parts[1:]
            return Assignment(match[1], Word(parts, word.source[match.end() :]), word.source)
        if match := _ELEMENT.match(first.value):
            texts = [p.value for p in word.parts[1:] if isinstance(p, Text) and not p.quoted]
            if any(text.startswith(("=", "+=")) for text in texts):
                return Assignment(match[1], None, word.source)
        return None

    # -- redirections

    def redirection(self, reading: _Reading) -> None:
        """Read an operator and its target, with the cursor on the operator."""
        operator = next(op for op in _FAMILIES[self.peek()] if self.ahead(op))
        for _ in operator:
            self.joins()
            self.at += 1
        self.blanks()
        target = self.word()
        if not target.source:
            raise Unreadable(f"`{operator}` leads nowhere")
        if operator in ("<<", "<<-"):
            self.announce(operator, target, reading)
        elif operator in ("<&", ">&") and _DUPLICATE.fullmatch(target.text or ""):
            reading.redirects.append(Redirect("dup", target))
        else:
            reading.redirects.append(Redirect(operator, target))

    def announce(self, operator: str, target: Word, reading: _Reading) -> None:
        delimiter = target.text
        if delimiter is None or "$" in target.source or "`" in target.source or "\n" in target.source:
            raise Unreadable("a here-document has an unusual delimiter")
        quoted = any(isinstance(part, Text) and part.quoted for part in target.parts)
        place = len(reading.redirects)
        reading.redirects.append(Redirect(operator, None, expands=not quoted))
        reading.documents.append(_HereDocument(place, delimiter, not quoted, operator == "<<-"))

    def newline(self) -> None:
        """Step over a line end, and over the here-documents that begin after it."""
        self.at += 1
        pending, self.pending = self.pending, []
        bodies: dict[int, dict[int, str]] = {}
        for document in pending:
            body = self.here_document(document)
            bodies.setdefault(document.command, {})[document.place] = body
            if document.expands:
                self.body(body)
        for index, found in bodies.items():
            command = self.notes.commands[index]
            redirects = [
                replace(redirect, body=found[place]) if place in found else redirect
                for place, redirect in enumerate(command.redirects)
            ]
            self.notes.commands[index] = replace(command, redirects=tuple(redirects))

    def here_document(self, document: _HereDocument) -> str:
        lines: list[str] = []
        while self.at < self.end:
            start = self.at
            line = self.body_line(joined=document.expands)
            if document.strip_tabs:
                line = line.lstrip("\t")
            if line.removesuffix("\n") == document.delimiter:
                return "".join(lines)
            if self.substituting and line.startswith(document.delimiter + ")"):
                self.notes.strange("a parenthesis follows the end of a here-document")
                self.at = self.text.index(")", start + len(document.delimiter))
                return "".join(lines)
            lines.append(line)
        if self.substituting:
            raise Unreadable(f"the here-document `{document.delimiter}` is not ended")
        return "".join(lines)

    def body_line(self, *, joined: bool) -> str:
        """One line with its end. Where expansions are done, a backslash at its end joins the next."""
        pieces: list[str] = []
        while True:
            stop = self.text.find("\n", self.at)
            line = self.text[self.at :] if stop < 0 else self.text[self.at : stop + 1]
            self.at += len(line)
            backslashes = len(line) - 1 - len(line[:-1].rstrip("\\")) if line.endswith("\n") else 0
            if not joined or backslashes % 2 == 0:
                pieces.append(line)
                return "".join(pieces)
            pieces.append(line[:-2])
