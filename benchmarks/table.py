"""The rows that `speed.py` measures, beside their goals."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

PARTS = ("rate", "training", "memory", "sampling", "first_step", "start", "commands", "sizes")


class Table:
    """The rows, printed as they come."""

    def __init__(self):
        self.rows = []
        self.rates = {}  # GFLOP/s of a product of matrices, by backend
        self.bandwidths = {}  # GB/s of memory, by backend

    def add(self, part, case, who, value, unit, beside="", ratio=None, goal=None, at_most=False):
        verdict = ""
        if goal is not None:
            met = ratio <= goal if at_most else ratio >= goal
            verdict = "met" if met else "missed"
        self.rows.append(
            {
                "part": part,
                "case": case,
                "contender": who,
                "value": f"{value:.5g}",
                "unit": unit,
                "beside": beside,
                "ratio": "" if ratio is None else f"{ratio:.3f}",
                "goal": "" if goal is None else f"{'<=' if at_most else '>='} {goal}",
                "verdict": verdict,
            }
        )
        print(
            "  ".join(
                f"{text!s:<{width}}"
                for text, width in zip(
                    self.rows[-1].values(), (10, 14, 28, 9, 16, 22, 7, 8, 6), strict=True
                )
            ),
            flush=True,
        )

    def write(self, place: Path, head: list[str]) -> None:
        """Replaces in `place` what was measured now; of the same machine and versions, what was
        measured before stays."""
        rows = self._before(place, head) + self.rows
        rows.sort(key=lambda row: PARTS.index(row["part"]))
        place.parent.mkdir(exist_ok=True)
        with place.open("w", newline="") as file:
            file.writelines(f"# {line}\n" for line in head)
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def _before(self, place: Path, head: list[str]) -> list[dict]:
        if not place.is_file():
            return []
        lines = place.read_text().splitlines()
        if [line[2:] for line in lines if line.startswith("# ")] != head:
            return []
        now = {(row["part"], row["case"]) for row in self.rows}
        rows = csv.DictReader(line for line in lines if not line.startswith("# "))
        return [row for row in rows if (row["part"], row["case"]) not in now]


def ratio(numerators: list[float], denominators: list[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))
