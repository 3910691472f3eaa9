"""The prompt and the questions that take its place: two buffers, one of them with the focus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import History

from qwen_code.ui.repl.panel import Entry, Panel
from qwen_code.ui.repl.paste import Pastes

T = TypeVar("T")

TYPING_S = 1.0
"""Somebody who pressed a key this recently is in the middle of a sentence."""
PAUSE_S = 0.5
"""And must pause this long before a key answers a question that came up meanwhile."""


class Desk:
    """Where the person types. A question never takes a key that was meant for the draft."""

    def __init__(
        self,
        *,
        completer: Completer,
        history: History,
        clock: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        wants_completion = Condition(lambda: _asks_for_completion(self.prompt))
        self.prompt = Buffer(
            multiline=True,
            completer=completer,
            history=history,
            complete_while_typing=wants_completion,
            name="prompt",
        )
        self.entry = Buffer(multiline=False, name="entry")
        self.panel: Panel[Any] | None = None
        self.pastes = Pastes()
        self.asking = Condition(lambda: self.panel is not None)
        self.entering = Condition(lambda: self.panel is not None and self.panel.entry is not None)
        self.hiding = Condition(
            lambda: self.panel is not None and self.panel.entry is not None and self.panel.entry.secret
        )
        self._clock = clock
        self._changed = changed
        self._turn = asyncio.Lock()
        self._shown_entry: Entry | None = None
        self._last_typed = float("-inf")
        self._keys_from = 0.0
        self.prompt.on_text_insert += self._typed

    async def ask(self, panel: Panel[T]) -> T | None:
        """Show `panel` in the prompt's place, after those that came before, until it is answered."""
        async with self._turn:
            now = self._clock()
            self._keys_from = now + PAUSE_S if now - self._last_typed < TYPING_S else now
            self.prompt.cancel_completion()
            self.panel = panel
            self._follow()
            try:
                return await panel.answer
            finally:
                self.panel = None
                self._follow()

    def press(self, key: str) -> None:
        """A key while a question is open: an answer, unless it belongs to a sentence: one that was begun
        before, or one that begins now with a key that the question knows nothing of."""
        if self.panel is None:
            return
        if self._clock() < self._keys_from or not self.panel.wants(key):
            self._keys_from = self._clock() + PAUSE_S
            if len(key) == 1:
                self.prompt.insert_text(key)
            return
        self.panel.press(key)
        self._follow()

    def submit_entry(self) -> None:
        if self.panel is not None:
            self.panel.submit(self.entry.text)
            self._follow()

    def dismiss(self) -> None:
        if self.panel is not None:
            self.panel.dismiss()
            self._follow()

    def taken(self) -> str:
        """The prompt's text, complete, and an empty prompt; the text is in the history."""
        text = self.pastes.unfolded(self.prompt.text).strip()
        self.prompt.reset(append_to_history=bool(text))
        self._last_typed = float("-inf")
        return text

    def replace(self, text: str) -> None:
        """`text` is the draft from now on."""
        self.prompt.text = text
        self.prompt.cursor_position = len(text)

    def put(self, text: str) -> None:
        """`text` before what is being written."""
        if not text:
            return
        draft = self.prompt.text
        self.replace(f"{text}\n\n{draft}" if draft else text)

    @property
    def entry_sign(self) -> str:
        return self.panel.entry.sign if self.panel is not None and self.panel.entry is not None else ""

    def _typed(self, _: object) -> None:
        self._last_typed = self._clock()

    def _follow(self) -> None:
        """Give the focus to what is asked for now."""
        wanted = self.panel.entry if self.panel is not None and not self.panel.answer.done() else None
        if wanted is not self._shown_entry:
            self._shown_entry = wanted
            self.entry.text = wanted.text if wanted is not None else ""
            self.entry.cursor_position = len(self.entry.text)
        self._changed()


def _asks_for_completion(prompt: Buffer) -> bool:
    before = prompt.document.text_before_cursor
    if before.startswith("/"):
        return "\n" not in before
    return "@" in before.rpartition("\n")[2] and not get_app().is_done
