"""What can go wrong with a file, as sentences for the model."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

from qwen_code.tool import ToolFailure
from qwen_code.workspace.encodings import NotText
from qwen_code.workspace.no_follow import NotRegular
from qwen_code.workspace.paths import ResolvedPath, printable


@contextmanager
def file_failures(path: ResolvedPath, doing: Literal["read", "write", "list"]) -> Generator[None, None, None]:
    """Turns every failure of the body to `doing` something with `path` into a ToolFailure."""
    try:
        yield
    except NotText as error:
        kind = "not_text" if error.damaged else "binary"
        raise ToolFailure(f"{path.name} is {error}, not text that this tool can {doing}.", kind) from None
    except NotRegular as error:
        advice = " List it with list_directory." if error.what == "a directory" else ""
        raise ToolFailure(
            f"{path.name} is {error.what}, not a regular file.{advice}", "not_regular_file"
        ) from None
    except FileNotFoundError:
        raise ToolFailure(f"{path.name} does not exist.{_similar(path)}", "not_found") from None
    except NotADirectoryError:
        if doing == "list":
            raise ToolFailure(f"{path.name} is no directory. Read it with read_file.", "not_found") from None
        text = f"{path.name} can't exist: a part of this path is not a directory."
        raise ToolFailure(text, "invalid_path" if doing == "write" else "not_found") from None
    except OSError as error:
        why = _CAUSES.get(error.errno or 0) or os.strerror(error.errno or 0)
        kept = "" if doing != "write" else " Nothing was changed."
        raise ToolFailure(f"Can't {doing} {path.name}: {why}.{kept}", "io_error") from None


_CAUSES = {
    errno.EACCES: "permission denied",
    errno.EPERM: "the system does not permit it",
    errno.ENOSPC: "no space is left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "input/output error",
}


def _similar(path: ResolvedPath) -> str:
    """Names beside a missing file that it may have been meant for; only inside the workspace."""
    if path.root is None:
        return ""
    from difflib import get_close_matches
    from itertools import islice

    try:
        with os.scandir(path.real.parent) as entries:
            names = [entry.name for entry in islice(entries, 2000)]
    except OSError:
        return ""
    close = get_close_matches(path.real.name, names, n=3, cutoff=0.7)
    directory, slash, _ = path.name.rpartition("/")
    meant = [f"{directory}{slash}{printable(name)}" for name in close]
    return f" Did you mean {' or '.join(meant)}?" if meant else ""
