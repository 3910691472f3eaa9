"""Checks of commands that only read under some of their options: find, sed, awk, jq, rg, tar and others.

Each gives the `Reading` that the command would do, or raises `NotReadOnly`. What a check does not know it
refuses; a question too many is the price.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from qwen_code.permissions.command_options import (
    MAY_BE_OPTION,
    UNKNOWN_ARGUMENT,
    NotReadOnly,
    Options,
    sort_arguments,
)
from qwen_code.permissions.name_tables import listed
from qwen_code.permissions.path_patterns import segments_meet
from qwen_code.permissions.shell_fields import Field


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read-only command looks at."""

    reads: tuple[Field, ...] = ()
    """Files whose content it may show."""
    looks: tuple[Field, ...] = ()
    """Files and folders of which it shows names or sizes at most."""
    recursive: Literal["", "visible", "all"] = ""
    """When `reads` stands for everything below it, too (with no `reads`, for the whole folder): for all files
    or for those whose name has no leading dot."""
    enters: Field | None = None
    """The folder that `cd` goes to."""


_FIND_PLAIN = listed(
    """
    -print -print0 -ls -prune -quit -true -false -empty -depth -d -xdev -mount -follow -daystart -noleaf
    -nouser -nogroup -readable -writable -executable -warn -nowarn -ignore_readdir_race
    -noignore_readdir_race -not -a -o -and -or ! ( ) ,
    """
)
_FIND_VALUED = listed(
    """
    -name -iname -path -ipath -wholename -iwholename -regex -iregex -lname -ilname -type -xtype -size
    -mtime -mmin -atime -amin -ctime -cmin -newer -anewer -cnewer -newermt -newerct -newerat -newermm
    -maxdepth -mindepth -user -group -uid -gid -perm -links -inum -samefile -used -regextype -printf
    -fstype -context
    """
)


def find(fields: Sequence[Field]) -> Reading:
    """`find` with nothing but tests and printing."""
    roots: list[Field] = []
    at = 0
    while at < len(fields) and not (fields[at].text.startswith("-") or fields[at].text in ("(", "!")):
        roots.append(fields[at])
        at += 1
    if any(root.kind in ("dynamic", "process") for root in roots):
        raise NotReadOnly(UNKNOWN_ARGUMENT)
    if any(root.kind == "glob" and root.text[0] in "*?[" for root in roots):
        raise NotReadOnly(MAY_BE_OPTION)
    while at < len(fields):
        field = fields[at]
        at += 1
        if not field.literal:
            raise NotReadOnly(UNKNOWN_ARGUMENT)
        if field.text in ("-L", "-H", "-P") or re.fullmatch(r"-O[0-3]", field.text):
            while at < len(fields) and not fields[at].text.startswith("-"):
                roots.append(fields[at])
                at += 1
        elif field.text in _FIND_VALUED:
            if at < len(fields) and not _is_one_value(fields[at]):
                raise NotReadOnly(UNKNOWN_ARGUMENT)
            at += 1
        elif field.text not in _FIND_PLAIN:
            raise NotReadOnly(f"{field.text} may do more than find")
    if any(not root.known for root in roots):
        raise NotReadOnly(UNKNOWN_ARGUMENT)
    return Reading(looks=tuple(roots))


_FIND_ACTING = tuple(listed("-delete -exec -execdir -ok -okdir -fprint -fprint0 -fprintf -fls -files0-from"))


def _is_one_value(field: Field) -> bool:
    """False for what may turn into several arguments of which one acts, such as an unquoted `*`."""
    if field.kind == "glob":
        return not any(segments_meet(action, field.text) for action in _FIND_ACTING)
    return field.literal or (field.kind == "dynamic" and field.single)


_SED_ADDRESS = r"(?:[0-9]+(?:~[0-9]+)?|\$|/(?:\\.|[^/\\\n])*/[IM]?)"
_SED_ADDRESSES = rf"(?:{_SED_ADDRESS}(?:\s*,\s*(?:\+|~)?{_SED_ADDRESS})?\s*!?\s*)?"
_SED_COMMAND = re.compile(
    rf"[\s;]*{_SED_ADDRESSES}(?:\{{|(?:[}}=dDgGhHlnNpPx]|[qQ][0-9]*"
    r"|s([^\w\s\\])(?:\\.|(?!\1)[^\\\n])*\1(?:\\.|(?!\1)[^\\\n])*\1[gpiI0-9]*"
    r"|y([^\w\s\\])(?:\\.|(?!\2)[^\\\n])*\2(?:\\.|(?!\2)[^\\\n])*\2)\s*(?=[;}\n]|\Z))",
    re.DOTALL,
)
_SED = Options(
    "nErsuz", "e", "quiet silent regexp-extended separate unbuffered null-data posix debug", "expression"
)


def sed(fields: Sequence[Field]) -> Reading:
    """`sed` whose script neither writes files, reads others nor runs commands, and not in place."""
    found = sort_arguments(_SED, fields)
    operands = found.operands
    scripts = _values(fields, "e", "expression") if found.options & {"e", "expression"} else operands[:1]
    files = operands if found.options & {"e", "expression"} else operands[1:]
    for script in scripts:
        if not script.literal:
            raise NotReadOnly("its script is only known when it runs")
        at, text = 0, script.text.strip()
        while at < len(text):
            match = _SED_COMMAND.match(text, at)
            if match is None or match.end() == at:
                raise NotReadOnly("its script may do more than print")
            at = match.end()
            at += len(text[at:]) - len(text[at:].lstrip(" \t\n;"))
    return Reading(tuple(files))


def _values(fields: Sequence[Field], letter: str, name: str) -> list[Field]:
    """The values of one option, wherever it stands; clusters end in the letter."""
    values: list[Field] = []
    for at, field in enumerate(fields):
        if field.text == f"--{name}" or re.fullmatch(rf"-[A-Za-z]*{letter}", field.text):
            values += fields[at + 1 : at + 2]
        elif field.text.startswith(f"--{name}="):
            values.append(Field(field.text.partition("=")[2], field.kind))
        elif re.match(rf"-[A-Za-z]*?{letter}.", field.text) and not field.text.startswith("--"):
            values.append(Field(field.text.partition(letter)[2], field.kind))
    return values


_AWK = Options("", "Fv", "", "field-separator assign")
_AWK_UNSAFE = re.compile(
    r"system|getline|ENVIRON|PROCINFO|SYMTAB|FUNCTAB|ARG[VC]|@|\\\n|\|(?!\|)(?<!\|\|)|>(?!=)"
)


def awk(fields: Sequence[Field]) -> Reading:
    """`awk` whose program reads only the files named and prints to standard output."""
    found = sort_arguments(_AWK, fields)
    program, files = found.operands[:1], found.operands[1:]
    if not program or not program[0].literal:
        raise NotReadOnly("its program is only known when it runs")
    text = program[0].text
    prints = text.find("print") if "print" in text else len(text)
    for match in _AWK_UNSAFE.finditer(text):
        # only what is printed can be redirected; before that `>` compares and `|` is part of an expression
        if match[0] not in (">", "|") or match.start() > prints:
            raise NotReadOnly(f"its program holds `{match[0].strip()}`")
    return Reading(tuple(file for file in files if not re.match(r"[A-Za-z_][A-Za-z0-9_]*=", file.text)))


_JQ = Options(
    "nrcsSRejaMC",
    "",
    "null-input raw-output compact-output slurp sort-keys raw-input exit-status join-output tab unbuffered",
    "indent",
)
_JQ_UNSAFE = re.compile(
    r"\benv\b|\$ENV|\binput_filename\b|\bimport\b|\binclude\b|\bdebug\b|\$__prog|\bget_search_list\b"
)


def jq(fields: Sequence[Field]) -> Reading:
    """`jq` whose filter looks neither at the environment nor at modules."""
    plain: list[Field] = []
    at = 0
    while at < len(fields):
        if fields[at].text in ("--arg", "--argjson"):
            at += 3  # a name and a value follow
            continue
        plain.append(fields[at])
        at += 1
    found = sort_arguments(_JQ, plain)
    script, files = found.operands[:1], found.operands[1:]
    if script and (not script[0].literal or _JQ_UNSAFE.search(script[0].text)):
        raise NotReadOnly("its filter may show the environment")
    return Reading(tuple(files))


_RG = Options(
    valued="ABCEegfmMrTtdj",
    long_valued="""
    after-context before-context context color colors encoding engine regexp file glob iglob ignore-file
    max-columns max-count max-depth max-filesize path-separator replace sort sortr threads type type-not
    type-add type-clear context-separator field-match-separator field-context-separator dfa-size-limit
    regex-size-limit generate
    """,
    files="f file ignore-file", any=True,
)  # fmt: skip
_RG_UNSAFE = ("pre", "pre-glob", "hostname-bin", "search-zip", "hyperlink-format")


def rg(fields: Sequence[Field]) -> Reading:
    """`rg` without the options that start other programs."""
    if any(field.kind == "glob" and field.text[0] in "*?[-" for field in fields):
        raise NotReadOnly(MAY_BE_OPTION)
    found = sort_arguments(_RG, fields)
    for option in found.options:
        if option in _RG_UNSAFE or option == "z":
            raise NotReadOnly(f"the option {option} starts another program")
    named = found.options & {"e", "regexp", "f", "file", "files"}
    operands = found.operands if named else found.operands[1:]
    hidden = found.options & {".", "hidden", "u", "unrestricted"}
    chosen = [*_values(fields, "g", "glob"), *_values(fields, "\0", "iglob")]
    reads = (*(operands or [Field(".")]), *found.files, *_chosen(chosen))
    return Reading(reads, recursive="all" if hidden else "visible")


def _chosen(patterns: Sequence[Field]) -> list[Field]:
    """What a recursive search is told to look into; a pattern that only restricts names nothing guarded."""
    return [
        Field(pattern.text, "glob") for pattern in patterns if pattern.literal and pattern.text[:1] != "!"
    ]


_GREP = Options(
    valued="efABmDd",
    long_valued="""
    regexp file after-context before-context max-count label binary-files devices directories
    exclude exclude-dir include
    """,
    long="color colour recursive dereference-recursive",
    files="f file exclude-from", any=True,
)  # fmt: skip


def grep(fields: Sequence[Field]) -> Reading:
    """Any `grep`; its first operand is a pattern unless an option gave one."""
    found = sort_arguments(_GREP, fields)
    operands = found.operands if found.options & {"e", "regexp", "f", "file"} else found.operands[1:]
    recursive = bool(found.options & {"r", "R", "recursive", "dereference-recursive"})
    if not recursive:
        return Reading((*operands, *found.files))
    chosen = _chosen(_values(fields, "\0", "include"))
    return Reading((*(operands or [Field(".")]), *found.files, *chosen), recursive="all")


def tar(fields: Sequence[Field]) -> Reading:
    """`tar` that lists one archive, and nothing else: `tar tf x`, `tar -tvzf x`."""
    match fields:
        case [Field(text=mode), Field(kind="literal", text=archive)] if re.fullmatch(
            r"-?[tvzjJ]*t[vzjJ]*f", mode
        ):
            if ":" in archive or archive.startswith("-"):
                raise NotReadOnly("the archive may lie on another machine")
            return Reading((fields[1],))
        case [Field(text="-t" | "--list"), Field(text="-f" | "--file"), Field(kind="literal", text=archive)]:
            if ":" in archive or archive.startswith("-"):
                raise NotReadOnly("the archive may lie on another machine")
            return Reading((fields[2],))
        case _:
            raise NotReadOnly("only plain listing, `tar tf FILE`, is known to be harmless")


def listing(letters: str) -> Callable[[Sequence[Field]], Reading]:
    """Archivers that only list under `-l`, `-v` or `-Z` and the other `letters`; all else makes files."""

    def check(fields: Sequence[Field]) -> Reading:
        found = sort_arguments(Options(letters), fields)
        if not found.options & {"l", "Z"}:
            raise NotReadOnly("it makes files")
        return Reading(tuple(found.operands))

    return check


def xxd(fields: Sequence[Field]) -> Reading:
    """`xxd` of one file; a second one would be written, and `-r` turns it around."""
    operands: list[Field] = []
    taken = iter(fields)
    for field in taken:
        if not field.literal:
            raise NotReadOnly(UNKNOWN_ARGUMENT)
        if field.text in ("-c", "-g", "-l", "-s", "-n", "-o"):
            next(taken, None)
        elif field.text not in ("-a", "-b", "-C", "-e", "-E", "-i", "-p", "-ps", "-u"):
            operands.append(field)
    if len(operands) > 1 or any(operand.text.startswith("-") for operand in operands):
        raise NotReadOnly("it may write a file")
    return Reading(tuple(operands))


def command(fields: Sequence[Field]) -> Reading:
    """`command -v`, which says where a command lies; without it the command runs."""
    if not fields or fields[0].text not in ("-v", "-V") or not all(field.literal for field in fields):
        raise NotReadOnly("it runs a command")
    return Reading()


def printf(fields: Sequence[Field]) -> Reading:
    """`printf` to standard output; `-v` would set a variable, and evaluate its subscript."""
    if fields and (fields[0].text.startswith("-v") or not fields[0].known):
        raise NotReadOnly("it may set a variable")
    return Reading(looks=globs(fields))


def echo(fields: Sequence[Field]) -> Reading:
    return Reading(looks=globs(fields))


def globs(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Patterns show the names of files even where the command only prints its arguments."""
    return tuple(field for field in fields if field.kind == "glob")


_FILE_TESTS = listed("-e -f -d -r -w -x -s -L -h -b -c -p -S -g -u -k -O -G -N -nt -ot -ef")


def condition(fields: Sequence[Field]) -> Reading:
    """`test` and `[`; `-v` and `-R` evaluate their operand."""
    loose = any(field.kind == "dynamic" and not field.single for field in fields)
    if any(field.text in ("-v", "-R") for field in fields) or (
        loose and any("[" in field.text for field in fields[:-1] if field.literal)
    ):
        raise NotReadOnly("it may evaluate an expression")
    looks = [
        field
        for at, field in enumerate(fields)
        if field.known
        and at
        and (fields[at - 1].text in _FILE_TESTS or fields[at + 1 : at + 2] in _BINARY_TESTS)
    ]
    return Reading(looks=(*looks, *globs(fields)))


_BINARY_TESTS = tuple((Field(text),) for text in ("-nt", "-ot", "-ef"))


def change_directory(fields: Sequence[Field]) -> Reading:
    """`cd` to one folder that is known."""
    operands = [field for field in fields if field.text not in ("-P", "-L", "--")]
    if len(operands) != 1 or not operands[0].literal or operands[0].text.startswith("-"):
        raise NotReadOnly("it goes to a folder that is only known when it runs")
    return Reading(looks=(operands[0],), enters=operands[0])


def shell_options(fields: Sequence[Field]) -> Reading:
    """`set` with switches that only make a script stricter or more talkative: `set -euo pipefail`."""
    texts = [field.text for field in fields]
    names = {"pipefail", "errexit", "nounset", "xtrace", "noglob", "verbose", "noclobber"}
    taken = iter(texts)
    for text in taken:
        if not re.fullmatch(r"[-+][efuxvC]*o?", text) or len(text) < 2:
            raise NotReadOnly("it changes the shell")
        if text.endswith("o") and next(taken, "") not in names:
            raise NotReadOnly("it changes the shell")
    if not texts:
        raise NotReadOnly("it shows all variables")
    return Reading()


def version(fields: Sequence[Field]) -> Reading:
    """A program asked for nothing but its version."""
    # yarn and pnpm are no such programs: they start what the project names
    if [field.text for field in fields] not in (["--version"], ["-V"], ["-v"], ["-version"]):
        raise NotReadOnly("it is not a read-only command")
    return Reading()
