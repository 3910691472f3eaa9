from __future__ import annotations

import pytest

from qwen_code.backends.attempt import NotAnEndpoint, Transient, UnknownModel, UnsupportedParameter
from qwen_code.backends.endpoint import Endpoint, resolve_endpoint
from qwen_code.backends.failures import failure_of, not_an_answer, transport_failure
from qwen_code.backends.refusal import Refusal
from qwen_code.errors import BackendError, ContextOverflow, EndpointMisconfigured
from qwen_code.settings.model import ModelSettings
from qwen_code.transport_error import TransportError, TransportKind


def at(url: str = "https://models.example.com/v1", key: str = "sk-secret") -> Endpoint:
    endpoint = resolve_endpoint(ModelSettings(name="m", base_url=url, api_key=key), {})
    assert endpoint is not None
    return endpoint


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_worth_a_retry(status: int) -> None:
    failure = failure_of(Refusal(status, "busy", retry_after_s=7), at(), "m")
    assert isinstance(failure, Transient)
    assert failure.retry_after_s == 7
    assert str(status) in str(failure)


@pytest.mark.parametrize(("status", "kind"), [(400, BackendError), (501, BackendError), (404, NotAnEndpoint)])
def test_what_will_not_pass_is_not_tried_again(status: int, kind: type[Exception]) -> None:
    assert type(failure_of(Refusal(status, "no"), at(), "m")) is kind


def test_a_rejected_key_names_the_variable_that_holds_it_and_never_the_key() -> None:
    failure = failure_of(Refusal(401, "Incorrect API key provided: sk-secret"), at(), "m")
    assert isinstance(failure, EndpointMisconfigured)
    assert "OPENAI_API_KEY" in str(failure)
    assert "sk-secret" not in str(failure)
    hosted = failure_of(Refusal(401, "no"), at("https://openrouter.ai/api/v1"), "m")
    assert "OPENROUTER_API_KEY" in str(hosted)


def test_a_key_that_is_a_word_leaves_the_message_as_it_is() -> None:
    assert "no token is left" in str(failure_of(Refusal(500, "no token is left"), at(key="token"), "m"))


def test_a_missing_key_is_asked_for() -> None:
    assert "needs an API key" in str(failure_of(Refusal(401, "no"), at(key=""), "m"))


def test_a_forbidden_model_names_model_and_key() -> None:
    text = str(failure_of(Refusal(403, "not in your region"), at(), "m"))
    assert "not in your region" in text
    assert "OPENAI_API_KEY" in text


def test_a_window_that_is_too_small_is_told_with_its_size() -> None:
    failure = failure_of(Refusal(400, "maximum context length is 4096 tokens"), at(), "m")
    assert isinstance(failure, ContextOverflow)
    assert failure.window == 4096


def test_an_answer_limit_that_the_user_set_is_not_blamed_on_the_conversation() -> None:
    message = "max_tokens is too large: 99999. This model's maximum context length is 4096 tokens"
    failure = failure_of(Refusal(400, message), at(), "m", max_tokens_set=True)
    assert isinstance(failure, EndpointMisconfigured)
    assert "max_tokens" in str(failure)


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        (
            Refusal(400, '"auto" tool choice requires --enable-auto-tool-choice'),
            "--tool-call-parser qwen3_coder",
        ),
        (Refusal(500, "tools param requires --jinja flag"), "Restart llama-server with --jinja"),
        (Refusal(400, "registry.ollama.ai/library/x does not support tools"), "Choose another model"),
        (Refusal(404, "No endpoints found that support tool use."), "Choose another model"),
    ],
)
def test_a_server_that_can_not_serve_tools_is_told_how_it_could(refusal: Refusal, remedy: str) -> None:
    failure = failure_of(refusal, at("http://localhost:8000/v1"), "m")
    assert isinstance(failure, EndpointMisconfigured)
    assert remedy in str(failure)


def test_a_server_that_is_loading_its_model_is_waited_for() -> None:
    failure = failure_of(Refusal(503, "Loading model"), at("http://localhost:8080/v1"), "m")
    assert isinstance(failure, Transient)
    assert not failure.counted


def test_a_refused_parameter_that_is_not_needed_is_named() -> None:
    failure = failure_of(Refusal(400, "Unknown parameter: stream_options"), at(), "m")
    assert isinstance(failure, UnsupportedParameter)
    assert str(failure) == "stream_options"


def test_an_unknown_model_is_told_from_an_unknown_address() -> None:
    assert isinstance(failure_of(Refusal(404, "The model m does not exist"), at(), "m"), UnknownModel)
    page = Refusal(404, "The model page does not exist", is_json=False)
    assert isinstance(failure_of(page, at(), "m"), NotAnEndpoint)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unknown_host", "no host named models.example.com"),
        ("tls", "`caFile`"),
        ("invalid_url", "can't be used"),
    ],
)
def test_connections_that_can_not_work_say_why(kind: TransportKind, words: str) -> None:
    failure = transport_failure(TransportError(kind, "reason"), at(), proven=False)
    assert isinstance(failure, EndpointMisconfigured)
    assert words in str(failure)


def test_tls_to_a_port_that_speaks_plain_http_names_the_remedy() -> None:
    error = TransportError("tls", "the server does not speak TLS on this port")
    assert "use http://" in str(transport_failure(error, at(), proven=False))
    ended = TransportError("tls", "unexpected eof while reading")
    assert "use http://" in str(transport_failure(ended, at("https://127.0.0.1:8080/v1"), proven=False))
    assert "http://" not in str(transport_failure(ended, at(), proven=False))


def test_a_local_server_that_is_not_there_is_asked_about() -> None:
    local = at("http://localhost:11434/v1")
    failure = transport_failure(TransportError("refused", "connection refused"), local, proven=False)
    assert isinstance(failure, Transient)
    assert "is the server running" in str(failure)


@pytest.mark.parametrize("kind", ["unknown_host", "tls", "refused", "reset", "proxy"])
def test_an_endpoint_that_has_answered_before_is_given_another_chance(kind: TransportKind) -> None:
    assert isinstance(transport_failure(TransportError(kind, "r"), at(), proven=True), Transient)


def test_a_web_page_instead_of_an_answer_is_an_accident_once_and_the_wrong_url_twice() -> None:
    failure = not_an_answer(at(), "a web page", proven=False)
    assert isinstance(failure, Transient)
    assert failure.max_tries == 2
    assert isinstance(failure.verdict, NotAnEndpoint)
    proven = not_an_answer(at(), "a web page", proven=True)
    assert isinstance(proven, Transient)
    assert proven.max_tries is None
