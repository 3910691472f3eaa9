"""How front ends tell of a window that fills up and of a conversation that was shortened."""

from __future__ import annotations

from qwen_code.events import Compacted, CompactionKind, WindowFilling
from qwen_code.ui.quantities import tokens

_HOW: dict[CompactionKind, str] = {
    "outputs": "old tool results are in a file",
    "summary": "summed up by the model",
    "digest": "the model gave no summary, so the program's notes stand for it",
}


def compaction_line(event: Compacted) -> str:
    """What was done, what it costs, and where the rest is."""
    where = f" All of it is in {event.saved_to}." if event.saved_to else ""
    return (
        f"Conversation shortened from {tokens(event.before)} to {tokens(event.after)} tokens: "
        f"{_HOW[event.kind]}; {tokens(event.evaluated_again)} are read again.{where}"
    )


def filling_line(event: WindowFilling) -> str:
    share = event.used / event.window
    return (
        f"{share:.0%} of the window is used; at {tokens(event.limit)} tokens the conversation is shortened. "
        "/compress does it now and lets you say what to keep."
    )
