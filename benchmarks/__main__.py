"""``python -m benchmarks``: print a table per part, and write the rows as CSV."""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import calls, images, pruning, sequences, stress, tables, training
from benchmarks.cases import CASES
from benchmarks.timing import machine

PARTS = {
    "training": "milliseconds per epoch, and rival / ours",
    "calls": "milliseconds per call, and rival / ours",
    "sequences": "milliseconds per epoch, and rival / ours",
    "images": "milliseconds per epoch or per step of 64 rows, and torch / ours",
    "pruning": "milliseconds per call, all connections and few, and full / thin",
    "stress": "see each row",
    "tables": "log loss or nRMSE, share of wrong classes, seconds of fit",
}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--cases", default="".join(CASES), help="such as acd")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each rival")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--csv", type=Path, help="file that gets all rows")
    args = parser.parse_args()
    rounds = 1 if args.quick else args.rounds
    rows = {
        "training": lambda: training.rows(args.cases, rounds, args.quick),
        "calls": lambda: calls.rows(rounds, args.quick),
        "sequences": lambda: sequences.rows(rounds, args.quick),
        "images": lambda: images.rows(rounds, args.quick),
        "pruning": lambda: pruning.rows(rounds, args.quick),
        "stress": lambda: stress.rows(args.cases, rounds, args.quick),
        "tables": lambda: tables.rows(args.quick),
    }
    print(machine())
    tidy = [["part", "case", "column", "value"]]
    for part in args.parts:
        print(f"\n{part}: {PARTS[part]}")
        tidy += [[part, *cells] for cells in show(rows[part]())]
    if args.csv:
        with args.csv.open("w", newline="") as file:
            csv.writer(file).writerows(tidy)


def show(rows: Iterable[dict[str, Any]]) -> list[list[str]]:
    """Print rows as they come, under a heading where it changes; return the cells."""
    cells, heading = [], None
    for row in rows:
        if list(row) != heading:
            heading = list(row)
            print("".join(f"{name:>22}" for name in heading))
        print("".join(f"{_text(value):>22}" for value in row.values()), flush=True)
        labels = [v for v in row.values() if isinstance(v, str)]
        numbers = [(k, v) for k, v in row.items() if not isinstance(v, str)]
        cells += [[" ".join(labels), name, f"{value:.6g}"] for name, value in numbers]
    return cells


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


if __name__ == "__main__":
    main()
