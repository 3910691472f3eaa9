"""qwen-code: a terminal coding agent for open-weight Qwen models."""

__version__ = "0.1.0"

_PUBLIC = {
    "open_app": "qwen_code.api",
    "App": "qwen_code.app",
    "Mode": "qwen_code.permissions.decision",
    "Outcome": "qwen_code.events",
    "TextDelta": "qwen_code.events",
    "ToolStarted": "qwen_code.events",
    "ToolFinished": "qwen_code.events",
    "TurnEnded": "qwen_code.events",
}


def __getattr__(name: str) -> object:
    """The public names, imported when they are first asked for: `import qwen_code` itself costs nothing."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)
