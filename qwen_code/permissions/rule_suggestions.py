"""The narrowest rule that would have allowed a command; what "always allow" offers to save."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qwen_code.permissions.name_tables import listed
from qwen_code.permissions.shell_parts import Part
from qwen_code.permissions.wrapper_table import SHELLS, WRAPPERS
from qwen_code.permissions.wrappers import command_name

_NEVER = SHELLS | listed(
    """
    python python2 python3 pypy pypy3 ipython node nodejs deno ruby irb perl php lua luajit Rscript
    osascript tclsh expect awk gawk mawk nawk npx bunx uvx pipx ssh source . eval exec env sudo su doas
    curl wget nc ncat socat telnet dd mkfs export set shopt enable alias trap pushd popd cd rm shred kill
    """
)
"""Commands for which no rule is offered: interpreters and wrappers would run anything under it."""

_WITH_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "npm": listed("test run ci ls"),
    "pnpm": listed("test run"),
    "yarn": listed("test run"),
    "ruff": listed("check format"),
    "cargo": listed("test build check clippy fmt"),
    "go": listed("test build vet"),
    "dotnet": listed("test build"),
    "mvn": listed("test"),
    "gradle": listed("test"),
    "git": listed("add commit stash fetch switch branch"),
    **dict.fromkeys(
        listed(
            """
            pytest tox nox mypy pyright black isort flake8 pylint eslint prettier tsc jest vitest mocha gofmt
            ctest make mkdir touch
            """
        ),
        frozenset(),
    ),
}
"""Commands whose rule may leave further arguments open, with the sub-commands where that holds; of `npm run`
and `make` each target needs a rule of its own."""
_PYTHON = re.compile(r"(?:\.?[\w-]+/)*python(?:[23](?:\.[0-9]+)?)?")
_MODULES = listed("pytest unittest mypy pyright black ruff isort flake8 pylint tox nox compileall build")
"""Run with `python -m`, these are the tools of the same name, and no door for whatever else."""
_WITH_TARGET = frozenset({"npm run", "pnpm run", "yarn run", "make"})


def rule_for_command(part: Part, *, exactly: bool = False) -> str:
    """A rule for one command; empty when none should be saved."""
    name = part.name
    if module := _python_module(part):
        return f"Bash({module} *)"
    wrapper = WRAPPERS.get(command_name(part.fields[0])) if part.fields else None
    if not name or not name.isascii() or name.rpartition("/")[2] in _NEVER or "\n" in part.source:
        return ""
    if any(not field.literal or not field.exact for field in part.fields) or not part.canonical.isprintable():
        return ""
    texts = [field.text for field in part.fields]
    if wrapper and (not wrapper.verbs or set(texts[1:3]) & set(wrapper.verbs.split())):
        return ""
    if not exactly and (prefix := _prefix(texts)):
        return f"Bash({prefix} *)"
    text = part.canonical
    if "\\*" in text or text.endswith(":*"):
        return ""
    return "Bash(" + text.replace("*", "\\*") + ")"


def _python_module(part: Part) -> str:
    """`python -m pytest`, for that with any arguments; empty for all other uses of an interpreter."""
    texts = [field.text for field in part.fields[:3]]
    plain = all(field.literal and field.exact for field in part.fields) and "\n" not in part.source
    known = len(texts) == 3 and texts[1] == "-m" and texts[2] in _MODULES and _PYTHON.fullmatch(texts[0])
    return " ".join(texts) if plain and known and part.canonical.isprintable() else ""


def _prefix(texts: list[str]) -> str:
    """The words that a rule names before it leaves the rest open; empty when it should name them all."""
    verbs = _WITH_ARGUMENTS.get(texts[0])
    if verbs is None or (verbs and (len(texts) < 2 or texts[1] not in verbs)):
        return ""
    named = texts[: 2 if verbs else 1]
    if " ".join(named) in _WITH_TARGET:
        target = texts[len(named) : len(named) + 1]
        if not target or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:_-]*", target[0]):
            return ""
        named = [*named, *target]
    return " ".join(named)
