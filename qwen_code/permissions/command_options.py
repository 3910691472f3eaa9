"""Reads a command's options by a table of those that are known to do no harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qwen_code.permissions.shell_fields import Field

UNKNOWN_ARGUMENT = "an argument is only known when it runs"
MAY_BE_OPTION = "a file name may be taken for an option"


class NotReadOnly(Exception):
    """The command may do more than read; `str()` says what."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options under which a command only reads, long ones without their dashes, separated by blanks."""

    flags: str = ""
    """Letters that take no value."""
    valued: str = ""
    """Letters that take one."""
    long: str = ""
    """Names that take no value, or one after `=`."""
    long_valued: str = ""
    """Names that take a value, after `=` or as the next argument."""
    files: str = ""
    """Those of the above, letters and names, whose value is a file that is read."""
    any: bool = False
    """True when no option of the command can do harm; the tables then only say which take values."""
    plus: bool = False
    """True when options may begin with `+` too."""


@dataclass(slots=True)
class Arguments:
    """A command's arguments, sorted."""

    operands: list[Field] = field(default_factory=list[Field])
    options: set[str] = field(default_factory=set[str])
    """Letters and names that were given."""
    files: list[Field] = field(default_factory=list[Field])
    """Values of options that are files to read."""


def sort_arguments(options: Options, fields: Sequence[Field]) -> Arguments:
    """Sort options from operands.

    Raises:
        NotReadOnly: an option is not in the table, or an argument could turn out to be an option.
    """
    found = Arguments()
    at = 0
    while at < len(fields):
        given = fields[at]
        at += 1
        if given.kind == "dynamic":
            raise NotReadOnly(UNKNOWN_ARGUMENT)
        if given.kind == "glob" and given.text[0] in "*?[-" and not options.any:
            raise NotReadOnly(MAY_BE_OPTION)
        text = given.text
        if text == "--":
            found.operands += fields[at:]
            break
        if (
            not (text.startswith("-") or (options.plus and text.startswith("+")))
            or text == "-"
            or not given.known
        ):
            found.operands.append(given)
        elif text.startswith("--"):
            at += _long(options, given, fields[at:], found)
        else:
            at += _short(options, given, fields[at:], found)
    if any(operand.kind == "dynamic" for operand in found.operands):
        raise NotReadOnly(UNKNOWN_ARGUMENT)
    return found


def _long(options: Options, given: Field, following: Sequence[Field], found: Arguments) -> int:
    """Take one long option; gives the number of further arguments that it took."""
    name, equals, value = given.text[2:].partition("=")
    found.options.add(name)
    takes_value = name in options.long_valued.split()
    known = takes_value or name in options.long.split()
    if not known and not options.any:
        raise NotReadOnly(f"the option --{name} may do more than read")
    if name in options.files.split() or (equals and not known):
        found.files += [Field(value, given.kind)] if equals else following[:1]
    return 1 if takes_value and not equals else 0


def _short(options: Options, given: Field, following: Sequence[Field], found: Arguments) -> int:
    """Take a cluster of letters, the last of which may take a value."""
    for at, letter in enumerate(given.text[1:], 2):
        found.options.add(letter)
        if letter in options.valued:
            rest = given.text[at:]
            if letter in options.files.split():
                found.files += [Field(rest, given.kind)] if rest else following[:1]
            return 0 if rest else 1
        if letter not in options.flags and not options.any:
            raise NotReadOnly(f"the option -{letter} may do more than read")
    return 0
