from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.errors import ConfigurationError
from qwen_code.local.library import ModelLibrary, Source, described, files_of, locate, source_of

REPOSITORY = "unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF"


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    return ModelLibrary(tmp_path / "models")


def _put(library: ModelLibrary, name: str, size: int = 10, repository: str = REPOSITORY) -> Path:
    path = library.folder_of(repository) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


@pytest.mark.parametrize(
    ("quant", "expected"),
    [
        ("Q4_K_XL", ["Q-UD-Q4_K_XL.gguf"]),
        ("UD-Q4_K_XL", ["Q-UD-Q4_K_XL.gguf"]),
        ("q4_k_m", ["Q-Q4_K_M.gguf"]),
        ("Q8_0", ["Q8_0/Q-Q8_0-00001-of-00002.gguf", "Q8_0/Q-Q8_0-00002-of-00002.gguf"]),
        ("Q4_K", []),
        ("IQ2_XXS", ["Q-IQ2_XXS.gguf"]),
    ],
)
def test_a_quant_means_its_own_files_all_of_them(quant: str, expected: list[str]) -> None:
    names = [
        "Q-UD-Q4_K_XL.gguf",
        "Q-Q4_K_M.gguf",
        "Q8_0/Q-Q8_0-00002-of-00002.gguf",
        "Q8_0/Q-Q8_0-00001-of-00002.gguf",
        "Q-UD-IQ2_XXS.gguf",
        "Q-IQ2_XXS.gguf",
        "mmproj-Q-Q4_K_M.gguf",
        "README.md",
    ]
    assert files_of(Source("a/b", quant=quant), names) == expected


def test_a_part_means_all_parts() -> None:
    names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf", "n-00001-of-00002.gguf"]
    assert files_of(Source("a/b", file="m-00001-of-00002.gguf"), names) == names[:2]
    assert files_of(Source("a/b", file="none.gguf"), names) == []


def test_names_on_a_hub_are_understood() -> None:
    assert source_of("hf:owner/repo:dir/file.gguf") == Source("owner/repo", file="dir/file.gguf")
    assert source_of("qwen3-coder-30b:Q6_K") == Source(REPOSITORY, quant="Q6_K")
    assert source_of("./model.gguf") is None
    for odd in ("hf:owner", "hf:../x:y.gguf", "hf:a/b:../../c.gguf", "hf:a/b:/etc/c.gguf", "hf:a/b/c:d.gguf"):
        assert source_of(odd) is None


def test_what_is_here_is_found_and_listed(library: ModelLibrary) -> None:
    path = _put(library, "Q-UD-Q4_K_XL.gguf", 30)
    first = _put(library, "Q8_0/Q-Q8_0-00001-of-00002.gguf", 20)
    _put(library, "Q8_0/Q-Q8_0-00002-of-00002.gguf", 25)
    assert locate("qwen3-coder-30b:UD-Q4_K_XL", library) == path
    assert locate("qwen3-coder-30b:Q8_0", library) == first
    assert locate("qwen3-coder-30b", library) == first, "the largest quant that is here"
    assert locate(f"hf:{REPOSITORY}:Q-UD-Q4_K_XL.gguf", library) == path
    assert dict(described(library)) == {
        "qwen3-coder-30b:UD-Q4_K_XL": 30,
        "qwen3-coder-30b:Q8_0": 45,
    }


def test_what_is_not_here_says_how_to_get_it(library: ModelLibrary) -> None:
    with pytest.raises(ConfigurationError, match=r"\(23.4 GiB\).*qwen-code models pull qwen3-coder-30b:Q6_K"):
        locate("qwen3-coder-30b:Q6_K", library)
    with pytest.raises(ConfigurationError, match=r"qwen-code models pull hf:a/b:c.gguf"):
        locate("hf:a/b:c.gguf", library)
    assert locate("gpt-4", library) is None


def test_paths_stay_paths(library: ModelLibrary, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    assert locate(str(path), library) == path
    odd = tmp_path / "model-without-suffix"
    odd.write_bytes(b"x")
    assert locate(str(odd), library) == odd


def test_removing_takes_all_parts_and_what_the_download_left(library: ModelLibrary) -> None:
    first = _put(library, "Q8_0/Q-Q8_0-00001-of-00002.gguf", 20)
    _put(library, "Q8_0/Q-Q8_0-00002-of-00002.gguf", 25)
    other = _put(library, "Q-Q4_K_M.gguf")
    _put(library, ".cache/huggingface/download/x.metadata")
    assert library.remove(first) == 45
    assert library.models() == [other]
    library.remove(other)
    assert list(library.folder.iterdir()) == []


def test_files_of_others_are_not_removed(library: ModelLibrary, tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"x")
    with pytest.raises(ConfigurationError, match="delete it yourself"):
        library.remove(path)
    assert path.exists()
