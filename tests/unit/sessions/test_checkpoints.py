from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from qwen_code.api import open_app
from qwen_code.app import App
from qwen_code.errors import SessionError
from qwen_code.events import TurnEnded
from qwen_code.sessions.file_diffs import difference, net
from qwen_code.sessions.rewind import Rewound
from qwen_code.tool import DiffBlock


def script(*turns: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """A model that makes the calls of each turn one after the other, then says that it is done."""
    steps: list[dict[str, Any]] = []
    for calls in turns:
        steps += [{"calls": [{"name": name, "arguments": arguments}]} for name, arguments in calls]
        steps.append({"text": "Done."})
    path = Path("script.json").resolve()
    path.write_text(json.dumps({"steps": steps, "continues": True}))
    return f"scripted:{path}"


def write(name: str, content: str) -> tuple[str, dict[str, Any]]:
    return "write_file", {"file_path": name, "content": content}


def edit(name: str, old: str, new: str) -> tuple[str, dict[str, Any]]:
    return "edit", {"file_path": name, "old_string": old, "new_string": new}


def read(name: str) -> tuple[str, dict[str, Any]]:
    return "read_file", {"file_path": name}


def shell(command: str) -> tuple[str, dict[str, Any]]:
    return "run_shell_command", {"command": command}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    folder.mkdir()
    return folder


async def turns(app: App, *prompts: str) -> list[TurnEnded]:
    ended = [await app.complete(prompt) for prompt in prompts]
    assert {end.outcome for end in ended} == {"done"}, ended
    return ended


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def rewind(app: App, turn: int, *, commands: bool = False, **how: bool) -> Rewound:
    rewinder = app.session.rewinder()
    return rewinder.rewind(
        rewinder.plan(turn, commands=commands), **{"files": True, "conversation": True, **how}
    )


def open_here(work: Path, model: str, **more: Any) -> Any:
    return open_app(work, model=model, mode="yolo", flags={"sandbox.enabled": False}, **more)


def test_files_and_conversation_go_back_to_before_a_turn(work: Path) -> None:
    model = script(
        [write("a.py", "one\n"), write("n/b.py", "bee\n")], [edit("a.py", "one", "two")], [read("a.py")]
    )

    async def main() -> None:
        async with open_here(work, model) as app:
            await turns(app, "make two files", "change one")
            assert [(p.turn, p.title, len(p.written)) for p in app.session.rewinder().points()] == [
                (1, "make two files", 2),
                (2, "change one", 1),
            ]
            done = rewind(app, 2)
            assert [Path(path).name for path in done.restored] == ["a.py"]
            assert (work / "a.py").read_text() == "one\n"
            await app.resume(app.session_id)
            (session,) = app.sessions()
            assert "change one" not in app.store.export(session.id, "json")
            assert [p.title for p in app.session.rewinder().points()] == ["make two files"]
            rewind(app, 1)
            assert list(work.iterdir()) == []

    asyncio.run(main())


def test_after_a_rewind_a_resumed_session_sends_what_it_sent_before_that_turn(work: Path) -> None:
    model = script([write("a.py", "one\n")], [edit("a.py", "one", "two")], [shell("true")])

    async def main() -> None:
        async with open_here(work, model) as app:
            await turns(app, "first")
            before = json.loads(app.store.export(app.session_id, "json"))["messages"]
            await turns(app, "second")
            rewind(app, 2)
            session = app.session_id
        async with open_here(work, model, resume=session) as app:
            assert json.loads(app.store.export(session, "json"))["messages"] == before
            await turns(app, "another second")
            messages = json.loads(app.store.export(session, "json"))["messages"]
            assert messages[: len(before)] == before
            assert messages[len(before)]["content"] == "another second"
            assert [(p.turn, p.title) for p in app.session.rewinder().points()] == [
                (1, "first"),
                (3, "another second"),
            ]

    asyncio.run(main())


def test_what_a_command_changed_is_taken_back_when_the_person_says_so(work: Path) -> None:
    (work / "kept.txt").write_text("kept\n")
    (work / "moved.txt").write_text("moved\n")
    model = script([shell("echo more >> kept.txt; mv moved.txt away.txt; mkdir d; echo x > d/y")])

    async def main() -> None:
        async with open_here(work, model) as app:
            await turns(app, "use the shell")
            (point,) = app.session.rewinder().points()
            assert {Path(p).name for p in point.by_commands} == {"kept.txt", "moved.txt", "away.txt", "y"}
            assert point.written == ()
            left = rewind(app, 1)
            assert left.restored == ()
            assert (work / "kept.txt").read_text() == "kept\nmore\n"
            rewind(app, 1, commands=True)
            assert {p.name: p.read_text() for p in work.iterdir()} == {
                "kept.txt": "kept\n",
                "moved.txt": "moved\n",
            }

    asyncio.run(main())


def test_what_a_person_writes_while_a_command_runs_is_not_taken_for_the_agents(work: Path) -> None:
    model = script(
        [write("agents.txt", "x"), shell("until [ -e persons.txt ]; do sleep 0.02; done; touch z")]
    )

    async def main() -> None:
        async with open_here(work, model) as app:
            turn = asyncio.create_task(turns(app, "run something long"))
            await asyncio.to_thread(wait_for, work / "agents.txt")
            (work / "persons.txt").write_text("mine")
            await turn
            rewind(app, 1)
            assert (work / "persons.txt").read_text() == "mine"
            assert not (work / "agents.txt").exists()

    asyncio.run(main())


def test_a_command_that_only_reads_costs_no_look_at_the_tree(work: Path) -> None:
    (work / "big.txt").write_text("x" * 5000)
    model = script([shell("ls -l | head -5; git status; cat big.txt")], [shell("touch new")])

    async def main() -> None:
        async with open_here(work, model) as app:
            await app.complete("look")
            kept = app.place.locations.contents(app.session_id)
            assert not kept.exists()
            await turns(app, "touch")
            assert kept.stat().st_size > 5000

    asyncio.run(main())


def test_a_file_changed_since_by_a_person_stops_the_rewind_and_shows_the_difference(work: Path) -> None:
    model = script([write("a.py", "one\n"), write("b.py", "bee\n")])

    async def main() -> None:
        async with open_here(work, model) as app:
            await turns(app, "write")
            (work / "a.py").write_text("one\nand mine\n")
            rewinder = app.session.rewinder()
            planned = rewinder.plan(1, commands=False)
            (step,) = planned.having("changed")
            block = difference(step.by_person, "a.py", rewinder.contents)
            assert isinstance(block, DiffBlock)
            assert "+and mine" in block.diff
            with pytest.raises(SessionError, match=r"Changed since by somebody else: a\.py"):
                rewind(app, 1)
            assert (work / "b.py").exists()
            assert len(app.session.rewinder().points()) == 1
            done = rewind(app, 1, keep_changed=True)
            assert [Path(p).name for p in done.left] == ["a.py"]
            assert {p.name: p.read_text() for p in work.iterdir()} == {"a.py": "one\nand mine\n"}

    asyncio.run(main())


def test_files_alone_or_the_conversation_alone(work: Path) -> None:
    model = script([write("a.py", "one\n")], [edit("a.py", "one", "two")])

    async def main() -> None:
        async with open_here(work, model) as app:
            await turns(app, "first", "second")
            rewind(app, 2, conversation=False)
            assert (work / "a.py").read_text() == "one\n"
            assert len(app.session.rewinder().points()) == 2
            rewind(app, 2, files=False)
            assert [p.title for p in app.session.rewinder().points()] == ["first"]
            assert (work / "a.py").read_text() == "one\n"

    asyncio.run(main())


def test_changes_of_turns_that_only_the_conversation_left_are_still_taken_back(work: Path) -> None:
    model = script([write("a.py", "one\n")], [edit("a.py", "one", "two")])

    async def main() -> None:
        async with open_here(work, model) as app:
            await turns(app, "first", "second")
            rewind(app, 2, files=False)
            rewind(app, 1)
            assert list(work.iterdir()) == []

    asyncio.run(main())


def test_the_net_change_of_a_session_and_that_of_each_turn(work: Path) -> None:
    model = script(
        [write("a.py", "one\n"), write("gone.py", "x\n")], [edit("a.py", "one", "two"), shell("rm gone.py")]
    )

    async def main() -> None:
        async with open_here(work, model) as app:
            await turns(app, "first", "second")
            history = app.session.rewinder().history
            shown = {
                turn: {Path(c.path).name: (c.before.kind, c.after.kind) for c in net(changes)}
                for turn, changes in ((0, history.changes), (1, history.of(1)), (2, history.of(2)))
            }
            assert shown == {
                0: {"a.py": ("absent", "file")},
                1: {"a.py": ("absent", "file"), "gone.py": ("absent", "file")},
                2: {"a.py": ("file", "file"), "gone.py": ("file", "absent")},
            }

    asyncio.run(main())


def test_a_limit_of_nothing_keeps_nothing_and_a_small_one_says_so(work: Path) -> None:
    model = script(
        [write("a.py", "x" * 3000 + "\n"), write("b.py", "y" * 3000), shell("echo >> a.py; echo >> b.py")]
    )
    told: list[str] = []

    async def main(limit: float) -> None:
        flags = {"sandbox.enabled": False, "sessions.checkpointLimitMb": limit}
        async with open_app(work, model=model, mode="yolo", flags=flags, warn=told.append) as app:
            await turns(app, "write")
            kept = app.place.locations.contents(app.session_id)
            assert kept.exists() is bool(limit)
            assert len(app.session.rewinder().history.changes) == (4 if limit else 0)

    asyncio.run(main(0))
    assert told == []
    (work / "a.py").unlink()
    (work / "b.py").unlink()
    asyncio.run(main(0.004))
    assert told == ["sessions.checkpointLimitMb is reached, so /rewind will leave alone: b.py."]
