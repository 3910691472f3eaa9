"""What this session's commands can look back on: the last answer and the changes to files."""

from __future__ import annotations

from collections import deque

from qwen_code.events import AnswerEnded, Event, ToolFinished
from qwen_code.tool import DiffBlock

KEPT_CHANGES = 500


class Record:
    """Fed with every event of the session, those of a resumed one too. Its size is bounded."""

    def __init__(self) -> None:
        self.changes: deque[DiffBlock] = deque(maxlen=KEPT_CHANGES)
        self.last_answer = ""

    def take(self, event: Event) -> None:
        match event:
            case AnswerEnded(message=message) if message.text:
                self.last_answer = message.text
            case ToolFinished(ok=True, for_user=DiffBlock() as block):
                self.changes.append(block)
            case _:
                pass
