"""Files that need a question even where reading or writing does not: secrets, and what runs code later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from qwen_code.permissions.name_tables import listed
from qwen_code.permissions.path_patterns import segments_meet
from qwen_code.permissions.places import Place, Places
from qwen_code.workspace.sensitive import SECRETS, is_harmless

_SECRETS: Mapping[str, Iterable[str]] = {
    **SECRETS,
    "shows a process from inside": listed(
        """
        /proc/*/environ /proc/*/mem /proc/*/maps /proc/*/cmdline /proc/*/fd /proc/*/root /proc/*/cwd
        /proc/*/task /proc/kcore /dev/mem /dev/kmem
        """
    ),
    "belongs to the system's accounts": listed(
        """
        /etc/shadow* /etc/gshadow* /etc/sudoers* /etc/security
        """
    ),
}
_WILD = re.compile(r"[*?\[]")
_WILDCARDS = re.compile(r"\[[^\]]*\]|[*?]")

_PROTECTED: Mapping[str, Iterable[str]] = {
    "belongs to git itself": listed(".git .hg .svn .jj"),
    "makes git run commands": listed(".gitmodules .gitconfig .githooks .husky"),
    "holds settings of a coding agent": listed(
        """
        .qwen .claude .codex .gemini .cursor .mcp.json .aider.conf.yml .continue .windsurf
        """
    ),
    "makes an editor run commands": listed(
        """
        .vscode .idea .devcontainer .devcontainer.json *.code-workspace .vimrc .exrc .nvimrc .nvim.lua
        .dir-locals.el .zed .fleet
        """
    ),
    "is run when a shell or a tool starts": listed(
        """
        .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile
        .zlogin .zlogout .kshrc .cshrc .tcshrc .inputrc .config/fish .xprofile .xinitrc .envrc .env .env.*
        .direnv .ripgreprc .npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs .gdbinit .lldbinit .pdbrc .pythonrc
        .tmux.conf .wgetrc .curlrc .config/autostart .config/systemd .local/bin authorized_keys .ssh
        .gnupg .netrc
        """
    ),
}


def secret(place: Place, places: Places) -> str:
    """Why reading this file may give a secret away; empty when it is an ordinary one."""
    return _reason(place, places, "secret")


def protected(place: Place, places: Places) -> str:
    """Why a change of this file may run code later; empty when it is an ordinary one."""
    return _reason(place, places, "protected")


def _reason(place: Place, places: Places, kind: str) -> str:
    for path in place.both:
        if reason := _guarded(path, places.relative(path), kind):
            return reason
    return ""


@lru_cache(maxsize=4096)
def _guarded(path: str, relative: str, kind: str) -> str:
    """`relative` leaves out the folders above the workspace, whose names say nothing about its files."""
    names = relative.casefold().split("/")
    if is_harmless(names[-1]):
        return ""
    table = _compiled(kind)
    for name in names:
        if reason := table.exact.get(name) or table.alike(name):
            return reason
        if _WILD.search(name):
            for example, reason in table.examples:
                if _meant(name, example):
                    return reason
    return table.longer(path.casefold())


def _meant(name: str, example: str) -> bool:
    """Does this wildcard name stand for the guarded file? `*` and `*.py` mean whole folders instead."""
    letters = len(_WILDCARDS.sub("", name))
    if name.startswith("*") and not example.startswith("*"):
        return False
    enough = letters >= (1 if name.startswith(".") else 2)
    return enough and segments_meet(example.replace("*", "x"), name)


class _Table:
    """The patterns of one kind, sorted by how they can be looked up."""

    def __init__(self, patterns: Mapping[str, Iterable[str]]) -> None:
        flat = [(name.casefold(), reason) for reason, names in patterns.items() for name in sorted(names)]
        self.examples = tuple((name, reason) for name, reason in flat if "/" not in name)
        """Single names, for comparison with wildcards, each with its reason."""
        self.exact = {name: reason for name, reason in self.examples if "*" not in name}
        self._alike = _alternatives([(name, reason) for name, reason in self.examples if "*" in name])
        self._longer = _alternatives([(name, reason) for name, reason in flat if "/" in name])

    def alike(self, name: str) -> str:
        match = self._alike[0].fullmatch(name)
        return self._alike[1][match.lastgroup or ""] if match else ""

    def longer(self, path: str) -> str:
        """For the patterns of several names."""
        match = self._longer[0].search(path)
        return self._longer[1][match.lastgroup or ""] if match else ""


def _alternatives(patterns: Sequence[tuple[str, str]]) -> tuple[re.Pattern[str], dict[str, str]]:
    """One expression for all, and the reason by the name of the group that matched."""
    groups = [f"(?P<g{number}>{_regex(name)})" for number, (name, _) in enumerate(patterns)]
    return re.compile("|".join(groups) or "(?!)"), {f"g{n}": reason for n, (_, reason) in enumerate(patterns)}


def _regex(pattern: str) -> str:
    text = "".join("[^/]*" if character == "*" else re.escape(character) for character in pattern)
    if "/" not in pattern:
        return text
    return ("^" if pattern.startswith("/") else "/") + text + "(?=/|$)"


@lru_cache(maxsize=2)
def _compiled(kind: str) -> _Table:
    return _Table(_SECRETS if kind == "secret" else _PROTECTED)
