"""Finds every simple command that bash will run for a text, wherever it hides. Pure, and fails closed.

`parse` never raises. What it can't follow is named in `Script.odd` or `Script.error`, and then nothing may be
allowed on the strength of the commands found; they still serve to deny. Structure is kept only as far as
decisions need it: which loop variables are bound, and which commands run after which succeeded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from qwen_code.permissions.shell_simple import CommandNotes, SimpleReader
from qwen_code.permissions.shell_syntax import Script, Unreadable, Word

_MOST_CHARACTERS = 1_000_000
_END = "the end"
_TOP = frozenset({_END})
_COMPOUND = frozenset({"for", "select", "while", "until", "if", "case", "{", "[["})
_OPENERS = _COMPOUND | {"function", "coproc"}
_RESERVED = _OPENERS | {"then", "elif", "else", "fi", "do", "done", "esac", "in", "}", "!", "time"}
_KEYWORD = re.compile(r"((?:[a-z!{}\[\]-]|\\\n)+)(?=[ \t\n;&|()<>]|\Z)")
_EVALUATING = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"})


def parse(text: str) -> Script:
    """Read `text` as `bash -c` would. Never raises."""
    notes = CommandNotes()
    error = ""
    try:
        if len(text) > _MOST_CHARACTERS:
            raise Unreadable("it is longer than a million characters")
        _Parser(text, notes).sequence(_TOP)
    except Unreadable as reason:
        error = str(reason)
    return Script(
        tuple(notes.commands),
        notes.odd,
        error,
        frozenset(notes.piped),
        frozenset(notes.functions),
        tuple(notes.loop_words),
        tuple(notes.arithmetic),
    )


class _Parser(SimpleReader):
    """The grammar of bash, as far as it decides what runs."""

    # -- other texts

    def substitution(self) -> None:
        outer = self.pending, self.substituting, self.after_document
        self.pending, self.substituting, self.after_document = [], True, False
        self.sequence(frozenset({")"}))
        if self.pending:
            raise Unreadable("a here-document has no body")
        self.pending, self.substituting, self.after_document = outer

    def nested(self, text: str) -> None:
        self.reader(text).sequence(_TOP)

    def body(self, text: str) -> None:
        self.reader(text).expansions()

    def reader(self, text: str) -> _Parser:
        self.deeper()
        reader = _Parser(text, self.notes, self.depth)
        reader.chains, reader.loops = self.chains, self.loops
        self.depth -= 1
        return reader

    # -- lists and pipelines

    def sequence(self, closers: frozenset[str]) -> str:
        """Read commands up to and including one of `closers`, and say which it was."""
        self.deeper()
        outer = self.chains
        self.chains = (*outer, self.notes.new_chain())
        owed = False
        while True:
            self.gap()
            first = len(self.notes.commands)
            closer = self.closer(closers) or self.element_of_pipeline(closers)
            if closer is not None:
                if owed:
                    raise Unreadable("a command is missing after an operator")
                self.chains = outer
                self.depth -= 1
                return closer
            owed = self.connector(closers, first)
            if not owed:
                self.chains = (*outer, self.notes.new_chain())

    def closer(self, closers: frozenset[str]) -> str | None:
        """Step over an operator that ends this list, if one is here. The end of the text counts as one."""
        character = self.peek()
        if character == ")" and ")" in closers:
            self.at += 1
            return ")"
        if character == ";" and ";;" in closers:
            for operator in (";;&", ";;", ";&"):
                if self.ahead(operator):
                    self.step(operator)
                    return ";;"
        if not character and _END not in closers:
            raise Unreadable("it ends in the middle of a command")
        return None

    def step(self, operator: str) -> None:
        for _ in operator:
            self.joins()
            self.at += 1

    def connector(self, closers: frozenset[str], first: int) -> bool:
        """Read what follows a command. True when an operator asks for one more command."""
        self.blanks()
        if self.peek() == "|" and not self.ahead("||"):
            while self.peek() == "|" and not self.ahead("||"):
                self.step("|&" if self.ahead("|&") else "|")
                self.gap()
                self.element_of_pipeline(frozenset(), after_pipe=True)
                self.blanks()
            self.notes.piped.update(range(first, len(self.notes.commands)))
        if self.ahead("||"):
            self.step("||")
            self.chains = (*self.chains[:-1], self.notes.new_chain())
            return True
        if self.ahead("&&"):
            self.step("&&")
            return True
        character = self.peek()
        if character == "&":
            self.at += 1
            self.notes.piped.update(range(first, len(self.notes.commands)))
        elif character == ";":
            if ";;" not in closers or not (self.ahead(";;") or self.ahead(";&")):
                self.at += 1
                if self.peek() == ";":
                    raise Unreadable("`;;` stands outside of a case")
        elif character not in ("\n", ")", ""):
            raise Unreadable(f"`{character}` is unexpected here")
        return False

    def gap(self) -> None:
        """Step over blanks, comments and line ends."""
        self.blanks()
        while self.peek() == "\n":
            self.newline()
            self.blanks()

    # -- commands

    def upcoming(self) -> str:
        """The keyword at the cursor, which stays; empty when there is none."""
        match = _KEYWORD.match(self.text, self.at)
        keyword = match[1].replace("\\\n", "") if match else ""
        return keyword if keyword in _RESERVED else ""

    def take(self, keyword: str, missing: str) -> None:
        """Step over a keyword that must come now."""
        if self.upcoming() != keyword:
            raise Unreadable(missing)
        self.at += len(self.word().source)

    def element_of_pipeline(self, closers: frozenset[str], *, after_pipe: bool = False) -> str | None:
        """Read one command. Gives the keyword, or the end, when one of `closers` stands here instead."""
        prefixed = False
        while True:
            self.blanks()
            if self.peek() == "(":
                self.parenthesised()
                return None
            keyword = self.upcoming()
            if not after_pipe and keyword in ("!", "time"):
                prefixed = True
                self.word()
                if keyword == "time":
                    self.time_options()
                continue
            break
        if not self.peek() and _END in closers and not prefixed:
            return _END
        if keyword in closers:
            self.word()
            return keyword
        if keyword in _OPENERS:
            self.word()
            self.compound(keyword)
        elif keyword and not (keyword == "time" and after_pipe):
            raise Unreadable(f"`{keyword}` is unexpected here")
        else:
            self.simple(may_be_empty=prefixed)
        return None

    def time_options(self) -> None:
        for option in ("-p", "--"):
            self.blanks()
            mark = self.at
            if self.ahead(option):
                self.step(option)
                if self.peek() not in (" ", "\t", "\n", ";", "&", "|", ")", ""):
                    self.at = mark

    def parenthesised(self) -> None:
        """Read `(( ... ))` or `( ... )`, with the cursor on the parenthesis."""
        self.at += 1
        mark = self.at
        if self.peek() == "(" and self.arithmetic():
            self.notes.strange("arithmetic may change a variable")
        else:
            self.at = mark
            self.sequence(frozenset({")"}))
        self.trailing_redirects()

    def compound(self, keyword: str) -> None:
        """Read the rest of a compound command after its first keyword."""
        self.deeper()
        match keyword:
            case "{":
                self.sequence(frozenset({"}"}))
            case "if":
                self.conditional()
            case "while" | "until":
                self.sequence(frozenset({"do"}))
                self.sequence(frozenset({"done"}))
            case "for" | "select":
                self.loop(keyword)
            case "case":
                self.case()
            case "[[":
                self.test()
            case "function":
                self.function()
            case _:
                self.coprocess()
        if keyword in _COMPOUND:
            self.trailing_redirects()
        self.depth -= 1

    def trailing_redirects(self) -> None:
        """Read redirections of a compound command, noted as a command without words."""
        self.blanks()
        if self.peek() in ("<", ">") or self.ahead("&>") or re.match(r"[0-9{]", self.peek()):
            before = len(self.notes.commands)
            self.simple(may_be_empty=True)
            found = self.notes.commands[before:]
            if any(command.words or command.assignments for command in found[-1:]):
                raise Unreadable("a word follows the end of a compound command")

    def conditional(self) -> None:
        self.sequence(frozenset({"then"}))
        while (closer := self.sequence(frozenset({"elif", "else", "fi"}))) != "fi":
            if closer == "else":
                self.sequence(frozenset({"fi"}))
                return
            self.sequence(frozenset({"then"}))

    def loop(self, keyword: str) -> None:
        self.blanks()
        if self.peek() == "(":
            self.at += 1
            if keyword != "for" or self.peek() != "(" or not self.arithmetic():
                raise Unreadable("a loop's parentheses are not closed")
            self.notes.strange("arithmetic may change a variable")
            self.loop_body({})
            return
        name = self.word().plain or ""
        if not (name.isidentifier() and name.isascii()):
            raise Unreadable("a loop has no variable")
        if not name.islower() or name.endswith("_proxy") or keyword == "select":
            self.notes.strange(f"a loop sets the variable {name}")
        words = self.loop_words()
        self.notes.loop_words += words or ()
        self.loop_body({} if words is None else {name: words})

    def loop_words(self) -> tuple[Word, ...] | None:
        """The words after `in`; None when the loop runs over the positional parameters."""
        self.gap()
        if self.upcoming() != "in":
            return None
        self.word()
        words: list[Word] = []
        while True:
            self.blanks()
            if self.peek() in (";", "\n"):
                return tuple(words)
            words.append(self.required_word("a loop's words do not end"))

    def loop_body(self, variables: Mapping[str, tuple[Word, ...]]) -> None:
        outer = self.loops
        self.loops = {**outer, **variables}
        self.blanks()
        if self.peek() == ";":
            self.at += 1
        self.gap()
        opening = self.upcoming()
        if opening not in ("do", "{"):
            raise Unreadable("a loop has no body")
        self.word()
        self.sequence(frozenset({"done" if opening == "do" else "}"}))
        self.loops = outer

    def case(self) -> None:
        self.blanks()
        self.required_word("a case has no subject")
        self.gap()
        self.take("in", "a case has no `in`")
        while True:
            self.gap()
            if self.upcoming() == "esac":
                self.word()
                return
            if self.peek() == "(":
                self.at += 1
            self.patterns()
            if self.sequence(frozenset({";;", "esac"})) == "esac":
                return

    def patterns(self) -> None:
        while True:
            self.blanks()
            self.required_word("a case has an empty pattern")
            self.blanks()
            character = self.peek()
            self.at += 1
            if character == ")":
                return
            if character != "|":
                raise Unreadable("a case's pattern is not closed")

    def required_word(self, missing: str) -> Word:
        word = self.word()
        if not word.source:
            raise Unreadable(missing)
        return word

    def test(self) -> None:
        """Read `[[ ... ]]`, which runs nothing itself but evaluates the operands of -eq and others."""
        words: list[Word] = []
        while True:
            self.blanks()
            word = self.word()
            if word.plain == "]]":
                break
            if word.source:
                words.append(word)
            elif self.peek() in ("(", ")", "&", "|", "<", ">", "\n"):
                if self.peek() in "<>":
                    self.notes.strange("`[[` with < or > reads or writes a file where sh is the shell")
                self.at += 1
            else:
                raise Unreadable("`[[` is not closed")
        if any(word.plain in _EVALUATING for word in words):
            self.notes.arithmetic.extend(word.source for word in words if word.plain not in _EVALUATING)

    def function(self) -> None:
        self.blanks()
        name = self.required_word("a function has no name")
        self.blanks()
        if self.peek() == "(":
            self.empty_parentheses()
        self.function_body(name)

    def function_body(self, name: Word) -> None:
        self.notes.functions.add(name.text or "")
        self.notes.strange(f"it defines the function {name.source}")
        self.gap()
        if self.peek() != "(" and self.upcoming() not in _COMPOUND:
            raise Unreadable("a function has no body")
        self.element_of_pipeline(frozenset(), after_pipe=True)

    def coprocess(self) -> None:
        # bash 5.2 runs `$(coproc a b)` as `COPROC a b`: it prints and re-reads what it substitutes
        self.notes.strange("a coprocess", hides=True)
        self.blanks()
        first = len(self.notes.commands)
        if re.match(
            r"[A-Za-z_][A-Za-z0-9_]*[ \t]+(?:\(|(?:for|select|while|until|if|case|\{|\[\[)\s)",
            self.text[self.at :],
        ):
            self.word()
        self.element_of_pipeline(frozenset(), after_pipe=True)
        self.notes.piped.update(range(first, len(self.notes.commands)))
