"""qwen-code: a terminal coding agent for open-weight Qwen models."""

__version__ = "0.1.0"
