"""The tags of one call as they come in, with a look at what follows each."""

from __future__ import annotations

from enum import Enum

from qwen_code.wire.tags import Tag, TagScanner


class Beyond(Enum):
    """What follows a tag when it is no tag."""

    TEXT = "text"
    UNKNOWN = "unknown"
    """Nothing but blanks has come yet."""


class Tape:
    """The tags of a text so far; closed by one of kind `end`."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []
        self._scanner = TagScanner()

    def feed(self, text: str) -> None:
        self.tags += self._scanner.feed(text)

    def finish(self) -> None:
        self.tags += self._scanner.finish()

    def after(self, index: int) -> Tag | Beyond:
        """What follows the tag at `index`, blanks left aside. An answer other than UNKNOWN never changes."""
        if index + 1 < len(self.tags):
            following = self.tags[index + 1]
            return Beyond.TEXT if following.gap == "text" else following
        return Beyond.TEXT if self._scanner.text_follows else Beyond.UNKNOWN
