"""How often the model repairs what: generated packages that it has never seen, by family.

python -m mini_model.evaluate MODEL.gguf --count 200            # quick: tools and pytest played here
python -m mini_model.evaluate MODEL.gguf --count 200 --program  # the installed program, real pytest
python -m mini_model.evaluate MODEL.gguf --folder handwritten   # packages that people wrote
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import qwen_code
from mini_model.chat import SYSTEM
from mini_model.files import packages, write_to
from mini_model.project import Project
from mini_model.pytest_output import COMMAND, run_anyway, run_tests
from mini_model.tool_answers import excerpt, refused
from qwen_code.backends.base import Host
from qwen_code.backends.llama_cpp import BUNDLED_MAX_TOKENS, LlamaCppBackend
from qwen_code.backends.local_options import runtime_options
from qwen_code.chunks import CallChunk, TextChunk
from qwen_code.errors import ContextOverflow
from qwen_code.local.so_far import quiet
from qwen_code.messages import Message, Prompt, ToolCall
from qwen_code.settings.model import LocalSettings, SamplingSettings, Settings
from qwen_code.tool import OutputLimits
from qwen_code.workspace.outputs import cap

TURNS = 8


@dataclass(slots=True)
class Result:
    """One package."""

    family: str
    green: bool = False
    said: str = ""
    turns: int = 0
    attempts: int = 0
    """Answers with an edit in them."""
    seconds: float = 0.0
    edits: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Their arguments."""
    transcript: list[str] = field(default_factory=list[str])

    @property
    def honest(self) -> bool:
        """What it said last is true."""
        return self.green or not self.said.startswith(("Fixed", "All tests pass"))


class Bench:
    """Plays the four tools on a project in memory."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.rng = random.Random(0)
        self.green = False

    def run(self, call: ToolCall) -> str:
        """The text that the model reads."""
        arguments: dict[str, Any] = dict(call.arguments)
        match call.name:
            case "run_shell_command":
                return self._command(arguments.get("command", ""))
            case "grep_search":
                return self._grep(arguments.get("pattern", ""))
            case "read_file":
                path = arguments.get("file_path", "")
                text = self.project.files.get(path)
                offset, limit = int(arguments.get("offset") or 0), int(arguments.get("limit") or 2000)
                return f"{path} does not exist." if text is None else excerpt(text, offset, limit)
            case _:
                return self._edit(arguments)

    def _command(self, command: str) -> str:
        if command not in (COMMAND, quiet(COMMAND)):
            return f"bash: {command}: command not found\n[exit code 127]"
        outcome = run_anyway(self.project, self.rng)
        self.green = outcome.passed
        return outcome.text if command == COMMAND else outcome.quiet

    def _grep(self, pattern: str) -> str:
        try:
            wanted = re.compile(pattern, re.IGNORECASE if pattern.islower() else 0)
        except re.error:
            return "Invalid pattern."
        lines = [
            f"{path}:{n}:{line}"
            for path, text in sorted(self.project.files.items())
            for n, line in enumerate(text.split("\n"), 1)
            if wanted.search(line)
        ]
        return "\n".join(lines) or f"No matches for {pattern}."

    def _edit(self, arguments: dict[str, Any]) -> str:
        path, old, new = (str(arguments.get(key, "")) for key in ("file_path", "old_string", "new_string"))
        text = self.project.files.get(path)
        if text is None:
            return f"{path} does not exist."
        if problem := refused(path, text, old, new):
            return problem
        first = text[: text.index(old)].count("\n") + 1
        self.project.files[path] = text = text.replace(old, new)
        lines = text.rstrip("\n").split("\n")
        shown = [
            f"{n}| {lines[n - 1]}"
            for n in range(max(first - 2, 1), min(first + new.count("\n") + 2, len(lines)) + 1)
        ]
        return f"Edited {path}. Now:\n" + "\n".join(shown)


class Player:
    """The model at work on the bench, through the product's own backend."""

    def __init__(self, model: Path, *, threads: int | None = None) -> None:
        from qwen_code.agent.prompting import load_profile
        from qwen_code.agent.registry import load_tools

        profile = load_profile("mini")
        self._tools = load_tools(only=profile.tools, signatures=profile.signatures).specs()
        settings = Settings(local=LocalSettings(threads=threads))
        self._files: dict[str, str] = {}
        self._backend = LlamaCppBackend(
            model,
            lambda files: runtime_options(files, settings),
            SamplingSettings(max_tokens=BUNDLED_MAX_TOKENS),
            host=Host(text_of=lambda path: self._files.get(path)),
        )

    async def aclose(self) -> None:
        await self._backend.aclose()

    async def play(self, bench: Bench, rng: random.Random, turns: int = TURNS) -> Result:
        """One conversation."""
        messages = [Message("user", "fix the failing test")]
        self._files = bench.project.files
        result = Result(bench.project.bugs[0].family if bench.project.bugs else "?")
        started = time.monotonic()
        for turn in range(1, turns + 1):
            try:
                text, calls = await self._answer(messages)
            except ContextOverflow:  # the program would make the conversation shorter; here it is over
                break
            messages.append(Message("assistant", text, tool_calls=tuple(calls)))
            result.turns = turn
            result.transcript.append(text + "".join(f"\n{c.name} {json.dumps(c.arguments)}" for c in calls))
            if not calls:
                result.said = text.strip()
                break
            edits = [dict(call.arguments) for call in calls if call.name == "edit"]
            result.edits += edits
            result.attempts += bool(edits)
            for call in calls:
                answer = cap(bench.run(call), OutputLimits())
                result.transcript.append(f"    > {answer}")
                messages.append(Message("tool", answer, tool_call_id=call.id))
        outcome = run_tests(bench.project, rng)
        result.green = outcome is not None and outcome.passed
        result.seconds = time.monotonic() - started
        return result

    async def _answer(self, messages: Sequence[Message]) -> tuple[str, list[ToolCall]]:
        text, calls = "", list[ToolCall]()
        stream = self._backend.stream(Prompt(SYSTEM, tuple(self._tools), tuple(messages)))
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextChunk):
                    text += chunk.text
                elif isinstance(chunk, CallChunk):
                    calls.append(chunk.call)
        return text, calls


async def on_the_bench(model: Path, projects: Sequence[Project], verbose: bool) -> list[Result]:
    """All projects, one after the other."""
    player = Player(model)
    results: list[Result] = []
    for number, project in enumerate(projects):
        result = await player.play(Bench(project), random.Random(number))
        results.append(result)
        if verbose and not result.green:
            print(
                "\n".join(
                    [
                        "=" * 60,
                        result.family,
                        *(f"{b.path}: {b.bad_line!r} -> {b.good_line!r}" for b in project.bugs),
                        *result.transcript,
                    ]
                )
            )
        if sys.stderr.isatty() or number % 20 == 19:
            print(f"{number + 1}: {sum(r.green for r in results)} green", file=sys.stderr, flush=True)
    await player.aclose()
    return results


@contextmanager
def program_with(model: Path) -> Iterator[Path]:
    """A folder to import a copy of the program from, whose bundled model is this one: only to that one it
    says nothing of folders and dates, which would change what is answered."""
    source = Path(qwen_code.__file__).parent
    with tempfile.TemporaryDirectory() as directory:
        copied = Path(directory) / source.name
        shutil.copytree(source, copied, ignore=shutil.ignore_patterns("__pycache__", "*.gguf"))
        shutil.copyfile(model, copied / "local" / "mini" / "mini.gguf")
        yield copied.parent


def through_the_program(program: Path, folder: Path, family: str) -> Result:
    """One package, repaired in place by the program with real pytest.

    Args:
        program: what `program_with` gives.
    """
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "HOME": home,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(program),
        }
        command = [
            *(sys.executable, "-m", "qwen_code", "-m", "mini", "--yolo", "--no-sandbox", "-o", "json"),
            "--max-session-turns",
            str(TURNS),
            "--verify",
            "python -m pytest -q",
            "-p",
            "fix the failing test",
        ]
        started = time.monotonic()
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
    events = json.loads(done.stdout) if done.stdout else []
    last: dict[str, Any] = events[-1] if events else {}
    changed = [path for path, text in before.items() if path.suffix == ".py" and path.read_bytes() != text]
    steps = [f"{path.relative_to(folder)} changed" for path in changed] + [done.stderr[-300:]]
    return Result(
        family,
        done.returncode == 0,
        str(last.get("result", "")),
        int(last.get("num_turns", 0)),
        attempts=sum(map(_edits, events)),
        seconds=time.monotonic() - started,
        transcript=steps,
    )


def _edits(event: dict[str, Any]) -> bool:
    """Whether an event of the program is an answer that edits."""
    parts = event["message"]["content"] if event["type"] == "assistant" else ()
    return any(part["type"] == "tool_use" and part["name"] == "edit" for part in parts)


def report(results: Sequence[Result]) -> str:
    """The table by family, and the sums."""
    by_family: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_family[result.family].append(result)
    lines = ["| family | green | of |", "|---|---|---|"]
    for family, members in sorted(by_family.items()):
        lines.append(f"| {family} | {sum(r.green for r in members)} | {len(members)} |")
    green = sum(r.green for r in results)
    false = sum(not r.honest for r in results)
    first = sum(r.green and r.attempts == 1 for r in results)
    seconds = sorted(r.seconds for r in results)
    turns = dict(sorted(Counter(r.turns for r in results).items()))
    lines.append(
        f"\n{green} of {len(results)} green ({100 * green / len(results):.1f} %), "
        f"{first} with the first edit; {false} false claims; "
        f"median {seconds[len(seconds) // 2]:.1f} s, longest {seconds[-1]:.1f} s; turns {turns}"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Evaluate the demonstration model.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=777)
    parser.add_argument("--program", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    if not (given.folder or given.program):
        projects = list(packages(given.count, given.seed))
        print(report(asyncio.run(on_the_bench(given.model, projects, given.verbose))))
        return
    results = list[Result]()
    with program_with(given.model) as program:
        for name, put in _in_folders(given):
            with tempfile.TemporaryDirectory() as directory:
                results.append(through_the_program(program, put(Path(directory)), name))
            print(
                f"{name}: {'green' if results[-1].green else 'red'}  {results[-1].said}",
                *(results[-1].transcript if given.verbose else ()),
                flush=True,
            )
    print(report(results))


def _in_folders(given: argparse.Namespace) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Names of packages, and what puts each into a directory; it returns where the program is to begin."""
    if given.folder:
        for package in sorted(path for path in given.folder.iterdir() if path.is_dir()):
            yield package.name, partial(_copied, package)
    else:
        for project in packages(given.count, given.seed):
            yield project.bugs[0].family, partial(_written, project)


def _copied(package: Path, directory: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    return Path(shutil.copytree(package, directory / package.name, ignore=ignored))


def _written(project: Project, directory: Path) -> Path:
    write_to(project, directory)
    return directory


if __name__ == "__main__":
    main()
