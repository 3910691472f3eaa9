"""What an answer has to do about edits: test them, take back those in vain, make again the one that helped.

A small model does not always find at once what is wrong. Where its first attempt failed it makes several in
one answer, each of them tested and taken back, and learns from what they gave which one to make again: tests
decide, and a turn is worth more than one attempt.
"""

from __future__ import annotations

from collections.abc import Sequence

from qwen_code.local.made_edit import MadeEdit
from qwen_code.local.outcomes import Outcomes

IN_ANSWER = (1, 3, 12)
"""Attempts of an answer: of the first, which often helps, of the next, and of the last."""
AT_MOST = sum(IN_ANSWER)
"""Attempts of one conversation, each of which takes a second or two."""


class Attempts:
    """Follows the edits and runs of one answer, and of those before it."""

    def __init__(self, made: Sequence[MadeEdit] = (), outcomes: Outcomes | None = None) -> None:
        """What happened so far.

        Args:
            made: all edits, in order.
            outcomes: what they came to, if they were tested.
        """
        self.standing: list[MadeEdit] = []
        self.in_vain: list[MadeEdit] = []
        """Those that did not help, until they are taken back."""
        self.tried: list[MadeEdit] = []
        """What was taken back, or changed nothing."""
        self._kept: list[MadeEdit] = []
        """Those with which the tests ran best."""
        takes_back = False
        for number, edit in enumerate(made, 1):
            takes_back = self._take(edit)
            if outcomes and number == outcomes.best:
                self._kept = [*self.standing]
        self._again: list[MadeEdit] = []
        """Those that helped, and were taken back since, until they are made again."""
        self._left = IN_ANSWER[0]
        """Attempts that this answer still makes."""
        self._is_due = self._is_untested = self._is_over = False
        self.is_done = False
        """Whether all tests pass, and only that is left to be said."""
        self.has_to_be_read = False
        """Whether the answer ends here: what its last attempt came to has to be read first."""
        self.may_talk = outcomes is None or outcomes.in_all == 0
        """Whether the answer may be about something else: a person has spoken since."""
        if outcomes and (outcomes.are_tested or self.standing == self._kept):
            self._go_on(outcomes, takes_back=takes_back)

    def _go_on(self, outcomes: Outcomes, *, takes_back: bool) -> None:
        self.in_vain = [edit for edit in self.standing if edit not in self._kept]
        self._again = [edit for edit in self._kept if edit not in self.standing]
        answers = sum(outcomes.attempts >= sum(IN_ANSWER[:n]) for n in range(1, len(IN_ANSWER)))
        self._left = 0 if outcomes.is_green else min(IN_ANSWER[answers], AT_MOST - outcomes.in_all)
        stands = self.standing == self._kept
        gave_up = outcomes.attempts > 0 and stands and takes_back
        # An attempt, or what had helped a little, made again after the model took it back for another one.
        was_tried = bool(self.in_vain) or (outcomes.attempts > 0 and stands)
        self._is_due = was_tried and not gave_up and not self._again and self._left > 0
        self._is_over = not outcomes.is_green and (self._left <= 0 or gave_up)
        self.is_done = outcomes.is_green and outcomes.are_last and stands and not self.may_talk

    @property
    def again(self) -> MadeEdit | None:
        """The edit that has to be made now, because it had helped."""
        return self._again[0] if self._again and not self.in_vain else None

    @property
    def tool(self) -> bytes:
        """The tool that has to be called next; empty if that is left to the model."""
        if self.in_vain or self._again or self._is_due:
            return b"edit"
        return b"run_shell_command" if self._is_untested else b""

    @property
    def is_over(self) -> bool:
        """Whether nothing is to be called any more."""
        return self._is_over and not self.tool

    @property
    def goes_on(self) -> bool:
        """Whether the answer makes another attempt after the one that it tests now."""
        return self._is_untested and self._left > 1

    def edited(self, edit: MadeEdit) -> None:
        """Take note of an edit of this answer."""
        self.may_talk = False
        if self._take(edit):
            return
        if self.in_vain:  # what is to be taken back is not there any more
            self.in_vain = []
            self.give_up()
        if edit == self.again:
            self._again.remove(edit)
            self._left = 1
        self._is_untested, self._is_due = True, False

    def ran(self) -> None:
        """Take note of a command of this answer: what it tests is taken back if another attempt follows."""
        if self.goes_on:
            self.in_vain = [edit for edit in self.standing if edit not in self._kept]
            self._is_due = True
        elif self._is_untested:
            self.has_to_be_read = True
        self._left -= self._is_untested
        self._is_untested = False

    def give_up(self) -> None:
        """There is nothing more to try."""
        self._left, self._is_due, self._is_over = 0, False, True

    @property
    def needs_another(self) -> bool:
        """Whether a new attempt comes next."""
        return self._is_due and not self.in_vain

    def _take(self, edit: MadeEdit) -> bool:
        """Reckon with an edit; whether it takes one back."""
        before = next((e for e in reversed(self.standing) if e.is_taken_back_by(edit)), None)
        if before is not None:
            self.standing.remove(before)
            self.tried.append(before)
            self.in_vain = [each for each in self.in_vain if each != before]
            return True
        (self.tried if edit.old == edit.new else self.standing).append(edit)
        return False
