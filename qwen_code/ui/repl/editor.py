"""Gives a text to the person's editor and takes back what they made of it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from prompt_toolkit.application import run_in_terminal

from qwen_code.errors import InputError

_USUAL = ("sensible-editor", "nano", "vim", "vi", "emacs")


def editor_command(preferred: str = "", environ: Mapping[str, str] = os.environ) -> list[str]:
    """The editor: `general.preferredEditor`, $VISUAL, $EDITOR, or the first of the usual ones that is there.

    Raises:
        InputError: there is none, or what is named is not installed.
    """
    named = preferred or environ.get("VISUAL", "") or environ.get("EDITOR", "")
    try:
        words = shlex.split(named)
    except ValueError:
        raise InputError(f"The editor `{named}` is no command line; /editor sets another.") from None
    if words and not shutil.which(words[0], path=environ.get("PATH")):
        raise InputError(f"The editor {words[0]} is not installed; /editor sets another.")
    if not words:
        words = [name for name in _USUAL if shutil.which(name, path=environ.get("PATH"))][:1]
    if not words:
        raise InputError("There is no editor here; set $EDITOR, or name one with /editor COMMAND.")
    return words


async def edited(text: str, suffix: str, preferred: str = "") -> str:
    """What `text` is after the person has had it in their editor, which takes the terminal meanwhile.

    Raises:
        InputError: there is no editor, it failed, or it left something that is no text.
    """
    command = editor_command(preferred)
    with tempfile.TemporaryDirectory(prefix="qwen-code-") as folder:
        path = Path(folder) / f"edit{suffix if suffix.isprintable() and '/' not in suffix else ''}"
        path.write_bytes(text.encode(errors="surrogateescape"))
        code = await run_in_terminal(lambda: _run([*command, str(path)]), in_executor=True)
        if code != 0:
            raise InputError(f"{command[0]} ended with exit code {code}; nothing was changed.")
        try:
            return path.read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            raise InputError(f"{command[0]} left no text that can be read; nothing was changed.") from None


def _run(command: list[str]) -> int:
    try:
        return subprocess.run(command, check=False).returncode
    except OSError:
        return 127
