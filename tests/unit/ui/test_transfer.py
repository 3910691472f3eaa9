from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.ui.transfer import Transfer

MIB = 2**20


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_line_says_how_much_has_come_how_fast_and_how_long_it_still_takes() -> None:
    clock = Clock()
    transfer = Transfer(clock)
    assert transfer.line("m.gguf", 100 * MIB, 4100 * MIB, 80) == "m.gguf    2 %  100.0 MiB of 4.00 GiB"
    clock.now = 10.0
    assert transfer.line("m.gguf", 600 * MIB, 4100 * MIB, 80) == (
        "m.gguf   14 %  600.0 MiB of 4.00 GiB  50.0 MiB/s  1:10 left"
    )
    assert transfer.line("m.gguf", 4100 * MIB, 4100 * MIB, 80).endswith("100 %  4.00 GiB of 4.00 GiB  done")


def test_the_next_file_has_a_rate_of_its_own() -> None:
    clock = Clock()
    transfer = Transfer(clock)
    transfer.line("1.gguf", 0, 1000 * MIB, 80)
    clock.now = 100.0
    transfer.line("2.gguf", 0, 36_000 * MIB, 80)
    clock.now = 110.0
    assert "10.0 MiB/s  0:59:50 left" not in transfer.line("2.gguf", 100 * MIB, 36_000 * MIB, 80)
    assert "10.0 MiB/s  59:50 left" in transfer.line("2.gguf", 100 * MIB, 36_000 * MIB, 80)


@given(
    name=st.text("abc-.", min_size=1, max_size=200),
    here=st.integers(0, 2**50),
    more=st.integers(0, 2**50),
    columns=st.integers(20, 300),
    seconds=st.floats(0, 1e7),
)
def test_it_never_wraps(name: str, here: int, more: int, columns: int, seconds: float) -> None:
    clock = Clock()
    transfer = Transfer(clock)
    transfer.line(name, 0, here + more, columns)
    clock.now = seconds
    assert len(transfer.line(name, here, here + more, columns)) < columns
