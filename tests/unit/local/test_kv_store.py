from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local.gguf import read_header
from qwen_code.local.kv_sidecar import read_sidecar
from qwen_code.local.kv_store import KvStore, forget, identity_of, tidy
from tests.support.tiny_models import TinyModel, needs_llama_cpp

IDENTITY = "a" * 64
LIMIT = 10**6


def _writes(content: bytes) -> Callable[[Path], bool]:
    def write(path: Path) -> bool:
        path.write_bytes(content)
        return True

    return write


def _save(
    store: KvStore,
    chain: Sequence[str],
    *,
    content: bytes = b"state",
    label: str = "",
    pending: Sequence[int] = (),
    checkpoints: Sequence[tuple[int, bytes]] = (),
) -> bool:
    lengths = [10 * (n + 1) for n in range(len(chain))]
    return store.save(
        chain=chain,
        lengths=lengths,
        evaluated=lengths[-1] - len(pending),
        pending=pending,
        size=len(content),
        write=_writes(content),
        checkpoints=checkpoints,
        label=label,
    )


@pytest.fixture
def store(tmp_path: Path) -> KvStore:
    return KvStore(tmp_path / "kv", IDENTITY, limit_bytes=LIMIT)


def _files(tmp_path: Path) -> list[str]:
    return sorted(path.suffix for path in (tmp_path / "kv").glob("*/*"))


def test_a_saved_conversation_is_found_by_what_it_begins_with(store: KvStore) -> None:
    assert _save(store, ["a", "b", "c"], pending=[5, 6])
    found = store.best_for(["a", "b", "c", "d"], cuttable=False, better_than=0)
    assert found is not None
    assert (found.chain, found.evaluated, found.pending) == (("a", "b", "c"), 28, (5, 6))
    path = store.verified(found)
    assert path is not None
    assert path.read_bytes() == b"state"
    assert store.best_for(["x", "b", "c"], cuttable=True, better_than=0) is None
    assert store.best_for(["a", "b", "c"], cuttable=True, better_than=28) is None


def test_the_longest_common_beginning_wins_and_only_memory_that_can_be_cut_is_cut(store: KvStore) -> None:
    _save(store, ["a"])
    _save(store, ["a", "b", "c", "d"], checkpoints=[(10, b"1"), (20, b"2")])
    rewound = ["a", "b", "c", "x"]
    dense = store.best_for(rewound, cuttable=True, better_than=0)
    assert dense is not None
    assert dense.reach(rewound, cuttable=True) == 30
    hybrid = store.best_for(rewound, cuttable=False, better_than=0)
    assert hybrid is not None
    assert hybrid.reach(rewound, cuttable=False) == 20
    assert store.checkpoints(hybrid) == [(10, b"1"), (20, b"2")]


def test_another_models_conversations_are_not_seen(store: KvStore, tmp_path: Path) -> None:
    _save(store, ["a"])
    other = KvStore(tmp_path / "kv", IDENTITY[:16] + "b" * 48, limit_bytes=LIMIT)
    assert other.best_for(["a"], cuttable=True, better_than=0) is None


@pytest.mark.parametrize("damage", ["cut", "longer", "flipped", "gone"])
def test_a_damaged_state_is_never_handed_out_and_is_deleted(
    store: KvStore, tmp_path: Path, damage: str
) -> None:
    _save(store, ["a"], content=b"0123456789")
    (path,) = (tmp_path / "kv").glob("*/*.kv")
    match damage:
        case "cut":
            path.write_bytes(b"01234")
        case "longer":
            path.write_bytes(b"0123456789A")
        case "flipped":
            path.write_bytes(b"0123X56789")
        case _:
            path.unlink()
    found = store.best_for(["a"], cuttable=True, better_than=0)
    assert found is not None
    assert store.verified(found) is None
    assert _files(tmp_path) == []


def test_damaged_checkpoints_are_left_out(store: KvStore, tmp_path: Path) -> None:
    _save(store, ["a"], checkpoints=[(10, b"state")])
    (path,) = (tmp_path / "kv").glob("*/*.states")
    path.write_bytes(b"stAte")
    found = store.best_for(["a"], cuttable=True, better_than=0)
    assert found is not None
    assert store.checkpoints(found) == []


@given(st.data())
def test_a_sidecar_that_was_tampered_with_is_ignored_or_sound(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("kv")
    _save(KvStore(root, IDENTITY, limit_bytes=LIMIT), ["a", "b"], pending=[1], checkpoints=[(10, b"x")])
    (path,) = root.glob("*/*.json")
    content = json.loads(path.read_text())
    target = content
    if data.draw(st.booleans()):
        target = data.draw(
            st.sampled_from([content["state"], content["checkpoint_file"], content["checkpoints"][0]])
        )
    key = data.draw(st.sampled_from(sorted(target)))
    odd: list[object] = [None, [], {}, "../../x", "", 0, -1, 3, True, ["a"], [None], 2.5]
    target[key] = data.draw(st.sampled_from(odd))
    path.write_text(json.dumps(content))
    sidecar = read_sidecar(path)
    if sidecar is not None:
        assert sidecar.lengths
        assert len(sidecar.lengths) == len(sidecar.chain)
        assert sidecar.evaluated + len(sidecar.pending) >= sidecar.lengths[-1]
        assert "/" not in sidecar.state.name
    store = KvStore(root, IDENTITY, limit_bytes=LIMIT)
    found = store.best_for(["a", "b"], cuttable=True, better_than=0)
    if found is not None:
        store.verified(found)


def test_what_a_session_saved_before_is_replaced_and_openings_stay(store: KvStore, tmp_path: Path) -> None:
    _save(store, ["a"])
    _save(store, ["a", "b"], label="one", content=b"1")
    _save(store, ["a", "b", "c"], label="two", content=b"2")
    _save(store, ["a", "b", "c", "d"], label="one", content=b"3")
    kept = {read_sidecar(path).chain for path in (tmp_path / "kv").glob("*/*.json")}  # pyright: ignore[reportOptionalMemberAccess]
    assert kept == {("a",), ("a", "b", "c"), ("a", "b", "c", "d")}
    assert _files(tmp_path) == [".json"] * 3 + [".kv"] * 3


def test_a_deleted_sessions_conversations_are_deleted(store: KvStore, tmp_path: Path) -> None:
    _save(store, ["a"])
    _save(store, ["a", "b"], label="gone", checkpoints=[(10, b"x")])
    forget(tmp_path / "kv", "gone")
    assert _files(tmp_path) == [".json", ".kv"]
    assert store.holds(["a"])


def test_the_least_recently_used_go_when_the_limit_is_reached(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "kv", IDENTITY, limit_bytes=250)
    for age, name in ((30, "old"), (20, "used"), (10, "new")):
        _save(store, [name], content=name.encode() * 30)
        path = tmp_path / "kv" / IDENTITY[:16] / f"{name}.json"
        os.utime(path, (time.time() - age, time.time() - age))
        if name == "used":
            found = store.best_for(["old"], cuttable=True, better_than=0)
            assert found is not None
            store.verified(found)
    assert store.holds(["old"])
    assert not store.holds(["used"])
    assert store.holds(["new"])
    assert _files(tmp_path) == [".json"] * 2 + [".kv"] * 2


def test_what_is_larger_than_the_limit_is_not_written_at_all(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "kv", IDENTITY, limit_bytes=10)
    assert not _save(store, ["a"], content=b"x" * 11)
    assert not (tmp_path / "kv").exists()


def test_files_of_dead_processes_are_swept_up_and_young_ones_left(store: KvStore, tmp_path: Path) -> None:
    _save(store, ["a"])
    folder = tmp_path / "kv" / IDENTITY[:16]
    for name, age in (("old.kv", 7200), ("old.1.kv.tmp", 7200), ("young.kv", 10)):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (time.time() - age, time.time() - age))
    tidy(tmp_path / "kv", LIMIT)
    assert sorted(path.name for path in folder.iterdir() if "young" in path.name or "old" in path.name) == [
        "young.kv"
    ]
    assert store.holds(["a"])


def test_a_writer_that_fails_leaves_nothing(store: KvStore, tmp_path: Path) -> None:
    def fail(path: Path) -> bool:
        path.write_bytes(b"half")
        return False

    saved = store.save(chain=["a"], lengths=[10], evaluated=10, pending=(), size=4, write=fail)
    assert not saved
    assert _files(tmp_path) == []


def test_a_full_disk_leaves_nothing_and_raises_nothing(tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    program = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from tests.unit.local.test_kv_store import _save, IDENTITY, LIMIT\n"
        "from qwen_code.local.kv_store import KvStore\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "print(_save(KvStore(Path(sys.argv[1]), IDENTITY, limit_bytes=LIMIT), ['a'], content=b'x' * 5000))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-B", "-c", program, str(tmp_path / "kv")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        preexec_fn=limited,
    )
    assert ran.stdout == "False\n"
    assert _files(tmp_path) == []


def test_files_are_readable_by_their_owner_only(store: KvStore, tmp_path: Path) -> None:
    _save(store, ["a"], checkpoints=[(10, b"x")])
    for path in (tmp_path / "kv").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_processes_that_save_the_same_conversation_side_by_side_leave_one_whole(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.unit.local.test_kv_store import _save, IDENTITY, LIMIT\n"
        "from qwen_code.local.kv_store import KvStore\n"
        "store = KvStore(Path(sys.argv[1]), IDENTITY, limit_bytes=LIMIT)\n"
        "for n in range(20):\n"
        "    _save(store, ['a', 'b'], content=f'{sys.argv[2]}{n}'.encode() * 500, checkpoints=[(10, b'x')])\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "kv"), str(n)], cwd=Path(__file__).parents[3]
        )
        for n in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    store = KvStore(tmp_path / "kv", IDENTITY, limit_bytes=LIMIT)
    found = store.best_for(["a", "b"], cuttable=True, better_than=0)
    assert found is not None
    assert store.verified(found) is not None
    assert store.checkpoints(found) == [(10, b"x")]


def test_a_process_killed_while_saving_leaves_what_was_there_before(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.unit.local.test_kv_store import _save, IDENTITY, LIMIT\n"
        "from qwen_code.local.kv_store import KvStore\n"
        "store = KvStore(Path(sys.argv[1]), IDENTITY, limit_bytes=LIMIT)\n"
        "_save(store, ['a'], content=b'first' * 100)\n"
        "print('saved', flush=True)\n"
        "while True:\n"
        "    _save(store, ['a'], content=b'again' * 10000)\n"
    )
    for delay in (0.0, 0.003, 0.01):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "kv")],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"saved\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = KvStore(tmp_path / "kv", IDENTITY, limit_bytes=LIMIT)
        found = store.best_for(["a"], cuttable=True, better_than=0)
        assert found is not None
        assert store.verified(found) is not None


@needs_llama_cpp
def test_models_are_told_apart_by_their_weights_and_by_their_configuration(tmp_path: Path) -> None:
    original = TinyModel("qwen3").build()
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(original.read_bytes())
    first = identity_of(read_header(original), "1.0", "f16")
    assert identity_of(read_header(copy), "1.0", "f16") == first
    assert identity_of(read_header(copy), "1.0", "q8_0") != first
    content = bytearray(original.read_bytes())
    content[read_header(original).header_bytes + 10] ^= 1
    copy.write_bytes(content)
    assert identity_of(read_header(copy), "1.0", "f16") != first
