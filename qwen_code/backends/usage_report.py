"""Reads what a server says that an answer consumed; the fields differ, the meaning doesn't."""

from __future__ import annotations

from typing import Any, cast

from qwen_code.messages import Usage


def read_usage(usage: dict[str, Any], timings: dict[str, Any], *, prefill_s: float, decode_s: float) -> Usage:
    """`usage` as OpenAI, DeepSeek, Moonshot and OpenRouter report it, and llama-server's `timings`.

    `prefill_s` and `decode_s` are as measured here, for servers that don't tell. Counts that are no counts
    are taken as not reported.
    """
    details = usage.get("prompt_tokens_details")
    cached = cast("dict[str, Any]", details).get("cached_tokens") if isinstance(details, dict) else None
    cached = cached or usage.get("prompt_cache_hit_tokens") or usage.get("cached_tokens")
    reused = count(timings.get("cache_n"))
    return Usage(
        prompt_tokens=count(usage.get("prompt_tokens")) or count(timings.get("prompt_n")) + reused,
        cached_tokens=count(cached) or reused,
        completion_tokens=count(usage.get("completion_tokens")) or count(timings.get("predicted_n")),
        prefill_s=_seconds(timings.get("prompt_ms")) or prefill_s,
        decode_s=_seconds(timings.get("predicted_ms")) or decode_s,
        cost_usd=_amount(usage.get("cost", usage.get("estimated_cost"))),
    )


def count(value: object) -> int:
    """`value` when it is a positive whole number, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53 else 0


def _seconds(milliseconds: object) -> float:
    return (_amount(milliseconds) or 0.0) / 1000


def _amount(value: object) -> float | None:
    """`value` when it is a number that can be added to others."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 1e12:
        return None
    return float(value)
