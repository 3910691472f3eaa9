"""What git knows of the workspace; the only import of the git library.

A repository is untrusted: its own configuration can name programs that git runs for `status` and `diff`
(filters, text converters, file system monitors). They are switched off for every command that is run here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_code.errors import QwenCodeError

if TYPE_CHECKING:
    from git import Repo

_TIME_LIMIT_S = 30.0
_RUNS_PROGRAMS = re.compile(
    r"filter\..+\.(?:clean|smudge|process)|diff\..+\.(?:textconv|command)|diff\.external"
    r"|core\.(?:fsmonitor|hookspath|pager|editor|sshcommand|askpass|gitproxy|alternaterefscommand)"
    r"|gpg\..*|credential\..*",
    re.IGNORECASE | re.DOTALL,
)


class GitError(QwenCodeError):
    """git is missing, or refused."""


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs from the last commit."""

    path: str
    """Relative to the repository."""
    status: str
    """Two letters as in `git status --porcelain`: index and working tree; `??` for untracked."""


class Repository:
    """A repository, read only. Find it with `find`."""

    def __init__(self, repo: Repo, root: Path) -> None:
        self._repo = repo
        self.root = root
        self._config: dict[str, str] | None = None

    @classmethod
    def find(cls, directory: Path) -> Repository | None:
        """The repository with a working tree around `directory`, if there is one.

        Raises:
            GitError: git is not installed.
        """
        try:
            from git import InvalidGitRepositoryError, NoSuchPathError, Repo
        except ImportError:  # the library looks for the program when it is imported
            raise GitError("git is not installed, or not on PATH. Install it to see changes.") from None
        try:
            repo = Repo(directory, search_parent_directories=True)
        except (InvalidGitRepositoryError, NoSuchPathError, OSError, ValueError):
            return None
        root = repo.working_tree_dir
        return None if root is None else cls(repo, Path(root))

    def changes(self) -> tuple[Change, ...]:
        """Every path that differs from the last commit, untracked files included.

        Raises:
            GitError: git refused; the text is what it said.
        """
        fields = iter(self._run("status", "--porcelain=v1", "-z", "--untracked-files=all").split("\0"))
        found: list[Change] = []
        for field in fields:
            if len(field) > 3:
                found.append(Change(field[3:], field[:2]))
                if field[0] in "RC":  # followed by where it came from
                    next(fields, None)
        return tuple(found)

    def diff(self, *paths: str) -> str:
        """Tracked changes since the last commit as a unified diff, of `paths` or of everything.

        Raises:
            GitError: git refused; the text is what it said.
        """
        base = "HEAD" if self._has_commit() else "--cached"
        return self._run("diff", "--no-color", "--no-ext-diff", "--no-textconv", base, "--", *paths)

    def close(self) -> None:
        """End the processes that the library keeps."""
        self._repo.close()

    def _has_commit(self) -> bool:
        return self._repo.head.is_valid()

    def _run(self, *arguments: str) -> str:
        from git import GitCommandError

        if self._config is None:
            self._config = _switched_off(
                self._git({}, "config", "--list", "--show-scope", "--name-only", "-z")
            )
        try:
            return self._git(self._config, *arguments)
        except GitCommandError as error:
            said = str(error.stderr).strip().removeprefix("stderr:").strip(" '\n") or f"exit {error.status}"
            raise GitError(f"git {arguments[0]} failed: {said}") from None

    def _git(self, environment: dict[str, str], *arguments: str) -> str:
        output = self._repo.git.execute(
            ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *arguments],
            env={"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", **environment},
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            kill_after_timeout=_TIME_LIMIT_S,
        )
        return output.decode("utf-8", "replace")


def _switched_off(listing: str) -> dict[str, str]:
    """Variables that empty every setting of the repository itself that names a program.

    Args:
        listing: scope and name in turn, each ended by NUL.
    """
    fields = listing.split("\0")
    pairs = zip(fields[::2], fields[1::2], strict=False)
    names = [
        name for scope, name in pairs if scope in ("local", "worktree") and _RUNS_PROGRAMS.fullmatch(name)
    ]
    settings = dict.fromkeys(names, "")
    for name in names:
        if name.lower().startswith("filter."):
            settings[f"{name.rpartition('.')[0]}.required"] = "false"
    environment = {"GIT_CONFIG_COUNT": str(len(settings))}
    for position, (name, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{position}": name, f"GIT_CONFIG_VALUE_{position}": value}
    return environment
