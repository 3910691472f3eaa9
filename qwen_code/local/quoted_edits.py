"""Holds what an edit replaces to what its file says, in one place and no other, and attempts to be new ones.

A small model that copies a line slips now and then: the edit is refused, and a turn is lost. And where an
edit or a search did not help it makes the same one again, for it stands there to be copied. Only for models
that declare in their GGUF that they want it (`qwen_code.quotes_files`): one that means to replace what is
not there is told so by the tool, which helps it more than a passage of the file that it did not mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from qwen_code.local.attempts import Attempts
from qwen_code.local.edit_places import EditPlaces
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
        self._places_in: dict[bytes, EditPlaces] = {}
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
        barred = self.places(self._path).barred
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
        self._places_in.clear()
        if kind == b"function":
            self._tool, self._arguments = name, {}
            self._is_quiet = name == b"run_shell_command" and self.attempts.goes_on
            if name == b"run_shell_command":
                self.attempts.ran()
        elif self._tool == b"edit" or (self._tool, name) in _FOLLOWED:
            self._key = name

    @property
    def due(self) -> MadeEdit | None:
        """The edit that has to be made now: what helped again, or what takes back what did not."""
        if self.attempts.again is not None or not self.attempts.in_vain:
            return self.attempts.again
        vain = self.attempts.in_vain[-1]
        return vain.taken_back_in(self._text_as_it_is(vain.path))

    @property
    def test_run(self) -> str:
        """The command that has to be run where tests have to."""
        known = self._so_far.test_run
        return quiet(known) if known and self.attempts.goes_on else known

    def known_files(self) -> list[EditPlaces]:
        """Those that may be edited and are known."""
        paths = sorted(path.encode() for path in self._so_far.paths if self._text_of(path) is not None)
        self._places_in.clear()
        return [self.places(path) for path in paths]

    @property
    def is_between(self) -> bool:
        """Whether a call has just ended."""
        return not self._key and self._written.rstrip().endswith(b"</tool_call>")

    @property
    def _text(self) -> bytes:
        """The file that the call is about, or nothing."""
        return self._text_as_it_is(self._path)

    def _text_as_it_is(self, path: bytes) -> bytes:
        """A file as it will be when the next call is made; nothing if the model does not know it."""
        if path not in self._texts:
            text = self._text_of(path.decode("utf-8", "replace")) or ""
            self._texts[path] = text.replace("\r\n", "\n").encode()
        return self._texts[path]

    @property
    def _path(self) -> bytes:
        return self._arguments.get(b"file_path", b"")

    def places(self, path: bytes) -> EditPlaces:
        """Where the next edit of a file may begin."""
        if path not in self._places_in:
            text = self._text_as_it_is(path)
            self._places_in[path] = EditPlaces(path, text, self._as_python(path, text), self.attempts)
        return self._places_in[path]

    def _as_python(self, path: bytes, text: bytes) -> PythonText | None:
        """The text, if it is Python; as Latin-1, in which a place is the same in characters and bytes."""
        if not path.endswith(b".py"):
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
        places = self.places(self._path)
        if places.python is None:
            return not self._repeats(new, old, text)
        line, end, _ = new.decode("latin-1").partition("\n")
        return places.python.may_become(
            text.index(old), line, whole=bool(end), demand=places.demanded, tried=places.tried_lines
        )

    def _may_be_sought(self, pattern: bytes) -> bool:
        """Whether a pattern may begin so: as the definition of what came up, and not in vain."""
        value, end, _ = pattern.partition(b"\n")
        if end and (value.decode("utf-8", "replace") in self._so_far.vain or not _is_one_line(pattern)):
            return False
        sought = (one.encode() for one in self._sought)
        return not self._sought or any(_is_on_the_way(pattern, one) for one in sought)

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
        value, end, _ = path.partition(b"\n")
        is_one = not end or _is_one_line(path)
        if not is_one or (end and self._tool == b"edit" and is_of_tests(value.decode("utf-8", "replace"))):
            return False
        paths = self._so_far.paths or self._unread_tests
        again = [self.attempts.again] if self.attempts.again else []
        if self._tool == b"edit" and (due := self.attempts.in_vain or again):
            paths = frozenset(edit.path.decode("utf-8", "replace") for edit in due)
        return not paths or any(_is_on_the_way(path, known.encode()) for known in paths)

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
        changes = (tried for place, tried in self.places(self._path).tried if place == text.index(old))
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
        self._places_in.clear()
        places = self.places(self._path)
        python, tried = places.python, places.tried_lines
        if python is None:
            return True
        free = (n for n in range(len(places.text)) if n not in python.idle)
        return any(python.can_change(n, Demand.NO_FLAW, tried) for n in free)


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


def _is_one_line(written: bytes) -> bool:
    """Whether a value that begins so, and has a line end, can be, or is, what stands before that."""
    return _is_on_the_way(written, written.partition(b"\n")[0])


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
