"""What a context remembers: one token list a sequence, and the moves that keep as much of it as possible.

A prompt that goes on where a sequence ends evaluates only what is new. One that leaves it earlier is a
rewind, a side job or another agent: it gets a sequence of its own that shares the common part, and the
old one stays until room is needed.

The attention cache of a model can be cut at any position. The running state of a hybrid model
(Qwen3-Next's DeltaNet layers) can't: for those, checkpoints are taken at places to which a conversation
may come back, and cutting means restoring one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qwen_code.local.context import Context

_CUT_IN_PLACE = 64
"""Losing up to this many tokens is cheaper than keeping another sequence for them."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The running state as it was after `length` tokens."""

    length: int
    state: bytes = field(repr=False)


@dataclass(slots=True)
class Track:
    """One sequence: the tokens that llama.cpp holds for it, exactly."""

    id: int
    tokens: list[int] = field(default_factory=list[int])
    checkpoints: list[Checkpoint] = field(default_factory=list[Checkpoint])
    latest: Checkpoint | None = None
    """While a prompt is evaluated: where to go back to if that is broken off."""
    used_at: int = 0
    """A clock that ticks with each request; the smallest is the least recently used."""


class Memory:
    """The tracks of one context."""

    def __init__(self, context: Context, *, checkpoint_bytes: int) -> None:
        self._context = context
        self._hybrid = context.model.hybrid
        self._checkpoint_bytes = checkpoint_bytes
        """Main memory that the checkpoints of one track may take."""
        self._clock = 0
        self.tracks = [Track(n) for n in range(context.options.sequences)]

    def enter(self, tokens: Sequence[int]) -> Track:
        """A track that holds as long a beginning of `tokens` as can be had, and nothing else.

        At least the last token is left to evaluate, because its logits are what a request is for.
        """
        self._clock += 1
        wanted = len(tokens) - 1
        reach = {
            track.id: self._reach(track, min(common_length(track.tokens, tokens), wanted))
            for track in self.tracks
        }
        best = max(self.tracks, key=lambda track: (reach[track.id], track.used_at))
        shared = reach[best.id]
        lost = len(best.tokens) - shared
        if lost > _CUT_IN_PLACE and (other := self._least_recent(besides=best)) is not None:
            if shared:
                self._share(best, other)
            else:
                self.forget(other)
            best = other
        self.cut(best, shared)
        best.used_at = self._clock
        return best

    def cut(self, track: Track, length: int) -> None:
        """Go back to `length` tokens, or to the nearest point before from which it is possible.

        Also called after an evaluation that broke off: what it left behind lies beyond `length`.
        """
        end = self._context.last_position(track.id) + 1
        if end <= length == len(track.tokens):
            return
        if not self._context.remove_from(track.id, length):
            length = self._restore(track, length)
        del track.tokens[length:]
        track.checkpoints = [c for c in track.checkpoints if c.length <= length]
        track.latest = None

    def mark(self, track: Track) -> None:
        """Make it possible to come back to where this track is now. Costs nothing where cuts are free."""
        length = len(track.tokens)
        if not self._hybrid or any(c.length == length for c in track.checkpoints):
            return
        track.checkpoints.append(Checkpoint(length, self._context.running_state(track.id)))
        while len(track.checkpoints) > 2 and self._too_large(track):
            track.checkpoints.pop(least_useful([c.length for c in track.checkpoints]))

    def hold(self, track: Track) -> None:
        """Before an evaluation that may be broken off: remember this place until the next call."""
        if self._hybrid:
            track.latest = Checkpoint(len(track.tokens), self._context.running_state(track.id))

    def forget(self, track: Track) -> None:
        self._context.remove_from(track.id, 0)
        track.tokens = []
        track.checkpoints = []
        track.latest = None

    def adopt(self, read: Callable[[int], list[int]], checkpoints: Sequence[Checkpoint]) -> Track | None:
        """Fill a track from outside: `read` puts a sequence into the context and returns its tokens.

        The track that is given up for it is an empty one, else the least recently used. None when nothing
        could be read.
        """
        track = min(self.tracks, key=lambda track: (bool(track.tokens), track.used_at))
        self.forget(track)
        tokens = read(track.id)
        if not tokens:
            self.forget(track)
            return None
        track.tokens = tokens
        track.checkpoints = list(checkpoints)
        self._clock += 1
        track.used_at = self._clock
        return track

    def reach(self, tokens: Sequence[int]) -> int:
        """How many of `tokens` a request would not have to evaluate."""
        return max(self._reach(track, common_length(track.tokens, tokens)) for track in self.tracks)

    def make_room(self, keep: Track) -> bool:
        """Give up the least recently used other track; False when there is none left."""
        held = [t for t in self.tracks if t is not keep and t.tokens]
        if not held:
            return False
        self.forget(min(held, key=lambda track: track.used_at))
        return True

    def _reach(self, track: Track, length: int) -> int:
        """How much of the first `length` tokens would be left after going back to them."""
        if not self._hybrid or length == len(track.tokens):
            return length
        return max((c.length for c in track.checkpoints if c.length <= length), default=0)

    def _least_recent(self, *, besides: Track) -> Track | None:
        others = [track for track in self.tracks if track is not besides]
        return min(others, key=lambda track: (bool(track.tokens), track.used_at), default=None)

    def _share(self, source: Track, target: Track) -> None:
        self.forget(target)
        self._context.copy(source.id, target.id)
        target.tokens = list(source.tokens)
        target.checkpoints = list(source.checkpoints)

    def _restore(self, track: Track, length: int) -> int:
        """Bring the latest checkpoint at or before `length` back; returns the length reached."""
        known = [*track.checkpoints, *([track.latest] if track.latest else [])]
        for checkpoint in sorted(known, key=lambda c: -c.length):
            if checkpoint.length > length:
                continue
            restored = self._context.set_running_state(track.id, checkpoint.state)
            if restored and self._context.remove_from(track.id, checkpoint.length):
                return checkpoint.length
        self._context.remove_from(track.id, 0)
        return 0

    def _too_large(self, track: Track) -> bool:
        return sum(len(c.state) for c in track.checkpoints) > self._checkpoint_bytes


def common_length(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two lists share at their beginning."""
    limit = min(len(a), len(b))
    if a[:limit] == b[:limit]:
        return limit
    low, high = 0, limit  # a[:low] is shared, a[:high] is not
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def least_useful(lengths: Sequence[int]) -> int:
    """The index of the checkpoint to drop: neither the first nor the last, and the one whose loss costs
    the least evaluation, weighed by how far back it is, since people rewind to recent places."""
    end = lengths[-1]
    costs = [(lengths[i] - lengths[i - 1]) / (end - lengths[i] + 1) for i in range(1, len(lengths) - 1)]
    return 1 + costs.index(min(costs))
