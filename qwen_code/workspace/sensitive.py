"""Files that hold secrets as a rule: a search leaves them out, reading them is not the model's to decide."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import cache, lru_cache
from typing import Final

NAMES: Final = (
    *(".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore"),
    *("*.kdbx", "*.ppk", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "private-keys*", ".htpasswd"),
    *("credentials", "credentials.*", "secrets.*", "secret.*", "client_secret*.json", "kubeconfig"),
    *("service-account*.json", "service_account*.json", "*.tfstate", "*.tfstate.*", "*.tfvars", "auth.json"),
    *("vault.yml", "wallet.dat", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc", ".pypirc"),
    *(".git-credentials", ".s3cfg", ".boto", ".dockercfg", ".vault-token", "*_history", ".histfile"),
    *(".yarnrc.yml", ".zhistory", ".lesshst", ".viminfo"),
)  # fmt: skip
"""Patterns over the last name of a path, in lower case."""

DIRECTORIES: Final = frozenset([
    *(".ssh", ".gnupg", ".age", ".aws", ".azure", ".kube", ".docker", ".terraform.d", ".password-store"),
    *("keychains", "keyrings", "gcloud", ".mozilla", "google-chrome", "chromium"),
])  # fmt: skip
"""All that lies in one of these, at any depth."""

HARMLESS: Final = (".env.example", ".env.sample", ".env.template", ".env.dist", ".env.defaults", "*.pub")
"""Exceptions to the names: templates that are made to be shared, public keys."""


def is_sensitive(path: str) -> bool:
    """Whether the file is likely to hold secrets, by its path from the workspace's root."""
    directory, _, name = path.rpartition("/")
    return _is_sensitive_name(name) or (directory != "" and _is_sensitive_directory(directory))


@lru_cache(maxsize=65_536)
def _is_sensitive_name(name: str) -> bool:
    sensitive, harmless = _expressions()
    lower = name.lower()
    return sensitive.match(lower) is not None and harmless.match(lower) is None


@lru_cache(maxsize=65_536)
def _is_sensitive_directory(path: str) -> bool:
    return not DIRECTORIES.isdisjoint(path.lower().split("/"))


@cache
def _expressions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return _any_of(NAMES), _any_of(HARMLESS)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns))
