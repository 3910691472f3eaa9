"""Shell text that ordinary commands are told to run: in options, in variables, in code on their command line.

It only serves to deny and to ask; nothing is allowed because of what is found here, or not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from qwen_code.permissions.name_tables import listed
from qwen_code.permissions.shell_fields import Field

RUNNING_VARIABLES = listed(
    """
    PAGER GIT_PAGER MANPAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_SSH_COMMAND GIT_SSH
    GIT_EXTERNAL_DIFF GIT_ASKPASS SSH_ASKPASS BROWSER PROMPT_COMMAND SUDO_ASKPASS CC CXX MAKEFLAGS
    """
)
"""Variables whose value other programs run."""

_MAKE = re.compile(r"(?:SHELL|CC|CXX|LD|AR|RM)=|--eval=?")
_PAGER = re.compile(r"\+!")
_OPTIONS: Mapping[str, re.Pattern[str]] = {
    "tar": re.compile(
        r"--checkpoint-action=exec=|--to-command=?|--use-compress-program=?|-I|--rsh-command=?"
    ),
    "rsync": re.compile(r"-e|--rsh=?|--rsync-path=?"),
    "man": re.compile(r"-P|--pager=?"),
    "sort": re.compile(r"--compress-program=?"),
    "sed": re.compile(r"[0-9$,/]*e (?=\S)"),
    **dict.fromkeys(("make", "gmake"), _MAKE),
    **dict.fromkeys(("less", "more"), _PAGER),
    **dict.fromkeys(("vi", "vim", "nvim", "view", "ex"), re.compile(r"\+:?!|-c|--cmd")),
}
_INTERPRETER = re.compile(r"[gmn]?awk|(?:python|perl|ruby|php|node|lua)[0-9.]*")
_STARTS = re.compile(r"\b(?:system|popen|exec\w*|spawn\w*|call|run|check_\w+)\s*\(?\s*(['\"])(.+?)\1")


def texts_in(name: str, arguments: Sequence[Field]) -> Iterator[str]:
    """The texts that the command `name` would hand to a shell, as far as its arguments say them outright."""
    known = [field for field in arguments if field.literal]
    if _INTERPRETER.fullmatch(name):
        for field in known:
            yield from (match[2].replace("\\", "") for match in _STARTS.finditer(field.text))
    elif options := _OPTIONS.get(name):
        for at, field in enumerate(known):
            if match := options.match(field.text):
                rest = field.text[match.end() :] or "".join(f.text for f in known[at + 1 : at + 2])
                yield rest.removeprefix(":").removeprefix("!")
