"""llama.cpp as a loaded library: the only place that imports `llama_cpp`.

The high-level `Llama` class of llama-cpp-python is not used: it hides what an agent needs (prefix reuse,
checkpoints, cancellation, expert placement, rejection sampling), and tokenises untrusted text with its
control tokens live. See docs/guides/local-models.md.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from qwen_code.errors import ConfigurationError

Library: TypeAlias = Any
"""The module `llama_cpp.llama_cpp`: llama.h, function for function."""

_NEEDED = (
    "llama_state_seq_get_data_ext",
    "llama_memory_seq_cp",
    "llama_model_is_hybrid",
    "llama_sampler_init_grammar",
    "LLAMA_FLASH_ATTN_TYPE_AUTO",
    "LLAMA_LOAD_MODE_AUTO",
)
INSTALL = "pip install 'qwen-code[local]'"

_ERROR_LEVEL, _CONTINUED_LEVEL = 4, 5
"""`ggml_log_level` of ggml.h."""


class Log:
    """What llama.cpp says, kept off the terminal: the last lines, and all of it in a file if there is one."""

    def __init__(self) -> None:
        self._file: TextIO | None = None
        self._recent: deque[str] = deque(maxlen=400)
        self._errors: deque[str] = deque(maxlen=40)
        self._line = ""
        self._level = 0

    def receive(self, level: int, text: bytes | None, _user_data: Any) -> None:
        """The C callback; it may be called from any thread, in the middle of a line."""
        if level != _CONTINUED_LEVEL:
            self._level = level
        self._line += (text or b"").decode("utf-8", "replace")
        while "\n" in self._line:
            line, self._line = self._line.split("\n", 1)
            self._keep(line.rstrip())

    def _keep(self, line: str) -> None:
        self._recent.append(line)
        if self._level == _ERROR_LEVEL:
            self._errors.append(line)
        if self._file is not None:
            with suppress(OSError):
                self._file.write(f"{line}\n")

    def write_to(self, path: Path) -> None:
        """From now on append every line to `path`, if that can be written."""
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = path.open("a", buffering=1, encoding="utf-8")
            path.chmod(0o600)

    @contextmanager
    def errors(self) -> Generator[deque[str]]:
        """The error lines that are said while the block runs."""
        self._errors.clear()
        yield self._errors

    @property
    def recent(self) -> Sequence[str]:
        return tuple(self._recent)


log = Log()
_library: Library = None
_callback: Any = None
"""Referenced for ever: C calls it for as long as the process lives."""


def library() -> Library:
    """The loaded library, logging to `log`; imported and initialised at the first call.

    Raises:
        ConfigurationError: llama-cpp-python is not installed, does not load, or is too old.
    """
    global _library, _callback
    if _library is not None:
        return _library
    import os

    os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # a failed assertion would attach gdb to the terminal
    try:
        with _without_blas_threads(), _without_high_level():
            module: Library = import_module("llama_cpp.llama_cpp")
            import_module("llama_cpp._ggml")
    except ModuleNotFoundError as error:
        if error.name != "llama_cpp":
            raise ConfigurationError(
                f"llama-cpp-python can't be used: {error}. Reinstall it: {INSTALL}"
            ) from None
        raise ConfigurationError(
            f"Running a model in this process needs llama-cpp-python, which is not installed: {INSTALL}"
        ) from None
    except MemoryError:
        raise ConfigurationError(
            "There is not even memory for llama.cpp itself. End other programs."
        ) from None
    except (OSError, RuntimeError, ImportError) as error:
        raise ConfigurationError(
            f"llama-cpp-python is installed but its library does not load: {' '.join(str(error).split())}. "
            f"Reinstall it on this machine: {INSTALL} --force-reinstall --no-cache-dir"
        ) from None
    lacking = [name for name in _NEEDED if not hasattr(module, name)]
    if lacking:
        from importlib.metadata import version as version_of

        version = version_of("llama-cpp-python")
        raise ConfigurationError(
            f"llama-cpp-python {version} is too old (it has no {lacking[0]}). "
            "Update it: pip install --upgrade llama-cpp-python"
        )
    _callback = module.llama_log_callback(log.receive)
    module.llama_log_set(_callback, None)
    module.llama_backend_init()
    _library = module
    return module


@contextmanager
def _without_blas_threads() -> Generator[None]:
    """numpy, which comes along, only carries logits. Its OpenBLAS would start threads, each of which takes
    memory, and end the process where there is none for them."""
    import os

    name = "OPENBLAS_NUM_THREADS"
    given = os.environ.get(name)
    os.environ.setdefault(name, "1")
    try:
        yield
    finally:
        if given is None:
            del os.environ[name]


@contextmanager
def _without_high_level() -> Generator[None]:
    """`import llama_cpp` brings its high-level classes along, chat formats and jinja2 included, and takes
    twice as long; so something stands in for the package while its one module is imported."""
    import sys
    from importlib.util import find_spec
    from types import ModuleType

    name = "llama_cpp"
    spec = find_spec(name) if name not in sys.modules else None
    if spec is None:  # imported already, or not installed, which the import then says
        yield
        return
    stand_in = ModuleType(name)
    stand_in.__path__ = spec.submodule_search_locations or []
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]


def library_version() -> str:
    """What decides whether a saved state can be read again: the version of the C library."""
    return str(library().llama_version().decode())


def gpu_offload_supported() -> bool:
    """Whether this build of llama.cpp can use a GPU at all."""
    return bool(library().llama_supports_gpu_offload())


class _BufferTypeOverride(ctypes.Structure):
    _fields_ = [("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p)]


def cpu_overrides(patterns: Sequence[str]) -> Any:
    """A C array that keeps the tensors whose names match in the processor's memory.

    llama-cpp-python leaves `tensor_buft_overrides` untyped; this is `llama_model_tensor_buft_override[]`
    of llama.h, ended by a null entry. The caller keeps it alive while the model loads.
    """
    ggml: Any = import_module("llama_cpp._ggml").libggml
    get_type: Any = getattr(ggml, "ggml_backend_cpu_buffer_type", None)
    if get_type is None:
        get_type = _cpu_buffer_type_elsewhere()
    get_type.restype = ctypes.c_void_p
    get_type.argtypes = []
    buffer_type = get_type()
    array = (_BufferTypeOverride * (len(patterns) + 1))()
    for index, pattern in enumerate(patterns):
        array[index].pattern = pattern.encode()
        array[index].buffer_type = buffer_type
    return array


def _cpu_buffer_type_elsewhere() -> Any:
    """Some builds export the function from another of ggml's libraries."""
    for path in sorted((Path(library().__file__).parent / "lib").glob("*ggml-*")):
        function: Any = getattr(ctypes.CDLL(str(path)), "ggml_backend_cpu_buffer_type", None)
        if function is not None:
            return function
    raise ConfigurationError(
        "This build of llama-cpp-python can't place experts in main memory. Reinstall it, or choose a model "
        "that fits the graphics card whole."
    )
