"""The tokenizer: byte-level BPE as Qwen2's, trained so that a copy has the tokens of what it copies.

Qwen's pre-tokenizer keeps a character with the word behind it: ` name`, `_name` and `(name` are three tokens,
and a model that has read one can't just repeat it to write another. Here merges never join a word to what
stands before it, except for keywords, which are never copied, and the notation of calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
USER_DEFINED = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
_SPACE = "Ġ"
"""How byte-level BPE writes it."""
SPECIAL = (*CONTROL, *USER_DEFINED)
_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_KEYWORDS = (
    "return|if|for|in|and|or|not|is|def|else|elif|while|import|from|assert|class|where|with|the|of|a|to|and|"
    "passed|failed|None|True|False"
)
_NOTATION = (
    r"<function|<parameter|=edit|=grep|=read|=run|=command|=pattern|=file|=old|=new|"
    r"_search|_shell|_command|_string"
)
_WORD = rf"\A(?: (?:{_KEYWORDS})|{_NOTATION})\z|\p{{L}}+"
_SPLIT = re.compile("(" + "|".join(re.escape(text) for text in SPECIAL) + ")")


class Tokenizer:
    """Text <-> ids."""

    def __init__(self, trained: str) -> None:
        """`trained`: the JSON that `train` gave."""
        from tokenizers import Tokenizer as Backend

        self.json = trained
        self._backend: Any = Backend.from_str(_with_qwen2_splitting(trained))
        self._known: dict[str, list[int]] = {}

    @property
    def size(self) -> int:
        return int(self._backend.get_vocab_size())

    @cached_property
    def special(self) -> dict[str, int]:
        """Special tokens; they come first."""
        return {text: number for number, text in enumerate(SPECIAL)}

    def encode(self, text: str) -> list[int]:
        """Ids of text whose special tokens count."""
        ids: list[int] = []
        for part in _SPLIT.split(text):
            if part in self.special:
                ids.append(self.special[part])
            elif part:
                ids += self._backend.encode(part, add_special_tokens=False).ids
        return ids

    def starts(self, text: str) -> list[int]:
        """Where in `text` each of its tokens begins."""
        starts: list[int] = []
        at = 0
        for part in _SPLIT.split(text):
            if part in self.special:
                starts.append(at)
            elif part:
                encoded = self._backend.encode(part, add_special_tokens=False)
                starts += [at + start for start, _ in encoded.offsets]
            at += len(part)
        return starts

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, special tokens included."""
        return str(self._backend.decode(list(ids), skip_special_tokens=False))

    def table(self) -> tuple[list[str], list[str]]:
        """Tokens by id, and merges, as llama.cpp wants them."""
        model = json.loads(self.json)["model"]
        tokens = [token for token, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        return tokens, merges

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        return cls(path.read_text("utf-8"))


def train(texts: Iterable[str], size: int) -> str:
    """A vocabulary of `size` for `texts`, as JSON."""
    from tokenizers import Regex, models, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Backend

    byte_level: Any = pre_tokenizers.ByteLevel
    backend: Any = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_QWEN2), "isolated"),
            pre_tokenizers.Split(Regex(_WORD), "isolated"),
            byte_level(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer: Any = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=byte_level.alphabet(),
        show_progress=False,
    )
    plain = (part for text in texts for part in _SPLIT.split(text) if part and part not in SPECIAL)
    backend.train_from_iterator(plain, trainer)
    return keywords_last(str(backend.to_str()))


def keywords_last(trained: str) -> str:
    """A tokenizer in which a space joins a whole keyword only, and nothing that a name can be.

    As they are learned, ` a` comes before `mount`, and ` amount` would have other tokens than `(amount`.
    """
    everything = json.loads(trained)
    model = everything["model"]
    merges = [tuple(merge if isinstance(merge, list) else merge.split(" ")) for merge in model["merges"]]
    kept, last = list[tuple[str, ...]](), list[tuple[str, ...]]()
    for left, right in merges:
        word = f"{left}{right}".removeprefix(_SPACE)
        if not left.startswith(_SPACE) or not word.isalpha() or left.strip(_SPACE) + right != word:
            kept.append((left, right))
        elif len(word) > 1:
            last.append((_SPACE, word) if word in model["vocab"] else (left, right))
    model["merges"] = [list(merge) for merge in (*kept, *last)]
    return json.dumps(everything, ensure_ascii=False)


def _with_qwen2_splitting(trained: str) -> str:
    """As llama.cpp will use it: split like Qwen2 only; the merges keep words apart by themselves."""
    from tokenizers import Regex, decoders, pre_tokenizers
    from tokenizers import Tokenizer as Backend

    backend: Any = Backend.from_str(trained)
    byte_level: Any = pre_tokenizers.ByteLevel
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(_QWEN2), "isolated"), byte_level(add_prefix_space=False, use_regex=False)]
    )
    backend.decoder = decoders.ByteLevel()
    return str(backend.to_str())
