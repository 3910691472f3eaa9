from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qwen_code.backends.local_options import runtime_options
from qwen_code.errors import ConfigurationError
from qwen_code.local import ffi
from qwen_code.local.gguf import GgufHeader, read_header
from qwen_code.local.hardware import Gpu, Machine
from qwen_code.settings.model import LocalSettings, ModelSettings, Settings
from tests.support.tiny_models import Architecture, TinyModel, needs_llama_cpp

GIB = 2**30
PROCESSOR = Machine((), 32 * GIB, 30 * GIB, 6)
WITH_CARD = replace(PROCESSOR, gpus=(Gpu("GeForce", "nvidia", 12 * GIB, 12 * GIB),))


def _header(architecture: Architecture = "qwen3moe") -> list[GgufHeader]:
    return [read_header(TinyModel(architecture).build())]


@needs_llama_cpp
def test_without_wishes_the_plan_decides() -> None:
    options, notices = runtime_options(_header(), Settings(), PROCESSOR)
    assert (options.context.window, options.context.kv_type) == (32_768, "f16")
    assert options.grammar
    assert notices == []


@needs_llama_cpp
def test_a_model_that_is_soon_computed_is_run_by_one_thread_and_without_flash_attention() -> None:
    small = _header()
    large = [
        replace(part, tensors=tuple(replace(tensor, bytes=2**26) for tensor in part.tensors))
        for part in small
    ]
    contexts = [runtime_options(header, Settings(), PROCESSOR)[0].context for header in (small, large)]
    assert [(context.threads, context.flash) for context in contexts] == [(1, False), (6, True)]


@needs_llama_cpp
def test_every_wish_arrives() -> None:
    local = LocalSettings(
        gpu_layers=0,
        cpu_expert_layers=2,
        kv_type="q8_0",
        threads=3,
        batch=64,
        grammar=False,
        save_state=False,
    )
    settings = Settings(model=ModelSettings(context_window=4096), local=local)
    options, _ = runtime_options(_header(), settings, PROCESSOR)
    context = options.context
    assert (context.window, context.threads, context.batch, context.kv_type) == (4096, 3, 64, "q8_0")
    assert options.placement.gpu_layers == 0
    assert (options.grammar, options.saving) == (False, None)


@needs_llama_cpp
def test_a_longer_window_than_trained_is_stretched_only_on_request() -> None:
    wanted = Settings(model=ModelSettings(context_window=65_536))
    assert runtime_options(_header(), wanted, PROCESSOR)[0].context.yarn_from == 0
    stretched = replace(wanted, local=LocalSettings(yarn=True))
    assert runtime_options(_header(), stretched, PROCESSOR)[0].context.yarn_from == 32_768
    short = Settings(model=ModelSettings(context_window=8192), local=LocalSettings(yarn=True))
    assert runtime_options(_header(), short, PROCESSOR)[0].context.yarn_from == 0


@needs_llama_cpp
def test_a_card_that_the_library_can_not_use_is_said() -> None:
    options, notices = runtime_options(_header(), Settings(), WITH_CARD)
    if ffi.gpu_offload_supported():
        assert notices == []
    else:
        assert "GeForce is not used" in notices[0]
        assert options.placement.gpu_layers == 0


@needs_llama_cpp
def test_hybrid_models_hold_fewer_conversations_side_by_side() -> None:
    dense, _ = runtime_options(_header("qwen3moe"), Settings(), PROCESSOR)
    hybrid, _ = runtime_options(_header("qwen3next"), Settings(), PROCESSOR)
    assert 1 < hybrid.context.sequences < dense.context.sequences


@needs_llama_cpp
def test_what_can_never_fit_is_refused_and_what_hardly_fits_is_said() -> None:
    with pytest.raises(ConfigurationError, match="is too large for this machine"):
        runtime_options(_header(), Settings(), Machine((), 2**20, 2**20, 2))
    _, notices = runtime_options(_header(), Settings(), Machine((), 8 * GIB, GIB, 2))
    assert "may be slow here" in notices[0]


@needs_llama_cpp
def test_saved_conversations_lie_below_the_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWEN_RUNTIME_DIR", str(tmp_path / "run"))
    saving = runtime_options(_header(), Settings(local=LocalSettings(state_limit_gb=2)), PROCESSOR)[0].saving
    assert saving is not None
    assert saving.folder == tmp_path / "run" / "kv"
    assert saving.limit_bytes == 2 * 10**9
