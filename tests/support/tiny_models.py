"""Tiny GGUF models with random weights, built on the spot: the real llama.cpp runs them in milliseconds.

Each architecture has the tensors, the tokenizer kind and the special tokens of the Qwen model that it
stands for; only the sizes are toys. What such a model writes is noise, so tests look at counts, bytes
and validity, never at sense.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import sysconfig
import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest

from tests.support.chat_templates import HERMES, MINI, QWEN3_CODER

Architecture: TypeAlias = Literal["qwen3", "qwen3moe", "qwen3next"]

_NEEDED = ("llama_cpp", "numpy", "gguf", "tokenizers")
_missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
needs_llama_cpp = pytest.mark.skipif(
    bool(_missing),
    reason=f"the embedded runtime is not installed ({', '.join(_missing)}): pip install -e '.[dev,local]'",
)
"""Put on every test that loads a model."""

_PRE_TOKENIZER = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_USER_DEFINED = (
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
)
_SPECIAL = (*_CONTROL, *_USER_DEFINED)
_SAMPLE = "<tool_call>\n<function=read_file>\n<parameter=file_path>\nsrc/a.py\n</parameter>\n</function>\n"


@dataclass(frozen=True)
class TinyModel:
    """What to build; equal recipes share one file."""

    architecture: Architecture = "qwen3moe"
    template: Literal["qwen3-coder", "hermes", "mini"] = "qwen3-coder"
    seed: int = 0
    layers: int = 4
    width: int = 128
    vocabulary: int = 2048
    habits: tuple[str, ...] = ()
    """Texts that it likes to write: of two tokens that follow each other in one, the second becomes likely
    after the first, the more so the more often. Without, a closing tag would take millions of tokens."""
    filler: int = 0
    """Tokens added that no text is made of, for measurements with a vocabulary of real size."""
    context: int = 32768
    head_size: int = 32
    tied: bool = False
    """The output layer is the input embedding, as in the smallest models of Qwen3."""

    def build(self) -> Path:
        """The model's file; built at the first call on this machine, found again later."""
        source = Path(__file__).read_bytes() + (QWEN3_CODER + HERMES + MINI).encode()
        key = hashlib.sha256(repr(self).encode() + source).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"qwen-code-tiny-models-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{self.architecture}-{key}.gguf"
        if not path.exists():
            unfinished = folder / f"{self.architecture}-{key}.{os.getpid()}.tmp"
            _Builder(self, unfinished).write()
            unfinished.replace(path)
        return path


def caller(architecture: Architecture = "qwen3moe") -> TinyModel:
    """A model that calls a tool as soon as it may speak, and ends a call soon after it has begun one."""
    habits = (
        "\n<tool_call>" * 4,
        "<tool_call>\n<function=read_file>\n",
        "<parameter=file_path>\na.py\n</parameter>\n</function>\n</tool_call><|im_end|>",
    )
    layers = 4 if architecture == "qwen3next" else 1
    return TinyModel(architecture, habits=habits, layers=layers, width=64)


def rambler(architecture: Architecture = "qwen3moe") -> TinyModel:
    """A model that, asked without chance (temperature 0), never comes to an end."""
    layers = 4 if architecture == "qwen3next" else 1
    return TinyModel(architecture, habits=("\n and and and so and",), layers=layers, width=64)


class _Builder:
    heads, kv_heads = 4, 2
    experts, experts_used, expert_width = 8, 2, 64
    state_size, groups, time_steps, convolution = 32, 2, 4, 4

    def __init__(self, model: TinyModel, path: Path) -> None:
        import gguf
        import numpy as np

        self.model = model
        self.hybrid = model.architecture == "qwen3next"
        self.sparse = model.architecture != "qwen3"
        # Noise must not drown the token itself, on which habits depend.
        self.outward = 0.01 if model.habits else 0.08
        self.tokenizer = _train(model.vocabulary)
        self.random = np.random.default_rng(model.seed)
        self.writer: Any = gguf.GGUFWriter(str(path), model.architecture)

    def write(self) -> None:
        import numpy as np

        self.metadata()
        tokens = self.vocabulary()
        width = self.model.width
        embedding = self.weights((tokens, width), 0.3)
        output = self.weights((tokens, width), 0.02 if self.model.habits else 0.08)
        for (first, second), times in self.habitual_pairs().items():
            strength = 1.2 + 0.1 * np.log2(times)
            output[second] += strength * embedding[first] / np.linalg.norm(embedding[first])
        self.writer.add_tensor("token_embd.weight", embedding.astype(np.float16))
        self.ones("output_norm", width)
        if not self.model.tied:
            self.writer.add_tensor("output.weight", output.astype(np.float16))
        for layer in range(self.model.layers):
            self.layer(f"blk.{layer}.", attention=not self.hybrid or (layer + 1) % 4 == 0)
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()

    def metadata(self) -> None:
        w, model = self.writer, self.model
        w.add_name(f"tiny-{model.architecture}")
        w.add_context_length(model.context)
        w.add_embedding_length(model.width)
        w.add_block_count(model.layers)
        w.add_head_count(self.heads)
        w.add_head_count_kv(self.kv_heads)
        w.add_key_length(self.model.head_size)
        w.add_value_length(self.model.head_size)
        w.add_layer_norm_rms_eps(1e-6)
        w.add_rope_freq_base(1e7)
        w.add_feed_forward_length(self.expert_width * self.experts_used)
        if self.sparse:
            w.add_expert_count(self.experts)
            w.add_expert_used_count(self.experts_used)
            w.add_expert_feed_forward_length(self.expert_width)
        if self.hybrid:
            w.add_expert_shared_feed_forward_length(self.expert_width)
            w.add_ssm_conv_kernel(self.convolution)
            w.add_ssm_state_size(self.state_size)
            w.add_ssm_group_count(self.groups)
            w.add_ssm_time_step_rank(self.time_steps)
            w.add_ssm_inner_size(self.state_size * self.time_steps)
            w.add_full_attention_interval(4)
            w.add_rope_dimension_count(self.model.head_size // 4)

    def vocabulary(self) -> int:
        trained = json.loads(self.tokenizer.to_str())["model"]
        ordered = sorted(trained["vocab"].items(), key=lambda item: item[1])
        ordinary = [token for token, _ in ordered] + [f"filler{n}x" for n in range(self.model.filler)]
        tokens = [*ordinary, *_SPECIAL]
        types = [1] * len(ordinary) + [3] * len(_CONTROL) + [4] * len(_USER_DEFINED)
        merges = [m if isinstance(m, str) else " ".join(m) for m in trained["merges"]]
        w = self.writer
        w.add_tokenizer_model("gpt2")
        w.add_tokenizer_pre("qwen2")
        w.add_token_list(tokens)
        w.add_token_types(types)
        w.add_token_merges(merges)
        w.add_eos_token_id(tokens.index("<|im_end|>"))
        w.add_bos_token_id(tokens.index("<|endoftext|>"))
        w.add_pad_token_id(tokens.index("<|endoftext|>"))
        w.add_add_bos_token(False)
        templates = {"qwen3-coder": QWEN3_CODER, "hermes": HERMES, "mini": MINI}
        w.add_chat_template(templates[self.model.template])
        return len(tokens)

    def layer(self, at: str, *, attention: bool) -> None:
        width, hidden = self.model.width, self.expert_width * self.experts_used
        self.ones(f"{at}attn_norm", width)
        self.ones(f"{at}{'post_attention_norm' if self.hybrid else 'ffn_norm'}", width)
        if attention:
            self.attention(at)
        else:
            self.delta_net(at)
        if not self.sparse:
            self.tensor(f"{at}ffn_gate", hidden, width)
            self.tensor(f"{at}ffn_up", hidden, width)
            self.tensor(f"{at}ffn_down", width, hidden, scale=self.outward)
            return
        self.tensor(f"{at}ffn_gate_inp", self.experts, width, single=True)
        self.tensor(f"{at}ffn_gate_exps", self.experts, self.expert_width, width)
        self.tensor(f"{at}ffn_up_exps", self.experts, self.expert_width, width)
        self.tensor(f"{at}ffn_down_exps", self.experts, width, self.expert_width, scale=self.outward)
        if self.hybrid:
            self.tensor(f"{at}ffn_gate_inp_shexp", width, single=True)
            self.tensor(f"{at}ffn_gate_shexp", self.expert_width, width)
            self.tensor(f"{at}ffn_up_shexp", self.expert_width, width)
            self.tensor(f"{at}ffn_down_shexp", width, self.expert_width, scale=self.outward)

    def attention(self, at: str) -> None:
        width, queries, keys = (
            self.model.width,
            self.heads * self.model.head_size,
            self.kv_heads * self.model.head_size,
        )
        self.tensor(f"{at}attn_q", queries * (2 if self.hybrid else 1), width)
        self.tensor(f"{at}attn_k", keys, width)
        self.tensor(f"{at}attn_v", keys, width)
        self.tensor(f"{at}attn_output", width, queries, scale=self.outward)
        self.ones(f"{at}attn_q_norm", self.model.head_size)
        self.ones(f"{at}attn_k_norm", self.model.head_size)

    def delta_net(self, at: str) -> None:
        import numpy as np

        width, keys, values = (
            self.model.width,
            self.state_size * self.groups,
            self.state_size * self.time_steps,
        )
        self.tensor(f"{at}attn_qkv", 2 * keys + values, width)
        self.tensor(f"{at}attn_gate", values, width)
        self.tensor(f"{at}ssm_conv1d", 2 * keys + values, self.convolution, scale=0.3, single=True)
        self.writer.add_tensor(f"{at}ssm_dt.bias", np.zeros(self.time_steps, np.float32))
        self.writer.add_tensor(f"{at}ssm_a", -np.ones(self.time_steps, np.float32))
        self.tensor(f"{at}ssm_ba", 2 * self.time_steps, width)
        self.ones(f"{at}ssm_norm", self.state_size)
        self.tensor(f"{at}ssm_out", width, values, scale=self.outward)

    def tensor(self, name: str, *shape: int, scale: float = 0.08, single: bool = False) -> None:
        import numpy as np

        weights = self.weights(shape, scale)
        self.writer.add_tensor(f"{name}.weight", weights if single else weights.astype(np.float16))

    def weights(self, shape: tuple[int, ...], scale: float) -> Any:
        import numpy as np

        return self.random.standard_normal(shape, dtype=np.float32) * np.float32(scale)

    def habitual_pairs(self) -> Counter[tuple[int, int]]:
        """Tokens of the habits that follow each other, special ones included, and how often they do."""
        special = {
            text: self.tokenizer.get_vocab_size() + self.model.filler + n for n, text in enumerate(_SPECIAL)
        }
        parts = re.compile(f"({'|'.join(map(re.escape, _SPECIAL))})")
        pairs: Counter[tuple[int, int]] = Counter()
        for text in self.model.habits:
            ids: list[int] = []
            for part in parts.split(text):
                ids += [special[part]] if part in special else self.tokenizer.encode(part).ids
            pairs.update(pairwise(ids))
        return pairs

    def ones(self, name: str, size: int) -> None:
        import numpy as np

        self.writer.add_tensor(f"{name}.weight", np.ones(size, np.float32))


def _train(size: int) -> Any:
    """A byte-level BPE over some of Python's own sources and a tool call."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    byte_level: Any = pre_tokenizers.ByteLevel
    tokenizer: Any = Tokenizer(models.BPE())
    split: Any = pre_tokenizers.Split(Regex(_PRE_TOKENIZER), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, byte_level(add_prefix_space=False, use_regex=False)]
    )
    library = Path(sysconfig.get_path("stdlib"))
    sources = ("argparse.py", "ast.py", "shutil.py", "typing.py")
    texts = [(library / name).read_text("utf-8") for name in sources]
    trainer: Any = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=byte_level.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([*texts, *[_SAMPLE] * 200], trainer)
    return tokenizer
