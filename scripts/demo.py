"""The demonstration: a copy of examples/fix_failing_test goes from red to green through the whole program.

Real loop, real tools, real pytest. With llama.cpp installed the model is real too: the small one that comes
with the package, run in the agent's own process. Without, its answers are a script, served over HTTP, and the
output says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qwen_code.local.bundled import bundled_model, can_run

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples" / "scripted_model"))

TESTS = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"]
PROMPT = "fix the failing tests"


def main() -> int:
    scripted = "--scripted" in sys.argv[1:] or not can_run()
    if scripted and "--scripted" not in sys.argv[1:]:
        missing = "llama.cpp is not installed (see above)" if bundled_model() else "This build has no model"
        print(f"{missing}, so a script plays the model. All else is real.")
    with tempfile.TemporaryDirectory(prefix="qwen-code-demo-") as directory, model(scripted) as variables:
        project = Path(directory) / "opening_hours"
        shutil.copytree(
            ROOT / "examples/fix_failing_test", project, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "HOME": directory, "PATH": path, **variables}
        heading("The tests before: red")
        if run([*TESTS, "--tb=line"], project, environment) == 0:
            print("The example passes already; nothing to demonstrate.", file=sys.stderr)
            return 1
        name = "script" if scripted else "mini"
        heading(f'qwen-code --yolo -m {name} -p "{PROMPT}"   ({described(scripted)})')
        agent = [sys.executable, "-m", "qwen_code", "--yolo", "--no-sandbox", "--progress"]
        agent += [] if scripted else ["-m", "mini"]
        code = run([*agent, "--verify", "python -m pytest -q", "-p", PROMPT], project, environment)
        print(f"exit code {code}")
        heading("The change")
        original = ROOT / "examples/fix_failing_test/opening_hours"
        run(["diff", "-ru", "-x", "__pycache__", str(original), "opening_hours"], project, environment)
        heading("The tests after: green")
        green = run([*TESTS, "--tb=line"], project, environment) == 0
    return 0 if green and code == 0 else 1


@contextmanager
def model(scripted: bool) -> Iterator[dict[str, str]]:
    """The variables that lead to the model."""
    if not scripted:
        yield {}
        return
    from server import base_url, serve

    script = json.loads((ROOT / "examples/scripted_model/fix_failing_test.json").read_text())
    server = serve(script, delay=0.02)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"OPENAI_BASE_URL": base_url(server), "OPENAI_API_KEY": "none", "OPENAI_MODEL": "scripted"}
    server.shutdown()


def described(scripted: bool) -> str:
    if scripted:
        return "the model is a script, see examples/scripted_model"
    return "a demonstration model of 4 million parameters, running here; see docs/mini.md"


def run(command: list[str], directory: Path, environment: dict[str, str]) -> int:
    return subprocess.run(command, cwd=directory, env=environment, check=False).returncode


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
