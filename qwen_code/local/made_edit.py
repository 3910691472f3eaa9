"""An edit that a conversation holds, and how a later one takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MadeEdit:
    """What was replaced in a file, and by what."""

    path: bytes
    old: bytes
    new: bytes

    def is_taken_back_by(self, later: MadeEdit) -> bool:
        """Whether `later` puts back what was there, perhaps with more behind it to be unique."""
        if later.path != self.path or not self.is_quoted_by(later.old):
            return False
        behind = later.old[len(self.new) :]
        shorter = len(later.old) < len(self.new)
        return later.new == (self.old[:-1] if shorter else self.old + behind)

    def places(self, text: bytes) -> Iterator[int]:
        """Where in a text it may have written what it did: before, that was unique there."""
        at = text.find(self.new)
        while at >= 0:
            if (text[:at] + self.old + text[at + len(self.new) :]).count(self.old) == 1:
                yield at
            at = text.find(self.new, at + 1)

    def is_begun_by(self, old: bytes) -> bool:
        """Whether an old string may be going to be what was written."""
        return self.new.startswith(old)

    def is_quoted_by(self, old: bytes) -> bool:
        """Whether an old string begins with what was written; the end of a last line may be left out."""
        return old.startswith(self.new) or (old + b"\n" == self.new and self.old.endswith(b"\n"))
