"""A server's refusal, read from every provider's shape and spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

MAX_BYTES = 64 * 1024
"""Of a refusal's body; what is longer says nothing more."""

_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|model_max_prompt_tokens_exceeded"
    r"|max(?:imum)? (?:context|prompt|model)(?: window)? len(?:gth)?"
    r"|exceed\w* (?:the )?(?:available |configured |model'?s? |maximum |max )*context"
    r"|context (?:length|window|size)(?: is)? (?:exceeded|overflow|full)|context_window_exceeded"
    r"|longer than the (?:model'?s? |maximum )?(?:context|model)|greater than the context length"
    r"|context the overflows|context overflow"
    r"|prompt (?:is )?too long|input (?:is )?too (?:long|large)|prompt exceeds max|too many input tokens"
    r"|range of input length|input (?:token count|length|tokens)\b.{0,40}exceeds?\b"
    r"|exceed(?:s|ed) (?:the )?model token limit|token count exceeds|token limit exceeded"
    r"|reduce the length of the (?:messages|prompt|input)|`?inputs`?.{0,60}must (?:be|have) (?:<=|less than)",
    re.IGNORECASE,
)
"""Measured or documented spellings of OpenAI, vLLM, SGLang, llama-server, LM Studio, Ollama, DashScope,
OpenRouter, Together, Fireworks, DeepInfra, TGI, Anthropic, Google, xAI, Groq, Mistral, Moonshot and Z.ai."""

_SIZE = (
    r"(?:context|prompt|model|input)(?: window)? (?:length|size|limit)"
    r"(?: is| of|:)*(?: only)?:? ?\(?(\d[\d,_]*)"
)
_WINDOW = (
    re.compile(rf"max(?:imum)?(?: model)? {_SIZE}", re.IGNORECASE),
    re.compile(
        rf"{_SIZE}|> (\d[\d,]*) maximum|\[1, ?(\d+)\]|allowed \((\d+)\)|must be <= (\d+)"
        r"|less than (\d+) tokens|token limit:? ?(\d+)|limit of (\d[\d,]*) tokens",
        re.IGNORECASE,
    ),
)
"""Where the number of tokens stands; what is called a maximum is looked for first."""

_QUOTA = re.compile(
    r"insufficient[_ ](?:quota|credits?|balance|funds)|exceeded your current quota|arrearage|billing"
    r"|credit balance|out of credits?|payment required|free (?:tier|quota).{0,40}(?:exhausted|exceeded)",
    re.IGNORECASE,
)
_UNKNOWN_MODEL = re.compile(
    r"model_not_found|\bmodel\b.{0,200}?\b(?:not found|does(?: not|n't) exist|not exist|is not available"
    r"|not supported|unknown|isn't loaded|not loaded)"
    r"|(?:not a valid|invalid|unknown|no such|unsupported) model|no (?:models? loaded|endpoints found)"
    r"|unable to access (?:non-serverless )?model",
    re.IGNORECASE | re.DOTALL,
)
_NEEDS_PARSER = re.compile(r"enable-auto-tool-choice|tool-call-parser", re.IGNORECASE)
_NO_TOOLS = re.compile(
    r"does(?: not|n't) support (?:tools|function|tool)|tools? (?:use|calling)? ?not supported"
    r"|no endpoints found that support tool use",
    re.IGNORECASE,
)
_MAX_TOKENS = re.compile(
    r"max_(?:completion_)?tokens.{0,60}(?:too large|should be|must be|at most)", re.IGNORECASE | re.DOTALL
)
_TRY_AGAIN_IN = re.compile(r"try again in (?:(\d+)m)?(\d+(?:\.\d+)?)(ms|s)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no completion: status, and what of the body is meant for people."""

    status: int
    message: str
    code: str = ""
    """The server's own code and type, for matching."""
    n_ctx: int | None = None
    """The window, where the error has a field for it (llama-server)."""
    retry_after_s: float | None = None
    is_json: bool = True

    @property
    def text(self) -> str:
        return f"{self.code} {self.message}"

    @property
    def too_long(self) -> bool:
        """The prompt does not fit the window. 429 never says so: `too many tokens` means per minute there."""
        return self.status == 413 or (self.status != 429 and bool(_OVERFLOW.search(self.text)))

    @property
    def window(self) -> int | None:
        """Tokens that the server says it can hold."""
        if self.n_ctx:
            return self.n_ctx
        for pattern in _WINDOW:
            for match in pattern.finditer(self.text):
                number = next((group for group in match.groups() if group), "")
                value = int(re.sub(r"\D", "", number) or 0)
                if value >= 256:
                    return value
        return None

    @property
    def no_credit(self) -> bool:
        return self.status == 402 or (self.status in (400, 403, 429) and bool(_QUOTA.search(self.text)))

    @property
    def unknown_model(self) -> bool:
        return self.status in (400, 404, 422) and self.is_json and bool(_UNKNOWN_MODEL.search(self.text))

    @property
    def max_tokens_too_large(self) -> bool:
        return bool(_MAX_TOKENS.search(self.text))

    @property
    def needs_tool_parser(self) -> bool:
        """vLLM runs without its tool call parser."""
        return bool(_NEEDS_PARSER.search(self.text))

    @property
    def needs_jinja(self) -> bool:
        """llama-server runs without its template engine."""
        return "--jinja" in self.text

    @property
    def no_tools(self) -> bool:
        """The model, or every provider of it, can't call tools."""
        return self.status < 500 and bool(_NO_TOOLS.search(self.text))


def read_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """What `body` says, in any of the shapes that servers give an error."""
    retry_after = _retry_after(headers)
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace")
        is_html = "<html" in text[:1000].lower() or "<!doctype" in text[:1000].lower()
        message = "" if is_html else " ".join(text.split())[:300]
        return Refusal(status, message, retry_after_s=retry_after, is_json=False)
    return refusal_in(data, status, retry_after)


def refusal_in(data: Any, status: int = 500, retry_after_s: float | None = None) -> Refusal:
    """The refusal that a JSON value holds; inside a stream the value alone tells the status."""
    error: Any = data
    while isinstance(error, list) and error:
        error = cast("list[Any]", error)[0]
    fields: dict[str, Any] = {}
    if isinstance(error, dict):
        fields = cast("dict[str, Any]", error)
        inner = fields.get("error")
        if isinstance(inner, dict):
            fields = cast("dict[str, Any]", inner)
        elif isinstance(inner, str):
            fields = {**fields, "message": inner}
    message = fields.get("message") or fields.get("detail") or fields.get("msg") or ""
    if not isinstance(message, str):
        message = json.dumps(message, ensure_ascii=False)
    metadata = fields.get("metadata")
    if isinstance(metadata, dict) and isinstance(raw := cast("dict[str, Any]", metadata).get("raw"), str):
        message = f"{message}: {raw}"  # OpenRouter: what the provider behind it said
    code = " ".join(str(fields[name]) for name in ("code", "type", "status") if fields.get(name))
    if status < 400 or status == 500:
        status = next((int(n) for n in re.findall(r"\b[45]\d\d\b", code)), status)
        if status == 500 and re.search(r"rate_limit|overloaded", code):
            status = 429
    n_ctx = fields.get("n_ctx")
    window = n_ctx if isinstance(n_ctx, int) and n_ctx > 0 else None
    wait = retry_after_s if retry_after_s is not None else _asked_in_words(message)
    return Refusal(status, " ".join(message.split())[:600], code, window, wait)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After, a number or a date (RFC 9110, 10.2.3), or of OpenAI's `retry-after-ms`."""
    try:
        if text := headers.get("retry-after-ms", "").strip():
            return max(0.0, float(text) / 1000)
        text = headers.get("retry-after", "").strip()
        if not text:
            return None
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        import time
        from email.utils import parsedate_to_datetime

        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _asked_in_words(message: str) -> float | None:
    """`Please try again in 1m2.5s`, as OpenAI and Groq write it."""
    if match := _TRY_AGAIN_IN.search(message):
        minutes, amount, unit = match.groups()
        return int(minutes or 0) * 60 + float(amount) / (1000 if unit == "ms" else 1)
    return None
