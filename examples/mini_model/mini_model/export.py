"""Writes a trained network as GGUF: weights in q8_0, the tokenizer, the chat template, the licence.

python -m mini_model.export build/finished.pt OUT.gguf
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from mini_model.network import Network, Shape
from mini_model.tokens import CONTROL, SPECIAL, USER_DEFINED, Tokenizer
from qwen_code.local.suspicion import WRONG

NAME = "qwen-code mini"
_PROGRESS, _COUNTS = "qwen_code.training", ("steps", "tokens", "position", "seconds")
CONTEXT = 16_384
"""More than it was trained on, because results of tools are cut to a share of it."""
_NAMES = {
    "attention_norm.weight": "attn_norm",
    "hidden_norm.weight": "ffn_norm",
    "q.weight": "attn_q",
    "k.weight": "attn_k",
    "v.weight": "attn_v",
    "o.weight": "attn_output",
    "q_norm.weight": "attn_q_norm",
    "k_norm.weight": "attn_k_norm",
    "gate.weight": "ffn_gate",
    "up.weight": "ffn_up",
    "down.weight": "ffn_down",
}


def export(checkpoint: Path, out: Path) -> None:
    """Write `out` from what training saved."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    shape, tokenizer = Shape(**state["shape"]), Tokenizer(state["tokenizer"])
    weights = {name: tensor.float().numpy() for name, tensor in state["network"].items()}
    writer: Any = gguf.GGUFWriter(str(out), "qwen3")
    _describe(writer, shape, state)
    _vocabulary(writer, tokenizer)
    rows = [weights["embedding.weight"], weights["flags.weight"][-1:]]
    _tensor(writer, "token_embd", np.concatenate(rows))
    _tensor(writer, "output_norm", weights["norm.weight"])
    for layer in range(shape.layers):
        for name, known in _NAMES.items():
            _tensor(writer, f"blk.{layer}.{known}", weights[f"blocks.{layer}.{name}"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def restore(path: Path) -> dict[str, Any]:
    """A checkpoint from an exported model, good enough to train on from; the optimiser begins anew."""
    reader: Any = gguf.GGUFReader(str(path))
    known = {field: reader.fields[f"{_PROGRESS}.{field}"].contents() for field in _COUNTS}
    layers = int(reader.fields["qwen3.block_count"].contents())
    names = {"token_embd.weight": "embedding.weight", "output_norm.weight": "norm.weight"}
    for layer in range(layers):
        names |= {f"blk.{layer}.{known}.weight": f"blocks.{layer}.{name}" for name, known in _NAMES.items()}
    network = {
        names[tensor.name]: torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy())
        for tensor in reader.tensors
    }
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    if tokens[-1] == WRONG:
        rows = network["embedding.weight"]
        network["embedding.weight"], flag = rows[:-1], rows[-1:]
        network["flags.weight"] = torch.cat([torch.zeros_like(rows[:2]), flag])
        tokens = tokens[:-1]
    shape = Shape(
        vocabulary=len(network["embedding.weight"]), layers=layers, hidden=len(network["blocks.0.up.weight"])
    )
    merges = reader.fields["tokenizer.ggml.merges"].contents()
    vocabulary = {token: number for number, token in enumerate(tokens)}
    model = {"type": "BPE", "vocab": vocabulary, "merges": [merge.split(" ") for merge in merges]}
    tokenizer = json.dumps({"version": "1.0", "added_tokens": [], "model": model}, ensure_ascii=False)
    return {"network": network, "shape": shape.to_dict(), "tokenizer": tokenizer, **known}


def load(checkpoint: Path) -> tuple[Network, Tokenizer]:
    """The network and tokenizer of a checkpoint."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = Network(Shape(**state["shape"]))
    network.load_state_dict(state["network"])
    return network.eval(), Tokenizer(state["tokenizer"])


def _describe(writer: Any, shape: Shape, state: dict[str, Any]) -> None:
    writer.add_name(NAME)
    writer.add_description(
        f"Demonstration model of qwen-code, trained on {state['tokens']:,} synthetic tokens."
    )
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_size)
    writer.add_value_length(shape.head_size)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_feed_forward_length(shape.hidden)
    for field in _COUNTS:
        writer.add_float64(f"{_PROGRESS}.{field}", float(state[field]))
    writer.add_bool("qwen_code.quotes_files", True)
    writer.add_float32("general.sampling.temp", 0.0)
    writer.add_float32("general.sampling.penalty_repeat", 1.0)


def _vocabulary(writer: Any, tokenizer: Tokenizer) -> None:
    tokens, merges = tokenizer.table()
    tokens.append(WRONG)
    kinds = dict.fromkeys((*CONTROL, WRONG), gguf.TokenType.CONTROL) | dict.fromkeys(
        USER_DEFINED, gguf.TokenType.USER_DEFINED
    )
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([kinds.get(token, gguf.TokenType.NORMAL) for token in tokens])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(SPECIAL.index("<|im_end|>"))
    writer.add_bos_token_id(SPECIAL.index("<|endoftext|>"))
    writer.add_pad_token_id(SPECIAL.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(Path(__file__).with_name("template.jinja").read_text("utf-8"))


def _tensor(writer: Any, name: str, weights: np.ndarray[Any, Any]) -> None:
    if weights.ndim == 1:
        writer.add_tensor(f"{name}.weight", weights.astype(np.float32))
        return
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(f"{name}.weight", gguf.quants.quantize(weights, kind), raw_dtype=kind)


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
