"""Holds what an edit replaces to what its file says, in one place and no other, and attempts to be new ones.

A small model that copies a line slips now and then: the edit is refused, and a turn is lost. And where an
edit or a search did not help it makes the same one again, for it stands there to be copied. Only for models
that declare in their GGUF that they want it (`qwen_code.quotes_files`): one that means to replace what is
not there is told so by the tool, which helps it more than a passage of the file that it did not mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from qwen_code.local.attempts import Attempts
from qwen_code.local.made_edit import MadeEdit
from qwen_code.local.python_edits import Demand, PythonText
from qwen_code.local.so_far import SoFar, is_of_tests, quiet

TextOf = Callable[[str], str | None]
"""The text of a file that the model knows as it is, by the path that it uses; None for others."""

_TAG = re.compile(rb"<(function|parameter)=([^<>\s]+)>(?=\n)")
_END = b"\n</parameter>"
_FOLLOWED = {(b"grep_search", b"pattern"), (b"read_file", b"file_path"), (b"run_shell_command", b"command")}
"""Arguments that are held to something, besides those of edits."""
_CALLED = re.compile(rb"<function=(\w*>?)\Z")
_NAMED = re.compile(rb"<parameter=(\w*>?)\Z")
_OF_AN_EDIT = (b"file_path>", b"old_string>", b"new_string>")
"""In the order in which each can be held to those before."""
_WITHOUT_A_FILE = (b"grep_search>", b"run_shell_command>")
_LONGEST_TAG = 256
_REST = 4
"""Attempts after which another one may be made in the same place."""
_MENDING = 3
"""Attempts that are held to what is certainly wrong, where something is."""


class QuotedEdits:
    """Follows the calls of one answer, in Qwen3-Coder's notation, as they are written.

    What an edit replaces ends with a line, and only its first line changes. An edit of what an edit wrote
    puts back what was there. What was tried and taken back is not tried again: not the same passage at once,
    nor a third time, and not with the same change; of Python, see `PythonText`.
    """

    def __init__(self, text_of: TextOf, so_far: SoFar | None = None) -> None:
        self._text_of = text_of
        self._so_far = so_far = SoFar() if so_far is None else so_far
        self._sought = so_far.sought.difference(so_far.vain)
        self._python: dict[bytes, PythonText] = {}
        self._barred_in: dict[bytes, set[int]] = {}
        self._tried_in: dict[bytes, set[str]] = {}
        self._demanded = Demand.NO_FLAW
        """Of the next edit, where it begins at what is flawed."""
        self.attempts = Attempts(so_far.edits, so_far.outcomes)
        self._texts: dict[bytes, bytes] = {}
        """Of files that this answer edits, as they will be then."""
        self._is_quiet = False
        """Whether of the tests that are run now only the end is to be seen."""
        self._tool = self._key = b""
        self._arguments: dict[bytes, bytes] = {}
        self._written = b""
        """What came behind the last tag: the value of `_key`, if there is one, behind a line end."""

    def allows(self, piece: bytes) -> bool:
        """Whether the answer may go on with `piece`."""
        written = self._written[1:]
        if not self._key:
            return self._may_be_called(self._written[-_LONGEST_TAG:] + piece)
        if self._key == b"pattern":
            return self._may_be_sought(written + piece)
        if self._key == b"file_path":
            return self._may_be_named(written + piece)
        if self._key == b"new_string":
            return self._may_become(written + piece)
        if self._key == b"command":
            return self._may_be_run(written + piece)
        text = self._text if self._key == b"old_string" else b""
        if not text:
            return True
        if again := self.attempts.again:
            return _is_on_the_way(written + piece, again.old)
        barred = self._barred(text)
        if not _fits(written, text, barred):
            return True
        begun = written + piece
        if self._cuts_short(begun):
            return False
        if any(edit.is_begun_by(begun) for edit in self.attempts.standing):
            return _fits(begun, text, barred)
        least = max((len(e.new) for e in self.attempts.standing if begun.startswith(e.new)), default=0)
        return _fits(begun, text, barred) and not _goes_too_far(begun, least, text, barred)

    def _cuts_short(self, begun: bytes) -> bool:
        """Whether an old string ends within what an edit wrote, which is to be taken back whole."""
        ends = (n for n in range(2, len(_END) + 1) if begun.endswith(_END[:n]))
        return any(
            edit.path == self._path
            and edit.new.startswith(begun[:-n])
            and len(begun) - n < len(edit.new.rstrip(b"\n"))
            for n in ends
            for edit in self.attempts.standing
        )

    def advance(self, piece: bytes) -> None:
        """Take `piece`, whether allowed or not."""
        self._written += piece
        while self._key or _TAG.search(self._written):
            if self._key:
                value, end, rest = self._written.partition(_END)
                if not end:
                    return
                self._arguments[self._key] = value[1:]
                if self._key == b"new_string":
                    self._edit()
                self._key, self._written = b"", rest
            elif tag := _TAG.search(self._written):
                self._begin(*tag.groups())
                self._written = self._written[tag.end() :]
        self._written = self._written[-_LONGEST_TAG:]

    def _begin(self, kind: bytes, name: bytes) -> None:
        self._barred_in.clear()
        self._tried_in.clear()
        if kind == b"function":
            self._tool, self._arguments = name, {}
            self._is_quiet = name == b"run_shell_command" and self.attempts.goes_on
            if name == b"run_shell_command":
                self.attempts.ran()
        elif self._tool == b"edit" or (self._tool, name) in _FOLLOWED:
            self._key = name

    @property
    def is_between(self) -> bool:
        """Whether a call has just ended."""
        return not self._key and self._written.rstrip().endswith(b"</tool_call>")

    @property
    def _text(self) -> bytes:
        """The file that the call is about, or nothing."""
        path = self._path
        if path not in self._texts:
            text = self._text_of(path.decode("utf-8", "replace")) or ""
            self._texts[path] = text.replace("\r\n", "\n").encode()
        return self._texts[path]

    @property
    def _path(self) -> bytes:
        return self._arguments.get(b"file_path", b"")

    def _places(self, text: bytes) -> Iterator[tuple[int, bytes]]:
        """Where in this file something was tried, and what was written there."""
        for edit in self.attempts.tried:
            if edit.path == self._path and edit.old and text.count(edit.old) == 1:
                yield text.index(edit.old), edit.new

    def _barred(self, text: bytes) -> set[int]:
        """Where the next edit may not begin."""
        if text not in self._barred_in:
            here = (e for e in self.attempts.standing if e.path == self._path and e.new and e.old)
            standing = {place: edit.new for edit in here for place in edit.places(text)}
            everywhere, python = set(range(len(text))), self._as_python(text)
            barred = set(python.idle - standing.keys()) if python else set[int]()
            for tried in self._resting(text):
                free = everywhere - barred - tried
                if free and (useful := self._of_use(python, text, free) if python else free):
                    barred = everywhere - useful - standing.keys()
                    break
            for place, new in standing.items():
                barred.update(range(place + 1, place + len(new)))
            if standing and self.attempts.in_vain:
                barred.update(everywhere - standing.keys())
            self._barred_in[text] = barred
        return self._barred_in[text]

    def _resting(self, text: bytes) -> Iterator[set[int]]:
        """Places where enough was tried, for now: fewer and fewer, should nothing else be left."""
        places = [place for place, _ in self._places(text)]
        often = {place for place in places if places.count(place) > 1}
        yield from (often | set(places[-_REST:]), often | set(places[-1:]), set(places[-1:]), set())

    def _of_use(self, python: PythonText, text: bytes, free: set[int]) -> set[int]:
        """Where an edit may begin that can be of use."""
        tried = self._tried_lines(text)
        if len(self.attempts.tried) < _MENDING:
            for demand in (Demand.ONE_LESS,) if self.attempts.tried else (Demand.NONE_LEFT, Demand.ONE_LESS):
                mending = {n for n in python.flawed & free if python.can_change(n, demand, tried)}
                if mending:
                    self._demanded = demand
                    return mending
        self._demanded = Demand.NO_FLAW
        return {n for n in free if python.can_change(n, self._demanded, tried)}

    def _tried_lines(self, text: bytes) -> set[str]:
        """The lines of which nothing came; asked for at every token that might come next."""
        if text not in self._tried_in:
            self._tried_in[text] = {
                (text[text.rfind(b"\n", 0, place) + 1 : place] + new.partition(b"\n")[0]).decode("latin-1")
                for place, new in self._places(text)
            }
        return self._tried_in[text]

    def _as_python(self, text: bytes) -> PythonText | None:
        """The text, if it is Python; as Latin-1, in which a place is the same in characters and bytes."""
        if not self._path.endswith(b".py"):
            return None
        if text not in self._python:
            far = self._so_far
            self._python[text] = PythonText(text.decode("latin-1"), far.numbers, far.used, far.texts)
        return self._python[text]

    def _may_become(self, new: bytes) -> bool:
        """Whether a new string may begin so: with another first line than was tried, or taking back."""
        text, old = self._text, self._arguments.get(b"old_string", b"")
        if not text or text.count(old) != 1:
            return True
        if again := self.attempts.again:
            return _is_on_the_way(new, again.new)
        back = self._standing_before(old)
        line = back.old.partition(b"\n")[0] if back else new.partition(b"\n")[0]
        whole = line + b"".join(old.partition(b"\n")[1:]) + _END
        changes_a_line = whole.startswith(new) or new.startswith(whole)
        if back is not None or not changes_a_line:
            return changes_a_line
        python = self._as_python(text)
        if python is None:
            return not self._repeats(new, old, text)
        line, end, _ = new.decode("latin-1").partition("\n")
        return python.may_become(
            text.index(old), line, whole=bool(end), demand=self._demanded, tried=self._tried_lines(text)
        )

    def _may_be_sought(self, pattern: bytes) -> bool:
        """Whether a pattern may begin so: as the definition of what came up, and not in vain."""
        value, end, _ = pattern.decode("utf-8", "replace").partition("\n")
        if end and value in self._so_far.vain:
            return False
        sought = self._sought
        return not sought or (value in sought if end else any(one.startswith(value) for one in sought))

    def _may_be_run(self, command: bytes) -> bool:
        """Whether a command may begin so: where another attempt follows, without asking for details."""
        known = self._so_far.test_run
        return not (known and self._is_quiet) or _is_on_the_way(command, quiet(known).encode())

    def _may_be_called(self, written: bytes) -> bool:
        """Whether the name of a tool may begin so.

        One that reads a file only if one came up, or a test calls nothing but what stands beside it; and what
        did not help is taken back before anything else.
        """
        if self._tool == b"edit" and (named := _NAMED.search(written)):
            left = (name for name in _OF_AN_EDIT if name[:-1] not in self._arguments)
            return next(left, b"").startswith(named[1])
        called = _CALLED.search(written)
        if called is None:
            return True
        if tool := self.attempts.tool:
            return (tool + b">").startswith(called[1])
        if self._unread_tests:
            return b"read_file>".startswith(called[1])
        if self._so_far.paths or not self._so_far.sought:
            return True
        return any(name.startswith(called[1]) for name in _WITHOUT_A_FILE)

    @property
    def _unread_tests(self) -> frozenset[str]:
        """Files of tests to be read, where all that was found stands in them."""
        if self._so_far.paths or not self._so_far.sought or self._sought:
            return frozenset()
        return frozenset(path for path in self._so_far.tests if self._text_of(path) is None)

    def _may_be_named(self, path: bytes) -> bool:
        """Whether a path may begin so: as one that came up, and for an edit not as one of tests."""
        value, end, _ = path.decode("utf-8", "replace").partition("\n")
        if end and self._tool == b"edit" and is_of_tests(value):
            return False
        paths = self._so_far.paths or self._unread_tests
        again = [self.attempts.again] if self.attempts.again else []
        if self._tool == b"edit" and (known := self.attempts.in_vain or again):
            paths = frozenset(edit.path.decode("utf-8", "replace") for edit in known)
        return not paths or (value in paths if end else any(path.startswith(value) for path in paths))

    def _standing_before(self, old: bytes) -> MadeEdit | None:
        """The edit that wrote what an old string begins with."""
        standing = (e for e in reversed(self.attempts.standing) if e.path == self._path and e.new)
        return next((edit for edit in standing if edit.is_quoted_by(old)), None)

    def _repeats(self, new: bytes, old: bytes, text: bytes) -> bool:
        """Whether a new string that begins so begins a change of `old` that was tried.

        Of one that changed nothing even the first token.
        """
        if not new.strip():
            return False
        changes = (tried for place, tried in self._places(text) if place == text.index(old))
        unchanged = ((tried + _END, 0 if tried == old else _alike(old, tried)) for tried in changes)
        return any(len(new) > same and tried.startswith(new) for tried, same in unchanged)

    def _edit(self) -> None:
        """What the next call of this answer will find."""
        text, old = self._text, self._arguments.get(b"old_string", b"")
        line = text.count(b"\n", 0, max(text.find(old), 0)) + 1
        edit = MadeEdit(self._path, old, self._arguments[b"new_string"], line)
        self.attempts.edited(edit)
        if edit.old and text.count(edit.old) == 1:
            self._texts[self._path] = text.replace(edit.old, edit.new)
        if self.attempts.needs_another and not self._has_more():
            self.attempts.give_up()

    def _has_more(self) -> bool:
        """Whether there is anything left to try in the file of the last edit."""
        self._barred_in.clear()
        self._tried_in.clear()
        text = self._text
        python, tried = self._as_python(text), self._tried_lines(text)
        if python is None:
            return True
        return any(
            python.can_change(n, Demand.NO_FLAW, tried) for n in range(len(text)) if n not in python.idle
        )


def _fits(written: bytes, text: bytes, barred: Collection[int]) -> bool:
    """Whether a value that begins so can be, or is, a passage that is in `text` once, and elsewhere."""
    at = text.find(written)
    while at in barred:
        at = text.find(written, at + 1)
    if at >= 0:
        return True
    value, end, _ = written.partition(_END)
    if end:
        return _is_place(value, text, barred)
    ends = (n for n in range(1, len(_END)) if written.endswith(_END[:n]))
    return any(_is_place(written[:-n], text, barred) for n in ends)


def _is_on_the_way(written: bytes, value: bytes) -> bool:
    """Whether a value that begins so can be, or is, just this one."""
    whole = value + _END
    return whole.startswith(written) or written.startswith(whole)


def _goes_too_far(written: bytes, least: int, text: bytes, barred: Collection[int]) -> bool:
    """Whether a value goes on behind the first line that is not empty with which it can be found.

    Args:
        least: how long it is at least.
    """
    for end in (n for n, byte in enumerate(written) if byte == _END[0] and n >= least):
        passage, left = written[:end], written[end:]
        if passage.rpartition(b"\n")[2].strip() and _is_place(passage, text, barred):
            return not (_END.startswith(left) or left.startswith(_END))
    return False


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _is_place(passage: bytes, text: bytes, barred: Collection[int]) -> bool:
    at = text.find(passage)
    ends_a_line = text[at + len(passage) :][:1] in (b"", b"\n") or passage.endswith(b"\n")
    return text.count(passage) == 1 and at not in barred and ends_a_line
