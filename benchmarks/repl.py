"""`python -m benchmarks.repl`: what the interactive mode costs, against floors measured in the same run.

A server on loopback plays the model; the terminal is tmux, 120 by 40. Processor time is that of the program
alone, with its HTTP, its decoding and its session log. Needs tmux and git. On a busy machine the times on the
wall say little, ratios and processor times still do.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.server import ChatServer, Reply
from benchmarks.terminal import COLUMNS, Tmux
from qwen_code.ui.repl.file_index import FileIndex

OUT = Path(__file__).parent / "out" / "repl.json"
READY = "Ask, or / for"
EMPTY = "from prompt_toolkit import PromptSession; PromptSession().prompt('Ask, or / for > ')"
STARTS = 7
BURST_TOKENS, SLOW_TOKENS, SLOW_RATE = 20_000, 1_500, 100.0
FILES = 100_000
QUERIES = ("m", "module_99", "part_7/mod", "mdl77ccc", "nothing-like-it", "src/part_399/", "py", "ddd")
SECTION = """## Section {n}

The function `merge_{n}` compares with **strictly less**, so intervals that only *touch* stay apart:
[0, {n}) and [{n}, 9) should become one. See https://example.org/{n} for the definition.

1. Compare with `<=` in `opening_hours/intervals_{n}.py`, because the end of an interval is open.
2. Add a test for touching intervals, and one for empty ones.

```python
def touches_{n}(a: Interval, b: Interval) -> bool:
    \"\"\"True when nothing lies between them.\"\"\"
    return a.end == b.start + {n}
```

| case | before | after |
|:-----|:------:|------:|
| touching {n} | 2 | 1 |

"""


def pieces(tokens: int) -> tuple[str, ...]:
    """A Markdown document in pieces of the size of tokens: four characters."""
    sections = "".join(SECTION.format(n=n) for n in range(tokens // 100))
    return tuple(sections[at : at + 4] for at in range(0, 4 * tokens, 4))


def environment(home: Path, url: str = "") -> dict[str, str]:
    found = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    if url:
        found |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k", "OPENAI_MODEL": "bench"}
    return found


PROGRAM = [sys.executable, "-m", "qwen_code"]


def starting(folder: Path) -> list[Figure]:
    """From the start of the process to a prompt on the screen, and to the echo of a key."""
    env = environment(folder, "http://127.0.0.1:9/v1")
    ours, floor = list[float](), list[float]()
    for _ in range(STARTS):
        for command, times in (([sys.executable, "-c", EMPTY], floor), (PROGRAM, ours)):
            with Tmux(command, folder, env) as terminal:
                times.append(terminal.until(lambda screen: READY in screen, poll_s=0.002) - terminal.started)
    ready, empty = statistics.median(ours), statistics.median(floor)
    return [
        Figure("prompt ready, against an empty prompt-toolkit program", ready, "s", empty, at_most=2.5),
        Figure("first paint", min(ours), "s", at_most=0.5),
    ]


def rich_once(text: str) -> float:
    """Processor seconds that rich needs to render the text once."""
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=StringIO(), force_terminal=True, width=COLUMNS).print(Markdown("# warm\n```python\nx\n```"))
    began = time.process_time()
    Console(file=StringIO(), force_terminal=True, width=COLUMNS).print(Markdown(text))
    return time.process_time() - began


def streaming(folder: Path) -> list[Figure]:
    """Long answers: all at once, and at the pace of a model."""
    burst, slow = pieces(BURST_TOKENS), pieces(SLOW_TOKENS)

    def script(number: int) -> Reply:
        answers = [
            Reply(pieces=burst, text="\n\nThat was the burst."),
            Reply(pieces=slow, text="\n\nThat was slow.", rate=SLOW_RATE),
            Reply(pieces=slow, text="\n\nThat was slow.", rate=SLOW_RATE),
        ]
        return answers[min(number, 2)]

    with Tmux(["cat"], folder, environment(folder)) as terminal:
        time.sleep(0.5)
        floor_echo = terminal.echo_s(20)
    with ChatServer(script) as server, Tmux(PROGRAM, folder, environment(folder, server.url)) as terminal:
        terminal.until(lambda screen: READY in screen)
        time.sleep(2)
        idle_cpu, idle_began = terminal.cpu_s(), time.monotonic()
        time.sleep(5)
        idle = 100 * (terminal.cpu_s() - idle_cpu) / (time.monotonic() - idle_began)
        burst_cpu = answered(terminal, "first", "That was the burst.")
        slow_cpu = answered(terminal, "second", "That was slow.")
        terminal.type("third")
        terminal.press("Enter")
        time.sleep(2)
        echo = terminal.echo_s(25)
        time.sleep(0.5)
        pressed = time.monotonic()
        terminal.press("Escape")
        stopped = terminal.until(lambda screen: "Interrupted." in screen, 10, 0.001) - pressed
    return [
        Figure(
            "20,000 tokens of Markdown at once, against rich rendering them once",
            burst_cpu,
            "CPU s",
            rich_once("".join(burst)),
            at_most=3,
        ),
        Figure("100 tokens a second for 15 s", slow_cpu, "CPU s", at_most=1.5),
        Figure(
            "key to echo meanwhile, beyond tmux's own floor",
            1000 * (echo - floor_echo),
            "ms",
            at_most=20,
        ),
        Figure("Esc to stopped, beyond tmux's own floor", 1000 * (stopped - floor_echo), "ms", at_most=100),
        Figure("idle", idle, "% CPU", at_most=0.5),
    ]


def answered(terminal: Tmux, prompt: str, mark: str) -> float:
    """Processor seconds for one prompt, from Enter to the end of its answer on the screen."""
    terminal.type(prompt)
    terminal.until(lambda screen: f"> {prompt}" in screen)
    before = terminal.cpu_s()
    terminal.press("Enter")
    terminal.until(lambda screen: mark in screen and f"> {prompt}" not in screen, 120, 0.05)
    time.sleep(0.5)
    return terminal.cpu_s() - before


def completing(folder: Path) -> list[Figure]:
    """`@` over many files, once they are listed."""
    root = folder / "many"
    root.mkdir()
    names = [f"src/part_{n % 400}/module_{n}_{'abcdefgh'[n % 8] * 3}.py" for n in range(FILES)]
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    blob = subprocess.run(
        [*git, "hash-object", "-w", "--stdin"], input=b"", capture_output=True, check=True
    ).stdout.decode()
    lines = "".join(f"100644 {blob.strip()}\t{name}\n" for name in names)
    subprocess.run([*git, "update-index", "--index-info"], input=lines.encode(), check=True)

    async def find() -> list[float]:
        index = FileIndex(root)
        await index.find("")
        took: list[float] = []
        for query in QUERIES:
            began = time.monotonic()
            await index.find(query)
            took.append(time.monotonic() - began)
        await index.aclose()
        return took

    took = asyncio.run(find())
    return [
        Figure("@ over 100,000 files, median of 8 queries", 1000 * statistics.median(took), "ms", at_most=50),
        Figure("@ over 100,000 files, the slowest", 1000 * max(took), "ms", at_most=50),
    ]


SCENARIOS = {"starting": starting, "streaming": streaming, "completing": completing}


def main(names: list[str]) -> int:
    figures: list[Figure] = []
    for name, scenario in SCENARIOS.items():
        if not names or name in names:
            print(f"{name} ...", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="qwen-code-bench-", ignore_cleanup_errors=True) as folder:
                figures += scenario(Path(folder))
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        print(figure.row(width))
    report: Mapping[str, object] = {"load": os.getloadavg()[0], "figures": [f.as_dict() for f in figures]}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nload {os.getloadavg()[0]:.1f}; written to {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
