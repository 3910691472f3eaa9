"""`python -m benchmarks.marathon`: a day's work in a small window, and what it did to the context.

The program runs as a process against a server that refuses prompts above its window, counted with Qwen's own
tokenizer. The script plays a model at work: it searches, reads, runs commands and changes files, answer after
answer, and sums up when it is asked to. Twice the program is killed at work, one turn is taken back, and the
end is made with a copied home directory. What the server saw is the measure: whether a request was ever too
long, whether the prefix ever moved unannounced, how much new text there was for each compaction, and whether
task and changed files are still known at the end.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.process import Run
from benchmarks.scenarios import OURS, environment
from tests.support.chat_server import ChatServer, Reply, Request
from tests.support.qwen_tokens import canonical

WINDOW = 32_768
ANSWERS = 300
TASK = "Rename the package `old` to `new`, module by module, and keep the notes in NOTES.md up to date."
PROMPTS = (TASK, "Go on with the next modules. The tests must stay fast.", "Finish what is left.")
MODULES = 30
OUT = Path(__file__).parent / "out" / "marathon.json"

_WORDS = (
    "parse",
    "value",
    "token",
    "cache",
    "index",
    "merge",
    "filter",
    "report",
    "limit",
    "window",
    "entry",
)


class Work:
    """The script: what the model answers to the nth request for an answer."""

    def __init__(self) -> None:
        self.done = 0
        self.stop_at = 0
        """Answers after which the turn ends."""
        self.changed: list[str] = []
        self.summaries = 0
        self.kill_at = 0
        """Answers after which the program is killed, instead of getting the next one."""
        self.kill: Callable[[], None] = lambda: None

    def __call__(self, request: Request, number: int) -> Reply:
        if self.kill_at and self.done == self.kill_at:
            self.kill_at = 0
            self.kill()
            return Reply("This answer reaches nobody.")
        last = request.messages[-1]
        if last["role"] == "user" and last["content"].startswith("Stop here and sum up."):
            self.summaries += 1
            return Reply(_summary(self.changed, self.done))
        if self.done >= self.stop_at:
            return Reply(f"{self.done} steps are done; the last one is checked.")
        self.done += 1
        return _step(self.done, self.changed)


def _step(number: int, changed: list[str]) -> Reply:
    dice = random.Random(number)
    module = f"old/module_{number % MODULES}.py"
    thought = f"Step {number}: {' '.join(dice.choices(_WORDS, k=dice.randint(10, 60)))}."
    kind = number % 5
    if kind == 0:
        path = f"new/module_{number // 5}.py"
        changed.append(path)
        body = "\n".join(
            f"def {a}_{n}(x):\n    return {a}(x)" for n, a in enumerate(dice.choices(_WORDS, k=9))
        )
        return Reply(thought, (("write_file", {"file_path": path, "content": body}),))
    if kind == 1:
        return Reply(thought, (("grep_search", {"pattern": dice.choice(_WORDS), "path": module}),))
    if kind == 2:
        arguments = {"file_path": module, "offset": 2 * number % 200, "limit": dice.randint(20, 90)}
        return Reply(thought, (("read_file", arguments),))
    lines = dice.randint(5, 120)
    command = f"sed -n '1,{lines}p' {module}; echo {number} passed"
    return Reply(thought, (("run_shell_command", {"command": command}),))


def _summary(changed: Sequence[str], done: int) -> str:
    files = "\n".join(f"- {path}: written" for path in changed[-12:])
    return (
        f"## Task\n{TASK}\n\n## Decisions\nModules keep their names; imports are relative.\n\n"
        f"## Files\n{files}\n\n## Open problems\nNone known.\n\n## Next step\nStep {done + 1}."
    )


@dataclass
class Marathon:
    """One session in one project, in as many runs as it takes."""

    directory: Path
    window: int = WINDOW
    work: Work = field(default_factory=Work)
    requests: list[Request] = field(default_factory=list[Request])
    """Of all runs, in their order, those that were refused left out."""
    refused: int = 0
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Every `compacted` message of the runs' stream-json."""
    failures: list[str] = field(default_factory=list[str])
    home: Path | None = None
    kills: int = 0
    rewinds: int = 0
    rewound_whole: bool = True
    """Whether the files were as before after each rewind."""

    def environment(self, url: str = "") -> dict[str, str]:
        found = environment(self.directory, url)
        return found | {"HOME": str(self.home)} if self.home else found

    def prepare(self) -> None:
        """The project to work in."""
        (self.directory / "old").mkdir(parents=True)
        (self.directory.parent / "home").mkdir(exist_ok=True)
        for number in range(MODULES):
            dice = random.Random(number)
            lines = [f"{dice.choice(_WORDS)}_{n} = {dice.choice(_WORDS)}({n})" for n in range(300)]
            (self.directory / "old" / f"module_{number}.py").write_text("\n".join(lines) + "\n")

    def leg(self, prompt: str, answers: int, *arguments: str) -> None:
        """One run of the program: `prompt`, `answers` answers with calls, and a last one without."""
        self.work.stop_at = self.work.done + answers
        with ChatServer(self.work, window=self.window) as server:
            command = [*OURS, "-o", "stream-json", *arguments, "-p", prompt]
            run = Run(command, self.directory, self.environment(server.base_url))
            self.work.kill = run.kill
            dies = self.work.kill_at > 0
            cost = run.wait()
        self.take(server, cost.output)
        self.kills += dies
        if (cost.code == 0) == dies:
            self.failures.append(f"exit code {cost.code}: {cost.output[-500:]}")

    def killed_leg(self, prompt: str, answers: int, *arguments: str) -> None:
        """As `leg`, killed half-way; another run goes on with what was left."""
        goal = self.work.done + answers
        self.work.kill_at = self.work.done + answers // 2
        self.leg(prompt, answers, *arguments)
        self.leg("Go on where you were.", goal - self.work.done, "--continue")

    def rewound_leg(self, turn: int) -> None:
        """A turn that the person takes back."""
        done, changed, files = self.work.done, list(self.work.changed), self._files()
        self.leg("Try another way.", 5, "--continue")
        command = [*OURS[:3], "sessions", "rewind", "--to", str(turn), "--commands"]
        cost = Run(command, self.directory, self.environment()).wait()
        if cost.code != 0:
            self.failures.append(f"rewind: exit code {cost.code}: {cost.output[-500:]}")
        self.rewinds += 1
        self.rewound_whole &= self._files() == files
        self.work.done, self.work.changed = done, changed

    def _files(self) -> dict[str, str]:
        return {str(path): path.read_text() for path in self.directory.rglob("*.py")}

    def move_home(self) -> None:
        """Go on with a copy of the home directory, as on another machine."""
        copy = self.directory.parent / "home-copy"
        shutil.copytree(self.directory.parent / "home", copy)
        self.home = copy

    def take(self, server: ChatServer, output: str) -> None:
        """What a run's server and its output tell."""
        self.refused += len(server.refused)
        self.requests += [request for request in server.requests if request not in server.refused]
        for line in output.splitlines():
            if line.startswith("{") and (message := json.loads(line)).get("subtype") == "compacted":
                self.told.append(message["data"])

    def figures(self) -> list[Figure]:
        breaks = sum(not _goes_on(*pair) for pair in pairwise(self.requests))
        sizes = [request.prompt_tokens for request in self.requests]
        new = sizes[0] + sum(
            after.prompt_tokens - before.prompt_tokens
            for before, after in pairwise(self.requests)
            if _goes_on(before, after)
        )
        summed_up = sum(told["kind"] != "outputs" for told in self.told)
        again = sum(told["tokens_evaluated_again"] for told in self.told)
        known = sum(TASK in str(request.body) for request in self.requests)
        last = str(self.requests[-1].body)
        return [
            Figure("runs that failed", len(self.failures), at_most=0),
            Figure("answers with calls", self.work.done, at_least=ANSWERS),
            Figure("requests beyond the window", self.refused, at_most=0),
            Figure("longest prompt, share of the window", max(sizes) / self.window, at_most=1),
            Figure("compactions", len(self.told), at_least=3),
            Figure("of them by a summary", summed_up),
            Figure("kills", self.kills, at_least=2),
            Figure(
                "rewinds after which all files were as before", self.rewinds * self.rewound_whole, at_least=1
            ),
            Figure(
                "breaks of the prefix that were not told", breaks - len(self.told) - self.rewinds, at_most=0
            ),
            Figure("new tokens", new),
            Figure("new tokens for each compaction", new / max(len(self.told), 1), at_least=24_000),
            Figure("new tokens for each summary", new / max(summed_up, 1), at_least=24_000),
            Figure("tokens read again for each compaction", again / max(len(self.told), 1)),
            Figure("requests that hold the task (1 = all)", known / len(self.requests), at_least=1),
            Figure("changed files that the last request names", _named(self.work.changed, last), at_least=1),
            Figure("files that are as the model wrote them", self._written(), at_least=1),
        ]

    def _written(self) -> float:
        """Share of the files that exist with what was written last."""
        found = [path for path in self.work.changed if (self.directory / path).is_file()]
        return len(found) / max(len(self.work.changed), 1)


def _goes_on(before: Request, after: Request) -> bool:
    """Whether a request has the one before as its exact prefix."""
    return canonical(after.body).startswith(canonical(before.body))


def _named(paths: Sequence[str], text: str) -> float:
    return sum(path in text for path in paths) / max(len(paths), 1)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="qwen-marathon-") as folder:
        marathon = Marathon(Path(folder) / "project")
        marathon.prepare()
        part = ANSWERS // len(PROMPTS)
        print("two runs, each killed half-way and continued ...", file=sys.stderr, flush=True)
        marathon.killed_leg(PROMPTS[0], part)
        marathon.killed_leg(PROMPTS[1], part, "--continue")
        print("a turn that is taken back, then the rest with a copied home ...", file=sys.stderr, flush=True)
        marathon.rewound_leg(turn=5)
        marathon.move_home()
        marathon.leg(PROMPTS[2], ANSWERS - marathon.work.done, "--continue")
        figures = marathon.figures()
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        print(figure.row(width))
    for failure in marathon.failures:
        print(failure)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([figure.as_dict() for figure in figures], indent=1) + "\n")
    return 1 if any(figure.met is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
