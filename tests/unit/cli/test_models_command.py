from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from qwen_code.cli.entry import run
from qwen_code.errors import ExitCode
from tests.support.hub_server import HubServer
from tests.support.tiny_models import TinyModel, needs_llama_cpp


def _said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints; stderr where it fails."""
    assert run(["models", *arguments]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


@pytest.fixture
def models(isolated: Path) -> Path:
    return isolated / ".qwen" / "models"


def test_the_list_has_the_catalog_and_what_was_downloaded(
    capsys: pytest.CaptureFixture[str], models: Path
) -> None:
    said = _said(capsys, "list")
    assert "No model was downloaded yet" in said
    assert "16.4 GiB  qwen3-coder-30b:UD-Q4_K_XL" in said
    folder = models / "owner" / "repo"
    folder.mkdir(parents=True)
    (folder / "m.gguf").write_bytes(b"x")
    assert "hf:owner/repo:m.gguf" in _said(capsys, "list")
    folder = models / "unsloth" / "Qwen3-Coder-30B-A3B-Instruct-GGUF"
    folder.mkdir(parents=True)
    (folder / "Qwen3-Coder-30B-A3B-Instruct-IQ4_XS.gguf").write_bytes(b"xy")
    assert (
        "On this machine\n      0.0 GiB  hf:owner/repo:m.gguf\n      0.0 GiB  qwen3-coder-30b:IQ4_XS"
        in _said(capsys, "list")
    )
    shutil.rmtree(folder)
    listed = json.loads(_said(capsys, "list", "--json"))
    assert listed["downloaded"] == [{"name": "hf:owner/repo:m.gguf", "bytes": 1}]
    assert {"name": "qwen3-coder-next:Q8_0", "bytes": 84814866186} in listed["catalog"]


def test_fit_shows_every_quant_and_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(capsys, "fit")
    assert said.startswith("This machine: ")
    assert said.count("qwen3-coder-30b:") >= 10
    shown = json.loads(_said(capsys, "fit", "qwen3-coder-next", "--context", "65536", "--json"))
    assert {option["window"] for option in shown["options"]} == {65536}
    assert all(option["name"].startswith("qwen3-coder-next:") for option in shown["options"])
    assert all(option["reason"] for option in shown["options"])


def test_names_that_mean_nothing_get_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert "The catalog has no gpt-4" in _said(capsys, "fit", "gpt-4", code=ExitCode.BAD_INPUT)
    assert "There is no model gpt-4" in _said(capsys, "info", "gpt-4", code=ExitCode.BAD_INPUT)
    assert "is not a model to download" in _said(capsys, "pull", "gpt-4", code=ExitCode.USAGE)
    assert "is not on this machine" in _said(capsys, "remove", "hf:a/b:c.gguf", code=ExitCode.CONFIGURATION)
    assert "There is no model file" in _said(capsys, "info", "none.gguf", code=ExitCode.CONFIGURATION)


@needs_llama_cpp
def test_a_model_is_pulled_described_measured_and_removed(
    capsys: pytest.CaptureFixture[str], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = TinyModel("qwen3moe").build().read_bytes()
    monkeypatch.setenv("QWEN_CODE_LOCAL_THREADS", "1")
    with HubServer({"owner/tiny": {"tiny-Q4_K_M.gguf": content}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        said = _said(capsys, "pull", "hf:owner/tiny:tiny-Q4_K_M.gguf")
    path = models / "owner" / "tiny" / "tiny-Q4_K_M.gguf"
    assert str(path) in said
    assert "qwen-code -m hf:owner/tiny:tiny-Q4_K_M.gguf" in said
    facts = json.loads(_said(capsys, "info", "hf:owner/tiny:tiny-Q4_K_M.gguf", "--json"))
    assert (facts["architecture"], facts["layers"], facts["calls"]) == ("qwen3moe", 4, "xml")
    assert "architecture             qwen3moe" in _said(capsys, "info", str(path))
    measured = json.loads(_said(capsys, "bench", str(path), "--tokens", "200", "--json"))
    assert measured["prompt_tokens"] == 200
    assert measured["prefill_per_s"] > 0
    assert measured["decode_per_s"] > 0
    assert measured["state_bytes"] > 200 * 1024
    assert "tokens/s" in _said(capsys, "bench", str(path), "--tokens", "100")
    assert "GiB freed" in _said(capsys, "remove", "hf:owner/tiny:tiny-Q4_K_M.gguf")
    assert not path.exists()


@needs_llama_cpp
def test_a_model_from_a_url_is_kept_with_the_others(capsys: pytest.CaptureFixture[str], models: Path) -> None:
    with HubServer({"owner/tiny": {"t.gguf": os.urandom(1000)}}) as server:
        said = _said(capsys, "pull", f"{server.endpoint}/owner/tiny/resolve/master/t.gguf")
    assert said.splitlines()[0] == str(models / "from-url" / "127.0.0.1" / "t.gguf")


@needs_llama_cpp
def test_a_pull_that_fails_says_so_with_its_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with HubServer({"owner/tiny": {"t.gguf": b"x"}}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        said = _said(capsys, "pull", "hf:owner/none:x.gguf", code=ExitCode.CONFIGURATION)
    assert "There is no public repository owner/none" in said
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    said = _said(capsys, "pull", "hf:owner/tiny:t.gguf", code=ExitCode.TRY_LATER)
    assert "Pull again" in said
