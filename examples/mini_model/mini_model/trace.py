"""Conversations as the model is to have them: what it reads, and what it should answer."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from mini_model.chat import GO_ON
from mini_model.pytest_output import COMMAND


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the model. Of an attempt that turns out wrong, the arguments are not to be learned."""

    tool: str
    arguments: dict[str, str]
    learn: bool = True

    def render(self) -> str:
        """In Qwen3-Coder's notation."""
        inner = "".join(
            f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in self.arguments.items()
        )
        return f"<tool_call>\n<function={self.tool}>\n{inner}</function>\n</tool_call>"


@dataclass(slots=True)
class Trace:
    """A conversation as pieces of text, each with whether the model is to learn it."""

    pieces: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    family: str = ""
    is_exercise: bool = False
    """True if it begins in the middle, without what the product says first."""
    interruptions: random.Random | None = None
    """Now and then a person says something in between: after a pause, when a session is resumed."""

    def say(self, text: str, learn: bool = False) -> None:
        """Append a piece."""
        self.pieces.append((text, learn))

    def user(self, text: str) -> None:
        """A message of the person."""
        self.say(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n")

    def exercise(self) -> None:
        """Leave only what a repair is about: what was read, what failed, and the edits."""
        self.is_exercise = True
        start = next(n for n, (text, learn) in enumerate(self.pieces) if learn and "=grep_search>" in text)
        failed = next(text for text, _ in reversed(self.pieces[:start]) if "\nE  " in text)
        kept = [(failed, False), ("<|im_start|>assistant\n", False), *self.pieces[start:]]
        self.pieces = [(text if learn else _shortened(text), learn) for text, learn in kept]

    def answer(self, *calls: Call, text: str = "") -> None:
        """An answer of the model."""
        self.say(text, True)
        for number, call in enumerate(calls):
            if number:
                self.say("\n", True)
            self.say(call.render(), call.learn)
        self.say("<|im_end|>", True)
        self.say("\n")

    def results(self, *texts: str) -> None:
        """What the calls of the last answer gave."""
        inner = "".join(f"<tool_response>\n{text}\n</tool_response>\n" for text in texts)
        self.say(f"<|im_start|>user\n{inner}<|im_end|>\n")
        if self.interruptions is not None and self.interruptions.random() < 0.07:
            self.say(f"<|im_start|>user\n{self.interruptions.choice(GO_ON)}<|im_end|>\n")
        self.say("<|im_start|>assistant\n")


_TOLD = re.compile(r"(?:[>E] .*|<tool_response>|</tool_response>|\[exit code 1\]|\w[\w/]*\.py:\d+: \w*)\Z")


def _shortened(text: str) -> str:
    """Of a test run only the test that failed, why, and where; of an edit nothing; all of a file."""
    parts = re.split(r"(<tool_response>\n.*?\n</tool_response>\n)", text, flags=re.DOTALL)
    for n, part in enumerate(parts):
        if "= FAILURES =" in part:
            test, mark, rest = part.partition("\n>  ")
            lines = [line for line in test.split("\n") if line.startswith(("<tool", "    "))]
            lines += [line for line in f"{mark}{rest}".split("\n") if _TOLD.match(line)]
            parts[n] = "".join(f"{line}\n" for line in lines)
        elif part.startswith("<tool_response>\nEdited "):
            parts[n] = ""
    return "".join(parts)


RUN = Call("run_shell_command", {"command": COMMAND})
