from __future__ import annotations

import pytest

from qwen_code.sandbox.environment import for_commands, is_secret


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "QWEN_CODE_ANYTHING",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GITHUB_TOKEN",
        "npm_config__authToken",
        "PGPASSWORD",
        "MYSQL_PWD",
        "DBPASS",
        "SENTRY_DSN",
        "SESSION_COOKIE",
        "SSH_ASKPASS",
        "DOCKER_AUTH_CONFIG",
    ],
)
def test_names_of_credentials_are_secret(name: str) -> None:
    assert is_secret(name, "x")


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "PWD",
        "OLDPWD",
        "VIRTUAL_ENV",
        "PYTHONPATH",
        "NODE_ENV",
        "CI",
        "JAVA_HOME",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_EMAIL",
        "TOKENIZERS_PARALLELISM",
        "SSH_AUTH_SOCK",
        "XAUTHORITY",
        "AWS_REGION",
    ],
)
def test_what_builds_and_tests_need_is_kept(name: str) -> None:
    assert not is_secret(name, "/some/value")


@pytest.mark.parametrize(
    "value",
    [
        "sk-proj-abcdefghijklmnop1234",
        "ghp_abcdefghijklmnopqrstuvwxyz012345",
        "github_pat_11ABCDEFG0abcdefgh",
        "glpat-abcdefghijklmnopqrst",
        "xoxb-1234-5678-abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "hf_abcdefghijklmnopqrstuvwx",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
        "redis://:hunter2@cache:6379/0",
        "prefix https://user:token@example.invalid/x.git suffix",
    ],
)
def test_values_that_look_like_keys_are_secret_under_any_name(value: str) -> None:
    assert is_secret("HARMLESS", value)


@pytest.mark.parametrize(
    "value",
    ["/usr/bin:/bin", "https://example.invalid/a@b", "http://localhost:8080", "task-force-alpha-one-two"],
)
def test_ordinary_values_are_not_secret(value: str) -> None:
    assert not is_secret("HARMLESS", value)


def test_a_variable_named_by_the_user_passes_as_it_is() -> None:
    assert for_commands({"DEPLOY_TOKEN": "x", "PAGER": "less"}, keep=("DEPLOY_TOKEN",))["DEPLOY_TOKEN"] == "x"
    assert for_commands({"PAGER": "less"}, keep=("PAGER",))["PAGER"] == "less"


def test_files_that_a_shell_runs_first_are_not_named() -> None:
    assert not {"BASH_ENV", "ENV"} & for_commands({"BASH_ENV": "/x", "ENV": "/y"}).keys()
