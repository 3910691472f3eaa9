"""The two programs that search: `rg`, and a worker of our own that stands in for it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 2 * 1024 * 1024
"""Of raw results; at that size the search is stopped."""
MAX_COLUMNS: Final = 2000

_META = re.compile(r"[\\.+*?()|\[\]{}^$]")
_ESCAPE = re.compile(r"\\[pP]\{[^}]*\}|\\.", re.DOTALL)
_NARROWING = re.compile(r"[\w.*?-]+|\*\.\{[\w,]+\}")
"""Globs over names that rg understands as we do."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression and how it is to be taken."""

    text: str

    @property
    def literal(self) -> bool:
        """Whether it holds nothing but plain characters."""
        return "\n" not in self.text and _META.search(self.text) is None

    @property
    def ignores_case(self) -> bool:
        """Whether it is all in lower case, as ripgrep's --smart-case has it."""
        return not any(char.isupper() for char in _ESCAPE.sub("", self.text))

    @property
    def spans_lines(self) -> bool:
        """Whether it asks for a line feed."""
        return "\n" in self.text or r"\n" in self.text.replace("\\\\", "")

    @property
    def python_only(self) -> bool:
        """Whether it uses what ripgrep has not: look-around, back-references, atomic groups."""
        return re.search(r"\(\?(=|!|<=|<!|>|P=)|\\[1-9]", self.text) is not None and self.python_takes

    @property
    def python_takes(self) -> bool:
        try:
            re.compile(self.text)
        except (re.error, OverflowError, RecursionError):
            return False
        return True

    @property
    def escaped(self) -> str:
        """A pattern that matches this one's very text."""
        return _META.sub(r"\\\g<0>", self.text)


@cache
def find_ripgrep(path: str | None, project: Path) -> str | None:
    """ripgrep on `path` (as in PATH) or beside this Python; never one from within `project`."""
    import shutil

    for found in (shutil.which("rg", path=path), shutil.which("rg", path=str(Path(sys.prefix) / "bin"))):
        if found and Path(found).is_absolute() and not Path(found).resolve().is_relative_to(project):
            return found
    return None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to search."""

    start: Path
    glob: str
    """Narrows the search where rg and we mean the same by it; it does not decide."""
    ignore: bool
    """Whether ignore files count."""
    ignore_file: Path | None
    """One that rg does not know of, its patterns relative to the current directory."""


def rg_command(rg: str, pattern: Pattern, scope: Scope) -> list[str]:
    command = [*_rg(rg, scope), "--no-heading", "--with-filename", "--line-number", "--column", "--crlf"]
    command += [f"--max-columns={MAX_COLUMNS}", "--max-columns-preview"]
    command.append("--ignore-case" if pattern.ignores_case else "--case-sensitive")
    if pattern.literal:
        command.append("--fixed-strings")
    if pattern.spans_lines:
        command.append("--multiline")
    name = scope.glob.rpartition("/")[2]
    if _NARROWING.fullmatch(name) and name != "**":
        command += [f"--type-add=asked:{name}", "--type=asked"]
    return [*command, "--regexp", pattern.text, "--", str(scope.start)]


def rg_list_command(rg: str, scope: Scope, names: Iterable[str]) -> list[str]:
    """Lists the files with one of `names`, which are patterns, NUL after each."""
    types = [f"--type-add=asked:{name}" for name in names]
    return [*_rg(rg, scope), "--files", *types, "--type=asked", "--", str(scope.start)]


def _rg(rg: str, scope: Scope) -> list[str]:
    command = [rg, "--no-config", "--no-messages", "--color=never", "--null", "--hidden", "--glob=!.git"]
    command += ["--no-require-git", "--no-ignore-dot", "--no-ignore-global"]
    if not scope.ignore:
        command.append("--no-ignore")
    elif scope.ignore_file is not None:
        command.append(f"--ignore-file={scope.ignore_file}")
    return command


def worker_command() -> list[str]:
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("search_worker.py"))]


def worker_input(pattern: Pattern, files: Iterable[str]) -> bytes:
    """What `search_worker` reads."""
    import json

    request = {
        "pattern": pattern.text,
        "literal": pattern.literal,
        "ignore_case": pattern.ignores_case,
        "multiline": pattern.spans_lines,
        "bindings": "" if pattern.python_only else _bindings(),
    }
    return json.dumps(request).encode() + b"\n" + b"\0".join(os.fsencode(path) for path in files)


def _bindings() -> str:
    """Where ripgrep's bindings are installed, if they are. The current directory, which `python -m` searches
    first, may be anyone's and does not count."""
    from importlib.util import find_spec

    spec = find_spec("python_ripgrep")
    if spec is None or spec.origin is None:
        return ""
    directory = Path(spec.origin).parent.parent
    return "" if directory == Path.cwd() else str(directory)


@dataclass(frozen=True, slots=True)
class Run:
    out: bytes
    error: str
    code: int | None
    complete: bool


async def run(command: Sequence[str], feed: bytes, *, directory: Path, seconds: float) -> Run:
    """Run one of the two to its end, to `MAX_BYTES`, or for `seconds`."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=directory,
        env={"LC_ALL": "C.UTF-8"},
        limit=1024 * 1024,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.ensure_future(process.stderr.read())
    feeding = asyncio.ensure_future(_feed(process.stdin, feed))
    out = bytearray()
    complete = True
    try:
        async with asyncio.timeout(seconds):
            while complete and (chunk := await process.stdout.read(256 * 1024)):
                out += chunk
                complete = len(out) <= MAX_BYTES
    except TimeoutError:
        complete = False
    finally:
        feeding.cancel()
        if not complete or not process.stdout.at_eof():
            process.kill()
        code = await process.wait()
    return Run(bytes(out), (await errors).decode("utf-8", "replace"), code if complete else None, complete)


async def _feed(stdin: asyncio.StreamWriter, data: bytes) -> None:
    try:
        stdin.write(data)
        await stdin.drain()
        stdin.close()
    except OSError:
        return  # it ended before it had read all


def reason(error: str) -> str:
    """What is wrong with a pattern, from an engine's many lines about it."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    given = next(
        (line for line in lines if line.startswith("error: ")), lines[-1] if lines else "no reason given"
    )
    return given.removeprefix("error: ").removeprefix("rg: ")
