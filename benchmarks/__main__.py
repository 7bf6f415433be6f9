"""``python -m benchmarks``: print the tables and write them as CSV."""

import argparse
import csv
from collections.abc import Iterable
from typing import Any

from benchmarks import calls, stress, training
from benchmarks.cases import CASES
from benchmarks.timing import machine


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--cases", default="".join(CASES), help="e.g. acd; default all")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each rival")
    parser.add_argument(
        "--parts",
        nargs="+",
        default=["training", "calls", "stress"],
        choices=["training", "calls", "stress"],
    )
    parser.add_argument("--csv", help="file for the rows; several parts append")
    args = parser.parse_args()
    rounds = 1 if args.quick else args.rounds
    parts = {
        "training": lambda: training.rows(args.cases, rounds, args.quick),
        "calls": lambda: calls.rows(rounds, args.quick),
        "stress": lambda: stress.rows(args.cases, rounds, args.quick),
    }
    print(machine())
    for part in args.parts:
        show(part, parts[part](), args.csv)


def show(part: str, rows: Iterable[dict[str, Any]], path: str | None) -> None:
    """Print rows as they come; add them to the file as part, row, column, value."""
    print(f"\n{part} (milliseconds, per epoch where training)")
    with open(path, "a", newline="") if path else open("/dev/null", "w") as file:
        writer = csv.writer(file)
        for row in rows:
            cells = [
                f"{k} {v:.3g}" if isinstance(v, float) else v for k, v in row.items()
            ]
            print("  ".join(f"{cell:<22}" for cell in cells), flush=True)
            label, *columns = row.items()
            writer.writerows([part, label[1], k, v] for k, v in columns)


if __name__ == "__main__":
    main()
