"""Recognises in a failed command's output that the sandbox was the reason, and says so in one line: pure."""

from __future__ import annotations

import re

from qwen_code.sandbox.base import Network
from qwen_code.tool import Confinement

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

NOT_ENTERED = Confinement("the sandbox could not be set up, so the command did not run", "--no-sandbox")
_FILES = Confinement(
    "only the workspace and /tmp can be written, without .git/config, hooks, and the settings of editors and "
    "agents",
    "--add-dir DIR for another folder, else --no-sandbox",
)
_PROTECTED = Confinement(
    ".git/config, hooks, and the settings of editors and agents can't be changed", "--no-sandbox"
)
_MAYBE_FILES = Confinement(
    "outside of the workspace nothing can be written, and no secret read",
    "--add-dir DIR for another folder, else --no-sandbox",
)
_SOCKETS = Confinement("unix sockets can't be used", "--no-sandbox")


def explain(text: str, network: Network, *, entered: bool, by_permission: bool = False) -> list[Confinement]:
    """Each reason that the sandbox may have been.

    Args:
        text: what the failed command printed.
        network: what the sandbox lets through.
        entered: the shell has run at all.
        by_permission: the sandbox answers as file permissions do, not as a read-only file system does.
    """
    if not entered and _FAILED.search(text):
        return [NOT_ENTERED]
    found: list[Confinement] = []
    refused = bool(_NOT_PERMITTED.search(text))
    if _READ_ONLY.search(text):
        found.append(_FILES)
    elif _BUSY.search(text):
        found.append(_PROTECTED)
    if network.mode != "on" and _NO_NETWORK.search(text):
        found.append(_no_network(network))
    if refused and _SOCKET.search(text):
        found.append(_SOCKETS)
    if by_permission and refused and not found:
        found.append(_MAYBE_FILES)
    return found


def _no_network(network: Network) -> Confinement:
    if network.mode == "off":
        return Confinement("there is no network", "--network allow:NAME")
    named = ", ".join(network.names) or "nothing"
    return Confinement(f"only {named} can be reached", "--network allow:NAME")


def sentence(confinement: Confinement) -> str:
    """As the model reads it behind a command's output."""
    return confinement.reason if confinement is NOT_ENTERED else f"the sandbox: {confinement.reason}"
