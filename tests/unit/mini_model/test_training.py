# pyright: basic, reportMissingImports=false
"""Runs where torch is installed, which only those need who train: pip install -e '.[train]'."""

from __future__ import annotations

import itertools
import math
import random
import signal
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

VOCABULARY = 512


def test_batches_that_are_worked_on_at_once_give_the_mean_of_their_gradients() -> None:
    from mini_model.batches import Batch, as_batch, repeats
    from mini_model.gradients import Gradients
    from mini_model.network import Network, Shape

    batches = []
    for seed in (1, 2):
        batch = as_batch(repeats(VOCABULARY, random.Random(seed), rows=2, length=160))
        batch.wrong[0, 5 + seed] = 1.0
        batches.append(batch)

    def gradient(at_once: int, *parts: Batch) -> Any:
        network = Network(Shape(vocabulary=VOCABULARY, layers=5))
        Gradients(network, at_once, "cpu", half=False).of(parts)
        return torch.cat([parameter.grad.flatten() for parameter in network.parameters()])

    expected = (gradient(1, batches[0]) + gradient(1, batches[1])) / 2
    torch.testing.assert_close(gradient(2, *batches), expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("length", [5, 192, 450])
def test_attention_in_blocks_is_that_of_torch(length: int) -> None:
    from mini_model.attention import CausalAttention

    torch.manual_seed(length)
    parts = [torch.randn(2, heads, length, 16, dtype=torch.float64) for heads in (4, 2, 2)]
    came = torch.randn(2, 4, length, 16, dtype=torch.float64)

    def told(attention: Any) -> list[Any]:
        own = [part.clone().requires_grad_() for part in parts]
        out = attention(*own)
        out.backward(came)
        return [out.detach(), *(part.grad for part in own)]

    def of_torch(q: Any, k: Any, v: Any) -> Any:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)

    torch.testing.assert_close(told(CausalAttention.apply), told(of_torch))


@torch.no_grad()
def test_a_model_that_has_learned_nothing_goes_on_with_a_repeated_phrase() -> None:
    from mini_model.batches import as_batch, repeats
    from mini_model.network import Network, Shape

    network = Network(Shape(vocabulary=VOCABULARY))
    batch = as_batch(repeats(VOCABULARY, random.Random(3), rows=4, length=400))
    guessed = (network(batch.ids) @ network.embedding.weight.T).argmax(-1)[:, :-1]
    assert (guessed == batch.ids[:, 1:])[batch.weights[:, 1:] > 0].float().mean() > 0.85


@torch.no_grad()
def test_where_an_edit_begins_what_is_flagged_is_said_and_elsewhere_little() -> None:
    from mini_model.network import NAMED, POINTING, Network, Shape
    from mini_model.pointing import point_at_flags

    network = Network(Shape(vocabulary=VOCABULARY))
    network.embedding.weight[:, NAMED.start] = 0
    network.embedding.weight[list(_FLAGGED), NAMED.start] = 1
    network.flags.weight[0, NAMED.start] = 3
    point_at_flags(network, [_example(random.Random(n)) for n in range(400)])
    given = list[torch.Tensor]()
    network.blocks[POINTING].register_forward_hook(lambda _, x, y: given.append((y - x[0])[0]))
    for seed in range(900, 920):
        example = _example(random.Random(seed))
        network(torch.tensor([example.ids]))
        said, before = given.pop(), example.replaced[0] - 1
        assert int((said[before] @ network.embedding.weight.T).argmax()) == example.ids[example.wrong[0]]
        assert said[before - 8 : before].norm(dim=1).max() < said[before].norm() / 2


_FLAGGED, _MARK = range(20, 30), 41


def _example(rng: random.Random) -> Any:
    """Something that is flagged, a mark, and an edit behind it."""
    from mini_model.corpus import Example

    ids = [1, *(rng.randrange(50, VOCABULARY) for _ in range(60)), _MARK, *range(60, 70)]
    at = rng.randrange(5, 50)
    ids[at] = rng.choice(_FLAGGED)
    return Example(ids, [False] * 62 + [True] * 10, "", [62, 70], [at])


@torch.no_grad()
def test_blocks_that_are_added_change_nothing_at_first() -> None:
    from mini_model.network import Network, Shape, grow

    small = Network(Shape(vocabulary=VOCABULARY, layers=2), seed=5)
    large = Network(Shape(vocabulary=VOCABULARY, layers=4))
    grow(large, small.state_dict())
    ids = torch.arange(3, 40)[None]
    torch.testing.assert_close(large(ids), small(ids))


def test_what_is_wrong_is_marked_where_it_is_read(tmp_path: Path) -> None:
    from mini_model.corpus import encode, exercise
    from mini_model.tasks.base import all_tasks
    from mini_model.train import tokenizer_in

    tokenizer = tokenizer_in(tmp_path, 0)
    for seed in range(40):
        trace = exercise(random.Random(seed), all_tasks())
        example = encode(trace, tokenizer)
        assert example.wrong
        assert not any(example.said[at] for at in example.wrong)
        if not trace.right:  # it gives up, and makes wrong edits only
            continue
        replaced = [tokenizer.decode(example.ids[at : at + 16]) for at in example.replaced]
        for at in example.wrong:  # at the end of a file an edit may begin further left
            assert any(tokenizer.decode([example.ids[at]]).strip() in old for old in replaced)


def test_a_model_that_flags_what_is_wrong_has_nothing_to_learn_there() -> None:
    from mini_model.gradients import surprise

    wrong = torch.tensor([[-math.inf, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    right = torch.tensor([[9.0, 0.0, 30.0, 0.0], [7.0, 0.0, 0.0, 0.0]])
    assert float(surprise(right, wrong)) < 1e-6
    assert float(surprise(-right, wrong)) > 20
    assert float(surprise(torch.zeros(2, 4), wrong)) == pytest.approx(math.log(3))


def test_only_the_blocks_on_top_learn_if_so_wished() -> None:
    from mini_model.batches import as_batch, repeats
    from mini_model.gradients import Gradients
    from mini_model.network import Network, Shape
    from mini_model.train import freeze_below

    network = Network(Shape(vocabulary=VOCABULARY, layers=6))
    freeze_below(network, top=1)
    batch = as_batch(repeats(VOCABULARY, random.Random(1), rows=2, length=160))
    batch.wrong[0, 5] = 1.0
    Gradients(network, 2, "cpu", half=False).of([batch, batch])
    learning = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert learning == {
        "flags.weight",
        *(n for n, _ in network.named_parameters() if n.startswith("blocks.5")),
    }


def test_what_is_exported_can_be_trained_further(tmp_path: Path) -> None:
    from mini_model.export import export, restore
    from mini_model.network import Network, Shape, grow
    from mini_model.train import tokenizer_in

    tokenizer = tokenizer_in(tmp_path, 0)
    network = Network(Shape(vocabulary=tokenizer.size, layers=5))
    torch.nn.init.normal_(network.flags.weight, 0, 0.1)
    counts = dict.fromkeys(("steps", "tokens", "position", "seconds"), 7)
    saved = {"network": network.state_dict(), "shape": network.shape.to_dict(), "tokenizer": tokenizer.json}
    torch.save(saved | counts, tmp_path / "saved.pt")
    export(tmp_path / "saved.pt", tmp_path / "model.gguf")
    restored = restore(tmp_path / "model.gguf")
    again = Network(Shape(**restored["shape"]))
    grow(again, restored["network"])
    assert restored["shape"] == network.shape.to_dict()
    assert restored["tokens"] == 7
    for name, weights in network.state_dict().items():
        kept = again.state_dict()[name]
        if name == "flags.weight":  # those of the blocks below are only for learning
            weights, kept = weights[-1:], kept[-1:]
        torch.testing.assert_close(kept, weights, atol=0.01 * float(weights.abs().max()), rtol=0)


def test_batches_are_the_same_however_many_processes_make_them(tmp_path: Path) -> None:
    from mini_model.batches import Sizes, batches
    from mini_model.train import tokenizer_in

    tokenizer = tokenizer_in(tmp_path, 0)
    made = [itertools.islice(batches(tokenizer, 0, Sizes(40_000, 4000), 0, workers), 9) for workers in (1, 2)]
    for one, other in zip(*made, strict=True):
        assert torch.equal(one.ids, other.ids)
        assert torch.equal(one.weights, other.weights)
        assert torch.equal(one.wrong, other.wrong)
        assert (one.tokens, one.position) == (other.tokens, other.position)
    assert one.position > 128  # both processes were asked


@pytest.mark.parametrize(
    ("goal", "saved"),
    [("--until", ["checkpoint.pt"]), ("--million", ["checkpoint.pt", "finished.pt"])],
)
def test_a_part_of_a_training_that_is_behind_it_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goal: str, saved: list[str]
) -> None:
    """So that a script of several parts can be called again, wherever it was interrupted."""
    import mini_model.train as training

    monkeypatch.setattr("sys.argv", ["train", "--folder", str(tmp_path), goal, "1"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert training.main() == 0  # it goes on from the model in the package, which has seen more
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*saved, "tokenizer.json"]
