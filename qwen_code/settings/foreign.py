"""Names that are no settings here: those of Qwen Code alone, and those that are near misses.

Settings of Qwen Code that mean nothing here are kept in the files and not taken for mistakes.
"""

from __future__ import annotations

from qwen_code.settings.keys import BY_PATH, ENV_SECTION, PROVIDERS_SECTION

FOREIGN: frozenset[str] = frozenset(
    {
        "advanced",
        "context.clearContextOnIdle",
        "context.discoveryMaxDirs",
        "context.fileFiltering",
        "context.importFormat",
        "disableAllHooks",
        "experimental",
        "extensions",
        "fastModel",
        "compactionModel",
        "visionModel",
        "modelFallbacks",
        "general",
        "hooks",
        "ide",
        "mcp",
        "mcpServers",
        "memory",
        "model.chatCompression",
        "model.enableOpenAILogging",
        "model.generationConfig",
        "model.maxToolCallsPerTurn",
        "model.openAILoggingDir",
        "model.sessionTokenLimit",
        "model.skipLoopDetection",
        "model.skipNextSpeakerCheck",
        "model.skipStartupContext",
        "model.summarizeToolOutput",
        "plansDirectory",
        "privacy",
        "security",
        "skills",
        "slashCommands",
        "telemetry",
        "tools.autoAccept",
        "tools.callCommand",
        "tools.discoveryCommand",
        "tools.eager",
        "tools.enableToolOutputTruncation",
        "tools.executionSandbox",
        "tools.listDirectory",
        "tools.sandbox",
        "tools.shell",
        "tools.todoWrite",
        "tools.useBuiltinRipgrep",
        "tools.useRipgrep",
        "ui",
    }
)
"""Each with all below it; a longer name that this program knows wins."""


def foreign(path: str) -> bool:
    """Whether Qwen Code knows `path`, itself or as a part of something."""
    return any(path == name or path.startswith(name + ".") for name in FOREIGN)


def closest(path: str, *, strict: bool = False) -> str:
    """The setting whose name is most like `path`; empty when none is."""
    from difflib import get_close_matches

    names = {name.lower(): name for name in (*BY_PATH, ENV_SECTION, PROVIDERS_SECTION)}
    last = path.rpartition(".")[2].lower()
    same = [name for low, name in names.items() if low.rpartition(".")[2] == last]
    if len(same) == 1 and not strict:
        return same[0]
    found = get_close_matches(path.lower()[:100], names, n=1, cutoff=0.9 if strict else 0.7)
    return names[found[0]] if found else ""
