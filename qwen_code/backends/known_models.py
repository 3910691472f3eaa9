"""What is known of models by their names alone."""

from __future__ import annotations

KNOWN_WINDOWS: tuple[tuple[str, int], ...] = (
    ("qwen3-coder-plus", 1_000_000),
    ("qwen3-coder-flash", 1_000_000),
    ("qwen3-coder", 262_144),
    ("qwen3-max", 262_144),
    ("qwen3-next", 262_144),
    ("qwen3.5", 262_144),
    ("qwen3.6", 262_144),
    ("qwen-plus", 131_072),
    ("qwen-max", 32_768),
    ("qwen3-235b-a22b-2507", 262_144),
    ("qwen3-30b-a3b-2507", 262_144),
    ("qwen3-4b-2507", 262_144),
    ("qwen3", 32_768),
    ("qwq", 131_072),
    ("qwen2.5-coder", 32_768),
    ("gpt-4.1", 1_000_000),
    ("gpt-4o", 128_000),
    ("gpt-5", 400_000),
    ("deepseek", 128_000),
    ("kimi-k2", 262_144),
    ("glm-4", 128_000),
)
"""Windows of hosted models by the beginning of their name, the more precise first; from the makers' pages."""

UNKNOWN_WINDOW = 32_768
"""For a model and server that nothing is known of: small enough to be true nearly everywhere."""


def known_window(model: str) -> int | None:
    """The window that `model` has at a hosting provider, from its name."""
    name = model.lower().rpartition("/")[2].replace("_", "-")
    for size in ("-instruct", "-thinking"):
        name = name.replace(size, "")
    return next((window for beginning, window in KNOWN_WINDOWS if name.startswith(beginning)), None)


def needs_its_reasoning(model: str) -> str:
    """Field in which `model` wants its earlier reasoning back, or empty.

    DeepSeek refuses a history whose tool calls come without it
    (https://api-docs.deepseek.com/guides/thinking_mode#tool-calls); Kimi's thinking models lose their plan.
    Qwen's templates drop it themselves, so it is not sent to them.
    """
    name = model.lower().rpartition("/")[2]
    return "reasoning_content" if name.startswith(("deepseek", "kimi-k2-thinking")) else ""
