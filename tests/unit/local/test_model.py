from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_code.errors import ConfigurationError
from qwen_code.local import ffi
from qwen_code.local.gguf import read_header
from qwen_code.local.model import LoadCancelled, Model, Placement, check
from tests.support.tiny_models import Architecture, TinyModel, needs_llama_cpp
from tests.unit.local.models import ARCHITECTURES, loaded


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_model_knows_its_vocabulary(architecture: Architecture) -> None:
    model = loaded(architecture)
    assert model.piece(model.special_tokens["<tool_call>"]) == b"<tool_call>"
    assert {"<|endoftext|>", "<|im_start|>", "<|im_end|>"} <= {model.text([t]) for t in model.control_tokens}
    assert model.special_tokens["<tool_call>"] not in model.control_tokens
    assert {model.text([t]) for t in model.end_tokens} == {"<|endoftext|>", "<|im_end|>"}
    assert model.hybrid == (architecture == "qwen3next")
    assert model.trained_context == 32768


@needs_llama_cpp
def test_text_survives_the_tokenizer_and_lone_surrogates_do_not_stop_it() -> None:
    model = loaded()
    text = "def f():\n\treturn 'näh 漢字 🎉'  \r\n\x00<|im_end|>"
    assert model.text(model.tokenize(text)) == text
    assert model.text(model.tokenize("a\ud800b")) == "a?b"
    assert model.tokenize("") == []


@needs_llama_cpp
def test_control_tokens_are_parsed_only_on_request() -> None:
    model = loaded()
    assert model.tokenize("<|im_end|>", special=True) == [model.special_tokens["<|im_end|>"]]
    assert not set(model.tokenize("<|im_end|>")) & model.control_tokens


@needs_llama_cpp
def test_loading_reports_progress_and_stops_on_request() -> None:
    path = TinyModel("qwen3moe").build()
    seen: list[float] = []

    def note(fraction: float) -> bool:
        seen.append(fraction)
        return True

    Model(path, on_progress=note).close()
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(LoadCancelled):
        Model(path, on_progress=lambda fraction: fraction < 0.3)


@needs_llama_cpp
def test_experts_of_the_first_layers_are_kept_in_main_memory() -> None:
    Model(TinyModel("qwen3moe").build(), Placement(cpu_expert_layers=3)).close()
    overridden = [line for line in ffi.log.recent if "overridden to CPU" in line]
    assert {line.split("blk.")[1][0] for line in overridden} == {"0", "1", "2"}
    assert len({line.split("tensor ")[1].split()[0] for line in overridden}) == 9


@needs_llama_cpp
def test_llama_cpp_says_nothing_on_the_terminal_and_everything_to_the_file(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from qwen_code.local import ffi\n"
        "from qwen_code.local.model import Model\n"
        "from qwen_code.local.model import Placement\n"
        "ffi.log.write_to(Path(sys.argv[2]))\n"
        "Model(Path(sys.argv[1]), Placement(cpu_expert_layers=2)).close()\n"
        "assert 'llama_cpp.llama' not in sys.modules, 'its high-level half logs to the terminal'\n"
    )
    arguments = [str(TinyModel("qwen3moe").build()), str(tmp_path / "log")]
    ran = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert "n_vocab" in (tmp_path / "log").read_text()


def _rewritten(source: Path, target: Path, old: bytes, new: bytes) -> Path:
    content = source.read_bytes()
    assert content.count(old) >= 1
    target.write_bytes(content.replace(old, new))
    return target


@needs_llama_cpp
def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    path = _rewritten(TinyModel("qwen3").build(), tmp_path / "new.gguf", b"qwen3", b"qwen9")
    with pytest.raises(
        ConfigurationError, match=r"new.gguf is a 'qwen9' model, which .* does not know. Update"
    ):
        Model(path)


@needs_llama_cpp
def test_a_missing_tensor_is_reported_in_llama_cpps_words(tmp_path: Path) -> None:
    path = _rewritten(
        TinyModel("qwen3").build(), tmp_path / "odd.gguf", b"blk.0.attn_q.weight", b"blk.0.attn_x.weight"
    )
    with pytest.raises(
        ConfigurationError, match=r"can't load odd.gguf: tensor 'blk.0.attn_q.weight' not found\."
    ):
        Model(path)


@needs_llama_cpp
def test_a_truncated_model_never_reaches_llama_cpp(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(TinyModel("qwen3").build().read_bytes()[:-100])
    with pytest.raises(ConfigurationError, match="is cut off"):
        Model(path)


def _metadata_only(path: Path, **values: str | int) -> Path:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    keys = [
        text(key.replace("__", "."))
        + (struct.pack("<I", 8) + text(v) if isinstance(v, str) else struct.pack("<IH", 2, v))
        for key, v in values.items()
    ]
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(keys) + b"\0" * 64)
    return path


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"general__architecture": "clip"}, "is a vision projector"),
        ({"general__name": "x"}, "names no model architecture"),
        ({"general__architecture": "qwen3"}, "has a vocabulary but no weights"),
    ],
)
def test_files_that_are_no_language_model_are_told_apart(
    tmp_path: Path, values: dict[str, str], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        check(_metadata_only(tmp_path / "m.gguf", **values))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("m-00001-of-00003.gguf", "m-00002-of-00003.gguf is missing: .* one of 3 files"),
        ("m-00002-of-00003.gguf", "is not the first of its 3 files: use m-00001-of-00003.gguf"),
        ("model.gguf", "is not named NAME-00001-of-00003.gguf"),
    ],
)
def test_parts_of_a_split_model_are_looked_for(tmp_path: Path, name: str, says: str) -> None:
    path = _metadata_only(tmp_path / name, general__architecture="qwen3", split__count=3)
    with pytest.raises(ConfigurationError, match=says):
        check(path)


@needs_llama_cpp
def test_a_whole_split_model_passes(tmp_path: Path) -> None:
    for part in (1, 2):
        _metadata_only(
            tmp_path / f"m-0000{part}-of-00002.gguf", general__architecture="qwen3", split__count=2
        )
    assert check(tmp_path / "m-00001-of-00002.gguf").split_count == 2


def test_without_llama_cpp_the_sentence_says_how_to_install_it(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['llama_cpp'] = None\n"
        "from qwen_code.errors import ConfigurationError\n"
        "from qwen_code.local import ffi\n"
        "try:\n"
        "    ffi.library()\n"
        "except ConfigurationError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'qwen-code[local]'" in ran.stdout


def test_reading_a_header_imports_neither_numpy_nor_llama_cpp(tmp_path: Path) -> None:
    path = _metadata_only(tmp_path / "m.gguf", general__architecture="qwen3")
    program = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "from qwen_code.local.gguf import read_header\n"
        "import qwen_code.local.engine, qwen_code.local.runtime\n"
        "read_header(Path(sys.argv[1]))\n"
        "print(json.dumps([m for m in ('numpy', 'llama_cpp', 'pydantic') if m in sys.modules]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == []
    assert read_header(path).architecture == "qwen3"
