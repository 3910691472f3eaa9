"""Reads the words of bash: quotes, expansions, substitutions. Fails closed on what it does not know.

Written against bash 5.2 (`parse.y`: read_token_word, parse_matched_pair, parse_comsub); the differential
fuzz test runs it against whatever bash is installed.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from qwen_code.permissions.ansi_quotes import ansi_c
from qwen_code.permissions.shell_syntax import Number, Opaque, Part, Text, Unreadable, Variable, Word

MAX_DEPTH = 40
_MAX_RETRIES = 16
"""Re-readings of `((`, which may turn out to be two parentheses; bounds nested ones to linear time."""

_PLAIN = re.compile(r"[^ \t\n;&|()<>\\'\"$`]+")
_IN_DOUBLE = re.compile(r"[^\\\"$`]+")
_IN_BODY = re.compile(r"[^\\$`]+")
_IN_SPAN = re.compile(r"[^\\'\"$`<>(){}\[\]]+")
_BLANKS = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
_BLANK_STARTS = frozenset(" \t\\#")
_JOINS = re.compile(r"(?:\\\n)+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])\}")
_PARAMETER_HEAD = re.compile(r"([!#]?)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])")
_SUBSCRIPT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[")
_ARRAY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_UNCLEAR = re.compile(r"[\\\"'`#]|\$\(|<<")
_BACKQUOTED = re.compile(r"(?:[^`\\]|\\.)*", re.DOTALL)


class Notes:
    """What is learned while reading, shared by all the readers of one script."""

    def __init__(self) -> None:
        self.odd: dict[str, bool] = {}
        """Reasons why the script is not plain; True where commands may be hidden from us."""
        self.arithmetic: list[str] = []
        """Texts that bash evaluates as arithmetic, where a variable's value can run commands."""
        self.retries = 0

    def strange(self, reason: str, *, hides: bool = False) -> None:
        self.odd[reason] = hides or self.odd.get(reason, False)


class WordReader(ABC):
    """A cursor over shell text that reads words; the grammar built on it reads commands."""

    def __init__(self, text: str, notes: Notes, depth: int = 0) -> None:
        self.text = text
        self.end = len(text)
        self.at = 0
        self.notes = notes
        self.depth = depth

    @abstractmethod
    def substitution(self) -> None:
        """Read commands up to and including the `)` that ends `$(`, `<(` or `>(`."""

    @abstractmethod
    def nested(self, text: str) -> None:
        """Read commands from another text, e.g. what stood between backquotes."""

    @abstractmethod
    def body(self, text: str) -> None:
        """Read the expansions of a here-document's body."""

    def peek(self) -> str:
        """The next character that bash sees, or an empty string at the end."""
        character = self.text[self.at : self.at + 1]
        if character == "\\":
            self.joins()
            return self.text[self.at : self.at + 1]
        return character

    def joins(self) -> None:
        """Step over line continuations, which bash removes before it looks."""
        if self.text.startswith("\\\n", self.at) and (match := _JOINS.match(self.text, self.at)):
            self.at = match.end()

    def blanks(self) -> None:
        """Step over blanks, and a comment when one begins here."""
        if self.text[self.at : self.at + 1] in _BLANK_STARTS and (match := _BLANKS.match(self.text, self.at)):
            self.at = match.end()

    def word(self, *, leading: bool = False, arrays: bool = False) -> Word:
        """Read one word; may be empty. `name[...]=` is understood where commands begin (`leading`),
        `name=(...)` there and, with `arrays`, among the arguments of `declare` and the like."""
        start = self.at
        parts: list[Part] = []
        if leading and (match := _SUBSCRIPT.match(self.text, self.at)):
            self.at = match.end()
            parts.append(Text(match[0], False))
            self.subscript(parts)
        while self.at < self.end:
            if match := _PLAIN.match(self.text, self.at):
                self.at = match.end()
                parts.append(Text(match[0], False))
                if (leading or arrays) and match[0].endswith("=") and self.peek() == "(" and _is_array(parts):
                    parts.append(self.array())
            elif not self.piece(parts):
                break
        source = self.text[start : self.at]
        return Word(_merged(parts) if "\\\n" in source else tuple(parts), source)

    def piece(self, parts: list[Part]) -> bool:
        """Read a quote, an expansion or a process substitution; False at the end of the word."""
        match self.text[self.at]:
            case "\\":
                self.escaped(parts)
            case "'":
                parts.append(Text(self.single_quoted(), True))
            case '"':
                self.double_quoted(parts)
            case "$":
                self.dollar(parts, quoted=False)
            case "`":
                parts.append(self.backquoted(quoted=False))
            case "<" | ">":
                return self.process(parts)
            case _:
                return False
        return True

    def escaped(self, parts: list[Part]) -> None:
        if self.text.startswith("\\\n", self.at):
            self.joins()
            return
        parts.append(Text(self.text[self.at + 1 : self.at + 2] or "\\", True))
        self.at += 2

    def single_quoted(self) -> str:
        close = self.text.find("'", self.at + 1)
        if close < 0:
            raise Unreadable("a single quote is never closed")
        value = self.text[self.at + 1 : close]
        self.at = close + 1
        return value

    def double_quoted(self, parts: list[Part]) -> None:
        self.at += 1
        parts.append(Text("", True))
        while self.at < self.end:
            if match := _IN_DOUBLE.match(self.text, self.at):
                parts.append(Text(match[0], True))
                self.at = match.end()
                continue
            match self.text[self.at]:
                case '"':
                    self.at += 1
                    return
                case "\\":
                    following = self.text[self.at + 1 : self.at + 2]
                    if following != "\n":
                        parts.append(Text(following if following in '$`"\\' else "\\" + following, True))
                    self.at += 2
                case "$":
                    self.dollar(parts, quoted=True)
                case _:
                    parts.append(self.backquoted(quoted=True))
        raise Unreadable("a double quote is never closed")

    def process(self, parts: list[Part]) -> bool:
        """Read `<(...)` or `>(...)`; False, and nothing read, when it is a redirection."""
        mark = self.at
        self.at += 1
        if self.peek() != "(":
            self.at = mark
            return False
        self.at += 1
        self.substitution()
        parts.append(Opaque("process", False))
        return True

    def dollar(self, parts: list[Part], *, quoted: bool) -> None:
        """Read whatever begins with the `$` at the cursor."""
        self.at += 1
        character = self.peek()
        if character == "(":
            parts.append(self.parenthesis(quoted))
        elif character == "{":
            parts.append(self.parameter(quoted))
        elif character == "'" and not quoted:
            value, self.at = ansi_c(self.text, self.at + 1)
            parts.append(Text(value, True))
        elif character == '"' and not quoted:
            self.double_quoted(parts)
        elif character == "[":
            self.at += 1
            self.calculation(self.span("]", "[", arithmetic=True, quoted=True))
            parts.append(Number(quoted))
        elif match := _NAME.match(self.text, self.at):
            self.at = match.end()
            if self.text.startswith("\\\n", self.at):
                self.notes.strange("a line continues in the middle of a variable's name", hides=True)
            parts.append(Variable(match[0], quoted))
        elif character and character in "@*#?$!-0123456789":
            self.at += 1
            parts.append(Variable(character, quoted))
        else:
            parts.append(Text("$", quoted))

    def parenthesis(self, quoted: bool) -> Part:
        """Read `$((...))` or `$(...)`, with the cursor on the first parenthesis."""
        self.at += 1
        mark = self.at
        if self.peek() == "(" and self.arithmetic():
            return Number(quoted)
        self.at = mark
        self.substitution()
        return Opaque("command", quoted)

    def arithmetic(self) -> bool:
        """Read `(...))` after a first parenthesis as bash does, which prefers arithmetic.

        False when the two parentheses turn out to open a subshell; the caller then reads commands.
        """
        self.at += 1
        text = self.span(")", "(", arithmetic=True, quoted=True)
        if self.peek() == ")":
            self.at += 1
            self.calculation(text)
            return True
        self.notes.strange("`((` may be arithmetic or a subshell", hides=True)
        self.notes.retries += 1
        if self.notes.retries > _MAX_RETRIES:
            raise Unreadable("too many double parentheses that open subshells")
        return False

    def calculation(self, text: str) -> None:
        self.notes.arithmetic.append(text)
        if _UNCLEAR.search(text):
            # bash counts parentheses inside quotes when it decides whether this is arithmetic
            self.notes.strange("a command or a quote stands inside arithmetic", hides=True)

    def parameter(self, quoted: bool) -> Part:
        """Read `${...}`, with the cursor on the brace."""
        if match := _PARAMETER.match(self.text, self.at):
            self.at = match.end()
            return Variable(match[1], quoted)
        self.at += 1
        if self.peek() in (" ", "\t", "\n", "|", ""):
            raise Unreadable("`${ command; }` is not understood")
        if not (head := _PARAMETER_HEAD.match(self.text, self.at)):
            self.notes.strange("an expansion has no variable's name", hides=True)
            self.span("}", "", quoted=quoted)
            return Opaque("parameter", quoted)
        self.at = head.end()
        rest = self.span("}", "", quoted=quoted)
        self.review(head[1], head[2], rest)
        return Opaque("parameter", quoted)

    def review(self, prefix: str, name: str, rest: str) -> None:
        """Note what an edited parameter may do beyond giving a value."""
        if prefix == "!" and rest not in ("[@]", "[*]", "@", "*"):
            self.notes.strange("an indirect expansion can run commands", hides=True)
        if rest.lstrip(":").startswith("="):
            self.notes.strange(f"an expansion sets the variable {name}")
        if re.search(r"@[A-Za-z]$", rest) and rest[-1] not in "QUuLAKak":
            self.notes.strange("an expansion evaluates its value as a prompt", hides=True)
        if rest.startswith("[") and not rest.startswith(("[@]", "[*]")):
            self.notes.arithmetic.append(rest)
        if re.match(r":[^-=?+]", rest) or re.match(r"\[[@*]\]:[^-=?+]", rest):
            self.notes.arithmetic.append(rest)

    def backquoted(self, *, quoted: bool) -> Part:
        match = _BACKQUOTED.match(self.text, self.at + 1)
        if not match or not self.text.startswith("`", match.end()):
            raise Unreadable("a backquote is never closed")
        self.at = match.end() + 1
        self.nested(re.sub(r'\\([$`\\"])' if quoted else r"\\([$`\\])", r"\1", match[0]))
        return Opaque("command", quoted)

    def subscript(self, parts: list[Part]) -> None:
        """Read the rest of `name[...]` at the start of a word."""
        mark = self.at
        text = self.span("]", "[")
        source = self.text[mark : self.at]
        if self.text.startswith(("=", "+="), self.at):
            self.notes.arithmetic.append(text)
        elif re.search(r"[ \t\n;&|()<>]", source):
            raise Unreadable("a subscript is not followed by `=`")
        parts.append(
            Text(source, False) if not re.search(r"[\\'\"$`]", source) else Opaque("subscript", False)
        )

    def array(self) -> Part:
        """Read the elements of `name=(...)`, with the cursor on the parenthesis."""
        self.at += 1
        while True:
            self.blanks()
            character = self.peek()
            if character == ")":
                self.at += 1
                return Opaque("array", False)
            if character == "\n":
                self.at += 1
            elif not self.word(leading=True).source:
                raise Unreadable("an array is not closed, or holds an operator")

    def span(self, close: str, opening: str, *, quoted: bool = False, arithmetic: bool = False) -> str:
        """Read up to and including `close`, which may nest by `opening`; gives the text before it."""
        start, depth = self.at, 1
        ignored: list[Part] = []
        self.deeper()
        while self.at < self.end:
            if match := _IN_SPAN.match(self.text, self.at):
                self.at = match.end()
                continue
            character = self.text[self.at]
            if character == close:
                depth -= 1
                self.at += 1
                if not depth:
                    self.depth -= 1
                    return self.text[start : self.at - 1]
            elif character == opening:
                depth += 1
                self.at += 1
            else:
                self.span_piece(character, ignored, quoted=quoted, arithmetic=arithmetic)
        raise Unreadable(f"`{close}` is missing")

    def span_piece(self, character: str, ignored: list[Part], *, quoted: bool, arithmetic: bool) -> None:
        if character == "\\":
            self.at += 2
        elif character == "'" and arithmetic:
            raise Unreadable("a quote inside arithmetic")
        elif character == "'" and quoted:
            # literal or quoting, by the operator before it; either reading could hide what follows
            self.notes.strange("a single quote inside a quoted expansion", hides=True)
            self.at += 1
        elif character == "'":
            self.single_quoted()
        elif character == '"':
            self.double_quoted(ignored)
        elif character == "$":
            self.dollar(ignored, quoted=quoted)
        elif character == "`":
            self.backquoted(quoted=quoted)
        elif character in "<>" and not quoted and self.process(ignored):
            return
        else:
            self.at += 1

    def expansions(self) -> None:
        """Read the whole text as a here-document's body, where only `$`, backquote and backslash count."""
        ignored: list[Part] = []
        while self.at < self.end:
            if match := _IN_BODY.match(self.text, self.at):
                self.at = match.end()
            elif self.text[self.at] == "\\":
                self.at += 2
            elif self.text[self.at] == "$":
                self.dollar(ignored, quoted=True)
            else:
                self.backquoted(quoted=False)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("it is nested too deeply")


def _merged(parts: list[Part]) -> tuple[Part, ...]:
    """Unquoted texts that a line continuation had split, in one."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, Text) and isinstance(last, Text) and not (part.quoted or last.quoted):
            merged[-1] = Text(last.value + part.value, False)
        else:
            merged.append(part)
    return tuple(merged)


def _is_array(parts: list[Part]) -> bool:
    texts = [part.value for part in parts if isinstance(part, Text) and not part.quoted]
    if len(parts) == 1:
        return bool(_ARRAY.fullmatch(texts[0]))
    subscripted = isinstance(parts[0], Text) and bool(_SUBSCRIPT.match(parts[0].value))
    return subscripted and texts[-1] in ("=", "+=")
