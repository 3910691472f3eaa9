"""Uses the agent from Python: a review of the working tree's changes that changes nothing.

    python examples/python_api/review.py

The model is the one that the settings name. Every event of the turn can be looked at as it happens.
"""

import asyncio
import sys

from qwen_code import TextDelta, ToolStarted, TurnEnded, open_app

PROMPT = "Review the uncommitted changes here (git diff). Name defects only, each with its line."


async def main():
    async with open_app(mode="plan", flags={"model.maxSessionTurns": 20}) as app:
        async for event in app.run(PROMPT):
            match event:
                case ToolStarted(call, title):
                    print(f"[{call.name} {title}]", file=sys.stderr)
                case TextDelta(text):
                    print(text, end="", flush=True)
                case TurnEnded(outcome, detail=detail):
                    print(f"\n{detail}" if detail else "")
                    return int(outcome.exit_code)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
