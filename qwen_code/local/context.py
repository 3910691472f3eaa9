"""A llama.cpp context: evaluates tokens, hands out logits, and edits, saves and restores its memory."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from qwen_code.errors import ConfigurationError
from qwen_code.local import ffi
from qwen_code.local.model import Model

KvType: TypeAlias = Literal["f16", "q8_0", "q5_0", "q4_0"]

_GGML_TYPES: dict[KvType, int] = {"f16": 1, "q8_0": 8, "q5_0": 6, "q4_0": 2}
_PARTIAL_ONLY = 1
"""`LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY`: only what can't be cut by position, the running state."""

_YARN_FACTOR = 4
"""How far Qwen stretches its models with YaRN, at most."""

DECODED, NO_ROOM, ABORTED = 0, 1, 2
"""Answers of `llama_decode`."""


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """How much a context holds and how it computes."""

    window: int
    """Tokens that all sequences hold together."""
    threads: int
    batch: int = 512
    """Tokens a step of prompt evaluation; also what a cancelled prompt waits for on some GPUs."""
    kv_type: KvType = "f16"
    flash: bool = True
    """Whether llama.cpp may compute attention in one step, as it does where it can. With `f16` only."""
    sequences: int = 1
    has_spare: bool = False
    """Whether there is a sequence more, beside those that hold conversations."""
    yarn_from: int = 0
    """The trained window to stretch with YaRN; 0 leaves the model's own rope."""


class Context:
    """The working memory beside a model. Used by one thread, which also closes it."""

    def __init__(self, model: Model, options: ContextOptions) -> None:
        """Allocate it.

        Raises:
            ConfigurationError: it does not fit into memory, the model was not trained for such a window, or
                llama.cpp refuses the options.
        """
        _check_window(model, options)
        self._library = lib = ffi.library()
        self.model = model
        self.options = options
        params = lib.llama_context_default_params()
        params.n_ctx = options.window
        params.n_batch = params.n_ubatch = options.batch
        # Elsewhere than in the spare sequence only the last token's logits are read; the default reserves
        # batch x vocabulary floats for all.
        params.n_outputs_max = options.batch if options.has_spare else options.sequences
        params.n_threads = params.n_threads_batch = options.threads
        params.n_seq_max = options.sequences + options.has_spare
        params.kv_unified = True
        params.type_k = params.type_v = _GGML_TYPES[options.kv_type]
        params.flash_attn_type = _flash(lib, options)
        params.no_perf = True
        if options.yarn_from:
            params.rope_scaling_type = lib.LLAMA_ROPE_SCALING_TYPE_YARN
            params.yarn_orig_ctx = options.yarn_from
            params.rope_freq_scale = options.yarn_from / options.window
        self.spare = options.sequences
        """The id of the sequence that is one more, if there is one."""
        self._abort_flag = ctypes.create_string_buffer(2)
        params.abort_callback = lib.ggml_abort_callback(_strlen_address())
        params.abort_callback_data = ctypes.cast(self._abort_flag, ctypes.c_void_p)
        with ffi.log.errors() as errors:
            self.handle: Any = lib.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise _refusal(model, options, list(errors))
        self.window: int = lib.llama_n_ctx(self.handle)
        self._memory: Any = lib.llama_get_memory(self.handle)
        self._batch = _Batch(lib, options.batch)

    def request_abort(self) -> None:
        """Make a running `decode` stop between two operations; may be called from any thread."""
        self._abort_flag[0] = b"\x01"

    def clear_abort(self) -> None:
        self._abort_flag[0] = b"\x00"

    def decode(self, tokens: Sequence[int], position: int, sequence: int, *, throughout: bool = False) -> int:
        """Evaluate up to one batch of tokens, the first at `position`; the last one's logits are kept, or
        `throughout` those of all, for which only a context with a spare sequence has room.

        Returns:
            DECODED, NO_ROOM (the memory is unchanged), ABORTED or a negative number (part of the batch may
            be in memory).
        """
        batch = self._batch.fill(tokens, position, sequence, throughout)
        result: int = self._library.llama_decode(self.handle, batch)
        return result

    def logits(self) -> Any:
        """A pointer to the last token's logits, a float for each token; good until the next `decode`."""
        return self._library.llama_get_logits_ith(self.handle, -1)

    def all_logits(self) -> Any:
        """A pointer to those of all tokens that the last `decode` kept, one after the other."""
        return self._library.llama_get_logits(self.handle)

    def remove_from(self, sequence: int, position: int) -> bool:
        """Forget all from `position` on. False when a running state forbids it, and nothing happened."""
        return bool(self._library.llama_memory_seq_rm(self._memory, sequence, position, -1))

    def copy(self, source: int, target: int) -> None:
        """Make `target` hold what `source` holds; cells are shared, not copied."""
        self._library.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def last_position(self, sequence: int) -> int:
        """-1 when the sequence is empty."""
        position: int = self._library.llama_memory_seq_pos_max(self._memory, sequence)
        return position

    def running_state(self, sequence: int) -> bytes:
        """The state of a hybrid model that can't be cut by position (75 MiB for Qwen3-Coder-Next)."""
        size = self._library.llama_state_seq_get_size_ext(self.handle, sequence, _PARTIAL_ONLY)
        buffer = (ctypes.c_uint8 * size)()
        written = self._library.llama_state_seq_get_data_ext(
            self.handle, buffer, size, sequence, _PARTIAL_ONLY
        )
        return bytes(memoryview(buffer)[:written])

    def set_running_state(self, sequence: int, state: bytes) -> bool:
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        written = self._library.llama_state_seq_set_data_ext(
            self.handle, buffer, len(state), sequence, _PARTIAL_ONLY
        )
        return written == len(state)

    def state_size(self, sequence: int) -> int:
        """Bytes that `save` will write, about."""
        size: int = self._library.llama_state_seq_get_size(self.handle, sequence)
        return size

    def save(self, sequence: int, path: Path, tokens: Sequence[int]) -> int:
        """Write a sequence and its tokens; returns the bytes written, 0 when it failed."""
        ids = (ctypes.c_int32 * len(tokens))(*tokens)
        written: int = self._library.llama_state_seq_save_file(
            self.handle, str(path).encode(), sequence, ids, len(tokens)
        )
        return written

    def load(self, sequence: int, path: Path, token_count: int) -> list[int]:
        """Read a file that `save` wrote; empty when llama.cpp refuses it.

        The file must have been verified before: a damaged one ends the process in a C assertion.
        """
        ids = (ctypes.c_int32 * max(1, token_count))()
        count = ctypes.c_size_t(0)
        read = self._library.llama_state_seq_load_file(
            self.handle, str(path).encode(), sequence, ids, token_count, ctypes.byref(count)
        )
        return ids[: count.value] if read else []

    def close(self) -> None:
        if self.handle:
            self._library.llama_free(self.handle)
            self.handle = None


class _Batch:
    """A reusable `llama_batch` for one sequence at a time."""

    def __init__(self, library: Any, size: int) -> None:
        self._tokens = (ctypes.c_int32 * size)()
        self._positions = (ctypes.c_int32 * size)()
        self._sequence = (ctypes.c_int32 * 1)()
        self._counts = (ctypes.c_int32 * size)(*[1] * size)
        self._sequences = (ctypes.POINTER(ctypes.c_int32) * size)(
            *[ctypes.cast(self._sequence, ctypes.POINTER(ctypes.c_int32))] * size
        )
        self._outputs = (ctypes.c_int8 * size)()
        self._batch: Any = library.llama_batch()
        self._batch.token = self._tokens
        self._batch.pos = self._positions
        self._batch.n_seq_id = self._counts
        self._batch.seq_id = self._sequences
        self._batch.logits = self._outputs

    def fill(self, tokens: Sequence[int], position: int, sequence: int, throughout: bool) -> Any:
        count = len(tokens)
        self._outputs[: max(count, self._batch.n_tokens)] = [throughout] * max(count, self._batch.n_tokens)
        self._batch.n_tokens = count
        self._tokens[:count] = list(tokens)
        self._positions[:count] = list(range(position, position + count))
        self._sequence[0] = sequence
        self._outputs[count - 1] = 1
        return self._batch


def _strlen_address() -> int:
    """C's `strlen`, used as ggml's abort callback: of a two-byte buffer it says 1 when the first byte is set.

    A callback in Python would be called for every operation of the graph, thousands of times a token, and
    take the interpreter's lock each time.
    """
    c_library: Any = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
    address = ctypes.cast(c_library.strlen, ctypes.c_void_p).value
    assert address is not None
    return address


def _flash(library: Any, options: ContextOptions) -> int:
    if options.kv_type != "f16":
        kind: int = library.LLAMA_FLASH_ATTN_TYPE_ENABLED
    elif options.flash:
        kind = library.LLAMA_FLASH_ATTN_TYPE_AUTO
    else:
        kind = library.LLAMA_FLASH_ATTN_TYPE_DISABLED
    return kind


def _check_window(model: Model, options: ContextOptions) -> None:
    trained = model.trained_context
    longest = _YARN_FACTOR * options.yarn_from if options.yarn_from else trained
    hint = "" if options.yarn_from else ", or turn on local.yarn to stretch it"
    if trained and options.window > longest:
        raise ConfigurationError(
            f"{model.header.name} was trained for {trained:,} tokens, and {options.window:,} were asked for. "
            f"Set the context window to at most {longest:,}{hint}."
        )


def _refusal(model: Model, options: ContextOptions, errors: list[str]) -> ConfigurationError:
    said = " ".join(errors)
    size = f"{options.window:,} tokens with {options.kv_type} keys and values"
    if re.search(r"allocate|out of memory|OutOf\w*Memory", said, re.I):
        remedy = "Use a smaller context window" + (", or kvType q8_0" if options.kv_type == "f16" else "")
        return ConfigurationError(
            f"A context of {size} does not fit into memory beside {model.header.name}. {remedy}."
        )
    detail = re.sub(r"^\w+: ", "", errors[0]).strip(" .") if errors else "it gave no reason"
    return ConfigurationError(
        f"llama.cpp can't set up a context of {size} for {model.header.name}: {detail}. "
        "Try kvType f16 and a smaller context window."
    )
