"""Contents that a git repository holds, by their object names.

Runs `git cat-file` itself: it is needed after a command that changed files, and importing the git library
takes longer than the command. Only raw objects are asked for, so no program that the repository's settings
name is run, and nothing is fetched from anywhere.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

_TIME_LIMIT_S = 60.0


def read_blobs(git_directory: Path, oids: Sequence[str]) -> dict[str, bytes]:
    """The blobs that could be read, each checked against its name."""
    if not oids:
        return {}
    command = ["git", "--git-dir", str(git_directory), "cat-file", "--batch", "--buffer"]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(
            command,
            input="\n".join([*dict.fromkeys(oids), ""]).encode(),
            env=environment,
            cwd=git_directory,
            capture_output=True,
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return _blobs(done.stdout)


def _blobs(output: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    at = 0
    while (end := output.find(b"\n", at)) >= 0:
        words = output[at:end].split()
        at = end + 1
        if len(words) != 3 or not words[2].isdigit():
            continue  # `<oid> missing`
        size = int(words[2])
        data = output[at : at + size]
        at += size + 1
        oid = words[0].decode("ascii", "replace")
        if words[1] == b"blob" and hashlib.sha1(b"blob %d\0" % size + data).hexdigest() == oid:
            found[oid] = data
    return found
