"""Writes the calls that leave nothing to choose, and those edits that the model finds most likely.

What was in vain is taken back, what helped is made again, and what was edited is tested: nothing has to be
drawn for that, and what is known to come is evaluated in one go instead of token by token. New attempts are
those edits that, whole, are most likely where the first one was made, before what failed since stood there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from qwen_code.local.edit_choices import OPENING, EditChoices
from qwen_code.local.lookahead import Lookahead, NoLookahead
from qwen_code.local.made_edit import MadeEdit
from qwen_code.local.model import Model
from qwen_code.local.most_likely import most_likely
from qwen_code.local.quoted_edits import QuotedEdits
from qwen_code.local.suspicion import suspicions

_OPENER, _CLOSER = "<tool_call>", "</tool_call>"


class DueCalls:
    """What comes next in an answer, as far as that is known."""

    def __init__(self, model: Model, edits: QuotedEdits, base: Callable[[], Sequence[int]]) -> None:
        """Follow an answer.

        Args:
            edits: what has been written of it.
            base: the conversation as it was before the attempts that have failed so far, up to where the
                model's own words begin.
        """
        self._model = model
        self._edits = edits
        self._base = base
        self._likely: Iterator[MadeEdit] | None = None
        self._likely_in: object = None
        """Of which state of which files those are."""

    def next(self, lookahead: Lookahead) -> list[int]:
        """The tokens of the call that comes next; none if the model has to write it itself."""
        attempts = self._edits.attempts
        if attempts.tool == b"run_shell_command":
            command = self._edits.test_run
            return self._call("run_shell_command", command=command) if command else []
        edit = self._edits.due or (self._attempt(lookahead) if attempts.needs_another else None)
        if edit is None:
            return []
        path, old, new = (part.decode("utf-8", "replace") for part in (edit.path, edit.old, edit.new))
        return self._call("edit", file_path=path, old_string=old, new_string=new)

    def _call(self, tool: str, **arguments: str) -> list[int]:
        special = self._model.special_tokens
        written = "".join(f"<parameter={name}>\n{value}\n</parameter>\n" for name, value in arguments.items())
        body = self._model.tokenize(f"\n<function={tool}>\n{written}</function>\n")
        between = self._model.tokenize("\n") if self._edits.is_between else []
        return [*between, special[_OPENER], *body, special[_CLOSER]]

    def _attempt(self, lookahead: Lookahead) -> MadeEdit | None:
        """The most likely edit that was not tried."""
        files = self._edits.known_files()
        state = [(file.path, file.text, file.useful[0]) for file in files]
        try:
            if self._likely is None or state != self._likely_in:
                opening = [self._model.special_tokens[_OPENER], *self._model.tokenize(f"\n{OPENING}")]
                base = self._base()
                suspicious = suspicions(self._model, lookahead, base, files)
                choices = EditChoices(files, self._model.tokenize, suspicious)
                lookahead.begin([*base, *opening])
                self._likely, self._likely_in = most_likely(choices.of_files(), lookahead.logits), state
            return next((e for e in self._likely if not self._edits.places(e.path).is_tried(e)), None)
        except NoLookahead:
            return None
