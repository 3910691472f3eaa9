"""Which branch is checked out, read from `.git` by hand.

The git library takes longer to import than all else that a run does before its first request.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

_MAX_BYTES = 4096


def branch_at(directory: Path) -> str:
    """The branch checked out in the repository around `directory`.

    `detached at 1a2b3c4d` where HEAD is a commit; empty where there is no repository, or its HEAD is not
    one. A repository is untrusted: the answer is one line of harmless characters whatever it holds.
    """
    for folder in (directory, *directory.parents):
        git = folder / ".git"
        if not os.path.lexists(git):
            continue
        head = _line(git / "HEAD") if git.is_dir() else _linked_head(git)
        if match := re.fullmatch(r"ref: refs/heads/(\S{1,250})", head):
            name = match[1]
            # with the reftable format HEAD is this stub, and the branch is kept elsewhere
            return name if name.isprintable() and name != ".invalid" else ""
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", head):
            return f"detached at {head[:8]}"
        return ""
    return ""


def _linked_head(git: Path) -> str:
    """HEAD of a worktree or submodule, whose `.git` is a file that says where the rest is."""
    place = _line(git).removeprefix("gitdir: ")
    return _line(git.parent / place / "HEAD") if place else ""


def _line(path: Path) -> str:
    """The first line of a small regular file; empty when there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return ""
        return os.read(fd, _MAX_BYTES).decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    except OSError:
        return ""
    finally:
        os.close(fd)
