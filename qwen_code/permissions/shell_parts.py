"""From a command line to the list of all that it would run, commands inside commands included."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from qwen_code.permissions.helper_programs import RUNNING_VARIABLES
from qwen_code.permissions.places import LONGEST_PATH, NOWHERE
from qwen_code.permissions.shell_command import parse
from qwen_code.permissions.shell_fields import Budget, Field, Variables, expand_all
from qwen_code.permissions.shell_input import fed_text, given_text, script_text
from qwen_code.permissions.shell_syntax import Assignment, Script, SimpleCommand, Text, Word
from qwen_code.permissions.wrapper_table import READERS_OF_SCRIPTS, SHELLS
from qwen_code.permissions.wrappers import Inner, command_name, look_through

Need: TypeAlias = Literal["own", "through", "none"]
"""What an allow needs of a part: a reason of its own, or a wrapper's rule that names it; nothing, since it is
a harmless wrapper; nothing, since only deny and ask rules look so far."""

FORK_BOMB = "it looks like a fork bomb"
_MOST_PARTS = 50_000
_MOST_DEPTH = 8
_MOST_GUESSES = 200
"""Commands looked for at every argument of intricate wrappers."""
_MOST_DIRECTORIES = 8
_MOST_VALUES = 64
"""Values of a loop variable that are followed."""
_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./^-]+")
COMING = Field("...", "dynamic", single=False)
"""Arguments that a wrapper adds when it runs the command."""


@dataclass(frozen=True, slots=True)
class Part:
    """One command that would run, or a redirection or assignment without one."""

    fields: tuple[Field, ...]
    source: str
    """As written, without assignments and redirections where it has words."""
    need: Need
    directories: tuple[str, ...]
    """Where it may run."""
    parent: int = -1
    """Index of the wrapper that runs it."""
    assignments: tuple[Assignment, ...] = ()
    redirects: tuple[tuple[str, tuple[Field, ...]], ...] = ()
    """Operator and target."""
    given: str = ""
    """What here-documents and here-strings give it, before expansion."""
    plain: bool = True
    """Nothing but harmless wrappers stand around it."""
    runs: bool = False
    """Its arguments are those of another part, which it runs."""
    canonical: str = ""
    """The command with uniform quotes; an empty text when it can't be written without expansions."""

    @property
    def name(self) -> str:
        """The command's name when it is known; an empty text otherwise."""
        return self.fields[0].text if self.fields and self.fields[0].literal and self.fields[0].exact else ""

    @property
    def shown(self) -> str:
        """The command on one line, for people."""
        return self.canonical or " ".join(self.source.split("\n"))


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a command line would run."""

    parts: tuple[Part, ...]
    odd: Mapping[str, bool]
    """Reasons why nothing of it may be allowed unasked; True where commands may be hidden."""


def canonical_text(fields: Sequence[Field]) -> str:
    """A command with uniform quotes; an empty text when it can't be written without expansions."""
    if not all(field.kind == "literal" and field.exact for field in fields):
        return ""
    return " ".join([quoted(field.text) for field in fields])


def quoted(text: str) -> str:
    return text if _SAFE.fullmatch(text) else "'" + text.replace("'", "'\\''") + "'"


def parts_of(command: str, directory: str, home: str) -> Parts:
    """Everything that `command` would run when the shell stands in `directory`. Never raises."""
    collector = _Collector(home)
    collector.script(parse(command), (directory,), -1, "own", 0)
    return Parts(tuple(collector.parts), collector.odd)


class _Collector:
    def __init__(self, home: str) -> None:
        self.home = home
        self.budget = Budget()
        self.guesses = 0
        self.parts: list[Part] = []
        self.odd: dict[str, bool] = {}
        self.fed = ""
        """What the command before in the pipeline is known to print; only used to deny and to ask."""

    def strange(self, reason: str, hides: bool) -> None:
        self.odd[reason] = hides or self.odd.get(reason, False)

    def script(
        self, script: Script, directories: tuple[str, ...], parent: int, need: Need, depth: int
    ) -> tuple[str, ...]:
        """Add all commands of a script; gives the directories in which its shell may end."""
        if script.error:
            self.strange(f"it can't be understood: {script.error}", True)
        for reason, hides in script.odd.items():
            self.strange(reason, hides)
        if ":" in script.functions:
            self.strange(FORK_BOMB, False)
        if _evaluates_names(script):
            self.strange("arithmetic evaluates a value that may hold a command", True)
        tracker = _Directories(directories)
        assigned = _assigned(script)
        for index, command in enumerate(script.commands):
            if len(self.parts) > _MOST_PARTS:
                self.strange("it runs too many commands", True)
                break
            here = tracker.of(command.chains)
            first = len(self.parts)
            self.fed = fed_text(script, index)
            self.command(command, assigned, here, parent, need, depth)
            added = self.parts[first:]
            if index not in script.piped:
                for part in added:
                    tracker.moved(part, command.chains, direct=part is added[0])
        return tracker.all

    def command(
        self,
        command: SimpleCommand,
        assigned: Mapping[str, tuple[Field, ...]],
        here: tuple[str, ...],
        parent: int,
        need: Need,
        depth: int,
    ) -> None:
        variables = Variables(self.home, self.known(command, here, assigned), self.budget)
        redirects = tuple(
            (redirect.op, expand_all([redirect.target], variables))
            for redirect in command.redirects
            if redirect.target is not None and redirect.op != "dup"
        )
        fields = expand_all(command.words, variables)
        source = " ".join(word.source for word in command.words) or command.source
        given = "\n".join(given_text(redirect) for redirect in command.redirects)
        canonical = canonical_text(fields)
        part = Part(
            fields,
            source,
            need,
            here,
            parent,
            command.assignments,
            redirects,
            given,
            parent < 0,
            canonical=canonical,
        )
        if command.words and fields and _builds_name(command.words[0], variables):
            self.strange(f"the command's name is put together: {command.words[0].source}", False)
        texts = tuple(
            body for redirect in command.redirects if (body := script_text(redirect, variables)) is not None
        )
        self.add(part, depth, texts)
        for assignment in command.assignments:
            value = _literal(assignment.value)
            if value and assignment.name in RUNNING_VARIABLES:
                self.script(parse(value), here, len(self.parts) - 1, "none", depth + 1)

    def known(
        self, command: SimpleCommand, here: tuple[str, ...], assigned: Mapping[str, tuple[Field, ...]]
    ) -> Mapping[str, tuple[Field, ...]]:
        known = {**assigned, "HOME": (Field(self.home),)}
        if len(here) == 1 and here[0] != NOWHERE and "PWD" not in assigned:
            known["PWD"] = (Field(here[0]),)
        for name, words in command.loops.items():
            if len(words) > _MOST_VALUES:
                known.pop(name, None)
                continue
            values = expand_all(words, Variables(self.home, known, self.budget))
            if all(value.known for value in values) and values:
                known[name] = values
            else:
                known.pop(name, None)
        return known

    def add(self, part: Part, depth: int, texts: Sequence[str] = ()) -> None:
        """Add a part, and whatever it runs."""
        index = len(self.parts)
        self.parts.append(part)
        self.guesses += part.need == "none"
        if self.guesses > _MOST_GUESSES:
            self.strange("it may run too many commands", True)
            return
        if not part.fields:
            return
        if not part.fields[0].known or part.fields[0].kind == "glob":
            self.strange(f"the command's name is only known when it runs: {part.fields[0].text}", True)
            if not part.fields[0].single and part.fields[1:]:
                # a name that expands to nothing leaves its first argument as the command
                rest = part.fields[1:]
                self.parts.append(
                    Part(rest, part.source, "none", part.directories, index, canonical=canonical_text(rest))
                )
            return
        if depth > _MOST_DEPTH:
            self.strange("commands run commands too deeply", True)
            return
        for inner in look_through(part.fields):
            if self.guesses <= _MOST_GUESSES:
                self.inner(inner, part, index, depth, texts)

    def inner(self, inner: Inner, part: Part, index: int, depth: int, texts: Sequence[str]) -> None:
        need: Need = "none" if part.need == "none" or inner.kind == "runner" else "own"
        if inner.kind == "harmless" and part.need == "own":
            self.parts[index] = replace(part, need="through")
        reads = command_name(part.fields[0])
        if inner.hidden and texts and (reads in SHELLS or reads in READERS_OF_SCRIPTS):
            if reads in READERS_OF_SCRIPTS:
                self.strange(inner.hidden, False)
            for text in texts:
                self.script(parse(text), part.directories, index, need, depth + 1)
        elif inner.hidden:
            self.strange(inner.hidden, True)
            if self.fed and (reads in SHELLS or reads in READERS_OF_SCRIPTS):
                self.script(parse(self.fed), part.directories, index, "none", depth + 1)
        elif inner.kind == "runner" and part.need == "none" and inner.text is None:
            return  # what was found by looking at every argument needs no second look at them
        elif inner.text is not None:
            self.script(parse(inner.text), part.directories, index, need, depth + 1)
        else:
            fields = tuple(COMING if field.text == "{}" and inner.adds else field for field in inner.fields)
            if inner.adds and self.fed:
                given = (*inner.fields, *map(Field, self.fed.split()))
                self.parts.append(Part(given, self.fed, "none", part.directories, index))
            fields = (*fields, COMING) if inner.adds else fields
            source = " ".join(quoted(field.text) if field.literal else field.text for field in inner.fields)
            canonical = canonical_text(inner.fields)
            if inner.kind != "runner":
                self.parts[index] = replace(self.parts[index], runs=True)
            plain = part.plain and inner.kind == "harmless"
            self.add(
                Part(fields, source, need, part.directories, index, plain=plain, canonical=canonical),
                depth + 1,
            )


def _builds_name(word: Word, variables: Variables) -> bool:
    """Is the name of a command anything but a literal word?"""
    return not all(isinstance(part, Text) for part in word.parts) or len(expand_all([word], variables)) != 1


class _Directories:
    """Follows `cd`: where each command may run, given that any `cd` may have failed."""

    def __init__(self, start: tuple[str, ...]) -> None:
        self.all = start
        self.chain = -1
        self.in_chain: tuple[str, ...] = ()

    def of(self, chains: tuple[int, ...]) -> tuple[str, ...]:
        """Inside the `&&` chain of a `cd` it has certainly succeeded; elsewhere both are possible."""
        if self.chain >= 0 and self.chain in chains:
            return self.in_chain
        self.chain = -1
        return self.all

    def moved(self, part: Part, chains: tuple[int, ...], *, direct: bool) -> None:
        name = command_name(part.fields[0]) if part.fields and part.fields[0].known else ""
        if name not in ("cd", "pushd", "popd") or part.need == "none":
            return
        targets = [field for field in part.fields[1:] if field.text not in ("-L", "-P", "--")]
        plain = (
            direct
            and name == "cd"
            and len(targets) == 1
            and targets[0].literal
            and not targets[0].text.startswith("-")
        )
        if plain:
            now = tuple(dict.fromkeys(_joined(here, targets[0].text) for here in part.directories))
        else:
            now = (NOWHERE,)
        self.chain, self.in_chain = chains[-1], now
        self.all = tuple(dict.fromkeys((*self.all, *now)))
        if len(self.all) > _MOST_DIRECTORIES:
            self.all = (*self.all[:1], NOWHERE)


def _joined(directory: str, path: str) -> str:
    """As `cd` does it: `..` goes back by name, whatever links there are."""
    if directory == NOWHERE and not path.startswith("/"):
        return NOWHERE
    joined = posixpath.normpath(posixpath.join(directory, path))
    return joined if len(joined) <= LONGEST_PATH else NOWHERE


def _assigned(script: Script) -> dict[str, tuple[Field, ...]]:
    """Variables that the script itself sets, each to one known text, before anything else can change them.

    An assignment needs a question anyway; its value only helps to see what is denied.
    """
    values: dict[str, tuple[Field, ...]] = {}
    doubtful: set[str] = set()
    for command in script.commands:
        for assignment in command.assignments:
            value = _literal(assignment.value)
            if value is None or assignment.name in values:
                doubtful.add(assignment.name)
            else:
                values[assignment.name] = (Field(value),)
    return {name: value for name, value in values.items() if name not in doubtful}


def _literal(word: Word | None) -> str | None:
    if word is None:
        return None
    text = word.text
    return text if text is not None and "~" not in text else None


_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?[0-9]+|[A-Za-z_][A-Za-z0-9_]*")


def _evaluates_names(script: Script) -> bool:
    """Does arithmetic name a variable while the script gives variables values that need not be numbers?

    bash evaluates such a value as arithmetic again, and runs the commands in its subscripts: `a[$(id)]`.
    """
    if not any(_NAMES.search(text) or "$" in text or "'" in text for text in script.arithmetic):
        return False
    if any("'" in text or '"' in text or "\\" in text for text in script.arithmetic):
        return True
    values = [
        *script.loop_words,
        *(a.value for c in script.commands for a in c.assignments if a.value is not None),
    ]
    if any(not _NUMBER.fullmatch(_literal(word) or "?") and not _is_number_range(word) for word in values):
        return True
    for command in script.commands:
        if any(
            word.plain in ("read", "mapfile", "readarray", "getopts", "set", "printf")
            for word in command.words[:1]
        ):
            return True
    return False


def _is_number_range(word: Word) -> bool:
    return bool(re.fullmatch(r"\{-?[0-9]+\.\.-?[0-9]+\}", word.plain or ""))
