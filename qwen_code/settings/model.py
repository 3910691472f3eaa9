"""The settings that this program knows, with Qwen Code's key names where it has them.

Every field has its default here; `layers.py` fills them from files, environment and flags. Unknown keys in a
file are kept there, reported by `doctor`, and not seen here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """`model.generationConfig.samplingParams`; None leaves the choice to the model's own defaults."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    max_tokens: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """`model.*`: which model, where, and within which budgets."""

    name: str = ""
    """`scripted:FILE`, a path to a GGUF, a catalog name, or the endpoint's own model name."""
    provider: str = ""
    """A name from `backends/providers.py`; empty when `base_url` says it all."""
    base_url: str = ""
    api_key: str = ""
    """Never read from a project's files."""
    context_window: int | None = None
    timeout_s: float | None = None
    """Limit for the first byte of an answer; None derives one from the prompt's size."""
    stream_idle_timeout_s: float = 120.0
    max_retries: int = 4
    """Tries in all, the first included."""
    retry_total_s: float = 90.0
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    extra_body: dict[str, Any] = field(default_factory=dict[str, Any])
    custom_headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """`local.*`: how a model in this process is run. None and empty leave the choice to the planner."""

    gpu_layers: int | None = None
    """Layers in graphics memory."""
    cpu_expert_layers: int | None = None
    """Of those, the first layers whose experts stay in main memory (llama.cpp's `--n-cpu-moe`)."""
    kv_type: str = ""
    """Encoding of keys and values: `f16`, `q8_0`, `q5_0` or `q4_0`."""
    threads: int | None = None
    batch: int | None = None
    """Prompt tokens evaluated in one step."""
    yarn: bool = False
    """Stretch the window beyond what the model was trained for, up to four times."""
    grammar: bool = True
    """Hold the model to the form of a call once it has begun one."""
    save_state: bool = True
    """Keep evaluated conversations on disk, so that a resumed one starts at once."""
    state_limit_gb: float = 8.0
    """What they may take together."""


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Budgets of one run; None means none. Reached ones end the run with their own exit code."""

    max_session_turns: int | None = None
    """Requests to the model (`model.maxSessionTurns`), exit 53."""
    max_wall_time_s: float | None = None
    max_tool_calls: int | None = None
    max_tokens: int | None = None
    """Prompt and completion tokens of all requests together."""
    max_cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """`tools.*`."""

    approval_mode: str = ""
    """Empty: `default` in the REPL; in one-shot whatever the sandbox supports."""
    disabled: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    """If not empty, the only tools offered."""
    output_lines: int = 400
    output_bytes: int = 16_384
    shell_timeout_s: float = 120.0


@dataclass(frozen=True, slots=True)
class PermissionSettings:
    """`permissions.*`: rules in the syntax of `permissions/rules.py`."""

    allow: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """`sandbox.*`."""

    enabled: bool = True
    network: str = "off"
    """`off`, `on`, `ask`, or `allow:NAME,...`."""
    network_private: bool = False


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """`context.*`."""

    file_names: tuple[str, ...] = ("QWEN.md", "AGENTS.md")
    include_directories: tuple[str, ...] = ()
    compact_threshold: float = 0.9
    respect_gitignore: bool = True


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """`sessions.*`: ours alone."""

    checkpoint_limit_mb: float = 512.0
    """What the file contents kept for rewinding may take, for one session; 0 keeps none."""
    retention_days: float | None = None
    """Sessions that were not used for so long are deleted; None keeps them."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """`agent.*`: ours alone."""

    verify: str = ""
    """Command that must succeed before a turn counts as done."""
    profile: str = ""
    """Name of the prompt in `prompts/`: `system` or `lean`; empty: whichever suits the model's window."""
    system_prompt: str = ""
    """Replaces the profile's text."""
    append_system_prompt: str = ""


@dataclass(frozen=True, slots=True)
class UiSettings:
    """`ui.*`."""

    theme: str = "auto"
    screen_reader: bool = False
    vim_mode: bool = False
    editor: str = ""
    """Command line of the editor; empty for $VISUAL or $EDITOR."""
    hide_banner: bool = False
    shell_output_max_lines: int = 8
    bell: bool = False
    title: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it, resolved."""

    model: ModelSettings = field(default_factory=ModelSettings)
    local: LocalSettings = field(default_factory=LocalSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    tools: ToolSettings = field(default_factory=ToolSettings)
    permissions: PermissionSettings = field(default_factory=PermissionSettings)
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    context: ContextSettings = field(default_factory=ContextSettings)
    sessions: SessionSettings = field(default_factory=SessionSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    ui: UiSettings = field(default_factory=UiSettings)
    proxy: str = ""
    ca_file: str = ""
    debug: bool = False
