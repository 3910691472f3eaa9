"""What can go wrong with a model in the program's own process: one sentence, the exit code, no abort."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qwen_code.errors import ExitCode
from tests.support.disks import tiny_disk  # pyright: ignore[reportUnusedImport]  # a fixture
from tests.support.embedded import embedded, one_shot, requests_of
from tests.support.hub_server import HubServer
from tests.support.program import Program
from tests.support.tiny_models import Architecture, TinyModel, caller, needs_llama_cpp, rambler

pytestmark = needs_llama_cpp

DENSE_AND_HYBRID: tuple[Architecture, ...] = ("qwen3moe", "qwen3next")
SAMPLING = "QWEN_CODE_MODEL_GENERATION_CONFIG_SAMPLING_PARAMS"
WINDOW = "QWEN_CODE_MODEL_GENERATION_CONFIG_CONTEXT_WINDOW_SIZE"

__all__ = ["tiny_disk"]


def header_only(path: Path, architecture: str) -> Path:
    """A GGUF that is one as far as it goes."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_name("odd")
    writer.add_tensor("a", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def refused(program: Program, code: int = ExitCode.CONFIGURATION) -> str:
    """The one sentence with which a run ends."""
    ran = program.ask("--no-sandbox", "--max-session-turns", "1", prompt="Hello.")
    assert (ran.code, ran.out) == (code, ""), ran.err
    (sentence,) = ran.err.splitlines()
    return sentence


def test_a_file_that_is_no_whole_language_model_is_refused_with_a_remedy(tmp_path: Path) -> None:
    whole = caller().build().read_bytes()
    (tmp_path / "text.gguf").write_text("not a model " * 100)
    (tmp_path / "cut.gguf").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "header.gguf").write_bytes(whole[:3000])
    (tmp_path / "empty.gguf").touch()
    header_only(tmp_path / "mmproj.gguf", "clip")
    header_only(tmp_path / "new.gguf", "quux")
    said = {
        name: refused(embedded(tmp_path, tmp_path / f"{name}.gguf"))
        for name in ("none", "text", "cut", "header", "empty", "mmproj", "new")
    }
    assert "There is no model file at" in said["none"]
    assert "is not a GGUF file" in said["text"]
    assert "is cut off: tensor" in said["cut"]
    assert "Download it again." in said["cut"]
    assert "is damaged: its header" in said["header"]
    assert "is empty. Download it again." in said["empty"]
    assert "is a vision projector (mmproj)" in said["mmproj"]
    assert "is a 'quux' model, which the installed llama.cpp" in said["new"]
    assert "pip install --upgrade llama-cpp-python" in said["new"]


def test_a_model_that_was_not_downloaded_says_how_to_get_it(tmp_path: Path) -> None:
    said = refused(Program(tmp_path, environment={"OPENAI_MODEL": "qwen3-coder-30b"}))
    assert said.endswith(
        "qwen3-coder-30b is not on this machine. Get it with: qwen-code models pull qwen3-coder-30b"
    )


def test_a_window_beyond_the_models_or_the_machines_is_refused(tmp_path: Path) -> None:
    trained = refused(embedded(tmp_path, caller().build(), **{WINDOW: "65536"}))
    assert "was trained for 32,768 tokens, and 65,536 were asked for" in trained
    vast = TinyModel("qwen3moe", layers=1, width=64, context=2**30).build()
    machine = refused(embedded(tmp_path, vast, **{WINDOW: str(2**30)}))
    assert "is too large for this machine. It needs" in machine


LIMITED = (
    "import resource, sys, threading\n"
    "from pathlib import Path\n"
    "from qwen_code.cli.entry import run\n"
    "from qwen_code.local import ffi\n"
    "import qwen_code.app, qwen_code.backends.llama_cpp, qwen_code.cli.run_command\n"
    "ffi.library()\n"
    "threading.stack_size(2**20)\n"
    "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
    "resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]),) * 2)\n"
    "sys.exit(run(sys.argv[2:]))\n"
)
"""The program with only so many bytes of memory beyond what it has by itself."""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize(
    ("size", "says"),
    [
        (2**30, "is larger than the memory that this process may use. Choose a smaller quant"),
        (0, "A context of 1,048,576 tokens with f16 keys and values does not fit into memory beside"),
    ],
)
def test_memory_that_does_not_suffice_for_weights_or_context_is_said(
    tmp_path: Path, size: int, says: str
) -> None:
    model = tmp_path / "model.gguf"
    shutil.copy(TinyModel("qwen3moe", layers=1, width=64, context=2**20).build(), model)
    with model.open("rb+") as file:
        file.truncate(max(size, model.stat().st_size))
    program = embedded(tmp_path, model, QWEN_CODE_LOCAL_KV_TYPE="f16", **{WINDOW: str(2**20)})
    arguments = ("--yolo", "--no-sandbox", "--max-session-turns", "1", "-p", "Hello.")
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(200 * 10**6), *arguments],
        cwd=tmp_path,
        env=program.env(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (ExitCode.CONFIGURATION, ""), ran.stderr
    assert says in ran.stderr


FAKE_DRIVER = """
#include <string.h>
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = (void *)1; return 0; }
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *memory) {
    memory[0] = 24ull << 30; memory[1] = 23ull << 30; memory[2] = 1ull << 30; return 0;
}
int nvmlDeviceGetName(void *device, char *name, unsigned size) { strcpy(name, "GeForce Test"); return 0; }
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="builds a library with cc")
def test_a_card_that_the_build_can_not_use_is_said_and_the_processor_works(tmp_path: Path) -> None:
    (tmp_path / "driver.c").write_text(FAKE_DRIVER)
    library = tmp_path / "libnvidia-ml.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "driver.c"], check=True)
    program = embedded(tmp_path, caller().build(), LD_LIBRARY_PATH=str(tmp_path))
    ran = one_shot(program, "Hello.", requests=1)
    assert (
        "GeForce Test is not used: the installed llama-cpp-python was built for the processor only" in ran.err
    )
    assert requests_of(ran)[0].drawn
    fits = program.run("models", "fit").out
    assert "This machine: GeForce Test (23.0 GiB free)" in fits


def test_a_full_disk_keeps_no_state_and_stops_nothing(tmp_path: Path, tiny_disk: Path) -> None:
    program = embedded(tmp_path, TinyModel("qwen3moe").build(), QWEN_RUNTIME_DIR=str(tiny_disk))
    assert requests_of(one_shot(program, "Hello.", requests=1))[0].drawn
    assert not list(tiny_disk.glob("kv/*/*"))


def test_a_disk_too_small_for_a_download_is_said_before_it_begins(tmp_path: Path, tiny_disk: Path) -> None:
    with HubServer({"owner/tiny": {"t.gguf": b"x" * 10_000}}) as server:
        environment = {"HF_ENDPOINT": server.endpoint, "QWEN_RUNTIME_DIR": str(tiny_disk)}
        ran = Program(tmp_path, environment=environment).run("models", "pull", "hf:owner/tiny:t.gguf")
        assert ran.code == ExitCode.CONFIGURATION
        assert "and" in ran.err
        assert "GiB free. Make room, choose a smaller quant, or set QWEN_RUNTIME_DIR" in ran.err
        assert not [path for _, path, _ in server.requests if "/resolve/" in path]


@pytest.mark.parametrize("architecture", DENSE_AND_HYBRID)
@pytest.mark.parametrize("moment", ["loading", "reading", "writing"])
def test_ctrl_c_ends_it_at_any_moment_and_the_session_can_go_on(
    architecture: Architecture, moment: str, tmp_path: Path
) -> None:
    program = embedded(tmp_path, rambler(architecture).build(), **{f"{SAMPLING}_TEMPERATURE": "0"})
    del program.environment[f"{SAMPLING}_MAX_TOKENS"]  # pyright: ignore
    text = "some words to read " * (900 if moment == "reading" else 1)
    process = program.start(
        *("--yolo", "--no-sandbox", "-o", "stream-json", "--include-partial-messages", "-p", text)
    )
    assert process.stdout is not None
    awaited = "text_delta" if moment == "writing" else '"init"'
    while awaited not in process.stdout.readline():
        assert process.poll() is None, process.communicate()[1]
    if moment == "reading":
        time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert "Traceback" not in err
    assert json.loads(out.splitlines()[-1])["outcome"] == "interrupted"
    if moment != "writing":
        return
    again = embedded(tmp_path, TinyModel(architecture).build())
    assert requests_of(one_shot(again, "Go on.", "-c", requests=1))[0].drawn
