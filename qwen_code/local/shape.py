"""How large a model's parts are, as far as placing them in memory goes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qwen_code.local.context import KvType
from qwen_code.local.gguf import GgufHeader

KV_BYTES: dict[KvType, float] = {"f16": 2.0, "q8_0": 34 / 32, "q5_0": 22 / 32, "q4_0": 18 / 32}
"""Bytes a number in each encoding of keys and values."""

_LAYER = re.compile(r"blk\.(\d+)\.(.*)")
_EXPERTS = re.compile(r"ffn_(up|down|gate|gate_up)_(ch|)exps")


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A model's sizes in bytes, per layer where layers differ in place."""

    name: str
    layers: int
    expert_bytes: tuple[int, ...]
    """Of each layer; zeros for a dense model."""
    layer_bytes: tuple[int, ...]
    """Of each layer, without experts."""
    embedding_bytes: int
    """The input embedding: stays in main memory, whatever else moves."""
    output_bytes: int
    """The output layer and what belongs to none."""
    kv_numbers_per_token: int
    """Keys and values of one token, all layers with attention."""
    running_state_bytes: int
    """Of one sequence, for hybrid models."""
    vocabulary: int
    trained_context: int

    @property
    def weight_bytes(self) -> int:
        return sum(self.expert_bytes) + sum(self.layer_bytes) + self.embedding_bytes + self.output_bytes

    @property
    def sparse(self) -> bool:
        return any(self.expert_bytes)

    def kv_bytes(self, window: int, kv_type: KvType) -> int:
        """Memory for the keys and values of `window` tokens."""
        return int(window * self.kv_numbers_per_token * KV_BYTES[kv_type])


def shape_of(*headers: GgufHeader) -> ModelShape:
    """The shape of the model in a file, or in all files of a split model, the first one first."""
    header = headers[0]
    layers = header.integer(".block_count")
    experts, others = [0] * layers, [0] * layers
    embedding = output = 0
    for tensor in (tensor for part in headers for tensor in part.tensors):
        match = _LAYER.fullmatch(tensor.name)
        if match and int(match[1]) < layers:
            place = experts if _EXPERTS.match(match[2]) else others
            place[int(match[1])] += tensor.bytes
        elif tensor.name.startswith("token_embd"):
            embedding += tensor.bytes
        else:
            output += tensor.bytes
    tied = not any(tensor.name == "output.weight" for part in headers for tensor in part.tensors)
    return ModelShape(
        name=header.name,
        layers=layers,
        expert_bytes=tuple(experts),
        layer_bytes=tuple(others),
        embedding_bytes=embedding,
        output_bytes=output + (embedding if tied else 0),  # llama.cpp then loads the embedding twice
        kv_numbers_per_token=_kv_numbers(header, layers),
        running_state_bytes=_running_state(header, layers),
        vocabulary=_vocabulary(header),
        trained_context=header.integer(".context_length"),
    )


def _attention_layers(header: GgufHeader, layers: int) -> int:
    interval = header.integer(".full_attention_interval") if header.integer(".ssm.state_size") else 0
    return layers // interval if interval else layers


def _kv_numbers(header: GgufHeader, layers: int) -> int:
    heads = header.integer(".attention.head_count_kv") or header.integer(".attention.head_count")
    width = header.integer(".embedding_length") // max(1, header.integer(".attention.head_count"))
    key = header.integer(".attention.key_length", width)
    value = header.integer(".attention.value_length", width)
    return _attention_layers(header, layers) * heads * (key + value)


def _running_state(header: GgufHeader, layers: int) -> int:
    """Of DeltaNet layers: the convolution's last inputs and the state matrix of each value head, in f32.

    llama.cpp, `llama_hparams::n_embd_r` and `n_embd_s`.
    """
    inner, state = header.integer(".ssm.inner_size"), header.integer(".ssm.state_size")
    if not state:
        return 0
    groups, kernel = header.integer(".ssm.group_count"), header.integer(".ssm.conv_kernel")
    convolution = (kernel - 1) * (inner + 2 * groups * state)
    recurrent_layers = layers - _attention_layers(header, layers)
    return recurrent_layers * 4 * (convolution + state * inner)


def _vocabulary(header: GgufHeader) -> int:
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    count = getattr(tokens, "count", None)
    if isinstance(count, int):
        return count
    return len(tokens) if isinstance(tokens, tuple) else header.integer(".vocab_size")
