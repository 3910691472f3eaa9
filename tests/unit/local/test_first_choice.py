from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.backends import open_backend
from qwen_code.errors import ConfigurationError
from qwen_code.local.catalog import families
from qwen_code.local.first_choice import first_choice
from qwen_code.local.fit import GIB
from qwen_code.local.hardware import Gpu, Machine
from qwen_code.local.library import ModelLibrary
from qwen_code.settings.model import Settings

LAPTOP = Machine((), 24 * GIB, 20 * GIB, 4)
NOTHING = Machine((), 2 * GIB, GIB, 1)


def _card(gib: int) -> Gpu:
    return Gpu("Card", "nvidia", gib * GIB, gib * GIB)


def test_a_model_that_is_here_is_offered_before_any_download(tmp_path: Path) -> None:
    folder = tmp_path / "owner" / "repo"
    folder.mkdir(parents=True)
    (folder / "small.gguf").write_bytes(b"x")
    (folder / "large.gguf").write_bytes(b"xyz")
    choice = first_choice(ModelLibrary(tmp_path), LAPTOP)
    assert choice
    assert (choice.name, choice.here, choice.file_bytes) == ("hf:owner/repo:large.gguf", True, 3)


def test_else_the_quant_that_leaves_room_for_a_conversation(tmp_path: Path) -> None:
    choice = first_choice(ModelLibrary(tmp_path), LAPTOP)
    assert str(choice).startswith("qwen3-coder-30b:IQ4_XS (15.3 GiB; the largest quant for which there is")
    on_card = first_choice(ModelLibrary(tmp_path), Machine((_card(24),), 32 * GIB, 28 * GIB, 8))
    assert on_card
    assert on_card.name == "qwen3-coder-30b:UD-Q4_K_XL"
    large = next(family for family in families() if family.name == "qwen3-coder-next")
    assert first_choice(ModelLibrary(tmp_path), LAPTOP, large) is None
    assert first_choice(ModelLibrary(tmp_path), NOTHING) is None


def test_whoever_has_configured_nothing_is_told_of_it(isolated: Path) -> None:
    folder = isolated / ".qwen" / "models" / "owner" / "repo"
    folder.mkdir(parents=True)
    (folder / "m.gguf").write_bytes(b"x")
    with pytest.raises(ConfigurationError, match=r"a local model: qwen-code -m hf:owner/repo:m\.gguf\n"):
        open_backend(Settings(), {})
