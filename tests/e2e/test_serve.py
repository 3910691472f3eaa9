from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.program import Program
from tests.support.served_model import TOKEN, ServedModel
from tests.support.tiny_models import TinyModel, caller, needs_llama_cpp

openai = pytest.importorskip("openai", reason="pip install -e '.[dev]'")
pytestmark = needs_llama_cpp

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "",
            "parameters": {
                "type": "object",
                "properties": {"file_path": {"type": "string"}},
                "required": ["file_path"],
            },
        },
    }
    for name in ("read_file", "list_directory")
]
SYSTEM = {"role": "system", "content": "You are a coding agent. " * 20}
HELLO = {"role": "user", "content": "Hello."}
NUMBERS = {"type": "array", "items": {"type": "integer"}, "minItems": 256}
LONG: dict[str, Any] = {
    "response_format": {"type": "json_schema", "json_schema": {"name": "numbers", "schema": NUMBERS}},
    "max_tokens": 30_000,
    "stream": True,
}
"""An answer that the model can't end soon."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModel]:
    with ServedModel(caller(), tmp_path_factory.mktemp("served")) as running:
        yield running


def client(served: ServedModel, token: str = TOKEN) -> Any:
    return openai.OpenAI(base_url=served.url, api_key=token, max_retries=0, timeout=120)


def ask(served: ServedModel, *messages: object, **more: Any) -> Any:
    given = {"model": "tiny", "messages": [SYSTEM, *messages], "max_tokens": 16, "seed": 1, **more}
    return client(served).chat.completions.create(**given)


def test_the_model_is_listed_with_the_window_that_it_really_has(served: ServedModel) -> None:
    (model,) = client(served).models.list().data
    assert (model.id, model.max_model_len) == ("tiny", 32768)
    assert client(served).models.retrieve("tiny").id == "tiny"
    assert f"OPENAI_API_KEY={TOKEN}" in served.hint


def test_an_answer_is_the_same_whole_and_streamed(served: ServedModel) -> None:
    whole = ask(served, HELLO)
    assert 0 < whole.usage.completion_tokens <= 16
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    chunks = list(ask(served, HELLO, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.strip() == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_calls_come_native_and_their_results_evaluate_only_what_is_new(served: ServedModel) -> None:
    messages: list[Any] = [{"role": "user", "content": "Look at a.py."}]
    held = 0
    for turn in range(4):
        options: dict[str, Any] = {"tools": TOOLS, "tool_choice": "required", "max_tokens": 400, "seed": turn}
        answer = ask(served, *messages, **options)
        message = answer.choices[0].message
        assert answer.choices[0].finish_reason == "tool_calls", answer
        for call in message.tool_calls:
            assert call.function.name in ("read_file", "list_directory")
            assert isinstance(json.loads(call.function.arguments)["file_path"], str)
        usage = answer.usage
        assert usage.prompt_tokens_details.cached_tokens >= held
        held = usage.prompt_tokens + usage.completion_tokens - 1  # the last token is evaluated with the next
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": "x = 1"} for call in message.tool_calls
        ]
        messages += [message.model_dump(exclude_none=True), *reversed(results)]


def test_a_streamed_call_comes_whole(served: ServedModel) -> None:
    wanted = {"type": "function", "function": {"name": "list_directory"}}
    chunks = list(ask(served, HELLO, tools=TOOLS, tool_choice=wanted, max_tokens=400, seed=3, stream=True))
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert [call.index for call in deltas] == list(range(len(deltas)))
    for call in deltas:
        assert call.function.name == "list_directory"
        assert json.loads(call.function.arguments).keys() == {"file_path"}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_tools_that_may_not_be_called_are_not(served: ServedModel) -> None:
    for seed in range(8):
        answer = ask(served, HELLO, tools=TOOLS, tool_choice="none", seed=seed)
        assert answer.choices[0].message.tool_calls is None
        assert "<tool_call>" not in answer.choices[0].message.content


def test_an_answer_by_a_schema_is_of_that_schema(served: ServedModel) -> None:
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["bug", "feature"]}, "urgent": {"type": "boolean"}},
        "required": ["kind", "urgent"],
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "triage", "schema": schema}}
    for seed in range(5):
        answer = ask(served, HELLO, response_format=wanted, seed=seed, max_tokens=200)
        found = json.loads(answer.choices[0].message.content)
        assert found["kind"] in ("bug", "feature")
        assert isinstance(found["urgent"], bool)
        assert answer.choices[0].finish_reason == "stop"


def test_an_answer_ends_before_a_stop_word(served: ServedModel) -> None:
    said = ask(served, HELLO, max_tokens=60).choices[0].message.content
    word = said[10:13]
    answer = ask(served, HELLO, max_tokens=60, stop=[word])
    assert answer.choices[0].message.content == said[: said.index(word)].strip()
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens < 60
    streamed = ask(served, HELLO, max_tokens=60, stop=word, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in streamed)
    assert text == said[: said.index(word)]


def test_whoever_has_not_the_token_gets_nothing(served: ServedModel) -> None:
    for token in ("wrong", "é"):
        with pytest.raises((openai.AuthenticationError, UnicodeEncodeError)):
            client(served, token).models.list()
    status, body = raw(served, "POST", "/v1/chat/completions", b"{}", {})
    assert status == 401
    assert "token is missing or wrong" in body["error"]["message"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"messages": [{"role": "user", "content": "word " * 40_000}]}, "leaves no room for an answer"),
        ({"messages": []}, "messages: list should have at least 1 item"),
        ({"n": 2}, "n must be 1"),
        ({"temperature": -1}, "temperature: input should be greater than or equal to 0"),
        ({"tool_choice": "required"}, "`tools` offers none"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "reads text only, not image_url",
        ),
        ({"messages": [HELLO, {"role": "tool", "content": "x", "tool_call_id": "1"}]}, "answers no call"),
    ],
)
def test_what_can_not_be_answered_is_said(served: ServedModel, more: dict[str, Any], says: str) -> None:
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as caught:
            ask(served, HELLO, **more, stream=stream)
        assert says in caught.value.body["message"]


def raw(
    served: ServedModel,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", int(served.url.split(":")[2].split("/")[0]), timeout=60)
    connection.request(
        method,
        path,
        body=body,
        headers={"Authorization": f"Bearer {TOKEN}"} if headers is None else headers,
    )
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/v1/chat/completions", b"{", 400, "The body is not JSON"),
        ("POST", "/v1/chat/completions", b"\xff", 400, "The body is not JSON"),
        ("POST", "/v1/chat/completions", b"[]", 400, "The body: "),
        ("GET", "/v1/chat/completions", b"", 405, "does not take GET"),
        ("GET", "/v1/embeddings", b"", 404, "There is nothing at /v1/embeddings"),
        ("GET", "/v1/models/gpt-4", b"", 404, "There is no model gpt-4 here, only tiny"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(
    served: ServedModel, method: str, path: str, body: bytes, status: int, says: str
) -> None:
    answered, said = raw(served, method, path, body)
    assert (answered, says in said["error"]["message"]) == (status, True), said


def test_a_client_that_leaves_stops_the_model(served: ServedModel) -> None:
    left = sum("the client left" in line for line in served.log)
    long = ask(served, HELLO, **LONG)
    next(iter(long))
    long.close()
    served.wait_for("the client left", times=left + 1)
    assert ask(served, HELLO).usage.completion_tokens <= 16  # and not behind 30,000 others


def test_a_client_that_leaves_while_its_prompt_is_read_stops_that_too(served: ServedModel) -> None:
    left = sum("the client left" in line for line in served.log)
    long = {"role": "user", "content": "some words to read " * 3000}
    patience = httpx.Timeout(60, read=0.5)
    impatient = openai.OpenAI(base_url=served.url, api_key=TOKEN, max_retries=0, timeout=patience)
    with pytest.raises(openai.APITimeoutError):
        impatient.chat.completions.create(model="tiny", messages=[long], **{**LONG, "stream": False})
    served.wait_for("the client left", times=left + 1)
    assert ask(served, HELLO).usage.completion_tokens <= 16


def test_requests_at_the_same_time_are_answered_one_after_the_other(served: ServedModel) -> None:
    def one(number: int) -> str:
        return ask(served, {"role": "user", "content": f"Number {number}."}).choices[0].message.content

    alone = [one(number) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(6))) == alone


def test_a_second_program_works_with_the_served_model(served: ServedModel, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    program = Program(
        tmp_path,
        environment={
            "OPENAI_BASE_URL": served.url,
            "OPENAI_API_KEY": TOKEN,
            "QWEN_CODE_MODEL_GENERATION_CONFIG_SAMPLING_PARAMS_MAX_TOKENS": "80",
            "QWEN_CODE_MODEL_GENERATION_CONFIG_SAMPLING_PARAMS_SEED": "4",
        },
    )
    asked = ("-m", "tiny", "--no-sandbox", "--max-session-turns", "4", "-o", "json")
    ran = program.ask(*asked, prompt="Look at a.py.", timeout=180)
    assert ran.code in (0, 1, 53), ran.err
    answers = [e["message"] for e in ran.json() if e["type"] == "assistant"]
    usages = [answer["usage"] for answer in answers if answer["id"].endswith("_0")]
    assert len(usages) > 1
    for before, after in pairwise(usages):
        assert after["cache_read_input_tokens"] >= before["input_tokens"]


def test_ctrl_c_ends_it_even_while_it_answers(tmp_path: Path) -> None:
    with ServedModel(caller(), tmp_path) as served:
        long = ask(served, HELLO, **LONG)
        next(iter(long))
        assert served.interrupt() == 0
        assert "Traceback" not in "".join(served.log)


def test_what_can_not_be_served_is_said(tmp_path: Path) -> None:
    program = Program(tmp_path)
    nothing = program.run("serve")
    assert nothing.code == 2
    assert "Name the model to serve" in nothing.err
    missing = program.run("serve", "-m", "none.gguf")
    assert missing.code == 52
    assert "There is no model file at none.gguf" in missing.err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        busy = program.run("serve", "-m", str(TinyModel("qwen3moe").build()), "--port", port)
    assert busy.code == 2
    assert f"Port {port} is taken" in busy.err
