from __future__ import annotations

import asyncio
import json
import threading
from contextlib import aclosing

import pytest

from qwen_code.backends.endpoint import resolve_endpoint
from qwen_code.backends.openai_compatible import OpenAICompatible
from qwen_code.backends.retry import RetryPolicy
from qwen_code.chunks import CallStarted, Retrying
from qwen_code.errors import (
    BackendError,
    BackendUnavailable,
    ContextOverflow,
    EndpointMisconfigured,
    QwenCodeError,
)
from qwen_code.messages import Message, Prompt
from qwen_code.settings.model import ModelSettings
from tests.support.chat_server import ChatServer, FaultKind, Reply, Request, delta
from tests.unit.backends.asking import (
    HASTY,
    ask,
    ask_server,
    calls_of,
    collect,
    finish_of,
    prompt,
    remote,
    text_of,
)

OK = Reply("Fine.", usage={"prompt_tokens": 80, "completion_tokens": 2})


def test_an_answer_is_streamed_with_its_usage() -> None:
    with ChatServer([OK]) as server:
        chunks = ask_server(server, api_key="k", custom_headers={"X-Team": "a"})
        assert text_of(chunks) == "Fine."
        assert finish_of(chunks).usage.prompt_tokens == 80
        (request,) = server.requests
        assert request.headers["authorization"] == "Bearer k"
        assert request.headers["x-team"] == "a"
        assert request.headers["user-agent"].startswith("qwen-code/")
        assert server.other == []


def test_calls_arrive_whole() -> None:
    with ChatServer(
        [Reply("I look.", [("read_file", {"file_path": "a.py"}), ("glob", {"pattern": "*"})])]
    ) as server:
        chunks = ask_server(server)
    assert [(c.name, c.arguments) for c in calls_of(chunks)] == [
        ("read_file", {"file_path": "a.py"}),
        ("glob", {"pattern": "*"}),
    ]
    assert [c.name for c in chunks if isinstance(c, CallStarted)] == ["read_file", "glob"]


PASSING: dict[str, Reply] = {
    "429": Reply(status=429, headers={"retry-after": "0"}),
    "500": Reply(status=500),
    "503 with a page": Reply(status=503, body="<html>down</html>"),
    "408": Reply(status=408),
    "reset before the answer": Reply(fault="reset_before"),
    "reset in the middle": Reply("I will now look at it.", fault="reset"),
    "closed in the middle": Reply("I will now look at it.", fault="close_mid"),
    "empty": Reply(fault="empty"),
    "a web page": Reply(fault="html"),
    "hang": Reply(fault="hang"),
    "stall": Reply("I will now look at it.", fault="stall"),
    "an error inside the stream": Reply(
        events=[delta(content="I"), {"error": {"code": 502, "message": "boom"}}]
    ),
    "a cut event": Reply(events=[delta(content="I"), b'data: {"choices": [{"del\n\n']),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_told_and_survived(fault: str) -> None:
    with ChatServer([PASSING[fault], OK]) as server:
        chunks = ask_server(server, timeout_s=0.5, stream_idle_timeout_s=0.5)
        assert text_of(chunks) == "Fine."
        assert len([c for c in chunks if isinstance(c, Retrying)]) == 1
        assert len(server.requests) == 2
        assert server.requests[0].raw == server.requests[1].raw


def test_a_fault_that_stays_ends_after_the_tries_that_are_allowed() -> None:
    with ChatServer(lambda request, number: Reply(status=503)) as server:
        with pytest.raises(BackendUnavailable, match=r"\(503\).*after 4 tries"):
            ask_server(server)
        assert len(server.requests) == 4


def test_the_settings_say_how_often_it_is_tried() -> None:
    with ChatServer(lambda request, number: Reply(status=503)) as server:
        policy = RetryPolicy(max_tries=2, first_wait_s=0.01)
        with pytest.raises(BackendUnavailable):
            ask_server(server, retry=policy)
        assert len(server.requests) == 2


REFUSED: dict[str, tuple[Reply, type[QwenCodeError], str]] = {
    "bad key": (Reply(status=401), EndpointMisconfigured, "OPENAI_API_KEY"),
    "no credit": (Reply(status=402), EndpointMisconfigured, "credit"),
    "bad request": (Reply(status=400), BackendError, "injected"),
    "too long": (
        Reply(status=400, body='{"error": {"message": "maximum context length is 4096 tokens"}}'),
        ContextOverflow,
        "4096",
    ),
    "too long, said inside the stream": (
        Reply(events=[{"error": {"code": 400, "message": "the prompt is too long"}}]),
        ContextOverflow,
        "too long",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_retry_can_help_ends_at_once(case: str) -> None:
    reply, kind, words = REFUSED[case]
    with ChatServer([reply]) as server:
        with pytest.raises(kind, match=words):
            ask_server(server)
        assert len(server.requests) == 1


def test_a_page_at_the_configured_address_is_the_wrong_address() -> None:
    with ChatServer(lambda request, number: Reply(fault="html")) as server:
        with pytest.raises(EndpointMisconfigured, match="not an OpenAI-compatible endpoint"):
            ask_server(server)
        assert len(server.requests) == 2


def test_the_right_address_is_offered_when_it_can_be_found() -> None:
    with ChatServer() as server, pytest.raises(EndpointMisconfigured, match=f"did you mean {server.url}/v1"):
        ask(remote(server.url))


def test_an_unknown_model_is_answered_with_similar_names() -> None:
    models = [{"id": name} for name in ("qwen/qwen3-coder", "qwen/qwen3-coder-plus", "meta/llama-4")]
    missing = Reply(status=404, body='{"error": {"message": "model not found"}}')
    with ChatServer([missing], models=models) as server:
        with pytest.raises(EndpointMisconfigured, match="Did you mean qwen/qwen3-coder") as caught:
            ask_server(server, name="qwen3-codr")
    assert "llama" not in str(caught.value)


def test_without_a_model_name_the_only_model_is_taken_and_several_are_listed() -> None:
    with ChatServer([OK]) as server:
        backend = remote(server.base_url, name="")
        ask(backend)
        assert server.bodies[0]["model"] == backend.name == "test-model"
    with ChatServer(models=[{"id": "a"}, {"id": "b"}]) as server:
        with pytest.raises(EndpointMisconfigured, match="a, b"):
            ask_server(server, name="")


def test_a_refused_extra_parameter_is_left_out_and_the_request_made_again() -> None:
    refusal = Reply(
        status=400, body='{"error": {"message": "Extra inputs are not permitted: return_progress"}}'
    )
    with ChatServer([refusal, OK, OK]) as server:
        backend = remote(server.base_url)

        async def twice() -> None:
            await collect(backend, prompt())
            await collect(backend, prompt())
            await backend.aclose()

        asyncio.run(twice())
        assert ["return_progress" in body for body in server.bodies] == [True, False, False]


def test_the_window_that_an_overflow_tells_is_remembered() -> None:
    too_long = Reply(status=400, body='{"error": {"message": "maximum context length is 4096 tokens"}}')
    with ChatServer([too_long]) as server:
        backend = remote(server.base_url)

        async def overflow() -> int:
            with pytest.raises(ContextOverflow):
                await collect(backend, prompt())
            window = await backend.context_window()
            await backend.aclose()
            return window

        assert asyncio.run(overflow()) == 4096
        assert server.other == []


async def _disconnected(server: ChatServer) -> bool:
    return await asyncio.to_thread(server.requests[0].disconnected.wait, 5)


def test_leaving_in_the_middle_of_an_answer_closes_the_connection() -> None:
    with ChatServer([Reply("word " * 500, rate=50)]) as server:

        async def leave() -> None:
            backend = remote(server.base_url)
            async with aclosing(backend.stream(prompt())) as chunks:
                await anext(chunks)
            # Before the backend is closed: it is the request's own connection that must go.
            assert await _disconnected(server)
            await backend.aclose()

        asyncio.run(leave())


def test_cancelling_the_task_that_waits_for_an_answer_closes_the_connection() -> None:
    arrived = threading.Event()

    def script(request: Request, number: int) -> Reply:
        arrived.set()
        return Reply(fault="hang")

    with ChatServer(script) as server:

        async def leave() -> None:
            backend = remote(server.base_url)
            reading = asyncio.create_task(collect(backend, prompt()))
            assert await asyncio.to_thread(arrived.wait, 5)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert await _disconnected(server)
            await backend.aclose()

        asyncio.run(leave())


def test_any_status_of_success_is_one() -> None:
    stream = f"data: {json.dumps(delta('stop', content='Fine.'))}\n\ndata: [DONE]\n\n"
    with ChatServer([Reply(status=201, body=stream)]) as server:
        assert text_of(ask_server(server)) == "Fine."


def test_a_model_that_the_server_lists_and_refuses_is_not_offered_again() -> None:
    refused = Reply(status=404, body='{"error": {"message": "model test-model not found in the cache"}}')
    with (
        ChatServer([refused]) as server,
        pytest.raises(EndpointMisconfigured, match="in the cache") as caught,
    ):
        ask_server(server)
    assert "Did you mean" not in str(caught.value)


def test_a_connection_is_used_again() -> None:
    with ChatServer([OK, OK, Reply(status=500), OK]) as server:
        backend = remote(server.base_url)

        async def thrice() -> None:
            for _ in range(3):
                await collect(backend, prompt())
            await backend.aclose()

        asyncio.run(thrice())
        assert server.connections == 1


def test_a_backend_outlives_its_event_loop() -> None:
    with ChatServer([OK, OK]) as server:
        backend = remote(server.base_url)
        assert text_of(asyncio.run(collect(backend, prompt()))) == "Fine."
        assert text_of(asyncio.run(collect(backend, prompt()))) == "Fine."


def test_each_request_has_the_one_before_as_its_prefix_byte_for_byte() -> None:
    with ChatServer([Reply("I look.", [("glob", {"pattern": "*"})]), OK]) as server:
        backend = remote(server.base_url)

        async def turns() -> None:
            first = prompt()
            calls = calls_of(await collect(backend, first))
            messages = (
                *first.messages,
                Message("assistant", "I look.", tool_calls=tuple(calls)),
                Message("tool", "a.py", tool_call_id=calls[0].id),
            )
            await collect(backend, Prompt(first.system, first.tools, messages))
            await backend.aclose()

        asyncio.run(turns())
        before, after = (request.raw for request in server.requests)
        assert after.startswith(before.removesuffix(b"]}"))
        assert json.loads(after)["messages"][-1]["content"] == "a.py"


def test_tokens_are_counted_as_the_server_counted_them() -> None:
    with ChatServer([OK]) as server:
        backend = remote(server.base_url)

        async def count() -> int:
            await collect(backend, prompt())
            counted = await backend.count_tokens(prompt())
            await backend.aclose()
            return counted

        assert asyncio.run(count()) == 80


def test_name_and_location_are_for_people() -> None:
    backend = remote("http://localhost:8080/v1", name="qwen3-coder")
    assert (backend.name, backend.location) == ("qwen3-coder", "localhost:8080")


def test_nothing_listening_asks_whether_the_server_runs() -> None:
    with ChatServer() as server:
        port = server.port
    policy = RetryPolicy(max_tries=2, first_wait_s=0.01)
    with pytest.raises(BackendUnavailable, match="is the server running"):
        ask(remote(f"http://127.0.0.1:{port}/v1", retry=policy))


@pytest.mark.parametrize("fault", ["html", "empty"])
def test_an_endpoint_that_has_answered_before_is_not_called_wrong_for_a_page(fault: FaultKind) -> None:
    def script(request: Request, number: int) -> Reply:
        return OK if number == 0 else Reply(fault=fault)

    with ChatServer(script) as server:
        backend = remote(server.base_url, retry=HASTY)

        async def twice() -> None:
            await collect(backend, prompt())
            with pytest.raises(BackendUnavailable):
                await collect(backend, prompt())
            await backend.aclose()

        asyncio.run(twice())
        assert len(server.requests) == 5


def test_the_window_at_hand_is_that_of_a_server_nearby_asked_once() -> None:
    async def twice(backend: OpenAICompatible) -> list[int | None]:
        windows = [await backend.window_at_hand(), await backend.window_at_hand()]
        await backend.aclose()
        return windows

    with ChatServer(models=[{"id": "test-model", "max_model_len": 8192}]) as server:
        assert asyncio.run(twice(remote(server.base_url))) == [8192, 8192]
        assert server.other == ["GET /v1/models"]
    with ChatServer() as server:  # a server that tells nothing is not asked again and again
        assert asyncio.run(twice(remote(server.base_url))) == [None, None]
        assert server.other.count("GET /v1/models") == 1


def test_the_window_at_hand_of_a_host_is_what_its_models_name_tells() -> None:
    settings = ModelSettings(base_url="https://api.example.com/v1", name="qwen3-coder-plus", api_key="k")
    endpoint = resolve_endpoint(settings, {})
    assert endpoint is not None
    assert asyncio.run(OpenAICompatible(endpoint, settings).window_at_hand()) == 1_000_000
