"""What a refusal, a broken connection or a strange answer means, and the sentence that says so."""

from __future__ import annotations

from qwen_code.backends.attempt import NotAnEndpoint, Transient, UnknownModel, UnsupportedParameter
from qwen_code.backends.endpoint import Endpoint
from qwen_code.backends.refusal import Refusal
from qwen_code.errors import BackendError, ContextOverflow, EndpointMisconfigured
from qwen_code.transport_error import TransportError

LOADING_POLL_S = 2.0
RATE_LIMIT_SLOWER = 4.0
"""Rate limits are counted by the minute; an overloaded server may be free again within a second."""

SECRET_CHARACTERS = 8
"""A shorter key is one that a local server does not look at, and may be a word of its message."""

_DROPPABLE = ("stream_options", "return_progress")


def failure_of(
    refusal: Refusal, endpoint: Endpoint, model: str, *, max_tokens_set: bool = False
) -> Exception:
    """The exception that says what `refusal` means."""
    status = refusal.status
    said = _said(refusal, endpoint)
    if status in (400, 422) and (name := next((n for n in _DROPPABLE if n in refusal.text), "")):
        return UnsupportedParameter(name)
    if refusal.no_credit:
        return EndpointMisconfigured(
            f"{_subject(endpoint)} has no credit or quota left for this key{said} Top up the account, or use "
            "another key or endpoint."
        )
    if status in (401, 403, 407):
        return _denied(refusal, endpoint, model, said)
    if max_tokens_set and refusal.max_tokens_too_large:
        return EndpointMisconfigured(f"The setting max_tokens does not suit {model}{said}")
    if refusal.too_long:
        return ContextOverflow(f"The conversation is too long for {model}{said}", window=refusal.window)
    if setup := _server_setup(refusal, endpoint, model, said):
        return setup
    if status in (408, 409, 425, 429) or (status >= 500 and status not in (501, 505)):
        return _transient(refusal, endpoint, said)
    if 300 <= status < 400:
        return NotAnEndpoint(
            f"{endpoint.base_url} redirects elsewhere{said} Set the base URL to the final address."
        )
    if refusal.unknown_model:
        return UnknownModel(f"{_subject(endpoint)} has no model named {model}{said} Choose another with -m.")
    if status in (404, 405):
        return NotAnEndpoint(
            f"{endpoint.base_url} is not an OpenAI-compatible endpoint: it answers {status} to "
            "/chat/completions. Check the base URL; it usually ends in /v1."
        )
    return BackendError(f"{_subject(endpoint)} refused the request ({status}){said}")


def transport_failure(error: TransportError, endpoint: Endpoint, *, proven: bool) -> Exception:
    """What a connection that failed means; `proven` is true when the endpoint has answered before."""
    host = endpoint.host
    if proven and error.kind != "invalid_url":
        return Transient(f"the connection to {host} failed: {error}")
    match error.kind:
        case "unknown_host":
            return EndpointMisconfigured(
                f"There is no host named {host}, or this machine is offline. Check the base URL "
                f"{endpoint.base_url} (OPENAI_BASE_URL, model.baseUrl)."
            )
        case "tls":
            hint = "if it uses a private certificate authority, name its file in the setting `caFile`"
            if endpoint.is_local:
                hint = f"use http:// in the base URL if it has no TLS; {hint}"
            if "not speak TLS" in str(error):
                hint = "use http:// in the base URL"
            return EndpointMisconfigured(f"The TLS connection to {host} failed: {error}; {hint}.")
        case "proxy":
            return Transient(f"the proxy could not reach {host}: {error}", max_tries=2)
        case "invalid_url":
            return EndpointMisconfigured(f"The base URL {endpoint.base_url} can't be used: {error}.")
        case "refused" if endpoint.is_local:
            start = f" (`{endpoint.provider.start}`)" if endpoint.provider.start else ""
            return Transient(
                f"nothing listens at {endpoint.base_url}: is the server running{start}, "
                "and is the port right?"
            )
        case _:
            return Transient(f"{host} could not be reached: {error}")


def not_an_answer(endpoint: Endpoint, what: str, *, proven: bool) -> Exception:
    """A success whose body is no completion: once may be an accident of a gateway, twice is the wrong URL."""
    reason = f"{endpoint.host} answered with {what} instead of a completion"
    if proven:
        return Transient(reason)
    verdict = NotAnEndpoint(
        f"{endpoint.base_url} is not an OpenAI-compatible endpoint: it answers with {what}. "
        "Check the base URL; it usually ends in /v1."
    )
    return Transient(reason, max_tries=2, verdict=verdict)


def _denied(refusal: Refusal, endpoint: Endpoint, model: str, said: str) -> Exception:
    title, variable = _subject(endpoint), endpoint.key_variable
    if not endpoint.api_key:
        return EndpointMisconfigured(f"{title} needs an API key{said} Set {variable} to one.")
    if refusal.status == 403:
        return EndpointMisconfigured(
            f"{title} refuses this request{said} Check that the key in {variable} may use {model} from here."
        )
    return EndpointMisconfigured(
        f"{title} does not accept the API key{said} Set {variable} (or model.apiKey) to a valid one."
    )


def _server_setup(refusal: Refusal, endpoint: Endpoint, model: str, said: str) -> Exception | None:
    """Servers that run and can't serve tools as they were started."""
    if refusal.needs_tool_parser:
        return EndpointMisconfigured(
            f"The server at {endpoint.host} was started without tool calls. Restart vLLM with "
            "--enable-auto-tool-choice --tool-call-parser qwen3_coder (hermes for models other than coders)."
        )
    if refusal.needs_jinja:
        return EndpointMisconfigured(
            f"The server at {endpoint.host} was started without tool calls. "
            "Restart llama-server with --jinja."
        )
    if refusal.no_tools:
        return EndpointMisconfigured(
            f"{model} can't call tools at {_title(endpoint)}{said} Choose another model with -m."
        )
    return None


def _transient(refusal: Refusal, endpoint: Endpoint, said: str) -> Transient:
    title = _title(endpoint)
    if refusal.status == 503 and "loading" in refusal.message.lower():
        return Transient(f"{title} is still loading the model", retry_after_s=LOADING_POLL_S, counted=False)
    what = {408: "timed out", 429: "limits the rate of requests", 503: "is overloaded or down"}
    return Transient(
        f"{title} {what.get(refusal.status, 'failed')} ({refusal.status}){said}",
        retry_after_s=refusal.retry_after_s,
        slower=RATE_LIMIT_SLOWER if refusal.status == 429 else 1.0,
    )


def _title(endpoint: Endpoint) -> str:
    known = endpoint.provider.hosts or endpoint.provider.start
    return endpoint.provider.title if known else endpoint.host


def _subject(endpoint: Endpoint) -> str:
    """The title at the beginning of a sentence; hosts stay as they are."""
    title = _title(endpoint)
    return f"The{title[3:]}" if title.startswith("the ") else title


def _said(refusal: Refusal, endpoint: Endpoint) -> str:
    """The server's own words as the end of a clause, without the key that some of them repeat."""
    message = refusal.message.strip()
    if len(endpoint.api_key) >= SECRET_CHARACTERS:
        message = message.replace(endpoint.api_key, "***")
    if not message:
        return "."
    return f": {message}" if message[-1] in ".!?" else f": {message}."
