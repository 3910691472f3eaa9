"""Recognises in a failed command's output that the sandbox was the reason, and says so in one line: pure."""

from __future__ import annotations

import re

from qwen_code.sandbox.base import Network

_READ_ONLY = re.compile(r"read-only file ?system|\bEROFS\b|os error 30", re.IGNORECASE)
_BUSY = re.compile(r"(?:device or resource busy|\bEBUSY\b)", re.IGNORECASE)
_NO_NETWORK = re.compile(
    r"could not resolve (?:host|proxy)|temporary failure in name resolution|name or service not known"
    r"|network is unreachable|\bE(?:AI_AGAIN|NETUNREACH|NOTFOUND)\b|getaddrinfo|no address associated"
    r"|failed to (?:resolve|establish a new connection)|dns error|tunnel connection failed: 403"
    r"|received http code 403 from proxy",
    re.IGNORECASE,
)
_SOCKET = re.compile(r"cannot connect to the docker daemon|error connecting to agent|\.sock\b", re.IGNORECASE)
_NOT_PERMITTED = re.compile(r"operation not permitted|permission denied|\bE(?:PERM|ACCES)\b", re.IGNORECASE)
_FAILED = re.compile(r"\A(?:bwrap: |qwen-code: the sandbox could not be entered)")


def explain(text: str, network: Network, *, entered: bool) -> list[str]:
    """A sentence for each reason that the sandbox may have been; `entered`: the shell has run at all."""
    if not entered and _FAILED.search(text):
        return ["the sandbox could not be set up, so the command did not run"]
    notes: list[str] = []
    if _READ_ONLY.search(text) or _BUSY.search(text):
        notes.append(
            "the sandbox: only the workspace and /tmp can be written, without .git/config, hooks, and the "
            "settings of editors and agents"
        )
    if network.mode != "on" and _NO_NETWORK.search(text):
        reach = (
            "there is no network"
            if network.mode == "off"
            else f"only {', '.join(network.names)} can be reached"
        )
        notes.append(f"the sandbox: {reach}")
    if _NOT_PERMITTED.search(text) and _SOCKET.search(text):
        notes.append("the sandbox: unix sockets can't be used")
    return notes
