"""First edits that the model gets wrong, so that training can show it how to go on from just those.

    python -m mini_model.mistakes MODEL.gguf --count 3000    # adds to build/mistakes.jsonl

An attempt that a teacher makes up is seldom the one that the model would make, so it never learns not to make
that one again (the reasoning of DAgger: Ross, Gordon and Bagnell, 2011).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path

from mini_model.project import Project, make_project
from mini_model.repair import Repair
from mini_model.tasks.base import all_tasks
from mini_model.tool_answers import refused
from mini_model.trace import Call, Trace

HOME = Path(__file__).resolve().parent.parent / "build" / "mistakes.jsonl"
_FIRST_EDIT = 4
"""The turn of the first edit: run, search, read, edit."""
_BRIEF = 0.7


@dataclass(frozen=True, slots=True)
class Mistake:
    """An edit of the project with a number that left its tests red."""

    number: int
    old: str
    new: str

    def trace(self, rng: random.Random) -> Trace | None:
        """The repair that begins with it."""
        project = numbered(self.number)
        if project is None:
            return None
        path = project.bugs[0].path
        call = Call("edit", {"file_path": path, "old_string": self.old, "new_string": self.new}, learn=False)
        return Repair(project, rng, brief=rng.random() < _BRIEF).tell(1, first=call)


def numbered(number: int) -> Project | None:
    """A project with one bug; always the same for a number, or none."""
    rng = random.Random(f"mistake/{number}")
    return make_project(rng, all_tasks(), size=0.15 + 0.7 * rng.random() ** 0.5)


def read(path: Path = HOME) -> list[Mistake]:
    """All that were found; none where there is no file."""
    if not path.exists():
        return []
    return [Mistake(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


async def found(model: Path, numbers: Iterable[int]) -> AsyncIterator[Mistake]:
    """What the model gets wrong in the projects with these numbers."""
    from mini_model.evaluate import Bench, Player

    player = Player(model, threads=1)
    for number in numbers:
        project = numbered(number)
        if project is None:
            continue
        path, before = project.bugs[0].path, project.files[project.bugs[0].path]
        bench = Bench(project)
        result = await player.play(bench, random.Random(number), turns=_FIRST_EDIT)
        if bench.green or len(result.edits) != 1 or result.edits[0].get("file_path") != path:
            continue
        edit = result.edits[0]
        mistake = Mistake(number, str(edit.get("old_string", "")), str(edit.get("new_string", "")))
        undone = before.replace(mistake.old, mistake.new).count(mistake.new) == 1
        if undone or refused(path, before, mistake.old, mistake.new):
            yield mistake
    await player.aclose()


async def _add(model: Path, numbers: Sequence[int]) -> None:
    with HOME.open("a", encoding="utf-8") as file:
        async with aclosing(found(model, numbers)) as mistakes:
            async for mistake in mistakes:
                file.write(json.dumps(asdict(mistake)) + "\n")
                file.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Collect first edits that the model gets wrong.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    given = parser.parse_args()
    asyncio.run(_add(given.model, range(given.start, given.start + given.count)))


if __name__ == "__main__":
    main()
