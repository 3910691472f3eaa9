from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.tiny_models import TinyModel, needs_llama_cpp

CALLS = (
    "\n<tool_call>" * 2,
    "<tool_call>\n<function=read_file>\n<parameter=file_path>\na.py\n</parameter>\n</function>\n</tool_call><|im_end|>",
)
"""Habits of a model that calls a tool as soon as it may speak."""


@needs_llama_cpp
def test_one_shot_runs_the_whole_agent_on_a_model_in_its_own_process(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    path = TinyModel("qwen3moe", habits=CALLS).build()
    command = [
        sys.executable,
        "-m",
        "qwen_code",
        "-p",
        "Look at a.py.",
        "-m",
        str(path),
        "-o",
        "json",
        "--yolo",
    ]
    command += ["--no-sandbox", "--max-session-turns", "3"]
    environ = {
        "QWEN_CODE_MODEL_GENERATION_CONFIG_SAMPLING_PARAMS_MAX_TOKENS": "80",
        "QWEN_CODE_LOCAL_THREADS": "1",
    }
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
        timeout=120,
    )
    assert ran.returncode in (0, 1, 53), ran.stderr
    events = json.loads(ran.stdout)
    assert events[-1]["type"] == "result"
    assert "Traceback" not in ran.stderr
    used = [
        block["name"]
        for event in events
        if event["type"] == "assistant"
        for block in event["message"]["content"]
        if block["type"] == "tool_use"
    ]
    assert set(used) <= {tool["name"] if isinstance(tool, dict) else tool for tool in events[0]["tools"]}
