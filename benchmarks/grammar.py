"""What the grammar of tool calls costs, and what it is good for.

    python -m benchmarks.grammar [CALLS]

The cost is that of a token which the grammar accepts, with a vocabulary of the size of Qwen3-Coder's
(152,000 tokens), in processor time. Then a model with random weights, which by itself would never write a
call, is made to begin CALLS of them (1,000), with the program's own tools; each call that comes to its end
must be one of a known tool with the arguments that its schema wants.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from qwen_code.agent.registry import load_tools
from qwen_code.backends.llama_cpp import LlamaCppBackend
from qwen_code.chunks import BadCall, CallChunk, Finish
from qwen_code.local.constraint import CallConstraint, Grammars
from qwen_code.local.context import ContextOptions
from qwen_code.local.model import Model
from qwen_code.local.runtime import Demand, RuntimeOptions
from qwen_code.messages import Message, Prompt, ToolSpec
from qwen_code.settings.model import SamplingSettings

OUT = Path(__file__).parent / "out" / "grammar.json"
TARGET_MS = 0.3
CALL = (
    "<tool_call>\n<function=write_file>\n<parameter=file_path>\nsrc/app.py\n</parameter>\n"
    "<parameter=content>\n"
)
TEXT = "def parse(text):\n    return [int(part) for part in text.split()]\n" * 40


def cost_ms(tools: tuple[ToolSpec, ...]) -> float:
    """Milliseconds a token, the median over a long value."""
    from tests.support.tiny_models import TinyModel

    model = Model(TinyModel("qwen3moe", layers=1, width=64, filler=149_822).build())
    grammars = Grammars(model, tools, "xml")
    constraint = CallConstraint(model, grammars)
    for token in model.tokenize(CALL):
        constraint.advance(token)
    assert constraint.active
    times: list[float] = []
    for token in model.tokenize(TEXT):
        started = time.thread_time_ns()
        accepted = constraint.accepts(token)
        constraint.advance(token)
        times.append((time.thread_time_ns() - started) / 1e6)
        assert accepted
    grammars.close()
    model.close()
    return statistics.median(times)


async def forced(tools: tuple[ToolSpec, ...], wanted: int) -> Counter[str]:
    """How the calls ended that a model with random weights was made to begin."""
    from tests.support.tiny_models import caller

    options = RuntimeOptions(ContextOptions(16_384, threads=1, batch=512, sequences=2))
    sampling = SamplingSettings(max_tokens=400, temperature=0.9)
    backend = LlamaCppBackend(caller("qwen3").build(), lambda files: (options, []), sampling)
    schemas = {tool.name: tool.parameters for tool in tools}
    prompt = Prompt("You are a coding agent.", tools, (Message("user", "Go."),))
    found: Counter[str] = Counter()
    while found["valid"] + found["invalid"] < wanted:
        reason = ""
        async for chunk in backend.stream(prompt, Demand("must")):
            if isinstance(chunk, CallChunk):
                found["valid" if _fits(chunk.call.arguments, schemas[chunk.call.name]) else "invalid"] += 1
            elif isinstance(chunk, BadCall) and chunk.kind != "truncated":
                found["invalid"] += 1
            elif isinstance(chunk, Finish):
                reason = chunk.reason
        found["cut off by max_tokens"] += reason == "length"
    await backend.aclose()
    return found


def _fits(arguments: dict[str, Any], schema: dict[str, Any]) -> bool:
    from jsonschema import ValidationError, validate

    try:
        validate(arguments, schema)
    except ValidationError:
        return False
    return True


def main(arguments: list[str]) -> int:
    tools = load_tools().specs()
    cost = cost_ms(tools)
    print(f"an accepted token   {cost:.3f} ms   {'ok' if cost < TARGET_MS else f'above {TARGET_MS}'}")
    found = asyncio.run(forced(tools, int(arguments[0]) if arguments else 1000))
    print(", ".join(f"{count} {name}" for name, count in found.items()))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"accepted_token_ms": round(cost, 4), "forced_calls": found}, indent=1) + "\n")
    return 1 if found["invalid"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
