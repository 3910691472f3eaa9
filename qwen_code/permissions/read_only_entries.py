"""What an entry of the read-only tables is, and the three common kinds of commands in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from qwen_code.permissions.command_options import Arguments, NotReadOnly, Options, sort_arguments
from qwen_code.permissions.read_only_checks import Reading, globs
from qwen_code.permissions.shell_fields import Field

Check: TypeAlias = Callable[[Sequence[Field]], Reading]


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """One or several commands of the same kind."""

    names: str
    """Separated by blanks."""
    check: Check
    match: tuple[str, ...]
    """Examples that only read; tests run them."""
    not_match: tuple[str, ...] = ()
    """Examples of the same command that may do more."""


def files(options: Options, *, most: int = 10_000, skip: int = 0) -> Check:
    """Commands that show the content of their operands, after `skip` others; at most `most` operands."""

    def check(fields: Sequence[Field]) -> Reading:
        found = sort_arguments(options, fields)
        _limit(found, most)
        # `@file` is how some programs are told to read further arguments from a file
        listed = [Field(f.text[1:], f.kind) for f in found.operands if f.text.startswith("@")]
        return Reading((*found.operands[skip:], *found.files, *listed))

    return check


def names(options: Options) -> Check:
    """Commands that show names, sizes and times of their operands, never content."""

    def check(fields: Sequence[Field]) -> Reading:
        found = sort_arguments(options, fields)
        return Reading(reads=tuple(found.files), looks=tuple(found.operands))

    return check


def words(options: Options, *, most: int = 10_000, shape: str = "") -> Check:
    """Commands whose operands are not files. `shape` is what each must begin with."""

    def check(fields: Sequence[Field]) -> Reading:
        found = sort_arguments(options, fields)
        _limit(found, most)
        if any(not operand.text.startswith(shape) for operand in found.operands):
            raise NotReadOnly("an operand may change something")
        return Reading(reads=tuple(found.files), looks=globs(found.operands))

    return check


def _limit(found: Arguments, most: int) -> None:
    if len(found.operands) > most:
        raise NotReadOnly("a further operand may be written to")
    if any(operand.kind == "glob" for operand in found.operands) and most < 10_000:
        raise NotReadOnly("a pattern may name a file that is written to")
