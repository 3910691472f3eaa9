"""What is known of the places that serve models: addresses, keys and peculiarities, as data.

Nothing is sent that a model or server has a default for: servers take the sampling values that Qwen
recommends from the model's own files (`generation_config.json`, GGUF metadata, Modelfile), and the owner of a
server may have changed them on purpose. What a user sets is sent under the name that the server knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

WindowSource: TypeAlias = Literal["models", "llama-server", "ollama", "lmstudio", "detect", "none"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One place. An empty field name means that the place refuses or ignores the parameter."""

    name: str
    title: str
    """For sentences."""
    base_url: str
    key_env: tuple[str, ...] = ()
    """Variables that hold its key, most usual first."""
    hosts: tuple[str, ...] = ()
    """Endpoints on these hosts, or under them, are this provider."""
    window: WindowSource = "none"
    """Where the context window as served can be read."""
    max_tokens_field: str = "max_tokens"
    default_max_tokens: int | None = None
    """Sent when the user sets none, where the provider would cut answers short otherwise."""
    top_k_field: str = "top_k"
    repetition_penalty_field: str = "repetition_penalty"
    stream_usage: bool = True
    """Takes `stream_options.include_usage`; False where usage comes unasked."""
    prefill_progress: bool = False
    """Takes `return_progress` and tells how much of the prompt it has evaluated."""
    headers: tuple[tuple[str, str], ...] = ()
    start: str = ""
    """For local servers: the command that starts one."""


OTHER = Provider("openai-compatible", "the endpoint", "", window="detect")
"""An endpoint that is not in the table."""

LOCAL = Provider(
    "local",
    "the local server",
    "",
    window="detect",
    prefill_progress=True,
    start="llama-server -m MODEL.gguf --jinja",
)
"""A server on this machine or network that is not in the table; they ignore parameters they don't know."""

PROVIDERS: tuple[Provider, ...] = (
    Provider(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        ("OPENROUTER_API_KEY",),
        ("openrouter.ai",),
        window="models",
        stream_usage=False,  # https://openrouter.ai/docs/use-cases/usage-accounting: always sent
        headers=(("x-title", "qwen-code"),),
    ),
    Provider(
        "dashscope",
        "DashScope",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        ("DASHSCOPE_API_KEY",),
        ("dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"),
    ),
    Provider(
        "dashscope-cn",
        "DashScope (China)",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        ("DASHSCOPE_API_KEY",),
        ("dashscope.aliyuncs.com",),
    ),
    Provider(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        ("OPENAI_API_KEY",),
        ("api.openai.com",),
        max_tokens_field="max_completion_tokens",
        top_k_field="",
        repetition_penalty_field="",
    ),
    Provider(
        "together",
        "Together",
        "https://api.together.xyz/v1",
        ("TOGETHER_API_KEY",),
        ("api.together.xyz", "api.together.ai"),
        window="models",
    ),
    Provider(
        "fireworks",
        "Fireworks",
        "https://api.fireworks.ai/inference/v1",
        ("FIREWORKS_API_KEY",),
        ("api.fireworks.ai",),
        window="models",
        # https://docs.fireworks.ai/faq-new/models-inference: 2K by default, too short to write a file.
        default_max_tokens=16_384,
    ),
    Provider(
        "deepinfra",
        "DeepInfra",
        "https://api.deepinfra.com/v1/openai",
        ("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
        ("api.deepinfra.com",),
        window="models",
    ),
    Provider(
        "hyperbolic",
        "Hyperbolic",
        "https://api.hyperbolic.xyz/v1",
        ("HYPERBOLIC_API_KEY",),
        ("api.hyperbolic.xyz",),
        window="models",
        default_max_tokens=16_384,  # 512 by default
    ),
    Provider(
        "modelscope",
        "ModelScope",
        "https://api-inference.modelscope.cn/v1",
        ("MODELSCOPE_API_KEY", "MODELSCOPE_SDK_TOKEN"),
        ("api-inference.modelscope.cn",),
    ),
    Provider(
        "llama-server",
        "llama-server",
        "http://localhost:8080/v1",
        window="llama-server",
        repetition_penalty_field="repeat_penalty",
        prefill_progress=True,
        start="llama-server -m MODEL.gguf --jinja",
    ),
    Provider(
        "vllm",
        "vLLM",
        "http://localhost:8000/v1",
        window="models",
        start="vllm serve MODEL --enable-auto-tool-choice --tool-call-parser qwen3_coder",
    ),
    Provider(
        "sglang",
        "SGLang",
        "http://localhost:30000/v1",
        window="models",
        start="python -m sglang.launch_server --model-path MODEL --tool-call-parser qwen3_coder",
    ),
    Provider("ollama", "Ollama", "http://localhost:11434/v1", window="ollama", start="ollama serve"),
    Provider(
        "lmstudio",
        "LM Studio",
        "http://localhost:1234/v1",
        window="lmstudio",
        repetition_penalty_field="repeat_penalty",
        start="lms server start",
    ),
)


def provider_named(name: str) -> Provider | None:
    """The provider of that name, whatever its case."""
    return next((p for p in PROVIDERS if p.name == name.strip().lower()), None)


def provider_at(host: str) -> Provider | None:
    """The provider that answers at `host`; local servers are told apart by asking them, not by their port."""
    host = host.lower()
    return next((p for p in PROVIDERS for h in p.hosts if host == h or host.endswith(f".{h}")), None)
