"""Where everything lives on disk. Pure: nothing here looks at the disk, so a path may not exist."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NOWHERE = Path("/dev/null")
"""The home of somebody who has none: nothing can exist below a device, not even for root."""

_MAX_NAME = 200
"""Bytes of a project's folder name; most file systems allow 255."""


def find_home(environ: Mapping[str, str]) -> Path:
    """The person's home directory, or `NOWHERE` when neither HOME nor the password database knows one."""
    if (home := environ.get("HOME", "")).startswith("/"):
        return Path(home)
    import pwd

    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container that runs as a number without a name
        home = ""
    return Path(home) if home.startswith("/") else NOWHERE


def project_name(directory: Path) -> str:
    """The folder name under `projects/` for a working directory, as Qwen Code spells it.

    `/srv/app` gives `-srv-app`. Names can collide (`/srv-app`), so readers check the directory that a
    session names. A name too long for a file system is cut, and its hash added.
    """
    name = str(directory).replace("/", "-")
    raw = os.fsencode(name)
    if len(raw) <= _MAX_NAME:
        return name
    from hashlib import sha256

    return os.fsdecode(raw[: _MAX_NAME - 17]) + "-" + sha256(raw).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Locations:
    """All paths of one person in one project. Build it with `of`."""

    cwd: Path
    home: Path
    config: Path
    """`~/.qwen`, or `QWEN_HOME`."""
    runtime: Path
    """Where sessions and logs go: `config`, or `QWEN_RUNTIME_DIR`."""
    system_settings: Path
    """Managed settings that no person can override in a file."""
    system_defaults: Path

    @classmethod
    def of(cls, *, cwd: Path, home: Path, environ: Mapping[str, str]) -> Locations:
        """Read the variables that move paths: those of Qwen Code, with its meaning."""

        def path(variable: str, default: Path) -> Path:
            text = environ.get(variable, "")
            if text == "~" or text.startswith("~/"):
                return home / text[2:]
            return cwd / text if text else default

        system = Path("/etc/qwen-code")
        if sys.platform == "darwin":
            system = Path("/Library/Application Support/QwenCode")
        config = path("QWEN_HOME", home / ".qwen")
        return cls(
            cwd=cwd,
            home=home,
            config=config,
            runtime=path("QWEN_RUNTIME_DIR", config),
            system_settings=path("QWEN_CODE_SYSTEM_SETTINGS_PATH", system / "settings.json"),
            system_defaults=path("QWEN_CODE_SYSTEM_DEFAULTS_PATH", system / "system-defaults.json"),
        )

    @property
    def user_settings(self) -> Path:
        return self.config / "settings.json"

    @property
    def project_config(self) -> Path:
        return self.cwd / ".qwen"

    @property
    def project_settings(self) -> Path:
        return self.project_config / "settings.json"

    @property
    def user_env_files(self) -> tuple[Path, ...]:
        """Strongest first."""
        return (self.config / ".env", self.home / ".env")

    @property
    def project_env_files(self) -> tuple[Path, ...]:
        """Strongest first. None where the project is the home directory, whose files are the user's."""
        files = (self.project_config / ".env", self.cwd / ".env")
        return tuple(f for f in files if f not in self.user_env_files)

    @property
    def trusted_folders(self) -> Path:
        return self.config / "trustedFolders.json"

    @property
    def history(self) -> Path:
        """What was typed at the REPL's prompt."""
        return self.runtime / "history"

    @property
    def models(self) -> Path:
        """Models that were downloaded."""
        return self.runtime / "models"

    @property
    def kept_states(self) -> Path:
        """What embedded models have evaluated, so that they need not do it again."""
        return self.runtime / "kv"

    @property
    def project(self) -> Path:
        """What is kept for this project outside of it."""
        return self.runtime / "projects" / project_name(self.cwd)

    @property
    def sessions(self) -> Path:
        return self.project / "sessions"

    def session_files(self, session_id: str) -> Path:
        """The folder beside a session's log for what belongs to it and dies with it."""
        return self.sessions / session_id

    def outputs(self, session_id: str) -> Path:
        """Where tool output goes that is too long for the model."""
        return self.session_files(session_id) / "outputs"

    def contents(self, session_id: str) -> Path:
        """What files held before the session changed them."""
        return self.session_files(session_id) / "contents.pack"

    def debug_log(self, session_id: str) -> Path:
        return self.runtime / "debug" / f"{session_id}.txt"
