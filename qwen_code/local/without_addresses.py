"""Keeps from a small model where objects lie in memory: it tells nothing, and differs in every run.

A traceback with `<shop.Cart object at 0x7f28...>` in it made its answers differ from run to run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qwen_code.local.call_grammar import Notation
from qwen_code.local.transcript import Segments, Template
from qwen_code.messages import Message, ToolSpec

_ADDRESS = re.compile(r"\b0x[0-9a-f]{8,16}\b")
_ALWAYS = "0x7f0000000000"


class WithoutAddresses:
    """A template in which all objects lie in the same place, as far as tools' results tell."""

    def __init__(self, template: Template) -> None:
        self._template = template

    @property
    def notation(self) -> Notation:
        return self._template.notation

    def opening(self, system: str, tools: Sequence[ToolSpec]) -> Segments:
        return self._template.opening(system, tools)

    def turn(self, messages: Sequence[Message]) -> Segments:
        return self._template.turn([_without(message) for message in messages])

    def answer_opening(self) -> Segments:
        return self._template.answer_opening()

    def answer_closing(self) -> Segments:
        return self._template.answer_closing()


def _without(message: Message) -> Message:
    if message.role != "tool":
        return message
    return replace(message, text=_ADDRESS.sub(_ALWAYS, message.text))
