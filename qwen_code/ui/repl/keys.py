"""What each key does; a table of bindings, each one line of the controller's vocabulary."""

from __future__ import annotations

from typing import Protocol

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, Filter, has_completions, is_searching, vi_insert_mode
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.keys import Keys

# Shift+Enter, where a terminal tells it apart (xterm's modifyOtherKeys, kitty's protocol), is Alt+Enter.
for _sequence in ("\x1b[27;2;13~", "\x1b[13;2u"):
    ANSI_SEQUENCES[_sequence] = (Keys.Escape, Keys.ControlM)


class Actions(Protocol):
    """What keys can ask for."""

    def send(self) -> None: ...
    def queue(self) -> None: ...
    def interrupt_or_leave(self) -> None: ...
    def interrupt(self) -> None: ...
    def end_of_input(self) -> None: ...
    def pull_back(self) -> bool:
        """Take the text that waits back into the prompt; False when none waits."""
        ...

    def next_mode(self) -> None: ...
    def expand(self) -> None: ...
    def edit_prompt(self) -> None: ...
    def repaint(self) -> None: ...
    def paste(self, text: str) -> None: ...
    def press(self, key: str) -> None:
        """A key for the question that is open."""
        ...

    def submit_entry(self) -> None: ...
    def dismiss(self) -> None: ...


def bindings(
    actions: Actions, prompt: Buffer, *, asking: Filter, entering: Filter, busy: Filter
) -> KeyBindings:
    keys = KeyBindings()
    _bind_prompt(keys, actions, prompt, at_prompt=~asking & ~is_searching, busy=busy)
    _bind_questions(keys, actions, choosing=asking & ~entering, entering=entering)

    @keys.add("c-c")
    @keys.add("<sigint>")
    def _(event: KeyPressEvent) -> None:
        actions.interrupt_or_leave()

    @keys.add("c-z")
    def _(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    @keys.add("c-l")
    def _(event: KeyPressEvent) -> None:
        actions.repaint()

    @keys.add("c-o")
    def _(event: KeyPressEvent) -> None:
        actions.expand()

    return keys


def _bind_prompt(
    keys: KeyBindings, actions: Actions, prompt: Buffer, *, at_prompt: Filter, busy: Filter
) -> None:
    empty = Condition(lambda: not prompt.text)
    ends_in_backslash = Condition(lambda: prompt.document.text_before_cursor.endswith("\\"))
    on_first_row = Condition(lambda: prompt.document.cursor_position_row == 0)

    @keys.add("enter", filter=at_prompt)
    def _(event: KeyPressEvent) -> None:
        state = prompt.complete_state
        if state is not None and state.current_completion is not None:
            prompt.complete_state = None
            if not prompt.text.startswith("/"):
                return
        actions.send()

    @keys.add("enter", filter=at_prompt & ends_in_backslash)
    def _(event: KeyPressEvent) -> None:
        prompt.delete_before_cursor()
        prompt.insert_text("\n")

    @keys.add("escape", "enter", filter=at_prompt)
    @keys.add("c-j", filter=at_prompt)
    def _(event: KeyPressEvent) -> None:
        prompt.insert_text("\n")

    @keys.add("c-q", filter=at_prompt & busy)
    def _(event: KeyPressEvent) -> None:
        actions.queue()

    @keys.add("escape", filter=at_prompt & has_completions)
    def _(event: KeyPressEvent) -> None:
        prompt.cancel_completion()

    @keys.add("escape", filter=at_prompt & busy & ~has_completions & ~vi_insert_mode)
    def _(event: KeyPressEvent) -> None:
        actions.interrupt()

    @keys.add("c-d", filter=at_prompt & empty)
    def _(event: KeyPressEvent) -> None:
        actions.end_of_input()

    @keys.add("up", filter=at_prompt & empty & on_first_row)
    def _(event: KeyPressEvent) -> None:
        if not actions.pull_back():
            prompt.auto_up()

    @keys.add("tab", filter=at_prompt)
    def _(event: KeyPressEvent) -> None:
        if prompt.complete_state:
            prompt.complete_next()
        else:
            prompt.start_completion(select_first=True)

    @keys.add("s-tab", filter=at_prompt & ~has_completions)
    def _(event: KeyPressEvent) -> None:
        actions.next_mode()

    @keys.add("c-x", "c-e", filter=at_prompt)
    @keys.add("c-g", filter=at_prompt)
    def _(event: KeyPressEvent) -> None:
        actions.edit_prompt()

    @keys.add(Keys.BracketedPaste, filter=at_prompt)
    def _(event: KeyPressEvent) -> None:
        actions.paste(event.data)


def _bind_questions(keys: KeyBindings, actions: Actions, *, choosing: Filter, entering: Filter) -> None:
    for name in ("up", "down", "pageup", "pagedown", "enter", "tab", "backspace"):
        keys.add(name, filter=choosing)(_pressing(actions, name))

    @keys.add(Keys.Any, filter=choosing)
    def _(event: KeyPressEvent) -> None:
        actions.press(event.data)

    @keys.add(Keys.BracketedPaste, filter=choosing)
    def _(event: KeyPressEvent) -> None:
        """A paste is no answer."""

    @keys.add("enter", filter=entering)
    def _(event: KeyPressEvent) -> None:
        actions.submit_entry()

    @keys.add("escape", filter=choosing | entering)
    def _(event: KeyPressEvent) -> None:
        actions.dismiss()


class _pressing:
    def __init__(self, actions: Actions, name: str) -> None:
        self._actions, self._name = actions, name

    def __call__(self, event: KeyPressEvent) -> None:
        self._actions.press(self._name)


__all__ = ["Actions", "Application", "bindings"]
