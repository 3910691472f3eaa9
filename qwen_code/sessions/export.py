"""A session as text for people (Markdown) and for programs (OpenAI's chat messages as JSON)."""

from __future__ import annotations

import json
import re
from typing import Any

from qwen_code.messages import Message
from qwen_code.sessions.plain_text import harmless, one_line
from qwen_code.sessions.restore import Restored

_MAX_LINES = 40
"""Of one result; the whole is in the JSON."""


def as_markdown(session: Restored) -> str:
    """What was said, with calls and results in code blocks."""
    header = session.header
    prompts = [message.text for message in session.messages if message.role == "user"]
    first = prompts[0].removeprefix(f"{header.preamble}\n\n") if prompts else ""
    parts = [
        f"# {one_line(session.title or first, 80) or header.id}",
        f"Session {header.id} of {header.created} with {header.model or 'an unnamed model'} in `{header.cwd}`"
        + (f" on branch {header.git_branch}" if header.git_branch else "")
        + f": {session.turns} turns.",
    ]
    for position, message in enumerate(session.messages):
        if message.role == "user":
            parts.append(f"## Prompt\n\n{first if position == 0 else message.text}")
        elif message.role == "assistant":
            parts.append("## Answer" + (f"\n\n{message.text}" if message.text else ""))
            parts += [
                f"`{call.name}`\n\n{_block(_arguments(call.arguments), 'json')}"
                for call in message.tool_calls
            ]
        else:
            parts.append(f"Result:\n\n{_block(_shortened(message.text))}")
    return harmless("\n\n".join(parts)).rstrip()


def _arguments(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, indent=2, ensure_ascii=False)


def _shortened(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= _MAX_LINES:
        return text
    return "\n".join([*lines[:_MAX_LINES], f"... {len(lines) - _MAX_LINES} more lines"])


def _block(text: str, language: str = "") -> str:
    """A fenced block with a fence that `text` can't close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def as_json(session: Restored) -> str:
    """The whole conversation, reasoning and tool schemas included."""
    header = session.header
    document = {
        "id": header.id,
        "title": session.title,
        "created": header.created,
        "cwd": header.cwd,
        "git_branch": header.git_branch,
        "model": header.model,
        "version": header.version,
        "turns": session.turns,
        "usage": {
            "prompt_tokens": session.usage.prompt_tokens,
            "cached_tokens": session.usage.cached_tokens,
            "completion_tokens": session.usage.completion_tokens,
            "cost_usd": session.usage.cost_usd,
        },
        "tools": [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
            }
            for t in header.tools
        ],
        "messages": [{"role": "system", "content": header.system}, *map(_chat_message, session.messages)],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _chat_message(message: Message) -> dict[str, Any]:
    chat: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.reasoning:
        chat["reasoning_content"] = message.reasoning
    if message.tool_calls:
        chat["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        chat["tool_call_id"] = message.tool_call_id
    return chat
