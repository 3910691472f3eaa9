from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.file_state import FileState, look
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.undo import Change, Step, Undone, plan_undo, undo


class Agent:
    """Changes files and remembers what was there, as the checkpoints do."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "w"
        self.root.mkdir()
        self.store = ContentStore(folder / "kept", limit_bytes=10**8)
        self.changes: list[Change] = []

    def does(self, work: Callable[[], object], *paths: Path) -> None:
        before = [look(path, self.store) for path in paths]
        work()
        for path, old in zip(paths, before, strict=True):
            self.changes.append(Change(str(path), old, look(path, self.store)))

    def writes(self, name: str, content: str) -> Path:
        path = self.root / name
        parents = [p for p in reversed(path.parents) if p.is_relative_to(self.root) and not p.exists()]

        def write() -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

        self.does(write, *parents, path)
        return path

    def removes(self, name: str) -> None:
        self.does((self.root / name).unlink, self.root / name)

    def plan(self) -> dict[str, Step]:
        return {Path(s.path).name: s for s in plan_undo(self.changes, self.store)}

    def undone(self) -> Undone:
        return undo(plan_undo(self.changes, self.store), self.store, Workspace(self.root))


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def person(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


Snapshot = dict[str, tuple[str, int, bytes | str]]


def snapshot(root: Path) -> Snapshot:
    found: Snapshot = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path)] = ("link", 0, os.readlink(path))  # noqa: PTH115 - in its own spelling
        elif path.is_dir():
            found[str(path)] = ("directory", path.stat().st_mode, b"")
        else:
            found[str(path)] = ("file", path.stat().st_mode, path.read_bytes())
    return found


def test_everything_is_as_it_was(agent: Agent) -> None:
    root = agent.root
    person(root / "edited", "mine\n").chmod(0o640)
    person(root / "removed", "also mine\n").chmod(0o755)
    person(root / "d/e/inner", "x").parent.chmod(0o750)
    (root / "link").symlink_to("./edited")
    (root / "to file").symlink_to("nowhere")
    before = snapshot(root)
    agent.writes("edited", "theirs\n")
    agent.writes("edited", "theirs again\n")
    agent.removes("removed")
    agent.writes("new/deep/file", "x")
    inner = [root / "d/e/inner", root / "d/e", root / "d"]
    agent.does(lambda: shutil.rmtree(root / "d"), *inner)
    agent.does(lambda: ((root / "link").unlink(), (root / "link").mkdir()), root / "link")
    agent.does(lambda: ((root / "to file").unlink(), (root / "to file").write_text("x")), root / "to file")
    assert agent.undone().failed == ()
    assert snapshot(root) == before
    assert agent.undone().restored == ()


def test_a_file_that_a_person_changed_since_is_left_alone_and_shown(agent: Agent) -> None:
    agent.writes("f", "agent")
    person(agent.root / "f", "person")
    step = agent.plan()["f"]
    assert step.verdict == "changed"
    assert (step.expected.sha256, step.found.sha256) == (
        agent.changes[0].after.sha256,
        look(agent.root / "f").sha256,
    )
    assert agent.undone() == Undone((), ())
    assert (agent.root / "f").read_text() == "person"


def test_a_persons_change_between_two_of_the_agents_is_not_lost(agent: Agent) -> None:
    person(agent.root / "f", "old")
    agent.writes("f", "agent")
    between = person(agent.root / "f", "person")
    agent.writes("f", f"{between.read_text()} and agent")
    assert agent.plan()["f"].verdict == "changed"
    agent.undone()
    assert (agent.root / "f").read_text() == "person and agent"


def test_a_file_that_a_person_removed_stays_removed(agent: Agent) -> None:
    person(agent.root / "f", "old")
    agent.writes("f", "new")
    (agent.root / "f").unlink()
    assert agent.plan()["f"].verdict == "changed"
    agent.undone()
    assert not (agent.root / "f").exists()


def test_what_a_person_put_back_already_needs_nothing(agent: Agent) -> None:
    person(agent.root / "f", "old")
    agent.writes("f", "new")
    person(agent.root / "f", "old")
    assert agent.plan()["f"].verdict == "already"


def test_a_directory_of_the_agents_stays_while_something_is_in_it(agent: Agent) -> None:
    agent.writes("d/agents", "x")
    person(agent.root / "d/persons", "y")
    done = agent.undone()
    assert sorted(p.name for p in (agent.root / "d").iterdir()) == ["persons"]
    assert [(Path(path).name, reason) for path, reason in done.failed] == [("d", "directory not empty")]


def test_permissions_come_back_but_not_over_those_that_a_person_gave(agent: Agent) -> None:
    person(agent.root / "f", "x").chmod(0o644)
    agent.does(lambda: (agent.root / "f").chmod(0o755), agent.root / "f")
    agent.undone()
    assert (agent.root / "f").stat().st_mode & 0o777 == 0o644
    agent.changes.clear()
    agent.writes("f", "y")
    (agent.root / "f").chmod(0o600)
    agent.undone()
    assert ((agent.root / "f").read_text(), (agent.root / "f").stat().st_mode & 0o777) == ("x", 0o600)


def test_content_that_was_not_kept_is_never_a_reason_to_delete(agent: Agent) -> None:
    path = person(agent.root / "big", "large")
    lost = FileState("file", 0o644, size=5, kept=False)
    agent.does(lambda: path.write_text("changed"), path)
    agent.changes[0] = Change(str(path), lost, agent.changes[0].after)
    step = agent.plan()["big"]
    assert (step.verdict, step.reason) == ("lost", "what it held before was not kept")
    agent.undone()
    assert path.read_text() == "changed"


def test_a_file_whose_other_name_lies_elsewhere_is_left_alone(agent: Agent, tmp_path: Path) -> None:
    person(agent.root / "f", "old")
    os.link(agent.root / "f", tmp_path / "other name")
    agent.does(lambda: (agent.root / "f").write_text("new"), agent.root / "f")
    assert agent.plan()["f"].verdict == "lost"
    agent.undone()
    assert (tmp_path / "other name").read_text() == "new"


def test_a_change_that_was_announced_and_never_came_to_be_does_not_matter(agent: Agent) -> None:
    path = person(agent.root / "f", "old")
    announced = FileState("file", 0o644, agent.store.put(b"never written"), 13)
    agent.changes.append(Change(str(path), look(path, agent.store), announced))
    agent.writes("f", "new")
    agent.undone()
    assert path.read_text() == "old"


def test_a_link_put_in_the_way_is_not_followed(agent: Agent, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    person(outside / "f", "theirs")
    agent.writes("d/f", "theirs")
    steps = plan_undo(agent.changes, agent.store)
    shutil.rmtree(agent.root / "d")
    (agent.root / "d").symlink_to(outside)
    done = undo(steps, agent.store, Workspace(agent.root))
    assert (outside / "f").read_text() == "theirs"
    assert str(agent.root / "d/f") in dict(done.failed)


NAMES = ["a", "b", "d/c", "d/e/f", "g"]


@pytest.mark.parametrize("seed", range(80))
def test_not_one_byte_that_a_person_wrote_is_changed_by_undo(agent: Agent, seed: int) -> None:
    rng = random.Random(seed)
    for name in rng.sample(NAMES, 3):
        person(agent.root / name, f"original {name}")
    had_before_agent: dict[str, bytes | None] = {}
    written_by_person_since: set[str] = set()
    for number in range(rng.randrange(1, 14)):
        path = agent.root / rng.choice(NAMES)
        removes = rng.random() < 0.25 and path.exists()
        if rng.random() < 0.65:
            had_before_agent.setdefault(str(path), path.read_bytes() if path.exists() else None)
            name = str(path.relative_to(agent.root))
            agent.removes(name) if removes else agent.writes(name, f"agent {number}")
        elif removes:
            path.unlink()
            written_by_person_since.discard(str(path))
        else:
            person(path, f"person {number}")
            written_by_person_since.update({str(path)} & had_before_agent.keys())
    before = snapshot(agent.root)
    done = agent.undone()
    after = snapshot(agent.root)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed <= set(done.restored)
    assert not changed & written_by_person_since
    for path in changed & had_before_agent.keys():
        assert after.get(path, ("", 0, None))[2] == had_before_agent[path]
    for path in changed - had_before_agent.keys():
        assert before[path][0] == "directory"
        assert path not in after


def test_five_hundred_files_come_back_and_a_second_run_finds_nothing_to_do(agent: Agent) -> None:
    for number in range(500):
        person(agent.root / f"d{number % 20}/f{number}", f"old {number}\n" * 20)
    before = snapshot(agent.root)
    for number in range(500):
        agent.writes(f"d{number % 20}/f{number}", f"new {number}\n")
    assert len(agent.undone().restored) == 500
    assert snapshot(agent.root) == before
    assert {step.verdict for step in plan_undo(agent.changes, agent.store)} == {"already"}
