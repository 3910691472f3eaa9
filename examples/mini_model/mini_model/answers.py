"""Which answers of the model are right, token by token, when all that stands before them is right."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import torch

from mini_model.corpus import Example
from mini_model.network import Network
from mini_model.tokens import Tokenizer


@torch.no_grad()
def right_answers(
    network: Network, tokenizer: Tokenizer, examples: Sequence[Example], device: str
) -> dict[str, float]:
    """The share of right answers by kind: the tool that is called first, or `words`.

    An edit counts three times: whether what is to be replaced is right (`place`), whether what it becomes is
    right then (`change`), and both (`edit`); `again` is one after an edit that failed. `flag` is whether
    what is wrong stands out already where it is read.
    """
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for example in examples:
        ids = example.ids
        flagged: list[torch.Tensor] = []
        hidden = network(torch.tensor([ids], device=device), flagged)
        if example.wrong:
            asked["flag"] += 1
            flags = flagged[-1][0].masked_fill(torch.tensor(example.said, device=device), -math.inf)
            right["flag"] += int(flags.argmax()) in example.wrong
        guessed = [0, *(hidden @ network.embedding.weight.T).argmax(-1)[0].tolist()]
        for start, end in _answers(example):
            for kind, first, last in _parts(tokenizer, ids, start, end):
                asked[kind] += 1
                right[kind] += guessed[first:last] == ids[first:last]
    return {kind: round(right[kind] / asked[kind], 3) for kind in sorted(asked)}


def _answers(example: Example) -> Iterator[tuple[int, int]]:
    start = None
    for at, said in enumerate([*example.said, False]):
        if said and start is None:
            start = at
        elif not said and start is not None:
            yield start, at
            start = None


def _parts(tokenizer: Tokenizer, ids: Sequence[int], start: int, end: int) -> Iterator[tuple[str, int, int]]:
    text = tokenizer.decode(ids[start:end])
    tools = re.findall(r"<function=(\w+)>", text)
    if not tools:
        yield "words", start, end
        return
    if tools[0] != "edit":
        yield tools[0].partition("_")[0], start, end
        return
    mark = tokenizer.encode("<parameter=new_string>")[1]
    new = max(at for at in range(start, end) if ids[at] == mark)
    suffix = " again" if tools.count("edit") > 1 else ""
    yield "edit" + suffix, start, end
    yield "place" + suffix, start, new
    yield "change" + suffix, new, end
