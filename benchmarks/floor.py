"""The floor: a bare httpx script that does the same requests and nothing that a product must do.

Run as `python benchmarks/floor.py PROMPT` with OPENAI_BASE_URL set; also `--pipe COMMAND`, which reads a
command's output and keeps head and tail. No permissions, no sessions, no rendering, no checks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

KEEP = 8_000


def tool(name: str, **parameters: str) -> dict[str, Any]:
    properties = {key: {"type": kind} for key, kind in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": schema}}


TOOLS = [
    tool("run_shell_command", command="string"),
    tool("read_file", file_path="string"),
    tool("edit", file_path="string", old_string="string", new_string="string"),
]


def head_and_tail(command: str) -> bytes:
    process = subprocess.Popen(
        ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    head, tail = b"", b""
    while piece := os.read(process.stdout.fileno(), 65_536):
        if len(head) < KEEP:
            head += piece[: KEEP - len(head)]
        tail = (tail + piece)[-KEEP:]
    process.wait()
    return head + tail


def run(name: str, arguments: dict[str, Any]) -> str:
    if name == "run_shell_command":
        return head_and_tail(arguments["command"]).decode("utf-8", "replace")
    with open(arguments["file_path"]) as file:  # noqa: PTH123 - the floor imports no pathlib
        text = file.read()
    if name == "read_file":
        return text
    with open(arguments["file_path"], "w") as file:  # noqa: PTH123
        file.write(text.replace(arguments["old_string"], arguments["new_string"], 1))
    return "ok"


def ask(client: httpx.Client, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """One request; the assistant's message."""
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    text, calls = "", dict[int, dict[str, Any]]()
    body = {"model": "bench", "messages": messages, "tools": TOOLS, "stream": True}
    with client.stream("POST", url, json=body) as response:
        for line in response.iter_lines():
            if not line.startswith("data: {"):
                continue
            for choice in json.loads(line[6:])["choices"]:
                text += choice["delta"].get("content") or ""
                for call in choice["delta"].get("tool_calls", ()):
                    calls[call["index"]] = call
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = list(calls.values())
    return message


def chat(prompt: str) -> None:
    import httpx

    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    with httpx.Client(timeout=None, verify=False, trust_env=False) as client:
        while True:
            message = ask(client, messages)
            messages.append(message)
            print(message["content"])
            if "tool_calls" not in message:
                return
            for call in message["tool_calls"]:
                function = call["function"]
                result = run(function["name"], json.loads(function["arguments"]))
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})


if __name__ == "__main__":
    if sys.argv[1] == "--pipe":
        head_and_tail(sys.argv[2])
    else:
        chat(sys.argv[1])
