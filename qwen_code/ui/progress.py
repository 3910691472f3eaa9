"""Tells on stderr, line by line, what a one-shot run is doing."""

from __future__ import annotations

from typing import TextIO

from qwen_code.events import (
    Compacted,
    Corrected,
    Event,
    PrefillProgressed,
    RequestStarted,
    Retried,
    ToolFinished,
    ToolStarted,
    VerificationFinished,
    VerificationStarted,
    Waited,
    WindowFilling,
)
from qwen_code.ui.compactions import compaction_line
from qwen_code.ui.terminal_text import shown_line


class Progress:
    """One line a step; nothing is ever repainted, so that it reads the same in a log."""

    def __init__(self, err: TextIO) -> None:
        self._err = err
        self._titles: dict[str, str] = {}
        self._prefill_tenth = 0
        self._retried_for = ""

    def show(self, event: Event) -> None:
        line = self._describe(event)
        if line:
            self._err.write(line + "\n")
            self._err.flush()

    def _describe(self, event: Event) -> str:
        match event:
            case ToolStarted(call, title):
                self._titles[call.id] = f"{call.name} {_line(title, 100)}".rstrip()
                return ""
            case ToolFinished(call=call, ok=ok, for_model=text):
                title = self._titles.pop(call.id, call.name)
                return f"· {title}" if ok else f"· {title}: {_line(text, 120)}"
            case Waited(seconds):
                return f"· waiting for the model, {seconds:.0f} s"
            case Retried(attempt, reason, wait_s):
                why = "" if reason == self._retried_for else f"{_line(reason, 120).rstrip('.')}; "
                self._retried_for = reason
                when = f"in {wait_s:.0f} s" if wait_s >= 1 else "at once"
                return f"· {why}trying again {when} (attempt {attempt})"
            case RequestStarted():
                self._retried_for = ""
                return ""
            case PrefillProgressed(done, total, _) if total and done * 10 // total > self._prefill_tenth:
                self._prefill_tenth = done * 10 // total % 10
                return f"· reading the prompt, {done} of {total} tokens"
            case Compacted():
                return f"· {_line(compaction_line(event), 300)}"
            case WindowFilling(used, window, _):
                return f"· {used / window:.0%} of the window is used"
            case Corrected(reason, _):
                return f"· told the model: {reason}"
            case VerificationStarted(command):
                return f"· verifying: {_line(command, 100)}"
            case VerificationFinished(passed=passed):
                return "· verified" if passed else "· verification failed"
            case _:
                return ""


def _line(text: str, width: int) -> str:
    """The first line of `text`, harmless to a terminal and cut to `width` characters."""
    line = shown_line(text.strip().partition("\n")[0])
    return line if len(line) <= width else line[: width - 1] + "…"
