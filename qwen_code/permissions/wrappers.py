"""What a command runs beside itself: looks through `sudo -u x rm y`, `find -exec`, `sh -c ...` and so on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qwen_code.permissions.helper_programs import texts_in
from qwen_code.permissions.shell_fields import Field
from qwen_code.permissions.wrapper_table import (
    READERS_OF_SCRIPTS,
    SHELLS,
    WRAPPERS,
    Wrapper,
    WrapperKind,
)

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_DURATION = re.compile(r"[0-9]+(?:\.[0-9]+)?[smhd]?")
_LOADER = re.compile(r"ld(?:-linux.*|-musl.*)?\.so.*")
_NICENESS = re.compile(r"-[0-9]+")
_PLACES = 24
"""Arguments at which an intricate wrapper's command is looked for."""


@dataclass(frozen=True, slots=True)
class Inner:
    """Something that a command runs: arguments, or a text for the shell, or what nobody can see."""

    kind: WrapperKind
    fields: tuple[Field, ...] = ()
    text: str | None = None
    adds: bool = False
    """More arguments come when it runs."""
    hidden: str = ""
    """Why it can't be seen."""


def command_name(field: Field) -> str:
    """The name without its folders: `/bin/rm` is `rm`."""
    return field.text.rpartition("/")[2].rstrip("\r")


def look_through(fields: Sequence[Field]) -> Iterator[Inner]:
    """What a command with these arguments runs. Its first field must be known."""
    name, arguments = command_name(fields[0]), tuple(fields[1:])
    if name in SHELLS:
        yield from _shell(arguments)
    elif name == "find":
        yield from _find(arguments)
    elif name in ("fd", "fdfind"):
        yield from _after(arguments, ("-x", "-X", "--exec", "--exec-batch"))
    elif name == "git":
        yield from _git(arguments)
    elif name == "trap":
        operands = [f for f in arguments if f.text not in ("-p", "-l", "--")]
        if len(operands) > 1:
            yield _text(operands[:1], "wrapper")
    elif name == "alias":
        for field in arguments:
            yield _text([Field(field.text.partition("=")[2], field.kind)], "wrapper")
    elif name in READERS_OF_SCRIPTS and not any(f.text.startswith("-l") for f in arguments):
        yield Inner("wrapper", hidden=f"{name} runs what it reads")
    elif _LOADER.fullmatch(name):
        yield from _anywhere(arguments, "wrapper")
    elif wrapper := WRAPPERS.get(name):
        yield from _wrapped(name, wrapper, arguments)
    else:
        yield from (Inner("runner", text=text) for text in texts_in(name, arguments))


def _text(fields: Sequence[Field], kind: WrapperKind) -> Inner:
    """Fields that are shell text once joined; hidden when one of them is not known."""
    if all(field.literal and field.exact for field in fields):
        return Inner(kind, text=" ".join(field.text for field in fields))
    return Inner(kind, hidden="it runs text that is only known when it runs")


def _shell(arguments: Sequence[Field]) -> Iterator[Inner]:
    at = 0
    takes_text = False
    while at < len(arguments):
        field = arguments[at]
        if not field.literal:
            yield Inner("wrapper", hidden="a shell runs what is only known when it runs")
            return
        if not field.text.startswith(("-", "+")) or field.text in ("-", "--"):
            break
        if field.text.startswith("--"):
            at += field.text in ("--rcfile", "--init-file", "--command")
            takes_text = takes_text or field.text == "--command"
            at -= field.text == "--command"
        else:
            takes_text = takes_text or (field.text[0] == "-" and "c" in field.text)
            at += len(re.findall("[oO]", field.text[1:]))
        at += 1
    at += at < len(arguments) and arguments[at].text in ("-", "--")
    if takes_text:
        yield _text(arguments[at : at + 1], "wrapper")
    elif at >= len(arguments):
        yield Inner("wrapper", hidden="a shell runs what it reads")


def _find(arguments: Sequence[Field]) -> Iterator[Inner]:
    at = 0
    while at < len(arguments):
        if arguments[at].text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = at + 1
            while end < len(arguments) and arguments[end].text not in (";", "+"):
                end += 1
            if end > at + 1:
                yield Inner("wrapper", tuple(arguments[at + 1 : end]), adds=True)
            at = end
        at += 1


def _after(arguments: Sequence[Field], options: tuple[str, ...]) -> Iterator[Inner]:
    for at, field in enumerate(arguments):
        option, equals, value = field.text.partition("=")
        if option in options:
            first = (Field(value, field.kind),) if equals else ()
            if rest := (*first, *arguments[at + 1 :]):
                yield Inner("wrapper", rest, adds=True)
            return


def _git(arguments: Sequence[Field]) -> Iterator[Inner]:
    """Git runs shell text for aliases given on the command line, `submodule foreach` and `rebase --exec`."""
    words = [field.text for field in arguments]
    for at, word in enumerate(words):
        if "=!" in word:
            yield _text([Field(word.partition("=!")[2], arguments[at].kind)], "wrapper")
        elif word in ("-x", "--exec", "--extcmd", "--tree-filter", "--index-filter", "--msg-filter"):
            yield _text(arguments[at + 1 : at + 2], "wrapper")
        elif word.startswith(("--exec=", "--extcmd=")):
            yield _text([Field(word.partition("=")[2], arguments[at].kind)], "wrapper")
        elif word == "foreach":
            rest = [f for f in arguments[at + 1 :] if f.text != "--recursive"]
            if rest:
                yield _text(rest, "wrapper")
        elif word == "run" and "bisect" in words[:at] and arguments[at + 1 :]:
            yield Inner("wrapper", tuple(arguments[at + 1 :]))


def _anywhere(arguments: Sequence[Field], kind: WrapperKind) -> Iterator[Inner]:
    for at, field in enumerate(arguments[:_PLACES]):
        if not field.text.startswith("-"):
            yield Inner("runner", tuple(arguments[at:]))
            if field.literal and " " in field.text:
                yield Inner("runner", text=field.text)


def _wrapped(name: str, wrapper: Wrapper, arguments: Sequence[Field]) -> Iterator[Inner]:
    if wrapper.verbs:
        operands = [field.text for field in arguments if not field.text.startswith("-")]
        if not operands or operands[0] not in wrapper.verbs.split():
            return
    if wrapper.anywhere:
        yield from _anywhere(arguments, wrapper.kind)
        return
    if name == "command" and any(f.text.startswith("-") and set(f.text) & set("vV") for f in arguments[:2]):
        return
    reading = _Reading(wrapper, arguments)
    yield from reading.texts()
    rest = tuple(arguments[reading.at :])
    for at, field in enumerate(rest[:_PLACES]):
        if field.text in wrapper.text.split():
            yield _text(rest[at + 1 : at + 2], wrapper.kind)
            reading.found_text = True
    rest = () if reading.found_text else rest
    kind: WrapperKind = "wrapper" if wrapper.kind == "harmless" and reading.unknown else wrapper.kind
    if rest and wrapper.joined:
        yield _text(rest, kind)
    elif rest:
        yield Inner(kind, rest, adds=wrapper.adds)
        if reading.ends_unknown:
            # an option that is not known may have taken what looked like the command as its value
            yield from (Inner("runner", rest[skip:]) for skip in (1, 2) if rest[skip:])


class _Reading:
    """Steps over a wrapper's own options and operands, up to the command that it runs."""

    def __init__(self, wrapper: Wrapper, arguments: Sequence[Field]) -> None:
        self.wrapper = wrapper
        self.arguments = arguments
        self.at = 0
        self.found_text = False
        self.unknown = False
        """An option was met that the table does not name."""
        self.ends_unknown = False
        """It stands directly before the command."""

    def texts(self) -> Iterator[Inner]:
        """Read, giving the shell texts that options hold."""
        valued, texts = self.wrapper.valued.split(), self.wrapper.text.split()
        operands = self.wrapper.operands
        while self.at < len(self.arguments):
            field = self.arguments[self.at]
            option, equals, value = field.text.partition("=")
            short = field.text[:2] if field.text[1:2] != "-" else ""
            self.ends_unknown = False
            if field.text == "--":
                self.at += 1
                return
            if not field.literal:
                self.unknown = True
                return
            if option in texts or short in texts:
                self.found_text = True
                attached = value if equals else field.text[2:] if short in texts else ""
                yield _text(
                    [Field(attached)] if attached else self.arguments[self.at + 1 : self.at + 2],
                    self.wrapper.kind,
                )
                self.at += 1 if attached else 2
            elif field.text == "-" and self.wrapper.assigns:
                self.at += 1  # `env -` is `env -i`
            elif field.text.startswith("-") and field.text != "-":
                self.ends_unknown = not _is_known(self.wrapper, field.text)
                self.unknown = self.unknown or self.ends_unknown
                self.at += 2 if field.text in valued else 1
            elif self.wrapper.assigns and _ASSIGNMENT.match(field.text):
                self.at += 1
            elif operands:
                operands -= 1
                self.unknown = self.unknown or not _DURATION.fullmatch(field.text)
                self.at += 1
            else:
                return


def _is_known(wrapper: Wrapper, option: str) -> bool:
    name = option.partition("=")[0]
    return (
        name in wrapper.valued.split()
        or name in wrapper.flags.split()
        or (option[:2] in wrapper.valued.split() and option[1] != "-")
        or ("--adjustment" in wrapper.valued and bool(_NICENESS.fullmatch(option)))
    )
