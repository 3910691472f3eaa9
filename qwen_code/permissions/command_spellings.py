"""The ways to write one command: few for allow rules, many for deny rules; and texts that deceive."""

from __future__ import annotations

import re
import unicodedata

from qwen_code.permissions.rules import Rule
from qwen_code.permissions.shell_fields import Field
from qwen_code.permissions.shell_parts import COMING, Part
from qwen_code.permissions.wrappers import command_name

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp")


def exactly(part: Part) -> set[str]:
    """The ways to write a part that an allow rule may match."""
    texts = {" ".join(part.source.split("\n")) if part.parent >= 0 else part.source, part.canonical}
    if part.assignments:
        texts |= {" ".join([*(a.source for a in part.assignments), text]) for text in texts if text}
    return texts - {""}


def widely(part: Part) -> set[str]:
    """All the ways that a deny or ask rule may match: quotes, folders and options put aside."""
    texts = {part.source, *exactly(part)}
    name = command_name(part.fields[0])
    plain = [field.text for field in part.fields[1:]]
    for spelling in {name, name.lower(), part.fields[0].text.rstrip("\r")}:
        texts.add(" ".join([spelling, *plain]).rstrip("\r"))
        texts.add(" ".join([spelling, *map(_requoted, plain)]))
        for skipped, text in enumerate(plain[: 8 if len(plain) < 1000 else 1], 1):
            # `git -C x push` is a push, too
            if text.startswith("-") or (skipped > 1 and plain[skipped - 2].startswith("-")):
                texts.add(" ".join([spelling, *plain[skipped:]]))
            else:
                break
    return texts


def _requoted(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_@%+=:,./^-]+", text) else f'"{text}"'


def names(rule: Rule, part: Part) -> bool:
    """Does a wrapper's rule name the command that it runs, before its first star?"""
    if len(rule.pieces) == 1:
        return True
    words = re.findall(r"[^\s'\"]+", rule.prefix)
    return bool(part.name) and part.name in words[1:]


def mentions(rule: Rule, field: Field) -> bool:
    """Does a shell rule name this argument before its first star, or the wrapper that adds it?"""
    if len(rule.pieces) == 1 or field is COMING:
        return True
    return bool(field.text) and field.text in re.findall(r"[^\s'\"]+", rule.prefix)[1:]


def deception(command: str) -> str:
    """Characters that make a command look like another one."""
    if _CONTROL.search(command):
        return "it holds control characters"
    if command.isascii():
        return ""
    for character in command:
        if not character.isascii():
            category = unicodedata.category(character)
            if category in _INVISIBLE:
                return f"it holds the invisible character U+{ord(character):04X}"
    return ""
