"""Which files of a person no command may read: keys, tokens, histories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

_IN_HOME: Final = (
    *(".ssh", ".gnupg", ".age", ".password-store", ".local/share/keyrings", ".local/share/kwalletd"),
    *("Library/Keychains", "Library/Cookies", ".config/sops", ".config/op", ".config/Bitwarden", ".aws"),
    *(".azure", ".kube", ".docker", ".dockercfg", ".oci", ".terraform.d", ".s3cfg", ".boto"),
    *(".vault-token", ".config/gcloud", ".config/doctl", ".config/heroku", ".config/netlify"),
    *(".config/rclone", ".config/containers/auth.json", ".config/gh", ".config/glab-cli", ".config/hub"),
    *(".config/git/credentials", ".git-credentials", ".netrc", "_netrc", ".pgpass", ".my.cnf"),
    *(".mylogin.cnf", ".env", ".npmrc", ".yarnrc.yml", ".pypirc", ".cargo/credentials"),
    *(".cargo/credentials.toml", ".gem/credentials", ".bundle/config", ".composer/auth.json"),
    *(".cache/huggingface/token", ".huggingface/token", ".mozilla", ".thunderbird"),
    *(".config/google-chrome", ".config/chromium", ".config/BraveSoftware", ".bash_history"),
    *(".zsh_history", ".histfile", ".python_history", ".node_repl_history", ".psql_history"),
    *(".mysql_history", ".sqlite_history", ".rediscli_history", ".lesshst", ".viminfo", ".claude"),
    *(".claude.json", ".codex", ".gemini", ".cursor"),
)

_OF_THE_MACHINE: Final = (
    *("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d"),
    *("/etc/ssl/private", "/var/spool/cron"),
)
"""Readable for root, as whom programs run in many containers."""
_SSH_KEYS = Path("/etc/ssh")


def secret_paths(home: Path) -> Iterator[Path]:
    """Those that exist and can be read, each where its links lead. Looked at anew for every command."""
    for path in _named(str(home)):
        if os.access(path, os.R_OK):
            yield Path(os.path.realpath(path))


@lru_cache(maxsize=8)
def _named(home: str) -> tuple[str, ...]:
    """As text, since there are a hundred of them."""
    keys = sorted(_SSH_KEYS.glob("ssh_host_*_key")) if os.geteuid() == 0 else []
    return (*(f"{home}/{name}" for name in _IN_HOME), *_OF_THE_MACHINE, *map(str, keys))
