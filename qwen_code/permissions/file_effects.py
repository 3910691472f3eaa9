"""Which files a command would change or show, as far as its arguments tell.

Rules about files (`Edit(...)`, `Read(...)`, `WebFetch(...)`) hold for shell commands too; these are the facts
they are applied to. For commands that nobody knows, every argument is a file that may be touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from qwen_code.permissions.command_options import NotReadOnly
from qwen_code.permissions.name_tables import listed
from qwen_code.permissions.read_only_commands import reading
from qwen_code.permissions.shell_fields import Field
from qwen_code.permissions.wrappers import command_name

_URL = re.compile(r"(?:https?|ftp|wss?)://[^\s'\"]+", re.IGNORECASE)
_OUTPUT = ("-o", "--output", "--out", "--output-document", "--output-file", "-outfile", "-out")
_IN_PLACE = re.compile(r"-[A-Za-z]*i|--in-place(?:=.*)?|-i.*")


@dataclass(frozen=True, slots=True)
class Effects:
    """What a command does to files."""

    reads: tuple[Field, ...] = ()
    """Files whose content it shows or carries elsewhere."""
    looks: tuple[Field, ...] = ()
    """Files and folders of which it shows no content."""
    writes: tuple[Field, ...] = ()
    """Files that it makes, changes or removes; folders with all that is in them."""
    touches: tuple[Field, ...] = ()
    """Arguments of a command that is not known: any of them may be a file that it reads or changes."""
    urls: tuple[str, ...] = ()
    recursive: Literal["", "visible", "all"] = ""
    """When `reads` stands for everything below it, or for the whole folder when it is empty."""
    read_only: bool = False
    enters: Field | None = None
    """The folder that `cd` goes to."""
    refusal: str = ""
    """Why it does not count as read-only."""


def effects_of(fields: Sequence[Field], *, alone: bool = True) -> Effects:
    """The effects of one command; its first field is its name. Without `alone` its arguments are those of
    another command, which has effects of its own."""
    try:
        seen = reading(fields)
        return Effects(seen.reads, seen.looks, recursive=seen.recursive, read_only=True, enters=seen.enters)
    except NotReadOnly as reason:
        refusal = str(reason)
    name, arguments = command_name(fields[0]), fields[1:]
    if not alone and name not in _WRITERS:
        return Effects(refusal=refusal)
    operands = _operands(arguments)
    urls = tuple(url for field in fields for url in _URL.findall(field.text))
    outputs = _outputs(arguments)
    if writer := _WRITERS.get(name):
        reads, writes = writer(arguments, operands)
        whole = "all" if name in _TREE_COPIERS and any(_TREES.fullmatch(f.text) for f in arguments) else ""
        return Effects(tuple(reads), (), (*writes, *outputs), urls=urls, recursive=whole, refusal=refusal)
    if name in ("sed", "perl", "ruby") and any(_IN_PLACE.fullmatch(field.text) for field in arguments):
        return Effects(reads=tuple(operands), writes=tuple(operands), refusal=refusal)
    if name in ("curl", "wget", "http", "https", "xh", "aria2c"):
        bare = tuple(f"http://{f.text}" for f in operands if not _URL.match(f.text) and "." in f.text)
        return Effects(reads=tuple(_uploads(arguments)), writes=outputs, urls=(*urls, *bare), refusal=refusal)
    if name in _NO_FILES:
        return Effects(refusal=refusal)
    touches = tuple(dict.fromkeys(_pieces(arguments))) if alone else ()
    return Effects(writes=outputs, touches=touches, urls=urls, refusal=refusal)


_TREE_COPIERS = listed("cp gcp scp rsync ditto zip")
_TREES = re.compile(r"-[a-zA-Z]*[rRa][a-zA-Z]*|--recursive|--archive")
_NO_FILES = listed("kill pkill killall export unset alias unalias shift umask ulimit jobs bg fg exit")


def _operands(arguments: Sequence[Field]) -> list[Field]:
    operands: list[Field] = []
    only = False
    for field in arguments:
        if only or not field.text.startswith("-") or field.text == "-" or not field.known:
            operands.append(field)
        elif field.text == "--":
            only = True
    return operands


def _outputs(arguments: Sequence[Field]) -> tuple[Field, ...]:
    """Values of the options by which commands agree to name what they write."""
    found: list[Field] = []
    for at, field in enumerate(arguments):
        name, equals, value = field.text.partition("=")
        if name in _OUTPUT:
            found += [Field(value, field.kind)] if equals else arguments[at + 1 : at + 2]
        elif re.match(r"-[oO].", field.text) and field.known:
            found.append(Field(field.text[2:], field.kind))
        elif field.text == "-O":
            found += arguments[at + 1 : at + 2]
    return tuple(found)


def _uploads(arguments: Sequence[Field]) -> list[Field]:
    """Files that curl sends: `-T f`, `-d @f`, `-F x=@f`, `--upload-file f`, `-K f`."""
    found: list[Field] = []
    for at, field in enumerate(arguments):
        if field.text in (
            "-T",
            "--upload-file",
            "-K",
            "--config",
            "--post-file",
            "--body-file",
            "-b",
            "--netrc-file",
        ):
            found += arguments[at + 1 : at + 2]
        elif re.match(r"--(?:upload-file|config|post-file|body-file|netrc-file)=", field.text):
            found.append(Field(field.text.partition("=")[2], field.kind))
        _, sign, path = field.text.rpartition("@")
        if sign and path and not _URL.match(field.text):
            found.append(Field(path.partition(";")[0], field.kind))
    return found


def _pieces(arguments: Sequence[Field]) -> list[Field]:
    """Whatever in the arguments could name a file: `x`, `--opt=x`, `-fx`, `user@x`, and words of code."""
    found: list[Field] = []
    for field in arguments:
        found.append(field)
        if not field.literal:
            continue
        if field.text.startswith("-") or "=" in field.text or ":" in field.text:
            found += [Field(text) for text in re.split(r"[=:@,]|^-[A-Za-z]", field.text) if text]
        if len(field.text) < 10_000 and re.search(r"[\s'\"()]", field.text):
            found += [Field(text) for text in re.findall(r"[\w./~+-]*[./][\w./~+-]+|\.\w+", field.text)[:64]]
    return found


Writer = Callable[[Sequence[Field], list[Field]], tuple[Sequence[Field], Sequence[Field]]]


def _all(arguments: Sequence[Field], operands: list[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    return (), operands


def _after_first(
    arguments: Sequence[Field], operands: list[Field]
) -> tuple[Sequence[Field], Sequence[Field]]:
    """`chmod MODE FILE...` and the like."""
    return (), [field for field in arguments if field in operands[1:]] or operands


def _edited(arguments: Sequence[Field], operands: list[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    return operands, operands


def _copied(arguments: Sequence[Field], operands: list[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    sources, targets = _target(arguments, operands)
    return sources, targets


def _moved(arguments: Sequence[Field], operands: list[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    sources, targets = _target(arguments, operands)
    return sources, (*sources, *targets)


def _target(arguments: Sequence[Field], operands: list[Field]) -> tuple[list[Field], list[Field]]:
    """Sources and what they become: the last operand, or a file of the same name in it."""
    folder: Field | None = None
    for at, field in enumerate(arguments):
        if field.text in ("-t", "--target-directory") and arguments[at + 1 : at + 2]:
            folder = arguments[at + 1]
        elif field.text.startswith("--target-directory="):
            folder = Field(field.text.partition("=")[2], field.kind)
        elif re.match(r"-[a-zA-Z]*t.", field.text) and field.text[1:2] != "-":
            folder = Field(field.text.partition("t")[2], field.kind)
    if folder is None and operands:
        sources, folder = operands[:-1], operands[-1]
    elif folder is not None:
        sources = [field for field in operands if field != folder]
    else:
        return [], []
    is_folder = len(sources) > 1 or folder.text.endswith(("/", ".")) or folder != operands[-1]
    inside = (
        [_within(folder, source) for source in sources if source.known and folder.known] if is_folder else []
    )
    return sources, [folder, *inside]


def _within(folder: Field, source: Field) -> Field:
    name = source.text.rstrip("/").rpartition("/")[2]
    glob = "glob" in (folder.kind, source.kind)
    return Field(f"{folder.text.rstrip('/')}/{name}", "glob" if glob else "literal")


def _dd(arguments: Sequence[Field], operands: list[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    reads = [Field(f.text[3:], f.kind) for f in arguments if f.text.startswith("if=")]
    return reads, [Field(f.text[3:], f.kind) for f in arguments if f.text.startswith("of=")]


def _last(arguments: Sequence[Field], operands: list[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    return operands[:1], operands[1:]


def _find(arguments: Sequence[Field], operands: list[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    roots: list[Field] = []
    for field in arguments:
        if field.text.startswith("-") or field.text in ("(", "!"):
            break
        roots.append(field)
    named = [
        arguments[at + 1]
        for at, f in enumerate(arguments[:-1])
        if f.text.startswith("-fprint") or f.text == "-fls"
    ]
    deletes = any(field.text == "-delete" for field in arguments)
    return (), [*named, *((roots or [Field(".")]) if deletes else [])]


def _git(arguments: Sequence[Field], operands: list[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    """Files that sub-commands overwrite or remove; and those whose content they show or take over."""
    verb = operands[0].text if operands else ""
    files = [field for field in operands[1:] if field.known]
    if verb in ("checkout", "restore", "rm", "mv", "clean", "apply", "am", "reset", "stash"):
        return (), files
    shows = verb in (
        "add",
        "stage",
        "show",
        "diff",
        "blame",
        "cat-file",
        "log",
        "grep",
        "archive",
        "hash-object",
    )
    return (files if shows else ()), ()


_WRITERS: Mapping[str, Writer] = {
    **dict.fromkeys(
        listed("rm rmdir unlink shred touch mkdir mkfifo mknod tee sponge truncate fallocate split csplit"),
        _all,
    ),
    **dict.fromkeys(
        listed("vi vim nvim view nano pico emacs ed ex micro code sponge patch dos2unix unix2dos"), _edited
    ),
    **dict.fromkeys(listed("chmod chown chgrp chattr setfacl xattr"), _after_first),
    **dict.fromkeys(listed("cp scp rsync install ln gcp ditto link"), _copied),
    **dict.fromkeys(listed("mv rename"), _moved),
    **dict.fromkeys(listed("uniq xxd"), _last),
    "gzip": _edited,
    "gunzip": _edited,
    "bzip2": _edited,
    "xz": _edited,
    "zip": _edited,
    "dd": _dd,
    "find": _find,
    "git": _git,
    "mkfs": _all,
    "wipefs": _all,
}
