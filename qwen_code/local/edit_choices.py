"""All edits that may be made next, as choices of tokens: which file, where, and what its line becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from qwen_code.local.edit_places import EditPlaces
from qwen_code.local.made_edit import MadeEdit
from qwen_code.local.most_likely import Choice
from qwen_code.local.suspicion import Place

Tokenize = Callable[[str], Sequence[int]]

OPENING = "<function=edit>\n<parameter=file_path>\n"
"""What an edit begins with behind the opener of a call; the choice of a file comes next."""
_OLD = "\n</parameter>\n<parameter=old_string>\n"
_NEW = "\n</parameter>\n<parameter=new_string>\n"
_END = "\n</parameter>\n"


@dataclass(frozen=True, slots=True)
class EditChoices:
    """Those in some files."""

    files: Sequence[EditPlaces]
    tokenize: Tokenize
    suspicions: Mapping[Place, float]
    """How surprising it would be that a place is what is wrong; nothing speaks against others."""

    def of_files(self) -> list[Choice[MadeEdit]]:
        """The files, each with what can be edited in it."""
        return [
            Choice(self.tokenize(file.path.decode() + _OLD), partial(self._of_places, file))
            for file in self.files
            if file.python is not None
        ]

    def _of_places(self, file: EditPlaces) -> list[Choice[MadeEdit]]:
        return [
            Choice(
                self.tokenize(old.decode() + _NEW),
                partial(self._of_lines, file, at, old),
                surprise=self.suspicions.get((file.path, at), 0.0),
            )
            for at, old in _passages(file)
        ]

    def _of_lines(self, file: EditPlaces, at: int, old: bytes) -> list[Choice[MadeEdit]]:
        assert file.python is not None
        line = file.text.count(b"\n", 0, at) + 1
        rest = b"".join(old.partition(b"\n")[1:])
        demand, _ = file.useful
        becoming = file.python.becoming(at, demand)
        news = [new.encode("latin-1") + rest for new in becoming]
        return [
            Choice(self.tokenize(new.decode() + _END), value=MadeEdit(file.path, old, new, line))
            for new in news
            if _is_text(new)
        ]


def _passages(file: EditPlaces) -> Iterator[tuple[int, bytes]]:
    """Places with what an edit there replaces: the rest of a line, and as many more as make it unique."""
    text = file.text
    _, useful = file.useful
    for at in sorted(useful):
        end = _end_of_line(text, at)
        if not text[at:end].strip():
            continue
        while text.count(text[at:end]) > 1 and end < len(text):
            end = _end_of_line(text, end + 1)
        if text.count(text[at:end]) == 1 and _is_text(text[at:end]):
            yield at, text[at:end]


def _end_of_line(text: bytes, at: int) -> int:
    end = text.find(b"\n", at)
    return end if end >= 0 else len(text)


def _is_text(raw: bytes) -> bool:
    """Whether it is cut nowhere within a character."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
