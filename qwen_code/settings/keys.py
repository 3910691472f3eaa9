"""The table of settings: each one's name in a file, its field, what it may be, and who may set it.

Names are Qwen Code's where it has them (settings schema 4), so that its files work here. Each has a variable:
`QWEN_CODE_` and the name in capitals with underscores, whose value is that of the file, as text.
"""

from __future__ import annotations

from qwen_code.settings.key import Key, Reach
from qwen_code.settings.values import (
    choice,
    flag,
    headers,
    milliseconds,
    number,
    proxy,
    secret,
    shaped,
    table,
    text,
    texts,
    url,
    whole,
    word,
)

APPROVAL_MODES = ("plan", "default", "auto-edit", "auto", "yolo")

_UNLIMITED = 2**31 - 1

_MODE = choice(*APPROVAL_MODES, spellings={"auto_edit": "auto-edit", "autoEdit": "auto-edit"})
_RULES = texts('a list of rules such as "Bash(git status:*)"')
_NAMES = texts("a list of tool names", shape=r"\w[\w*-]*", remedy="rules go to permissions.allow or deny")
_COUNT = whole("a whole number of at least 1, or -1 for no limit", least=1, minus_one=None)
_SIZE = whole("a whole number of at least 1, or -1 for no limit", least=1, minus_one=_UNLIMITED)
_SPAN = number("a number above 0, or -1 for no limit", 1e-3, unlimited=True)
_MILLIS = milliseconds()
_GENERATION = "model.generationConfig"
_SAMPLING = f"{_GENERATION}.samplingParams"

KEYS: tuple[Key, ...] = (
    Key(
        "model.name",
        "model.name",
        word(),
        "The model: a name the endpoint knows, a catalog name, a GGUF file, or `scripted:FILE`.",
        variables=("OPENAI_MODEL", "QWEN_MODEL"),
        expand=True,
        project_refuses=(":",),  # what stands before one can be a provider, and so an endpoint
    ),
    Key(
        "model.provider", "model.provider", word(), "A provider known by name, e.g. `openrouter`.", Reach.NONE
    ),
    Key(
        "model.baseUrl",
        "model.base_url",
        url(),
        "The OpenAI-compatible endpoint.",
        Reach.NONE,
        variables=("OPENAI_BASE_URL",),
        expand=True,
    ),
    Key(
        "model.apiKey",
        "model.api_key",
        secret(),
        "Its key. Better kept in a variable or an `.env` file.",
        Reach.NONE,
        variables=("OPENAI_API_KEY",),
        expand=True,
        secret=True,
    ),
    Key(
        "security.auth.baseUrl",
        "model.base_url",
        url(),
        "Older spelling of `model.baseUrl`.",
        Reach.NONE,
        expand=True,
    ),
    Key(
        "security.auth.apiKey",
        "model.api_key",
        secret(),
        "Older spelling of `model.apiKey`.",
        Reach.NONE,
        expand=True,
        secret=True,
    ),
    Key(
        f"{_GENERATION}.contextWindowSize",
        "model.context_window",
        whole("a whole number of tokens, at least 1024", least=1024),
        "Tokens of context; asked of the server when not set.",
    ),
    Key(
        f"{_GENERATION}.timeout",
        "model.timeout_s",
        _MILLIS,
        "Milliseconds until the first byte of an answer; derived from the prompt's size when not set.",
    ),
    Key(
        f"{_GENERATION}.streamIdleTimeoutMs",
        "model.stream_idle_timeout_s",
        _MILLIS,
        "Milliseconds that a stream may pause.",
    ),
    Key(
        f"{_GENERATION}.maxRetries",
        "model.max_retries",
        whole("a whole number from 0 to 20", 0, 20, shift=1),
        "How often a failed request is made again.",
    ),
    Key(
        f"{_GENERATION}.retryTotalSeconds",
        "model.retry_total_s",
        number("a number of seconds, at least 0", 0, 86400),
        "Limit for all tries of one request together.",
    ),
    Key(
        f"{_SAMPLING}.temperature",
        "model.sampling.temperature",
        number("a number from 0 to 5", 0, 5),
        "Sampling.",
    ),
    Key(f"{_SAMPLING}.top_p", "model.sampling.top_p", number("a number from 0 to 1", 0, 1), "Sampling."),
    Key(f"{_SAMPLING}.top_k", "model.sampling.top_k", whole("a whole number", -1), "Sampling."),
    Key(
        f"{_SAMPLING}.repetition_penalty",
        "model.sampling.repetition_penalty",
        number("a number from 0 to 5", 0, 5),
        "Sampling.",
    ),
    Key(
        f"{_SAMPLING}.max_tokens",
        "model.sampling.max_tokens",
        whole("a whole number of at least 1", least=1),
        "Limit for one answer.",
    ),
    Key(
        f"{_SAMPLING}.seed", "model.sampling.seed", whole("a whole number", -1), "Makes sampling repeatable."
    ),
    Key(
        f"{_GENERATION}.extra_body",
        "model.extra_body",
        table(),
        "Further fields of every request's body.",
        Reach.NONE,
        expand=True,
    ),
    Key(
        f"{_GENERATION}.customHeaders",
        "model.custom_headers",
        headers(),
        "Further headers of every request.",
        Reach.NONE,
        expand=True,
        secret=True,
    ),
    Key(
        "local.gpuLayers",
        "local.gpu_layers",
        whole("a whole number, or -1 for all", -1),
        "Layers of an embedded model that live in graphics memory; chosen by what fits when not set.",
    ),
    Key(
        "local.cpuExpertLayers",
        "local.cpu_expert_layers",
        whole("a whole number of at least 0", 0),
        "Layers whose experts stay in main memory; chosen by what fits when not set.",
    ),
    Key(
        "local.kvType",
        "local.kv_type",
        choice("f16", "q8_0", "q5_0", "q4_0"),
        "Encoding of an embedded model's keys and values; chosen by what fits when not set.",
    ),
    Key(
        "local.threads",
        "local.threads",
        whole("a whole number of at least 1", least=1),
        "Processor threads of an embedded model; one a core when not set, one alone for a tiny model.",
    ),
    Key(
        "local.batch",
        "local.batch",
        whole("a whole number from 16 to 8192", 16, 8192),
        "Prompt tokens that an embedded model evaluates in one step.",
    ),
    Key(
        "local.yarn",
        "local.yarn",
        flag(),
        "Allow a context window up to four times what an embedded model was trained for.",
    ),
    Key(
        "local.grammar",
        "local.grammar",
        flag(),
        "Hold an embedded model to the form of a tool call once it has begun one.",
    ),
    Key(
        "local.saveState",
        "local.save_state",
        flag(),
        "Keep what an embedded model has evaluated on disk, so that resuming starts at once.",
    ),
    Key(
        "local.stateLimitGb",
        "local.state_limit_gb",
        number("a number from 0 to 1000", 0, 1000),
        "Gigabytes that these files may take together.",
    ),
    Key("model.maxSessionTurns", "limits.max_session_turns", _COUNT, "Requests in one run (exit 53)."),
    Key("model.maxWallTimeSeconds", "limits.max_wall_time_s", _SPAN, "Seconds for one run (exit 55)."),
    Key("model.maxToolCalls", "limits.max_tool_calls", _COUNT, "Tool calls in one run (exit 55)."),
    Key(
        "agent.maxTokens", "limits.max_tokens", _COUNT, "Tokens of one run, all requests together (exit 55)."
    ),
    Key(
        "agent.maxCostUsd",
        "limits.max_cost_usd",
        _SPAN,
        "Dollars for one run, where the provider tells (exit 55).",
    ),
    Key(
        "agent.verify",
        "agent.verify",
        text("a command"),
        "Command that must succeed before a turn counts as done.",
    ),
    Key(
        "agent.profile",
        "agent.profile",
        word(),
        "System prompt by name: `system`, or `lean` for small windows; chosen by the window when not set.",
    ),
    Key("agent.systemPrompt", "agent.system_prompt", text(), "Replaces the profile's text."),
    Key("agent.appendSystemPrompt", "agent.append_system_prompt", text(), "Is added to the profile's text."),
    Key(
        "tools.approvalMode",
        "tools.approval_mode",
        _MODE,
        "How much runs without a question.",
        project_refuses=("yolo",),
    ),
    Key(
        "tools.disabled", "tools.disabled", _NAMES, "Tools that are not offered.", Reach.NARROWING, join=True
    ),
    Key("tools.core", "tools.allowed", _NAMES, "If given, the only tools that are offered."),
    Key(
        "tools.truncateToolOutputLines",
        "tools.output_lines",
        _SIZE,
        "Lines of a result that the model reads.",
    ),
    Key(
        "tools.truncateToolOutputThreshold",
        "tools.output_bytes",
        _SIZE,
        "Bytes of a result that the model reads.",
    ),
    Key(
        "tools.shell.defaultTimeoutMs",
        "tools.shell_timeout_s",
        _MILLIS,
        "Milliseconds that a command may take.",
    ),
    Key("permissions.allow", "permissions.allow", _RULES, "What runs without a question.", join=True),
    Key("permissions.ask", "permissions.ask", _RULES, "What is always asked.", Reach.NARROWING, join=True),
    Key("permissions.deny", "permissions.deny", _RULES, "What never runs.", Reach.NARROWING, join=True),
    Key("tools.allowed", "permissions.allow", _RULES, "Older spelling of `permissions.allow`.", join=True),
    Key(
        "tools.exclude",
        "permissions.deny",
        _RULES,
        "Older spelling of `permissions.deny`.",
        Reach.NARROWING,
        join=True,
    ),
    Key(
        "sandbox.enabled",
        "sandbox.enabled",
        flag(),
        "Run commands inside the operating system's sandbox.",
        project_refuses=(False,),
    ),
    Key(
        "sandbox.network",
        "sandbox.network",
        shaped(
            "`off`, `on`, `ask` or `allow:NAME,...`", r"off|on|ask|allow:[\w.*:\[\]-]+(?:,[\w.*:\[\]-]+)*"
        ),
        "What commands reach of the network.",
    ),
    Key(
        "sandbox.networkPrivate",
        "sandbox.network_private",
        flag(),
        "Allowed names may lead to this machine and to private networks.",
        project_refuses=(True,),
    ),
    Key(
        "context.fileName",
        "context.file_names",
        texts("a file name or a list of them", single=True, shape=r"[^\0/]*[^\0/.\s][^\0/]*"),
        "Files with instructions.",
    ),
    Key(
        "context.includeDirectories",
        "context.include_directories",
        texts("a list of directories"),
        "Directories that belong to the workspace too.",
        join=True,
        expand=True,
    ),
    Key(
        "context.autoCompactThreshold",
        "context.compact_threshold",
        number("a number from 0.1 to 1", 0.1, 1),
        "Share of the window at which the conversation is shortened.",
    ),
    Key(
        "context.fileFiltering.respectGitIgnore",
        "context.respect_gitignore",
        flag(),
        "Leave out of searches what `.gitignore` names.",
    ),
    Key(
        "sessions.checkpointLimitMb",
        "sessions.checkpoint_limit_mb",
        number("a number of megabytes, 0 for none", 0, 100_000),
        "Megabytes of file contents that a session may keep for `/rewind` and `/diff`.",
    ),
    Key(
        "sessions.retentionDays",
        "sessions.retention_days",
        number("a number of days of at least 1, or -1 to keep all", 1, 36_500, unlimited=True),
        "Days after which a session that was not used again is deleted.",
        Reach.NONE,
    ),
    Key("ui.theme", "ui.theme", word(), "Colours."),
    Key("ui.accessibility.screenReader", "ui.screen_reader", flag(), "No boxes, no redrawing."),
    Key("general.vimMode", "ui.vim_mode", flag(), "Vim keys at the prompt."),
    Key(
        "general.preferredEditor",
        "ui.editor",
        word("a command line"),
        "The editor for prompts, plans and calls; `$VISUAL` or `$EDITOR` when not set.",
        Reach.NONE,
    ),
    Key("ui.hideBanner", "ui.hide_banner", flag(), "Start without the banner."),
    Key("general.terminalBell", "ui.bell", flag(), "Ring when a long turn ends or a question waits."),
    Key("ui.showStatusInTitle", "ui.title", flag(), "Show in the window's title whether it works."),
    Key(
        "ui.shellOutputMaxLines",
        "ui.shell_output_max_lines",
        whole("a whole number of at least 1", least=1),
        "Lines of a running command on the screen.",
    ),
    Key("proxy", "proxy", proxy(), "Proxy for requests to the model.", Reach.NONE, expand=True, secret=True),
    Key("caFile", "ca_file", word("a path"), "Certificates to trust, as PEM.", Reach.NONE, expand=True),
    Key("debug", "debug", flag(), "Show tracebacks and write a debug log."),
)

BY_PATH: dict[str, Key] = {key.path: key for key in KEYS}

SECTIONS: frozenset[str] = frozenset(
    key.path[:at] for key in KEYS for at, character in enumerate(key.path) if character == "."
)
"""Paths that hold other settings."""

ENV_SECTION = "env"
PROVIDERS_SECTION = "modelProviders"
