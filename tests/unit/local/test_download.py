from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_code.errors import BackendUnavailable, ConfigurationError
from qwen_code.local.download import Hub, pull_url
from qwen_code.local.library import ModelLibrary, Source
from tests.support.hub_server import HubServer
from tests.support.tiny_models import needs_llama_cpp

REPOSITORY = "owner/model-GGUF"
CONTENT = os.urandom(200_000)
FILES = {
    REPOSITORY: {
        "m.gguf": CONTENT,
        "m-Q4_K_M.gguf": CONTENT,
        "big/m-Q8_0-00001-of-00002.gguf": CONTENT[:1000],
        "big/m-Q8_0-00002-of-00002.gguf": CONTENT[:2000],
        "README.md": b"#",
    },
    "owner/no-gguf": {"model.safetensors": b"x"},
}


def _silent(name: str, here: int, total: int) -> None:
    pass


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    return ModelLibrary(tmp_path / "models")


@needs_llama_cpp
def test_a_quant_is_downloaded_with_progress_and_found_afterwards(library: ModelLibrary) -> None:
    steps: list[tuple[str, int, int]] = []
    source = Source(REPOSITORY, quant="Q4_K_M")

    def note(name: str, here: int, total: int) -> None:
        steps.append((name, here, total))

    with HubServer(FILES) as server:
        path = Hub(server.endpoint).pull(source, library, note)
    assert path.read_bytes() == CONTENT
    assert library.find(source) == path
    assert steps[-1] == ("m-Q4_K_M.gguf", len(CONTENT), len(CONTENT))


@needs_llama_cpp
def test_all_parts_of_a_split_model_come(library: ModelLibrary) -> None:
    with HubServer(FILES) as server:
        path = Hub(server.endpoint).pull(Source(REPOSITORY, quant="Q8_0"), library, _silent)
    assert [part.stat().st_size for part in library.parts(path)] == [1000, 2000]


@needs_llama_cpp
def test_what_is_here_is_not_fetched_again(library: ModelLibrary) -> None:
    with HubServer(FILES) as server:
        hub = Hub(server.endpoint)
        hub.pull(Source(REPOSITORY, quant="Q4_K_M"), library, _silent)
        server.requests.clear()
        hub.pull(Source(REPOSITORY, quant="Q4_K_M"), library, _silent)
        assert not [path for _, path, _ in server.requests if "/resolve/" in path]


@needs_llama_cpp
def test_a_connection_that_breaks_off_is_taken_up_again(library: ModelLibrary) -> None:
    with HubServer(FILES, break_after=50_000) as server:
        path = Hub(server.endpoint).pull(Source(REPOSITORY, quant="Q4_K_M"), library, _silent)
    assert path.read_bytes() == CONTENT


@needs_llama_cpp
def test_a_file_that_is_not_what_the_hub_lists_is_deleted(library: ModelLibrary) -> None:
    with HubServer(FILES, announced={"m-Q4_K_M.gguf": "0" * 64}) as server:
        with pytest.raises(ConfigurationError, match=r"came damaged .* and was deleted"):
            Hub(server.endpoint).pull(Source(REPOSITORY, quant="Q4_K_M"), library, _silent)
    assert library.models() == []


@needs_llama_cpp
@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            Source("owner/nothing", quant="Q4_K_M"),
            "There is no public repository owner/nothing on http://127",
        ),
        (Source(REPOSITORY, quant="Q9"), r"has no Q9\. It has big/m-Q8_0-00001-of-00002.gguf"),
        (Source(REPOSITORY, file="other.gguf"), r"has no other.gguf\. It has"),
        (Source("owner/no-gguf", quant="Q4_K_M"), "It has no GGUF at all"),
    ],
)
def test_what_the_hub_has_not_is_said(library: ModelLibrary, source: Source, says: str) -> None:
    with HubServer(FILES) as server, pytest.raises(ConfigurationError, match=says):
        Hub(server.endpoint).pull(source, library, _silent)


@needs_llama_cpp
def test_a_token_is_brought_along(library: ModelLibrary) -> None:
    with HubServer(FILES, token="hf_secret") as server:
        with pytest.raises(ConfigurationError, match="HF_TOKEN"):
            Hub(server.endpoint).pull(Source(REPOSITORY, quant="Q4_K_M"), library, _silent)
        assert (
            Hub(server.endpoint, "hf_secret")
            .pull(Source(REPOSITORY, quant="Q4_K_M"), library, _silent)
            .exists()
        )


@needs_llama_cpp
def test_an_unreachable_hub_is_worth_another_try(library: ModelLibrary) -> None:
    with HubServer(FILES) as server:
        endpoint = server.endpoint
    with pytest.raises(BackendUnavailable, match="Pull again to go on where it stopped"):
        Hub(endpoint).pull(Source(REPOSITORY, quant="Q4_K_M"), library, _silent)


@needs_llama_cpp
def test_a_disk_too_small_is_noticed_before_the_first_byte(library: ModelLibrary) -> None:
    with HubServer(FILES) as server:
        huge = Hub(server.endpoint)
        server.files = {REPOSITORY: {"m-Q4_K_M.gguf": _Huge()}}
        with pytest.raises(ConfigurationError, match=r"The download takes 93132\d\.\d GiB, and .* free"):
            huge.pull(Source(REPOSITORY, quant="Q4_K_M"), library, _silent)
        assert not [path for _, path, _ in server.requests if "/resolve/" in path]


class _Huge(bytes):
    """Says that it is a petabyte."""

    def __len__(self) -> int:
        return 10**15


@needs_llama_cpp
def test_the_endpoint_of_the_environment_is_used(library: ModelLibrary) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from qwen_code.local.download import Hub\n"
        "from qwen_code.local.library import ModelLibrary, Source\n"
        "source = Source(sys.argv[1], quant='Q4_K_M')\n"
        "print(Hub().pull(source, ModelLibrary(Path(sys.argv[2])), lambda *step: None))\n"
    )
    with HubServer(FILES) as server:
        ran = subprocess.run(
            [sys.executable, "-c", program, REPOSITORY, str(library.folder)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "HF_ENDPOINT": server.endpoint},
        )
    assert ran.stderr == ""
    assert Path(ran.stdout.strip()).read_bytes() == CONTENT


def _url(server: HubServer, path: str = f"/{REPOSITORY}/resolve/master/m.gguf") -> str:
    return f"{server.endpoint}{path}"


def test_a_url_is_downloaded_and_not_twice(library: ModelLibrary) -> None:
    steps: list[int] = []
    with HubServer(FILES) as server:
        path = pull_url(_url(server), library, lambda name, here, total: steps.append(here))
        assert path.read_bytes() == CONTENT
        assert library.models() == [path]
        assert steps == sorted(steps)
        steps.clear()
        assert pull_url(_url(server), library, lambda name, here, total: steps.append(here)) == path
        assert steps == []


def test_a_url_that_breaks_off_goes_on_where_it_stopped(library: ModelLibrary) -> None:
    with HubServer(FILES, break_after=70_000) as server:
        with pytest.raises(BackendUnavailable, match="Pull again to go on"):
            pull_url(_url(server), library, _silent)
        assert library.models() == []
        path = pull_url(_url(server), library, _silent)
        assert server.requests[-1][2] == "bytes=70000-"
    assert path.read_bytes() == CONTENT


def test_a_leftover_that_is_no_beginning_of_the_file_is_thrown_away(library: ModelLibrary) -> None:
    with HubServer(FILES) as server:
        target = library.folder / "from-url" / "127.0.0.1" / "m.gguf"
        target.parent.mkdir(parents=True)
        target.with_name("m.gguf.incomplete").write_bytes(b"x" * (len(CONTENT) + 5))
        assert pull_url(_url(server), library, _silent).read_bytes() == CONTENT
        target.unlink()
        target.with_name("m.gguf.incomplete").write_bytes(b"wrong")
        with pytest.raises(ConfigurationError, match="is damaged"):
            pull_url(_url(server), library, _silent)
        assert pull_url(_url(server), library, _silent).read_bytes() == CONTENT


def test_redirects_are_followed_but_not_for_ever(library: ModelLibrary) -> None:
    with HubServer({REPOSITORY: FILES[REPOSITORY]}) as server:
        path = pull_url(_url(server, "/moved") + "?x=1", library, _silent)
        assert path.read_bytes() == CONTENT
        with pytest.raises(ConfigurationError, match="without end"):
            pull_url(_url(server, "/round"), library, _silent)


def test_a_url_with_nothing_behind_it_is_said(library: ModelLibrary) -> None:
    with HubServer(FILES) as server:
        with pytest.raises(ConfigurationError, match="There is nothing at"):
            pull_url(_url(server, "/nowhere.gguf"), library, _silent)
        endpoint = _url(server)
    with pytest.raises(BackendUnavailable, match="failed"):
        pull_url(endpoint, library, _silent)
