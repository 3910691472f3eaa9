"""The environment that commands get: the user's own without its secrets, and without anything that would wait
for a person."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

MARKER = "QWEN_CODE_TASK"
"""Carries the task's nonce, so that a process can be found whatever it did to its parents and session."""

_SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASS|CRED|AUTH|PRIVATE|COOKIE|DSN|_PWD$"
    r"|^(QWEN|OPENAI|DASHSCOPE|OPENROUTER|ANTHROPIC|MODELSCOPE|GEMINI|MISTRAL|GROQ|TOGETHER|FIREWORKS|DEEPINFRA)_"
)
_HARMLESS_NAME = re.compile(
    r"^(GIT_(AUTHOR|COMMITTER)_\w+|XAUTHORITY|SSH_AUTH_SOCK|\w*TOKENIZER\w*|\w*KEY(BOARD|MAP|TIMEOUT)\w*)$"
)
"""Exceptions to the name rule. The agent's socket is a path, not a secret; a sandbox denies its use."""

_SECRET_VALUE = re.compile(
    r"\b(sk|pk|rk)-[A-Za-z0-9_-]{16}"
    r"|\b(gh[oprsu]|hf|glpat|npm|pypi)[_-][A-Za-z0-9_-]{16}|\bgithub_pat_"
    r"|\bxox[abeoprs]-|\bAKIA[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{30}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|://[^/\s:@]*:[^/\s:@]+@"
)
"""Forms of well-known keys, tokens and of URLs that carry a password."""

_STARTUP_FILES = ("BASH_ENV", "ENV")
"""Files that a non-interactive shell would run first, whatever the command is."""

_UNATTENDED = {
    "QWEN_CODE": "1",
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "MANPAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_SEQUENCE_EDITOR": "true",
}
"""Nobody is there to page, to be asked or to edit. Colour is left alone: a project's own tests look at
NO_COLOR, and what is shown has its control sequences removed anyway."""


def is_secret(name: str, value: str) -> bool:
    """Whether a variable looks like a credential, by its name or by the form of its value."""
    if _SECRET_NAME.search(name.upper()) and not _HARMLESS_NAME.match(name.upper()):
        return True
    return bool(_SECRET_VALUE.search(value))


def for_commands(environment: Mapping[str, str], keep: Collection[str] = ()) -> dict[str, str]:
    """`environment` for commands that the model runs; variables named in `keep` pass unseen."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in keep or not (name in _STARTUP_FILES or is_secret(name, value))
    }
    return kept | {name: value for name, value in _UNATTENDED.items() if name not in keep}
