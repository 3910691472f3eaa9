"""Pure text in, calls out, and back: every form in which Qwen models write tool calls."""
