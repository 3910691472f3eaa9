"""One measured figure beside its floor and its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` against `floor`, or against a fixed `limit`; `at_most` is the ratio or the limit allowed."""

    name: str
    ours: float
    unit: str = ""
    floor: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.floor is None else self.ours / max(self.floor, 1e-9)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        value = self.ours if self.ratio is None else self.ratio
        if self.at_most is not None:
            return value <= self.at_most
        if self.at_least is not None:
            return value >= self.at_least
        return None

    def row(self, width: int) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} x"
        floor = "" if self.floor is None else _number(self.floor, self.unit)
        target = ""
        if self.at_most is not None:
            target = f"<= {self.at_most:g}" + (" x" if self.ratio is not None else "")
        elif self.at_least is not None:
            target = f">= {self.at_least:g}"
        mark = {True: "", False: "  MISSED", None: ""}[self.met]
        ours = _number(self.ours, self.unit)
        return f"{self.name:<{width}}  {ours:>12}  {floor:>12}  {ratio:>7}  {target:>12}{mark}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ours": round(self.ours, 4),
            "unit": self.unit,
            "floor": None if self.floor is None else round(self.floor, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "at_most": self.at_most,
            "at_least": self.at_least,
            "met": self.met,
        }


def _number(value: float, unit: str) -> str:
    digits = 0 if value == int(value) or value >= 1000 else 3 if value < 1 else 2 if value < 10 else 1
    return f"{value:.{digits}f} {unit}".rstrip()
