from __future__ import annotations

import pytest

from qwen_code.settings.keys import BY_PATH
from qwen_code.settings.values import Unfit, url

ENDPOINTS = [
    "http://localhost:8080/v1",
    "https://user:pass@host.example:8443/v1?x=1",
    "http://[::1]:8080/v1",
    "http://qwen-server/v1",
    "localhost:8080/v1",
    "localhost",
    "api.example.com/v1",
    "gpu-box:8000",
    "",
]
NO_ENDPOINTS = [
    "ftp://host",
    "http://",
    "http:///v1",
    "http:/host",
    "https://a b",
    "http://host:port",
    "http://host\x00",
    "qwen",
    "/v1",
    "http://a@b@c/",
]


@pytest.mark.parametrize("text", ENDPOINTS)
def test_an_endpoint_is_taken_as_people_write_it(text: str) -> None:
    assert url().read(f" {text}\n") == text


@pytest.mark.parametrize("text", NO_ENDPOINTS)
def test_what_can_be_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(Unfit):
        url().read(text)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("debug", " YES ", True),
        ("debug", "0", False),
        ("model.maxToolCalls", "-1", None),
        ("model.maxToolCalls", "12", 12),
        ("model.maxWallTimeSeconds", "1.5", 1.5),
        ("tools.disabled", "a, b,", ("a", "b")),
        ("tools.disabled", '["a"]', ("a",)),
        ("permissions.deny", "Bash(rm a, b), Read", ("Bash(rm a, b)", "Read")),
        ("context.fileName", "A.md", ("A.md",)),
        ("model.generationConfig.extra_body", '{"a": [1,]}', {"a": [1]}),
        ("sandbox.network", "allow:pypi.org,*.example.com:443", "allow:pypi.org,*.example.com:443"),
    ],
)
def test_a_variable_holds_a_value_as_text(key: str, text: str, value: object) -> None:
    kind = BY_PATH[key].kind
    assert kind.read(kind.from_text(text)) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("debug", "2"),
        ("model.maxToolCalls", "1.5"),
        ("model.maxToolCalls", "0"),
        ("model.maxToolCalls", "9" * 30),
        ("model.maxWallTimeSeconds", "nan"),
        ("model.maxWallTimeSeconds", "inf"),
        ("tools.disabled", '["a"'),
        ("tools.disabled", "[1]"),
        ("model.generationConfig.extra_body", "a=1"),
        ("sandbox.network", "allow:"),
        ("proxy", "proxy:3128"),
    ],
)
def test_text_that_is_no_such_value_is_refused(key: str, text: str) -> None:
    kind = BY_PATH[key].kind
    with pytest.raises(Unfit):
        kind.read(kind.from_text(text))


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("model.generationConfig.timeout", 1234),
        ("model.generationConfig.maxRetries", 0),
        ("model.maxToolCalls", -1),
        ("model.maxToolCalls", 5),
        ("model.maxWallTimeSeconds", -1),
        ("model.maxWallTimeSeconds", 0.25),
        ("tools.truncateToolOutputLines", -1),
        ("model.generationConfig.samplingParams.top_k", -1),
        ("ui.theme", "dark"),
    ],
)
def test_what_a_field_holds_can_be_written_back(key: str, written: object) -> None:
    kind = BY_PATH[key].kind
    assert kind.write(kind.read(written)) == written
