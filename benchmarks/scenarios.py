"""The scenarios of the overhead benchmark: each measures qwen-code and a floor in the same minute."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.process import Cost, Run, measure
from benchmarks.server import ChatServer, Reply, Script
from tests.support.qwen_tokens import canonical, count

ROOT = Path(__file__).parent.parent
PYTHON = sys.executable
OURS = [PYTHON, "-m", "qwen_code", "--yolo", "--no-sandbox"]
FLOOR = [PYTHON, str(ROOT / "benchmarks/floor.py")]
RUNS = 5
PROMPT = "fix the failing tests"
FILE = "opening_hours/intervals.py"

REPAIR = (
    Reply("First the tests.", (("run_shell_command", {"command": "python -m pytest -q"}),)),
    Reply("Now the code.", (("read_file", {"file_path": FILE}),)),
    Reply(
        "Touching intervals must merge.",
        (
            (
                "edit",
                {
                    "file_path": FILE,
                    "old_string": "interval.start < merged[-1].end",
                    "new_string": "interval.start <= merged[-1].end",
                },
            ),
        ),
    ),
    Reply("Again.", (("run_shell_command", {"command": "python -m pytest -q"}),)),
    Reply("Fixed: `merge` compared with `<`."),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of an agent against the scripted server."""

    cost: Cost
    server: ChatServer

    @property
    def first_request_cpu(self) -> float:
        return self.cost.cpu_at[0]

    @property
    def exit_tail(self) -> float:
        return self.cost.ended - self.server.answered[-1]


@contextmanager
def project(example: str | None = "fix_failing_test") -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="qwen-bench-") as directory:
        path = Path(directory) / "project"
        if example is None:
            path.mkdir()
        else:
            shutil.copytree(ROOT / "examples" / example, path, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(directory) / "home").mkdir()
        yield path


def environment(directory: Path, url: str = "") -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "QWEN_"))}
    return {
        **kept,
        "HOME": str(directory.parent / "home"),
        "PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(ROOT),
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": "none",
        "OPENAI_MODEL": "bench",
    }


def agent(command: list[str], script: Script, directory: Path, prompt: str = PROMPT) -> Measured:
    """Run one agent to its end; its cost at each request is noted."""
    with ChatServer(script) as server:
        run = Run([*command, prompt], directory, environment(directory, server.url))
        server.on_request = run.mark
        cost = run.wait()
    if cost.code != 0:
        raise RuntimeError(f"{command} failed with {cost.code}:\n{cost.output}")
    return Measured(cost, server)


def repeated(command: list[str], script: Script, example: str | None = "fix_failing_test") -> list[Measured]:
    runs: list[Measured] = []
    for _ in range(RUNS):
        with project(example) as directory:
            runs.append(agent(command, script, directory))
    return runs


def med(values: list[float]) -> float:
    return statistics.median(values)


def repair() -> list[Figure]:
    """The five-turn repair of examples/fix_failing_test."""

    def script(answers: int) -> Reply:
        return REPAIR[min(answers, len(REPAIR) - 1)]

    ours, floor = repeated([*OURS, "-p"], script), repeated(FLOOR, script)
    # What the test command costs is known from the floor, which adds nothing to it but its shell.
    tests = med([run.cost.cpu_s - run.cost.own_cpu_s for run in floor])
    bodies = ours[0].server.requests()
    prompts = [canonical(body) for body in bodies]
    tokens = [count(prompt) for prompt in prompts]
    with project() as directory:
        other = directory.parent / "another-project-of-another-name"
        directory.rename(other)
        first = canonical(agent([*OURS, "-p"], script, other, "explain this project").server.requests()[0])
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, prompts[0], strict=False)))
    stable = all(after.startswith(before) for before, after in pairwise(prompts))
    return [
        Figure("first request, tokens", tokens[0], at_most=3000),
        Figure("first request, share equal in another project", same / len(first), at_least=0.97),
        Figure("five steps, tokens in all", sum(tokens), at_most=17_000),
        Figure("five steps, requests beyond need", len(bodies) - len(REPAIR), at_most=0),
        Figure("five steps, prefix stable (1 = all)", float(stable), at_least=1),
        Figure("resume, prefix stable (1 = all)", _resumed_prefix(), at_least=1),
        Figure(
            "CPU to first request",
            med([run.first_request_cpu for run in ours]),
            "s",
            med([run.first_request_cpu for run in floor]),
            2.5,
        ),
        Figure(
            "wall to first request",
            med([run.server.arrived[0] - run.cost.started for run in ours]),
            "s",
            med([run.server.arrived[0] - run.cost.started for run in floor]),
        ),
        Figure(
            "CPU of the five steps less the tests",
            med([run.cost.cpu_s for run in ours]) - tests,
            "s",
            med([run.cost.own_cpu_s for run in floor]),
            3,
        ),
        Figure(
            "wall of the five steps",
            med([run.cost.wall_s for run in ours]),
            "s",
            med([run.cost.wall_s for run in floor]),
        ),
        Figure("peak memory", med([run.cost.peak_mb for run in ours]), "MB", at_most=60),
        Figure("exit after the last answer", med([run.exit_tail for run in ours]), "s", at_most=0.1),
    ]


def _resumed_prefix() -> float:
    """1 when a resumed session's first request has the last one before it as its exact prefix."""

    def script(answers: int) -> Reply:
        return REPAIR[min(answers, len(REPAIR) - 1)]

    with project() as directory:
        before = agent([*OURS, "-p"], script, directory).server.requests()[-1]
        after = agent([*OURS, "--continue", "-p"], script, directory, "and now?").server.requests()[0]
    return float(canonical(after).startswith(canonical(before)))


def startup() -> list[Figure]:
    """--version and --help against a bare interpreter."""
    with project() as directory:
        env = environment(directory)

        def cpu(*command: str) -> float:
            return min(measure([PYTHON, *command], directory, env).cpu_s for _ in range(7))

        bare = cpu("-c", "pass")
        return [
            Figure("--version, CPU", cpu("-m", "qwen_code", "--version"), "s", bare, 5),
            Figure("--help, CPU", cpu("-m", "qwen_code", "--help"), "s", bare, 10),
        ]


def many_turns(turns: int = 200) -> list[Figure]:
    """A long session: each turn reads a command's 4 KB of output."""

    def script(answers: int) -> Reply:
        if answers >= turns:
            return Reply("Done.")
        command = f"echo {answers}; head -c 4000 /dev/zero | tr '\\0' x | fold -w 79"
        return Reply("", (("run_shell_command", {"command": command}),))

    with project(None) as directory:
        ours = agent([*OURS, "-p"], script, directory)
    with project(None) as directory:
        floor = agent(FLOOR, script, directory)

    def gap(run: Measured, turn: int) -> float:
        arrived, answered = run.server.arrived, run.server.answered
        return med([arrived[n + 1] - answered[n] for n in range(turn - 10, turn)])

    growth = max(ours.cost.rss_at) - ours.cost.rss_at[9]
    tools = _tool_cpu(script, turns)
    return [
        Figure("turn 200 against turn 10", gap(ours, turns), "s", gap(ours, 15), 1.3),
        Figure("200 turns, CPU less the commands", ours.cost.cpu_s - tools, "s", floor.cost.cpu_s - tools, 2),
        Figure("200 turns, memory growth", growth, "MB", at_most=10),
    ]


def _tool_cpu(script: Script, turns: int) -> float:
    """CPU of the commands alone."""
    commands = [script(turn).calls[0][1]["command"] for turn in range(0, turns, 10)]
    with project(None) as directory:
        env = environment(directory)
        spent = sum(measure(["bash", "-c", command], directory, env).cpu_s for command in commands)
    return spent * turns / len(commands)


def big_output() -> list[Figure]:
    """A command that prints 50 MB."""
    command = "yes \"$(printf '%099d' 7)\" | head -c 50000000"

    def script(answers: int) -> Reply:
        return Reply("Done.") if answers else Reply("", (("run_shell_command", {"command": command}),))

    with project(None) as directory:
        floor = med(
            [measure([*FLOOR, "--pipe", command], directory, environment(directory)).wall_s for _ in range(3)]
        )
        bare = med(
            [measure([*FLOOR, "--pipe", "true"], directory, environment(directory)).wall_s for _ in range(3)]
        )
    with project(None) as directory:
        run = agent([*OURS, "-p"], script, directory)
        result = run.server.requests()[-1]["messages"][-1]["content"]
        kept = [
            p
            for p in (directory.parent / "home").rglob("*")
            if p.is_file() and p.stat().st_size >= 50_000_000
        ]
    gap = run.server.arrived[1] - run.server.answered[0]
    return [
        Figure("50 MB of output, time", gap, "s", floor - bare, 4),
        Figure("50 MB of output, memory growth", run.cost.peak_mb - run.cost.rss_at[0], "MB", at_most=20),
        Figure("50 MB of output, bytes to the model", len(result.encode()), "B", at_most=16_384),
        Figure("50 MB of output, kept whole (files)", len(kept), at_least=1),
    ]


def search(files: int = 100_000) -> list[Figure]:
    """glob and grep over many files, and the first request in such a tree."""
    rg = shutil.which("rg")
    with project(None) as directory:
        for n in range(files):
            folder = directory / f"d{n % 500}"
            if n < 500:
                folder.mkdir()
            (folder / f"f{n}.py").write_text(f"value_{n} = {n}\n" * 3)
        env = environment(directory)

        def timed(tool: str, arguments: dict[str, object]) -> float:
            def script(answers: int) -> Reply:
                return Reply("Done.") if answers else Reply("", ((tool, dict(arguments)),))

            runs = [agent([*OURS, "-p"], script, directory) for _ in range(3)]
            return min(run.server.arrived[1] - run.server.answered[0] for run in runs)

        first = [agent([*OURS, "-p"], lambda _: Reply("Done."), directory) for _ in range(RUNS)]
        glob = timed("glob", {"pattern": "**/f99*.py"})
        grep = timed("grep_search", {"pattern": "value_99999 ="})
        floors: list[float | None] = [None, None]
        if rg:
            commands = [[rg, "--files", "-g", "**/f99*.py"], [rg, "-n", "value_99999 ="]]
            floors = [min(measure(c, directory, env).wall_s for _ in range(3)) for c in commands]
    with project(None) as directory:
        empty = [agent([*OURS, "-p"], lambda _: Reply("Done."), directory) for _ in range(RUNS)]
    return [
        Figure("glob over 100,000 files", glob, "s", floors[0], None),
        Figure("grep over 100,000 files", grep, "s", floors[1], None),
        Figure(
            "first request in 100,000 files, CPU",
            med([run.first_request_cpu for run in first]),
            "s",
            med([run.first_request_cpu for run in empty]),
            1.1,
        ),
    ]


def long_answer(tokens: int = 20_000) -> list[Figure]:
    """20,000 streamed tokens."""

    def script(answers: int) -> Reply:
        return Reply("The end.", filler=tokens)

    def short(answers: int) -> Reply:
        return Reply("The end.")

    def extra(command: list[str]) -> float:
        with_tokens = med([run.cost.cpu_s for run in repeated(command, script, None)])
        return with_tokens - med([run.cost.cpu_s for run in repeated(command, short, None)])

    return [Figure("20,000 streamed tokens, CPU", extra([*OURS, "-p"]), "s", extra(FLOOR))]
