"""An edit that a conversation holds, and how a later one takes it back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MadeEdit:
    """What was replaced in a file, and by what."""

    path: bytes
    old: bytes
    new: bytes
    line: int = field(default=0, compare=False)
    """Where it begins, counted from 1; 0 if that is not known."""

    def is_taken_back_by(self, later: MadeEdit) -> bool:
        """Whether `later` puts back what was there, perhaps with more behind it to be unique."""
        if later.path != self.path or not self.is_quoted_by(later.old):
            return False
        behind = later.old[len(self.new) :]
        left_out = max(len(self.new) - len(later.old), 0)
        return later.new == (self.old[:-left_out] if left_out else self.old + behind)

    def taken_back_in(self, text: bytes) -> MadeEdit | None:
        """The edit that puts back what was there, with as many lines behind it as make it unique.

        None where it is not certain which one that is. What was written ends with a line.
        """
        possible = [at for at in self.places(text) if text[at + len(self.new) :][:1] in (b"", b"\n")]
        if len(possible) != 1 or not self.new:
            return None
        at, end = possible[0], possible[0] + len(self.new)
        while text.count(text[at:end]) > 1 and end < len(text):
            next_end = text.find(b"\n", end + 1)
            end = next_end if next_end >= 0 else len(text)
        if text.count(text[at:end]) != 1:
            return None
        return MadeEdit(self.path, text[at:end], self.old + text[at + len(self.new) : end], self.line)

    def places(self, text: bytes) -> Sequence[int]:
        """Where in a text it may have written what it did: before, that was unique there."""
        possible = [*self._possible(text)]
        return [at for at in possible if text.count(b"\n", 0, at) + 1 == self.line] or possible

    def _possible(self, text: bytes) -> Iterator[int]:
        at = text.find(self.new)
        while at >= 0:
            if (text[:at] + self.old + text[at + len(self.new) :]).count(self.old) == 1:
                yield at
            at = text.find(self.new, at + 1)

    def is_begun_by(self, old: bytes) -> bool:
        """Whether an old string may be going to be what was written."""
        return self.new.startswith(old)

    def is_quoted_by(self, old: bytes) -> bool:
        """Whether an old string begins with what was written; ends of lines behind it may be left out."""
        left_out = self.new[len(old) :]
        is_end = self.new.startswith(old) and not left_out.strip(b"\n") and self.old.endswith(left_out)
        return old.startswith(self.new) or (is_end and bool(old))
