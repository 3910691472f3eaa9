"""Offers the tool to the model beside the built-in ones, and runs one prompt.

python examples/custom_tool/run.py "which Python files are the longest?"
"""

import asyncio
import sys

from count_lines import CountLines

from qwen_code import open_app


async def main(prompt):
    async with open_app(mode="plan", extra_tools=[CountLines()]) as app:
        result = await app.complete(prompt)
    print(result.text or result.detail)
    return int(result.outcome.exit_code)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(" ".join(sys.argv[1:]))))
