"""Summary: what a network is made of, as a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from sklearn_nn.core._network import Network
from sklearn_nn.core._protocols import Block, Shape


@dataclass(frozen=True, eq=False)
class Summary:
    """Blocks, shapes and parameters of a network; prints as a table.

    Attributes
    ----------
    rows : list of tuple
        Path, kind, shape of an output row, number of trained parameters, and how many
        of these are thinned out (zero, and to stay so), for each block.
    """

    rows: list[tuple[str, str, Shape, int, int]]

    @property
    def n_params(self) -> int:
        """Return the number of trained parameters."""
        return sum(row[3] for row in self.rows)

    @property
    def n_masked(self) -> int:
        """Return how many of them are thinned out."""
        return sum(row[4] for row in self.rows)

    def __str__(self) -> str:
        table = [self._heading(), *self._cells(), self._total()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in table]
        lines.insert(1, "-" * max(map(len, lines)))
        lines.insert(-1, lines[1])
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(cell)}</th>" for cell in self._heading())
        rows = [*self._cells(), self._total()]
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"

    def _heading(self) -> list[str]:
        masked = ["of which masked"] if self.n_masked else []
        return ["block", "kind", "output", "parameters", *masked]

    def _cells(self) -> list[list[str]]:
        return [
            [path, kind, str(shape), f"{n:,}", *([f"{m:,}"] if self.n_masked else [])]
            for path, kind, shape, n, m in self.rows
        ]

    def _total(self) -> list[str]:
        masked = [f"{self.n_masked:,}"] if self.n_masked else []
        return ["total", "", "", f"{self.n_params:,}", *masked]


def summarize(net: Network) -> Summary:
    """Return the `Summary` of a network."""
    counts, rows = net.counts(), []
    for path, kind, shape in _leaves("", net.block, net.in_shape):
        prefix = f"{path}/" if path else ""
        own = [count for name, count in counts.items() if name.startswith(prefix)]
        n, thinned = sum(c.size for c in own), sum(c.thinned for c in own)
        rows.append((path, kind, shape, n, thinned))
    return Summary(rows)


def _leaves(path: str, block: Block, in_shape: Shape) -> Iterator[tuple[str, str, Any]]:
    """Yield path, kind and shape of an output row of the blocks without parts."""
    parts_for = getattr(block, "parts_for", None)
    if parts_for is None:
        yield path, type(block).__name__, block.out_shape(in_shape)
        return
    for part in parts_for(in_shape)[0]:
        own = f"{path}/{part.name}" if path else part.name
        kind = type(part.block).__name__
        if part.home != part.name:
            yield f"{own} = {part.home}", kind, part.out_shape
        elif kind == "Identity" and len(part.sources) > 1:  # what it does is to merge
            yield own, type(part.merge).__name__, part.out_shape
        else:
            yield from _leaves(own, part.block, part.in_shape)


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    """Return the cells of a row: text to the left, numbers to the right."""
    pairs = zip(row, widths, strict=True)
    return [
        cell.ljust(width) if i < 3 else cell.rjust(width)
        for i, (cell, width) in enumerate(pairs)
    ]
