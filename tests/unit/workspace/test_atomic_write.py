from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from qwen_code.workspace.atomic_write import replace_file, stamp_of


def write(path: Path, data: bytes, *, taken: frozenset[tuple[int, int]] = frozenset()) -> os.stat_result:
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        old = path.stat() if path.exists() else None
        return replace_file(descriptor, path.name, data, old=old, taken=taken)
    finally:
        os.close(descriptor)


def test_a_new_file_gets_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "f", b"text")
    finally:
        os.umask(before)
    assert (tmp_path / "f").read_bytes() == b"text"
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600, 0o444, 0o777])
def test_the_mode_stays(tmp_path: Path, mode: int) -> None:
    (tmp_path / "f").write_text("old")
    (tmp_path / "f").chmod(mode)
    write(tmp_path / "f", b"new")
    assert (tmp_path / "f").stat().st_mode & 0o7777 == mode
    assert (tmp_path / "f").read_bytes() == b"new"


def test_a_set_user_id_does_not_pass_to_new_content(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    (tmp_path / "f").chmod(0o4755)
    write(tmp_path / "f", b"new")
    assert (tmp_path / "f").stat().st_mode & 0o7777 == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    os.chown(tmp_path / "f", 12345, 23456)
    write(tmp_path / "f", b"new")
    info = (tmp_path / "f").stat()
    assert (info.st_uid, info.st_gid) == (12345, 23456)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes in this Python")
def test_extended_attributes_stay(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    try:
        os.setxattr(tmp_path / "f", "user.origin", b"here")
    except OSError:
        pytest.skip("no extended attributes on this file system")
    write(tmp_path / "f", b"new")
    assert os.getxattr(tmp_path / "f", "user.origin") == b"here"


def test_another_name_of_the_file_keeps_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    (tmp_path / "twin").hardlink_to(tmp_path / "f")
    write(tmp_path / "f", b"new")
    assert (tmp_path / "twin").read_text() == "old"


def test_a_taken_stamp_moves_the_time_on_by_seconds(tmp_path: Path) -> None:
    plain = stamp_of(write(tmp_path / "f", b"one"))
    taken = frozenset((plain[0] + more, 3) for more in range(3))
    moved = stamp_of(write(tmp_path / "f", b"two", taken=taken))
    assert moved not in taken
    assert moved == stamp_of((tmp_path / "f").stat())
    assert moved[0] >= plain[0] + 3


def test_a_reader_sees_one_version_or_the_other(tmp_path: Path) -> None:
    versions = {bytes([code]) * 100_000 for code in b"ab"}
    write(tmp_path / "f", min(versions))
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add((tmp_path / "f").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        for version in versions:
            write(tmp_path / "f", version)
    done.set()
    reader.join()
    assert seen <= versions


_FILE_TOO_LARGE = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.unit.workspace.test_atomic_write import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    write(Path({path!r}), b"x" * 10_000)
except OSError as error:
    print(error.errno)
"""


@pytest.mark.parametrize("existing", [True, False])
def test_a_write_that_breaks_off_leaves_the_old_file_and_nothing_else(tmp_path: Path, existing: bool) -> None:
    if existing:
        (tmp_path / "f").write_text("old")
    code = _FILE_TOO_LARGE.format(tests=str(Path(__file__).parents[3]), path=str(tmp_path / "f"))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "27\n"  # EFBIG
    assert [path.name for path in tmp_path.iterdir()] == (["f"] if existing else [])
    if existing:
        assert (tmp_path / "f").read_text() == "old"


def test_a_directory_in_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "child").touch()
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with pytest.raises(OSError):
            replace_file(descriptor, "f", b"new", old=None)
    finally:
        os.close(descriptor)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
