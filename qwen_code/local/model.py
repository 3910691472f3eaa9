"""A GGUF loaded by llama.cpp: vocabulary, tokenizer, and a sentence for each way that loading fails."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwen_code.errors import ConfigurationError
from qwen_code.local import ffi
from qwen_code.local.gguf import GgufHeader, read_header

ALL_LAYERS = -1

_CONTROL, _USER_DEFINED = 1 << 3, 1 << 4
"""`llama_token_attr` of tokens whose text must never come from an untrusted source."""
_OUT_OF_MEMORY = re.compile(
    r"(?:cannot|unable to|failed to) allocate|out of memory|bad_alloc|OutOf(?:Device|Host)Memory", re.I
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the weights live."""

    gpu_layers: int = ALL_LAYERS
    """Layers kept in graphics memory; without a GPU it has no effect."""
    cpu_expert_layers: int = 0
    """Of those, the first layers whose experts stay in main memory (llama.cpp's `--n-cpu-moe`)."""


class LoadCancelled(Exception):
    """The progress callback asked to stop."""


class Model:
    """A loaded model. Used by one thread, which also closes it."""

    def __init__(
        self,
        path: Path,
        placement: Placement | None = None,
        on_progress: Callable[[float], bool] | None = None,
    ) -> None:
        """Load `path`; `on_progress` gets fractions from 0 to 1 and returns False to give up.

        Raises:
            ConfigurationError: the file or the machine can't do it; the sentence has the remedy.
            LoadCancelled: `on_progress` said so.
        """
        self.header = check(path)
        self._library = lib = ffi.library()
        placement = placement or Placement()
        params = lib.llama_model_default_params()
        params.n_gpu_layers = placement.gpu_layers
        cancelled = False

        def progressed(fraction: float, _user_data: Any) -> bool:
            nonlocal cancelled
            cancelled = cancelled or (on_progress is not None and not on_progress(fraction))
            return not cancelled

        callback = lib.llama_progress_callback(progressed)
        params.progress_callback = callback
        overrides: Any = None
        if placement.cpu_expert_layers:
            overrides = ffi.cpu_overrides(expert_patterns(placement.cpu_expert_layers))
            params.tensor_buft_overrides = ctypes.cast(overrides, ctypes.c_void_p)
            params.load_mode = lib.LLAMA_LOAD_MODE_NONE  # experts that are read each token want real memory
        with ffi.log.errors() as errors:
            self.handle: Any = lib.llama_model_load_from_file(str(path).encode(), params)
        if not self.handle:
            if cancelled:
                raise LoadCancelled
            raise _load_failure(path, self.header, list(errors))
        self.vocabulary: Any = lib.llama_model_get_vocab(self.handle)
        self.vocabulary_size: int = lib.llama_vocab_n_tokens(self.vocabulary)
        self.trained_context: int = lib.llama_model_n_ctx_train(self.handle)
        self.hybrid = bool(
            lib.llama_model_is_hybrid(self.handle) or lib.llama_model_is_recurrent(self.handle)
        )
        """Part of its memory is a running state, from which no token can be taken back."""
        self._pieces: dict[int, bytes] = {}
        # Asked of llama.cpp, not of the file: it corrects files that give a control token as an ordinary one.
        attributes = [lib.llama_vocab_get_attr(self.vocabulary, t) for t in range(self.vocabulary_size)]
        self.control_tokens = frozenset(t for t, attribute in enumerate(attributes) if attribute & _CONTROL)
        marked = [t for t, attribute in enumerate(attributes) if attribute & (_CONTROL | _USER_DEFINED)]
        self.special_tokens = {self.piece(t).decode("utf-8", "replace"): t for t in marked}
        """Text -> id of each token that stands for more than its characters."""
        self.end_tokens = frozenset(t for t in marked if lib.llama_vocab_is_eog(self.vocabulary, t))

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids of `text`; with `special`, the text of a control token becomes that token."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 16
        ids = (ctypes.c_int32 * room)()
        count = self._library.llama_tokenize(self.vocabulary, raw, len(raw), ids, room, False, special)
        return ids[:count]

    def piece(self, token: int) -> bytes:
        """The text of a token; often not whole characters."""
        known = self._pieces.get(token)
        if known is None:
            buffer = ctypes.create_string_buffer(512)
            size = self._library.llama_token_to_piece(self.vocabulary, token, buffer, 512, 0, True)
            known = self._pieces[token] = buffer.raw[: max(0, size)]
        return known

    def text(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self.piece, tokens)).decode("utf-8", "replace")

    def close(self) -> None:
        """Free the weights. Contexts of this model must be closed before."""
        if self.handle:
            self._library.llama_model_free(self.handle)
            self.handle = None


def expert_patterns(layers: int) -> list[str]:
    """Patterns for the experts of the first `layers` layers, as llama.cpp's `--n-cpu-moe` builds them."""
    return [rf"blk\.{layer}\.ffn_(up|down|gate|gate_up)_(ch|)exps" for layer in range(layers)]


def check(path: Path) -> GgufHeader:
    """The header of `path` when it is a whole language model, and all its parts are there.

    Raises:
        ConfigurationError: it is not.
    """
    header = read_header(path)
    if header.architecture == "clip":
        raise ConfigurationError(
            f"{path} is a vision projector (mmproj), not a language model. "
            "Choose the model's own GGUF, which usually lies beside it."
        )
    if not header.architecture:
        raise ConfigurationError(f"{path} names no model architecture. Download a GGUF of a language model.")
    if not header.tensors and header.split_count == 1:
        raise ConfigurationError(f"{path} has a vocabulary but no weights. Download the whole model.")
    for part in parts(path, header):
        if not part.exists():
            raise ConfigurationError(
                f"{part.name} is missing: {path.name} is one of {header.split_count} files of a split model, "
                "which must lie side by side. Download the missing ones."
            )
    return header


def parts(path: Path, header: GgufHeader) -> tuple[Path, ...]:
    """All files of a model, itself included.

    Raises:
        ConfigurationError: it is a part but not the first, or is not named as llama.cpp expects.
    """
    total = header.split_count
    if total == 1:
        return (path,)
    match = re.fullmatch(r"(.+)-(\d{5})-of-(\d{5})\.gguf", path.name)
    if match is None or int(match[3]) != total:
        raise ConfigurationError(
            f"{path.name} is one of {total} files of a split model, but is not named "
            f"NAME-00001-of-{total:05d}.gguf. Give the files their names back."
        )
    if int(match[2]) != 1:
        raise ConfigurationError(
            f"{path.name} is not the first of its {total} files: use {match[1]}-00001-of-{total:05d}.gguf."
        )
    return tuple(path.with_name(f"{match[1]}-{n:05d}-of-{total:05d}.gguf") for n in range(1, total + 1))


def _load_failure(path: Path, header: GgufHeader, errors: list[str]) -> ConfigurationError:
    said = " ".join(errors)
    if "unknown model architecture" in said:
        return ConfigurationError(
            f"{path.name} is a {header.architecture!r} model, which the installed llama.cpp "
            f"({ffi.library_version()}) does not know. Update it: pip install --upgrade llama-cpp-python"
        )
    if _OUT_OF_MEMORY.search(said):
        return ConfigurationError(
            f"{path.name} ({header.file_bytes / 2**30:.1f} GiB) does not fit into memory. "
            "Choose a smaller quant, or keep more of it off the graphics card: "
            "`qwen-code models fit` says what fits."
        )
    reason = _reason(errors)
    return ConfigurationError(
        f"llama.cpp {ffi.library_version()} can't load {path.name}: {reason}. "
        "Download it again, or update llama-cpp-python if the model is newer than it."
    )


def _reason(errors: Sequence[str]) -> str:
    """The line that says most: the first error, without the C functions that passed it on."""
    for line in errors:
        text = re.sub(r"^(?:\w+: |error loading model: )+", "", line).strip(" .")
        if text:
            return text
    return "it gave no reason"
