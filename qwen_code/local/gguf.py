"""Reads the header of a GGUF file: metadata and the exact size of every tensor, without the weights.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little endian).
Vocabulary arrays are skipped, not decoded: an 8 MB header takes a tenth of a second.
"""

from __future__ import annotations

import errno
import mmap
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from qwen_code.errors import ConfigurationError

Scalar: TypeAlias = int | float | bool | str

_SCALARS: dict[int, str] = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_KEPT_ITEMS = 1024
"""Longer arrays hold vocabularies; they are remembered by place only."""
_MAX_COUNT = 1 << 24
"""No real file has more keys, tensors or dimensions than this; a larger number is damage."""

BLOCKS: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}
"""GGML type number -> (name, elements a block, bytes a block), from ggml's `ggml_type_traits`."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as the file lays it out."""

    name: str
    shape: tuple[int, ...]
    type: str
    """GGML's name of the encoding, e.g. `Q4_K`; `type N` for one that came after this program."""
    bytes: int


@dataclass(frozen=True, slots=True)
class LongArray:
    """A metadata array that was not read: what it holds and where it lies."""

    item_type: int
    count: int
    offset: int


Value: TypeAlias = Scalar | tuple[Scalar, ...] | LongArray


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """All that can be known of a model without loading it."""

    path: Path
    metadata: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    header_bytes: int
    """Where the weights begin."""
    file_bytes: int

    @property
    def architecture(self) -> str:
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        return self.text("general.name") or self.path.stem

    @property
    def chat_template(self) -> str:
        return self.text("tokenizer.chat_template")

    @property
    def split_count(self) -> int:
        """Files that the model is split into; 1 for a whole one."""
        return max(1, self.integer("split.count", 1))

    def text(self, key: str) -> str:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def integer(self, key: str, default: int = 0) -> int:
        """The number under `key`, or under `<architecture>.<key without the leading dot>`.

        Some keys hold one number a layer (`attention.head_count_kv`); the largest stands for all.
        """
        value = self.metadata.get(f"{self.architecture}{key}" if key.startswith(".") else key)
        if isinstance(value, tuple):
            numbers = [int(v) for v in value if isinstance(v, (int, float))]
            return max(numbers, default=default)
        return int(value) if isinstance(value, (int, float)) else default

    def integers(self, key: str) -> tuple[int, ...]:
        """A whole array of integers, long ones read from the file now; empty when there is none."""
        value = self.metadata.get(key)
        if isinstance(value, tuple):
            return tuple(int(v) for v in value if isinstance(v, (int, float)))
        if not isinstance(value, LongArray) or value.item_type not in _SCALARS:
            return ()
        code = _SCALARS[value.item_type][1]
        with self.path.open("rb") as file:
            file.seek(value.offset)
            raw = file.read(value.count * struct.calcsize(f"<{code}"))
        return struct.unpack(f"<{value.count}{code}", raw)


def read_header(path: Path) -> GgufHeader:
    """Read and check the header of `path`.

    Raises:
        ConfigurationError: no such file, not a GGUF, an old or damaged one, or one whose weights are cut
            off; the sentence names the remedy.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(path, data).header()
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no model file at {path}. Check the path, or get one with `qwen-code models pull`."
        ) from None
    except ValueError:  # mmap refuses empty files
        raise ConfigurationError(f"{path} is empty. Download it again.") from None
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise ConfigurationError(
                f"{path} is larger than the memory that this process may use. Choose a smaller quant, or "
                "raise the limit (ulimit -v)."
            ) from None
        raise ConfigurationError(f"The model file {path} can't be read: {error.strerror}.") from None


class _Reader:
    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self._path = path
        self._data = data
        self._size = len(data)
        self._at = 0

    def header(self) -> GgufHeader:
        magic = self._data[:4]
        if magic != b"GGUF":
            self._refuse_magic(magic)
        self._at = 4
        version = self._scalar(4)
        if version not in (2, 3):
            swapped = int.from_bytes(int(version).to_bytes(4, "little"), "big")
            what = "written for a big-endian machine" if swapped in (2, 3) else f"GGUF version {version}"
            raise ConfigurationError(
                f"{self._path} is {what}, which llama.cpp can't load here. "
                "Download a current GGUF of the model."
            )
        tensor_count, key_count = self._count(), self._count()
        metadata: dict[str, Value] = {}
        for _ in range(key_count):
            key = self._string()
            metadata[key] = self._value(int(self._scalar(4)))
        infos = [self._tensor_info() for _ in range(tensor_count)]
        alignment = metadata.get("general.alignment", 32)
        alignment = alignment if isinstance(alignment, int) and alignment > 0 else 32
        start = -(-self._at // alignment) * alignment
        return GgufHeader(self._path, metadata, self._sized(infos, start), start, self._size)

    def _refuse_magic(self, magic: bytes) -> NoReturn:
        kind = "an old GGML file" if magic in (b"lmgg", b"tjgg", b"fmgg") else "not a GGUF file"
        hint = (
            "It looks like a web page: the download went wrong."
            if magic.lstrip()[:1] == b"<"
            else "Qwen-code runs models in the GGUF format."
        )
        raise ConfigurationError(f"{self._path} is {kind}. {hint} Get one with `qwen-code models pull`.")

    def _sized(self, infos: list[tuple[str, tuple[int, ...], int, int]], start: int) -> tuple[Tensor, ...]:
        ends = sorted({offset for *_, offset in infos} | {max(0, self._size - start)})
        following = dict(pairwise(ends))
        tensors: list[Tensor] = []
        for name, shape, kind, offset in infos:
            elements = 1
            for dimension in shape:
                elements *= dimension
            if kind in BLOCKS:
                label, per_block, block_bytes = BLOCKS[kind]
                size = -(-elements // per_block) * block_bytes
            else:
                label, size = f"type {kind}", following.get(offset, offset) - offset
            if start + offset + size > self._size:
                raise ConfigurationError(
                    f"{self._path} is cut off: tensor {name} ends at byte {start + offset + size:,}, "
                    f"the file at {self._size:,}. Download it again."
                )
            tensors.append(Tensor(name, shape, label, size))
        return tuple(tensors)

    def _tensor_info(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._string()
        dimensions = int(self._scalar(4))
        if dimensions > 8:
            self._damaged()
        shape = tuple(int(self._scalar(10)) for _ in range(dimensions))
        return name, shape, int(self._scalar(4)), int(self._scalar(10))

    def _value(self, kind: int) -> Value:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        return self._scalar(kind)

    def _array(self) -> Value:
        item_type, count, start = int(self._scalar(4)), self._count(1 << 40), 0
        start = self._at
        if item_type == _STRING:
            if count <= _KEPT_ITEMS:
                return tuple(self._string() for _ in range(count))
            self._skip_strings(count)
        elif item_type in _SCALARS:
            if count <= _KEPT_ITEMS:
                return tuple(self._scalar(item_type) for _ in range(count))
            self._skip(count * struct.calcsize(_SCALARS[item_type]))
        else:  # the format allows arrays of arrays; no model has one
            self._damaged()
        return LongArray(item_type, count, start)

    def _skip_strings(self, count: int) -> None:
        length_at: Callable[..., tuple[Any, ...]] = struct.Struct("<Q").unpack_from
        data, at, end = self._data, self._at, self._size - 8
        for _ in range(count):
            if at > end:
                self._damaged()
            at += 8 + length_at(data, at)[0]
        self._at = at
        self._skip(0)

    def _skip(self, size: int) -> None:
        if size < 0 or self._at + size > self._size:
            self._damaged()
        self._at += size

    def _scalar(self, kind: int) -> int | float | bool:
        code = _SCALARS.get(kind)
        if code is None:
            self._damaged()
        at = self._at
        self._skip(struct.calcsize(code))
        value: int | float | bool = struct.unpack_from(code, self._data, at)[0]
        return value

    def _string(self) -> str:
        size = int(self._scalar(10))
        at = self._at
        self._skip(size)
        return self._data[at : at + size].decode("utf-8", "replace")

    def _count(self, limit: int = _MAX_COUNT) -> int:
        count = int(self._scalar(10))
        if count > limit:
            self._damaged()
        return count

    def _damaged(self) -> NoReturn:
        raise ConfigurationError(
            f"{self._path} is damaged: its header breaks off or makes no sense near byte {self._at:,} "
            f"of {self._size:,}. Download it again."
        )
