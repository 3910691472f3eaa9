"""How Qwen recommends to sample from each of its models.

The numbers are those of `generation_config.json` and the model cards of Qwen's repositories on Hugging Face
(https://huggingface.co/Qwen). A GGUF that carries its own recommendation (`general.sampling.*`) is obeyed.
"""

from __future__ import annotations

from dataclasses import replace

from qwen_code.local.gguf import GgufHeader
from qwen_code.local.sampling import Sampling

_CODER = Sampling(temperature=0.7, top_p=0.8, top_k=20, repetition_penalty=1.05)
_CODER_NEXT = Sampling(temperature=1.0, top_p=0.95, top_k=40, repetition_penalty=1.0)
_INSTRUCT = Sampling(temperature=0.7, top_p=0.8, top_k=20, repetition_penalty=1.0)
_THINKING = Sampling(temperature=0.6, top_p=0.95, top_k=20, repetition_penalty=1.0)


def recommended_sampling(header: GgufHeader) -> Sampling:
    """The sampling for a model when nobody asks for another."""
    sampling = _for_name(header)
    given = {
        "temperature": header.metadata.get("general.sampling.temp"),
        "top_p": header.metadata.get("general.sampling.top_p"),
        "top_k": header.metadata.get("general.sampling.top_k"),
        "repetition_penalty": header.metadata.get("general.sampling.penalty_repeat"),
    }
    if isinstance(value := given["temperature"], (int, float)) and value >= 0:
        sampling = replace(sampling, temperature=float(value))
    if isinstance(value := given["top_p"], (int, float)) and 0 < value <= 1:
        sampling = replace(sampling, top_p=float(value))
    if isinstance(value := given["top_k"], int) and value >= 0:
        sampling = replace(sampling, top_k=value)
    if isinstance(value := given["repetition_penalty"], (int, float)) and value > 0:
        sampling = replace(sampling, repetition_penalty=float(value))
    return sampling


def _for_name(header: GgufHeader) -> Sampling:
    name = f"{header.name} {header.path.name}".lower()
    if header.architecture == "qwen3next" or ("coder" in name and "next" in name):
        return _CODER_NEXT if "thinking" not in name else _THINKING
    if "coder" in name or header.architecture in ("qwen2", "qwen2moe"):
        return _CODER
    return _THINKING if "thinking" in name or "qwq" in name else _INSTRUCT
