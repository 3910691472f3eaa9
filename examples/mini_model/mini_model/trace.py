"""Conversations as the model is to have them: what it reads, and what it should answer."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from mini_model.chat import GO_ON
from mini_model.pytest_output import COMMAND
from qwen_code.local.so_far import quiet


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
    wrong: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    """Lines that are to be mended, each with the column from which on it is wrong."""
    right: str = ""
    """The edit that mends it."""
    is_exercise: bool = False
    """True if only what a repair is about is told: what failed, what was read, and the edits."""
    interruptions: random.Random | None = None
    """Now and then a person says something in between: after a pause, when a session is resumed."""

    def say(self, text: str, learn: bool = False) -> None:
        """Append a piece."""
        self.pieces.append((text, learn))

    def user(self, text: str) -> None:
        """A message of the person."""
        self.say(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n")

    def answer(self, *calls: Call, text: str = "") -> None:
        """An answer of the model: text or calls."""
        self.say(text, True)
        for number, call in enumerate(calls):
            if number:
                self.say("\n", True)
            self.say(call.render(), call.learn)
        self.say("<|im_end|>", True)
        self.say("\n")

    def results(self, *texts: str, answered: bool = True) -> None:
        """What the calls of the last answer gave; `answered`: something is said to it."""
        inner = "".join(f"<tool_response>\n{text}\n</tool_response>\n" for text in texts)
        self.say(f"<|im_start|>user\n{inner}<|im_end|>\n")
        if self.interruptions is not None and self.interruptions.random() < 0.07:
            self.say(f"<|im_start|>user\n{self.interruptions.choice(GO_ON)}<|im_end|>\n")
        if answered:
            self.say("<|im_start|>assistant\n")


_TOLD = re.compile(r"(?:[>E] .*|\[exit code [12]\]|\w[\w/]*\.py:\d+: \w*)\Z")


def shortened(text: str) -> str:
    """Of a test run only the test that failed, why, and where."""
    if "= ERRORS =" in text:
        return "\n".join(line for line in text.split("\n") if _TOLD.match(line))
    if "= FAILURES =" not in text:
        return text
    test, mark, rest = text.partition("\n>  ")
    lines = [line for line in test.split("\n") if line.startswith("    ")]
    return "\n".join([*lines, *(line for line in f"{mark}{rest}".split("\n") if _TOLD.match(line))])


RUN = Call("run_shell_command", {"command": COMMAND})
QUIETLY = Call("run_shell_command", {"command": quiet(COMMAND)})
"""Where it is enough to know which test failed."""
