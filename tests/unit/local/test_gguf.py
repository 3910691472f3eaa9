from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.errors import ConfigurationError
from qwen_code.local.gguf import BLOCKS, GgufHeader, LongArray, read_header
from tests.support.tiny_models import Architecture, TinyModel, needs_llama_cpp


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _key(name: str, kind: int, value: bytes) -> bytes:
    return _string(name) + struct.pack("<I", kind) + value


def _file(
    keys: list[bytes],
    tensors: Sequence[tuple[str, tuple[int, ...], int, int]] = (),
    data: int = 0,
    version: int = 3,
) -> bytes:
    body = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys)) + b"".join(keys)
    for name, shape, kind, offset in tensors:
        body += (
            _string(name)
            + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
            + struct.pack("<IQ", kind, offset)
        )
    return body + b"\0" * (-len(body) % 32) + b"\0" * data


def _read(tmp_path: Path, content: bytes) -> GgufHeader:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    return read_header(path)


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ["qwen3", "qwen3moe", "qwen3next"])
def test_a_header_agrees_with_the_reference_reader(architecture: Architecture) -> None:
    from gguf import GGUFReader

    path = TinyModel(architecture).build()
    header = read_header(path)
    reference = GGUFReader(str(path))
    assert [(t.name, t.bytes, t.type) for t in header.tensors] == [
        (str(t.name), int(t.n_bytes), t.tensor_type.name) for t in reference.tensors
    ]
    assert header.header_bytes == reference.data_offset
    assert header.architecture == architecture
    assert header.integer(".context_length") == 32768
    assert header.chat_template == reference.fields["tokenizer.chat_template"].contents()
    assert (
        list(header.integers("tokenizer.ggml.token_type"))
        == reference.fields["tokenizer.ggml.token_type"].contents()
    )


@needs_llama_cpp
def test_block_sizes_are_those_of_ggml() -> None:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    known = {
        int(kind): (kind.name, *GGML_QUANT_SIZES[kind])
        for kind in GGMLQuantizationType
        if kind in GGML_QUANT_SIZES
    }
    assert {kind: known[kind] for kind in BLOCKS} == BLOCKS


def test_vocabularies_are_remembered_by_place_and_read_on_demand(tmp_path: Path) -> None:
    words = b"".join(_string(f"w{n}") for n in range(5000))
    numbers = struct.pack("<5000i", *range(5000))
    header = _read(
        tmp_path,
        _file(
            [
                _key("general.architecture", 8, _string("qwen3")),
                _key("words", 9, struct.pack("<IQ", 8, 5000) + words),
                _key("numbers", 9, struct.pack("<IQ", 5, 5000) + numbers),
                _key("after", 4, struct.pack("<I", 7)),
            ]
        ),
    )
    assert isinstance(header.metadata["words"], LongArray)
    assert header.integers("numbers") == tuple(range(5000))
    assert header.integer("after") == 7


def test_one_number_a_layer_stands_for_its_largest(tmp_path: Path) -> None:
    header = _read(
        tmp_path,
        _file(
            [
                _key("general.architecture", 8, _string("a")),
                _key("a.heads", 9, struct.pack("<IQ4I", 4, 4, 0, 0, 2, 0)),
            ]
        ),
    )
    assert header.integer(".heads") == 2
    assert header.integers("a.heads") == (0, 0, 2, 0)
    assert header.integer(".missing", 5) == 5


def test_a_tensor_of_an_unknown_encoding_is_measured_by_the_place_of_the_next(tmp_path: Path) -> None:
    header = _read(tmp_path, _file([], [("a", (64,), 99, 0), ("b", (4,), 0, 96)], data=112))
    assert [(t.name, t.type, t.bytes) for t in header.tensors] == [("a", "type 99", 96), ("b", "F32", 16)]


def test_weights_that_are_cut_off_are_noticed(tmp_path: Path) -> None:
    whole = _file([], [("a", (64,), 0, 0)], data=256)
    assert _read(tmp_path, whole).tensors[0].bytes == 256
    with pytest.raises(ConfigurationError, match=r"is cut off: tensor a ends at byte .*Download it again"):
        _read(tmp_path, whole[:-1])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "looks like a web page"),
        (b"lmgg" + b"\0" * 40, "old GGML file"),
        (b"PK\3\4" + b"\0" * 40, "not a GGUF file"),
        (b"GGUF" + struct.pack(">I", 3) + b"\0" * 40, "big-endian"),
        (b"GGUF" + struct.pack("<I", 1) + b"\0" * 40, "GGUF version 1"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 5), "is damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "is damaged"),
        (_file([_key("a", 8, struct.pack("<Q", 2**62))]), "is damaged"),
        (_file([_key("a", 9, struct.pack("<IQ", 8, 2**39))]), "is damaged"),
        (_file([_key("a", 9, struct.pack("<IQ", 9, 3))]), "is damaged"),
        (_file([_key("a", 77, b"")]), "is damaged"),
    ],
)
def test_what_is_no_whole_gguf_gets_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        _read(tmp_path, content)


def test_missing_files_and_directories_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no model file at"):
        read_header(tmp_path / "none.gguf")
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_header(tmp_path)


@given(st.data())
def test_damage_anywhere_gives_a_header_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(
        _file(
            [
                _key("general.architecture", 8, _string("qwen3")),
                _key("list", 9, struct.pack("<IQ3I", 4, 3, 1, 2, 3)),
                _key("words", 9, struct.pack("<IQ", 8, 2) + _string("x") + _string("y")),
            ],
            [("a", (32, 2), 2, 0), ("b", (4,), 0, 64)],
            data=80,
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(4, len(whole) - 81))] = data.draw(st.integers(0, 255))
    content = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(content)
    with suppress(ConfigurationError):
        header = read_header(path)
        assert all(tensor.bytes >= 0 for tensor in header.tensors)
        header.integers("list")
