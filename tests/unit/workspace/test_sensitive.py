from __future__ import annotations

import pytest

from qwen_code.workspace.sensitive import is_sensitive


@pytest.mark.parametrize(
    "name",
    [
        *(".env", ".env.local", "prod.env", ".ENV", "server.pem", "id_rsa", "id_ed25519", ".netrc", "x.key"),
        *(".ssh/config", "a/.aws/credentials", ".docker/config.json", "home/.config/gh/hosts.yml"),
        *("deploy/secrets.yml", ".bash_history"),
    ],
)
def test_files_that_hold_secrets_are_known(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize(
    "name",
    [
        ".env.example",
        "env.py",
        "id_rsa.pub",
        "keys.py",
        "environment.ts",
        "README.md",
        "monkey.txt",
        "secrets.py",
        ".docker/daemon.json",
        "config/gh/hosts.yml",
        "src/a.py",
        "",
    ],
)
def test_other_files_are_not_taken_for_them(name: str) -> None:
    assert not is_sensitive(name)
