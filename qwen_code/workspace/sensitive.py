"""Names of files that hold secrets as a rule: searches leave them out, and reading them is asked for."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import cache, lru_cache
from typing import Final

SENSITIVE: Final = (
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    ".htpasswd",
    "credentials",
    "credentials.json",
    "secrets.json",
    "secrets.y*ml",
    "*.tfstate",
)
"""Patterns over the last name of a path."""

HARMLESS: Final = (".env.example", ".env.sample", ".env.template", ".env.dist", ".env.defaults", "*.pub")
"""Exceptions: templates that are made to be shared, public keys."""


@lru_cache(maxsize=65_536)
def is_sensitive(name: str) -> bool:
    """Whether a file of this name (the last part of its path) is likely to hold secrets."""
    sensitive, harmless = _expressions()
    lower = name.lower()
    return sensitive.match(lower) is not None and harmless.match(lower) is None


@cache
def _expressions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return _any_of(SENSITIVE), _any_of(HARMLESS)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns))
