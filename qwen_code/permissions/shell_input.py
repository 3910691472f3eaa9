"""What a command is given to read: here-documents, here-strings, and what comes through a pipe."""

from __future__ import annotations

import re

from qwen_code.permissions.shell_fields import Variables, expand_all
from qwen_code.permissions.shell_syntax import Redirect, Script

_EXPANDS = re.compile(r"[$`\\]")


def given_text(redirect: Redirect) -> str:
    """What an expansion in a here-document or here-string could show."""
    if redirect.op == "<<<" and redirect.target is not None:
        return redirect.target.source
    return redirect.body if redirect.expands else ""


def script_text(redirect: Redirect, variables: Variables) -> str | None:
    """What a shell would read as its script from a here-document or here-string; None when not known."""
    if redirect.op == "<<<" and redirect.target is not None:
        fields = expand_all([redirect.target], variables)
        return fields[0].text if len(fields) == 1 and fields[0].literal else None
    if redirect.op in ("<<", "<<-") and not (redirect.expands and _EXPANDS.search(redirect.body)):
        return redirect.body
    return None


def fed_text(script: Script, index: int) -> str:
    """What a command gets from an `echo`, `printf` or here-document before it in a pipeline."""
    if index not in script.piped or index - 1 not in script.piped:
        return ""
    before = script.commands[index - 1]
    name = before.words[0].plain if before.words else ""
    if name in ("echo", "printf"):
        texts = [word.text for word in before.words[1:]]
        return " ".join(t for t in texts if t and not re.fullmatch(r"-[neE]+", t)).replace("\\n", "\n")
    bodies = [
        r.body
        for r in before.redirects
        if r.op in ("<<", "<<-") and not (r.expands and _EXPANDS.search(r.body))
    ]
    return "\n".join(bodies) if name == "cat" else ""
