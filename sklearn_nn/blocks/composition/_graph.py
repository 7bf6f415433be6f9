"""Graph: blocks wired by name into any acyclic graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn_nn.blocks.composition._columns import Columns
from sklearn_nn.blocks.composition._graph_order import (
    as_columns,
    as_names,
    topological_order,
)
from sklearn_nn.blocks.composition._merges import MERGES, add_all
from sklearn_nn.blocks.composition._parts import (
    BoundParts,
    CompositeBlock,
    Part,
    check_parts,
    make_part,
    resolve_ties,
)
from sklearn_nn.core import (
    Array,
    Composite,
    InvalidParameterError,
    Rng,
    Shape,
    Views,
    Workspace,
)


@dataclass(eq=False, repr=False)
class Graph(Composite, CompositeBlock):
    """Blocks that read each other by name: any directed acyclic graph.

    Shapes: a node that reads several names gets them side by side in the last axis; the
    other axes must agree. y is what the output node returns.

    Parameters
    ----------
    nodes : list of (str, Block, str or list of str), default=()
        Name, block, and what it reads: inputs or other nodes, in any order. In place of
        a block, "passthrough" returns what it reads, and "concat", "add", "multiply",
        "max" or "mean" merges it.
    inputs : dict or list of (str, columns), default=None
        Names for groups of columns of x: integers, slices or lists of them; also names
        of columns where the network is fitted on a data frame and x are columns of it,
        see `with_columns`. None is all of x under
        the name "input".
    output : str, default=None
        The node whose value is y; None is the last one of the list.

    Raises
    ------
    ValueError
        If the nodes read each other in a circle, read a name that does not exist, are
        read by none, or get shapes that do not fit.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Graph
    >>> net = Graph(
    ...     [
    ...         ("stem", Dense(8, "relu"), "input"),
    ...         ("left", Dense(4, "tanh"), "stem"),
    ...         ("right", Dense(4), "stem"),
    ...         ("both", "add", ["left", "right"]),
    ...         ("last", Dense(1), ["both", "input"]),
    ...     ]
    ... )
    >>> net.set_params(left__units=5, right=Dense(5)).out_shape((3,))
    (1,)
    """

    nodes: Sequence[tuple[str, Any, Any]] = ()
    inputs: Any = None
    output: str | None = None

    parts_field: ClassVar[str] = "nodes"
    part_size: ClassVar[int] = 3

    @property
    def accepts_sparse(self) -> bool:  # type: ignore[override]  # that of its nodes
        """Whether all nodes that read x read nothing else and take a CSR matrix."""
        reads = self._reads()
        return all(
            len(reads[name]) == 1 and getattr(block, "accepts_sparse", False)
            for name, block in self._readers()
        )

    @property
    def accepts_nan(self) -> bool:  # type: ignore[override]  # that of its nodes
        """Whether NaN means something to a node that reads x, or columns of it."""
        return any(getattr(block, "accepts_nan", False) for _, block in self._readers())

    def check_values(self) -> None:
        super().check_values()
        check_parts(self, ("passthrough", *MERGES))
        if not self.nodes:
            raise InvalidParameterError("`nodes` of Graph must hold a node; got none.")

    def parts_for(self, in_shape: Shape) -> tuple[Sequence[Part], Shape]:
        inputs, reads = self._inputs(), self._reads()
        output = self.nodes[-1][0] if self.output is None else self.output
        order = topological_order(reads, list(inputs) or ["input"], output)
        blocks = {name: (block, home) for name, block, home in resolve_ties(self)}
        x = "" if inputs else "input"
        steps = [(name, Columns(own), name, [x]) for name, own in inputs.items()]
        steps += [(name, *blocks[name], reads[name]) for name in order]
        parts, shapes = [], {x: in_shape}
        for name, block, home, sources in steps:
            merge = MERGES.get(block, MERGES["concat"])
            read = [(source, shapes[source]) for source in sources]
            shape = merge.out_shape(read, f"Node {name!r} of Graph")
            own = "passthrough" if block in MERGES else block
            part = make_part(self, name, own, home, shape)
            places = tuple(list(shapes).index(source) for source in sources)
            parts.append(part._replace(sources=places, merge=merge))
            shapes[name] = part.out_shape
        return parts, parts[-1].out_shape

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        bound = self.bind(p, ws)
        values, masks = [x], [ws.mask]  # of x, then of each part
        for part, (block, p_own, ws_own) in zip(bound.parts, bound.steps, strict=True):
            read, mask = values[part.sources[0]], masks[part.sources[0]]
            if len(part.sources) > 1:
                own = [values[i] for i in part.sources]
                merged = ws.child((part.name, "merge"), part.in_shape)
                valid = [masks[i] for i in part.sources]
                read = part.merge.forward(own, valid, merged)
                mask = merged.mask
            ws_own.mask = mask
            values.append(block.forward(p_own, read, ws_own, rng))
            masks.append(ws_own.mask)
        ws.mask = masks[-1]
        return values[-1]

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        bound: BoundParts = ws.saved
        steps = bound.backward_steps(g)
        # A value that several parts read has a gradient from each; they add up.
        gradients: list[list[Any]] = [[] for _ in range(1 + len(steps))]
        gradients[-1].append(dy)
        for i, need in bound.graph_backward(need_dx):
            block, p_own, g_own, ws_own = steps[i]
            d = _sum_gradients(gradients[i + 1], i, ws)
            dx: Any = block.backward(p_own, g_own, d, ws_own, need_dx=need)
            if need:
                part: Part = bound.parts[i]
                shares: Sequence[Array] = [dx]
                if (n := len(part.sources)) > 1:
                    shares = part.merge.backward(dx, ws.child((part.name, "merge")), n)
                for place, share in zip(part.sources, shares, strict=True):
                    gradients[place].append(share)
        bound.add_tied()
        return _sum_gradients(gradients[0], -1, ws) if need_dx else None

    def _reads(self) -> dict[str, list[str]]:
        """Return the names that each node reads."""
        return {name: as_names(name, reads) for name, _, reads in self.nodes}

    def _readers(self) -> list[tuple[str, Any]]:
        """Return name and block of the nodes that read x, or columns of it."""
        inputs, reads = self._inputs().keys() or {"input"}, self._reads()
        return [
            (name, b) for name, b, _ in resolve_ties(self) if inputs & set(reads[name])
        ]

    def _inputs(self) -> dict[str, Any]:
        """Return the columns of each input; none if the only one is all of x."""
        return {} if self.inputs is None else as_columns(self.inputs)


def _sum_gradients(gradient: list[Any], i: int, ws: Workspace) -> Any:
    """Return the gradient of what part ``i`` returns; -1 stands for x."""
    return (
        gradient[0]
        if len(gradient) == 1
        else add_all(gradient, ws.out(f"d{i}", gradient[0].shape))
    )
