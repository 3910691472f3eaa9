from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from qwen_code.backends.refusal import Refusal, read_refusal, refusal_in

TOO_LONG: list[tuple[str, int | None]] = [
    (
        "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens.",
        32768,
    ),
    ("Your input exceeds the context window of this model.", None),
    (
        "This endpoint's maximum context length is 262144 tokens. However, you requested about 300000 tokens "
        "(290000 of text input). Please reduce the length of either one.",
        262144,
    ),
    ("The input (40000 tokens) is longer than the model's context length (32768 tokens).", 32768),
    ("Requested token count exceeds the model's maximum context length of 8192 tokens.", 8192),
    ("request (5210 tokens) exceeds the available context size (4096 tokens), try increasing it", 4096),
    ("the request exceeds the available context size. try increasing the context size", None),
    (
        "The number of tokens to keep from the initial prompt is greater than the context length. Try to "
        "load the model with a larger context length",
        None,
    ),
    (
        "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with "
        "context length of only 4096 tokens, which is not enough.",
        4096,
    ),
    ("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]", 129024),
    ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 32769. Given: 40000", 32769),
    ("Input validation error: `inputs` must have less than 4095 tokens. Given: 9000", 4095),
    ("The prompt is too long: 140000, model maximum context length: 131071", 131071),
    ("Requested input length 40000 exceeds maximum input length 32768", 32768),
    ("prompt is too long: 213462 tokens > 200000 maximum", 200000),
    (
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        1048575,
    ),
    ("This model's maximum prompt length is 131072 but the request contains 537812 tokens.", 131072),
    ("Please reduce the length of the messages or completion.", None),
    ("Invalid request: Your request exceeded model token limit: 262144", 262144),
    ("Prompt exceeds max length", None),
    ("the input length exceeds the context length", None),
    ("The decoder prompt (length 5001) is longer than the maximum model length of 4096.", 4096),
]


@pytest.mark.parametrize(("message", "window"), TOO_LONG)
def test_every_spelling_of_too_long_is_understood(message: str, window: int | None) -> None:
    refusal = read_refusal(400, {}, json.dumps({"error": {"message": message}}).encode())
    assert refusal.too_long
    assert refusal.window == window


def test_a_code_alone_says_too_long() -> None:
    assert refusal_in({"error": {"code": "context_length_exceeded", "message": "no"}}, 400).too_long


def test_the_window_is_read_from_a_field_of_its_own() -> None:
    error = {
        "error": {"type": "exceed_context_size_error", "message": "no", "n_ctx": 4096, "n_prompt_tokens": 9}
    }
    refusal = refusal_in(error, 400)
    assert refusal.too_long
    assert refusal.window == 4096


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(429, "Rate limit: too many input tokens per minute. The prompt is too long for your tier."),
        Refusal(400, "messages[3].content must be a string"),
        Refusal(400, "temperature must be at most 2"),
        Refusal(500, "internal error in the context manager"),
    ],
)
def test_other_refusals_are_not_taken_for_too_long(refusal: Refusal) -> None:
    assert not refusal.too_long


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "a"}}, "a"),
        ({"error": "b"}, "b"),
        ({"object": "error", "message": "c", "type": "NotFoundError", "code": 404}, "c"),
        ({"detail": "d"}, "d"),
        ([{"error": {"message": "e"}}], "e"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "why"}}},
            "Provider returned error: why",
        ),
        ({"detail": [{"loc": ["body"], "msg": "f"}]}, '[{"loc": ["body"], "msg": "f"}]'),
        ("just text", ""),
        (None, ""),
    ],
)
def test_the_message_is_found_in_every_shape(body: Any, message: str) -> None:
    assert read_refusal(400, {}, json.dumps(body).encode()).message == message


def test_plain_text_is_kept_and_a_web_page_is_not() -> None:
    assert read_refusal(502, {}, b"upstream  is\ndown").message == "upstream is down"
    page = read_refusal(502, {}, b"<!DOCTYPE html><html><h1>502</h1></html>")
    assert page.message == ""
    assert not page.is_json


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 429),
        ({"error": {"code": "rate_limit_exceeded", "message": "slow"}}, 429),
        ({"error": {"type": "overloaded_error", "message": "busy"}}, 429),
        ({"error": {"code": 400, "message": "bad"}}, 400),
        ({"error": {"message": "who knows"}}, 500),
    ],
)
def test_inside_a_stream_the_error_itself_tells_the_status(error: Any, status: int) -> None:
    assert refusal_in(error).status == status


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert read_refusal(429, headers, b"{}").retry_after_s == seconds


def test_retry_after_may_be_a_date() -> None:
    headers = {"retry-after": formatdate(time.time() + 30, usegmt=True)}
    seconds = read_refusal(429, headers, b"{}").retry_after_s
    assert seconds is not None
    assert 25 < seconds <= 30


def test_a_wait_asked_for_in_words_is_understood() -> None:
    assert refusal_in({"error": {"message": "Please try again in 1m2.5s. Visit"}}, 429).retry_after_s == 62.5
    assert refusal_in({"error": {"message": "try again in 250ms"}}, 429).retry_after_s == 0.25


@pytest.mark.parametrize(
    "message",
    [
        "The model `qwen9` does not exist or you do not have access to it.",
        'model "qwen9" not found, try pulling it first',
        "qwen9 is not a valid model ID",
        "No endpoints found for qwen9.",
        "Model qwen9 is not supported",
    ],
)
def test_every_spelling_of_an_unknown_model_is_understood(message: str) -> None:
    assert refusal_in({"error": {"message": message}}, 404).unknown_model


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(402, "Insufficient credits"),
        Refusal(429, "You exceeded your current quota, please check your plan and billing details"),
        Refusal(400, "Access denied, please make sure your account is in good standing.", "Arrearage"),
    ],
)
def test_an_empty_account_is_told_from_a_rate_limit(refusal: Refusal) -> None:
    assert refusal.no_credit
    assert not Refusal(429, "Rate limit reached").no_credit
