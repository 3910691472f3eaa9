"""The demonstration: a copy of examples/fix_failing_test goes from red to green through the whole program.

Real loop, real HTTP, real tools, real pytest. Only the model is scripted, and the output says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples" / "scripted_model"))

from server import base_url, serve  # noqa: E402

TESTS = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"]
PROMPT = "fix the failing tests"


def main() -> int:
    script = json.loads((ROOT / "examples/scripted_model/fix_failing_test.json").read_text())
    server = serve(script, delay=0.02)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="qwen-code-demo-") as directory:
        project = Path(directory) / "opening_hours"
        shutil.copytree(
            ROOT / "examples/fix_failing_test", project, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
        environment = {
            **os.environ,
            "HOME": directory,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OPENAI_BASE_URL": base_url(server),
            "OPENAI_API_KEY": "none",
            "OPENAI_MODEL": "scripted",
        }
        heading("The tests before: red")
        if run([*TESTS, "--tb=line"], project, environment) == 0:
            print("The example passes already; nothing to demonstrate.", file=sys.stderr)
            return 1
        heading(f'qwen-code --yolo -p "{PROMPT}"   (the model is a script, see examples/scripted_model)')
        agent = [sys.executable, "-m", "qwen_code", "--yolo", "--no-sandbox", "--progress"]
        code = run([*agent, "--verify", "python -m pytest -q", "-p", PROMPT], project, environment)
        print(f"exit code {code}")
        heading("The change")
        original = ROOT / "examples/fix_failing_test/opening_hours"
        run(["diff", "-ru", "-x", "__pycache__", str(original), "opening_hours"], project, environment)
        heading("The tests after: green")
        green = run([*TESTS, "--tb=line"], project, environment) == 0
    server.shutdown()
    return 0 if green and code == 0 else 1


def run(command: list[str], directory: Path, environment: dict[str, str]) -> int:
    return subprocess.run(command, cwd=directory, env=environment, check=False).returncode


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
