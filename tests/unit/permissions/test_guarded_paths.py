from __future__ import annotations

import pytest

from qwen_code.permissions.guarded_paths import protected, secret
from qwen_code.permissions.places import Place, Places

PLACES = Places(["/home/ada/.local/src/app"], "/home/ada", lambda path: path)


def at(path: str) -> Place:
    return PLACES.at(path, "/home/ada/.local/src/app", glob="*" in path or "?" in path)


@pytest.mark.parametrize(
    "path",
    str.split(
        """
        .env .env.local sub/.ENV prod.env .envrc key.pem server.key id_rsa id_ed25519_sk .npmrc
        credentials.json secrets.yaml secrets.yml terraform.tfstate /home/ada/.ssh/config /root/.aws/x
        /home/ada/.config/gh/hosts.yml /home/ada/.docker/config.json /home/ada/.bash_history
        /proc/self/environ /proc/1/mem /proc/9/task/9/environ /proc/self/root/etc /etc/shadow /dev/mem
        .e* .en? *.pem id_* cred* *_history x/.s*/y
        """
    ),
)
def test_files_with_secrets_are_known(path: str) -> None:
    assert secret(at(path), PLACES)


@pytest.mark.parametrize(
    "path",
    str.split(
        """
        a.py src/env.py .env.example .env.sample .gitignore id_rsa.pub src/credentials.py secrets.py
        keyboard.py * src/* *.py *.json test_* [a-z]* a* /etc/hosts history.md
        """
    ),
)
def test_ordinary_files_hold_no_secrets(path: str) -> None:
    assert not secret(at(path), PLACES)


@pytest.mark.parametrize(
    "path",
    str.split(
        """
        .git/hooks/pre-commit .git/config .git sub/.git/HEAD .GIT/hooks/x .gitmodules .husky/pre-commit
        .qwen/settings.json .claude/x .mcp.json .vscode/tasks.json .idea/x.xml a.code-workspace .envrc
        .bashrc /home/ada/.zshrc /home/ada/.config/fish/config.fish .ripgreprc .env
        /home/ada/.ssh/authorized_keys .vs*/x .g*
        """
    ),
)
def test_files_that_run_code_later_are_known(path: str) -> None:
    assert protected(at(path), PLACES)


@pytest.mark.parametrize(
    "path", ["a.py", ".gitignore", ".gitattributes", ".github/workflows/ci.yml", "git/config", "*", "*.md"]
)
def test_ordinary_files_run_nothing(path: str) -> None:
    assert not protected(at(path), PLACES)


def test_the_folders_above_the_workspace_do_not_guard_it() -> None:
    assert not protected(at("/home/ada/.local/src/app/a.py"), PLACES)


def test_a_guarded_file_is_known_through_a_link() -> None:
    assert protected(Place("/w/hk/pre-commit", "/w/.git/hooks/pre-commit"), PLACES)
    assert secret(Place("/w/notes", "/home/ada/.ssh/id_rsa"), PLACES)
