"""Pure text in, calls out, and back: every form in which Qwen models write tool calls."""

from __future__ import annotations

from qwen_code.wire.decoder import Decoded, Decoder, decode
from qwen_code.wire.native import decode_native

__all__ = ["Decoded", "Decoder", "decode", "decode_native"]
