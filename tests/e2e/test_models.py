"""`qwen-code models` as a process, against a hub on loopback and the real huggingface-hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.errors import ExitCode
from tests.support.hub_server import HubServer
from tests.support.program import Finished, Program
from tests.support.tiny_models import TinyModel, needs_llama_cpp

pytestmark = needs_llama_cpp

REPOSITORY = "unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF"
FILE = "Qwen3-Coder-30B-A3B-Instruct-IQ4_XS.gguf"
NAME = "qwen3-coder-30b:IQ4_XS"


@pytest.fixture(scope="module")
def content() -> bytes:
    return TinyModel("qwen3moe").build().read_bytes()


def models(directory: Path, server: HubServer, *arguments: str, token: str = "") -> Finished:
    environment = {"HF_ENDPOINT": server.endpoint, "QWEN_CODE_LOCAL_THREADS": "1"}
    if token:
        environment["HF_TOKEN"] = token
    return Program(directory, environment=environment).run("models", *arguments)


def test_a_model_of_the_catalog_is_pulled_with_a_token_used_by_name_and_removed(
    isolated: Path, tmp_path: Path, content: bytes
) -> None:
    with HubServer({REPOSITORY: {FILE: content}}, token="hf_secret") as server:
        refused = models(tmp_path, server, "pull", NAME)
        assert refused.code == ExitCode.CONFIGURATION
        assert "set HF_TOKEN" in refused.err
        pulled = models(tmp_path, server, "pull", NAME, token="hf_secret")
        assert pulled.code == 0, pulled.err
        assert f"qwen-code -m {NAME}" in pulled.out
        server.requests.clear()
        assert models(tmp_path, server, "pull", NAME, token="hf_secret").code == 0
        assert not [path for _, path, _ in server.requests if "/resolve/" in path]
        assert f"0.0 GiB  {NAME}\n" in models(tmp_path, server, "list").out.partition("In the catalog")[0]
        measured = models(tmp_path, server, "bench", "qwen3-coder-30b", "--tokens", "100")
        assert "tokens/s" in measured.out
        assert models(tmp_path, server, "remove", NAME).code == 0
    assert not list((isolated / ".qwen" / "models").rglob("*.gguf"))


def test_an_interrupted_download_goes_on_in_the_next_process(
    isolated: Path, tmp_path: Path, content: bytes
) -> None:
    large = content * (4 * 2**20 // len(content) + 1)
    with HubServer({REPOSITORY: {FILE: large}}, break_after=3 * 2**20) as server:
        url = f"{server.endpoint}/{REPOSITORY}/resolve/master/{FILE}"
        broken = models(tmp_path, server, "pull", url)
        assert broken.code == ExitCode.TRY_LATER
        assert "Pull again to go on" in broken.err
        assert models(tmp_path, server, "pull", url).code == 0
        assert server.requests[-1][2].startswith("bytes=")
    assert (isolated / ".qwen" / "models" / "from-url" / "127.0.0.1" / FILE).read_bytes() == large


def test_what_the_hub_refuses_or_sends_damaged_is_said(tmp_path: Path, content: bytes) -> None:
    with HubServer({REPOSITORY: {FILE: content}}, announced={FILE: "0" * 64}) as server:
        damaged = models(tmp_path, server, "pull", NAME)
        assert damaged.code == ExitCode.CONFIGURATION
        assert "came damaged" in damaged.err
        server.gated = REPOSITORY
        gated = models(tmp_path, server, "pull", NAME)
    assert gated.code == ExitCode.CONFIGURATION
    assert "asks for its licence to be accepted" in gated.err
