from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from qwen_code.settings.atomic_file import locked, replace_file

OLD, NEW = b"old" * 20_000, b"new" * 20_000


def test_a_file_is_old_or_new_whenever_the_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    replace_file(path, OLD)
    for number in range(20):
        pid = os.fork()
        if pid == 0:
            with suppress(BaseException):
                while True:
                    replace_file(path, NEW)
                    replace_file(path, OLD)
            os._exit(1)
        time.sleep(0.001 * number)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert path.read_bytes() in (OLD, NEW)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give files away")
def test_root_leaves_the_owner_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x")
    path.chmod(0o604)
    os.chown(path, 1234, 2345)
    replace_file(path, b"y")
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 2345, 0o604)


def test_a_folder_held_too_long_is_an_error_and_not_a_wait_for_ever(tmp_path: Path) -> None:
    with locked(tmp_path):
        with pytest.raises(TimeoutError), locked(tmp_path, wait_s=0.02):
            pass
    with locked(tmp_path, wait_s=0.02):
        assert list(tmp_path.iterdir()) == []
