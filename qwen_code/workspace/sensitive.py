"""Files that hold secrets as a rule: searches leave them out, and reading them is not the model's to decide.

The one list of them. `qwen_code.permissions` asks a person before one is read, by a tool or by a command;
what lies in the home directory the sandbox hides besides (`qwen_code.sandbox.secret_paths`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import cache, lru_cache
from typing import Final

SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    "may hold secrets": (
        *(".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore"),
        *("*.kdbx", "*.ppk", ".htpasswd", "credentials", "credentials.json", "credentials.y*ml"),
        *("credentials.toml", "credentials.ini", "credentials.csv", "credentials.xml", "credentials.db"),
        *("secrets.json", "secrets.y*ml", "secrets.toml", "secrets.ini", "secret.json", "secret.y*ml"),
        *("client_secret*.json", "service-account*.json", "service_account*.json", "*.tfstate"),
        *("*.tfstate.*", "*.tfvars", "kubeconfig", "auth.json", "vault.yml", "wallet.dat"),
    ),
    "is a private key": (
        *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".ssh", ".gnupg", ".age", "private-keys*"),
    ),
    "holds credentials": (
        *(".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc", ".pypirc", ".yarnrc.yml", ".git-credentials"),
        *(".s3cfg", ".boto", ".dockercfg", ".vault-token", ".aws", ".azure", ".kube", ".docker/config.json"),
        *(".config/gcloud", ".config/gh", ".config/op", ".config/rclone", ".cargo/credentials*"),
        *(".gem/credentials", ".terraform.d", ".password-store", ".local/share/keyrings", "keychains"),
        *(".mozilla", ".config/google-chrome", ".config/chromium", ".qwen/oauth*"),
    ),
    "is a history of what was typed": ("*_history", ".histfile", ".zhistory", ".lesshst", ".viminfo"),
}
"""Patterns in lower case by what such a file is: for one name anywhere in a path, or, with a slash, for the
end of a path. All that lies below a match is meant, too."""

HARMLESS: Final = (".env.example", ".env.sample", ".env.template", ".env.dist", ".env.defaults", "*.pub")
"""Exceptions by the last name: templates that are made to be shared, public keys."""

NAMES: Final = tuple(pattern for group in SECRETS.values() for pattern in group if "/" not in pattern)
"""The patterns for one name."""


def is_sensitive(path: str) -> bool:
    """Whether the file is likely to hold secrets, by its path from the workspace's root."""
    directory, _, name = path.lower().rpartition("/")
    if is_harmless(name):
        return False
    return _is_sensitive_name(name) or (directory != "" and _is_below_secrets(directory)) or _ends(path)


def is_harmless(name: str) -> bool:
    """Whether the last name of a path, in lower case, is one of the exceptions."""
    return _harmless().match(name) is not None


@lru_cache(maxsize=65_536)
def _is_sensitive_name(name: str) -> bool:
    return _single().match(name) is not None


@lru_cache(maxsize=65_536)
def _is_below_secrets(directory: str) -> bool:
    return any(_is_sensitive_name(name) for name in directory.split("/")) or _ends(f"{directory}/")


def _ends(path: str) -> bool:
    return _several().search(f"/{path.lower()}") is not None


@cache
def _single() -> re.Pattern[str]:
    return _any_of(NAMES)


@cache
def _harmless() -> re.Pattern[str]:
    return _any_of(HARMLESS)


@cache
def _several() -> re.Pattern[str]:
    patterns = (pattern for group in SECRETS.values() for pattern in group if "/" in pattern)
    return re.compile("|".join(f"/{re.escape(p).replace(chr(92) + '*', '[^/]*')}(?=/|$)" for p in patterns))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns))
