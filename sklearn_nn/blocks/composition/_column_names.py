"""with_columns: the positions of columns that a network calls by their names."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from sklearn_nn.blocks._dropout import Dropout
from sklearn_nn.blocks._normalization import PerFeature
from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.composition._chain import Chain
from sklearn_nn.blocks.composition._columns import Columns, column_positions
from sklearn_nn.blocks.composition._graph import Graph
from sklearn_nn.blocks.composition._parallel import Parallel
from sklearn_nn.blocks.composition._residual import Residual
from sklearn_nn.blocks.composition._shared import Shared
from sklearn_nn.blocks.composition._tied import Tied
from sklearn_nn.core import Block, InvalidParameterError, Spec, is_same

# The names of the features of x or y of a block; None where they are no columns.
Names = Sequence[str] | None
# Blocks whose y has the features of x in the same places.
KEEPS_PLACES = (Activation, Dropout, PerFeature)


def with_columns(block: Block, feature_names: Sequence[str]) -> Block:
    """Return a copy of ``block`` that has positions for names of columns.

    A `Graph` or `Columns` may name columns where it reads those of the data, or some of
    them: at the beginning, behind `Columns`, in a `Graph` that hands them on, and
    behind blocks that keep each feature in its place, as `Scale`. Elsewhere a name is
    an error.

    ``feature_names`` are those of the columns that the block reads, in their order.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Graph, with_columns
    >>> net = Graph([("a", Dense(2), "some")], inputs={"some": ["sex", "age"]})
    >>> with_columns(net, ["age", "income", "sex"]).inputs
    {'some': [2, 0]}
    """
    return _resolve(block, [str(name) for name in feature_names])[0]


def _resolve(block: Any, names: Names) -> tuple[Any, Names]:
    """Return the block with positions, and the names of the features of its y."""
    if isinstance(block, Columns):
        return _of_columns(block, names)
    if isinstance(block, Graph):
        return _of_graph(block, names), None
    if isinstance(block, Chain):
        return _of_chain(block, names)
    if isinstance(block, Parallel):
        return _of_parts(block, [names] * len(block._named_parts())), None
    if isinstance(block, (Residual, Shared)):
        return _of_fields(block, names), None
    keeps = isinstance(block, KEEPS_PLACES) or block == "passthrough"
    return _of_fields(block, None), names if keeps else None


def _of_columns(block: Columns, names: Names) -> tuple[Columns, Names]:
    columns = column_positions(block.columns, names, "Columns")
    block = block if columns is block.columns else replace(block, columns=columns)
    try:
        positions = block.positions((len(names or ()),))
    except ValueError:  # told where the block is compiled
        return block, None
    return block, None if names is None else [names[i] for i in positions]


def _of_graph(block: Graph, names: Names) -> Graph:
    if block.inputs is None:
        read = {"input": names}
    else:
        inputs = {
            name: column_positions(columns, names, f"input {name!r} of Graph")
            for name, columns in block._inputs().items()
        }
        read = {name: _of_columns(Columns(c), names)[1] for name, c in inputs.items()}
        block = replace(block, inputs=inputs)
    of_parts = []
    for _, _, sources in block._named_parts():
        sources = [sources] if isinstance(sources, str) else sources
        known = [read.get(source) for source in sources]
        joined = [n for own in known if own is not None for n in own]
        of_parts.append(None if None in known else joined)
    return _of_parts(block, of_parts)


def _of_chain(block: Chain, names: Names) -> tuple[Chain, Names]:
    before = []
    for _, part in block._named_parts():
        before.append(names)
        home = part if not isinstance(part, Tied) else None
        names = None if home is None else _resolve(home, names)[1]
    return _of_parts(block, before), names


def _of_parts(block: Any, names: Sequence[Names]) -> Any:
    """Return the composite with each part resolved for the names that it reads."""
    parts = block._named_parts()
    by_name = {part[0]: part[1] for part in parts}
    homes: dict[str, Any] = {}
    new = []
    for (name, part, *rest), read in zip(parts, names, strict=True):
        is_tied = isinstance(part, Tied)
        home = by_name.get(part.name) if is_tied else part
        resolved = _resolve(home, read)[0]
        known = homes.setdefault(part.name if is_tied else name, resolved)
        if not is_same(known, resolved):
            raise InvalidParameterError(
                f"Block {name!r} is tied to {part.name!r}, and both must find the "
                "columns that they name in the same places. Give positions."
            )
        new.append((name, part if is_tied else resolved, *rest))
    if all(a[1] is b[1] for a, b in zip(new, parts, strict=True)):
        return block
    return replace(block, **{block.parts_field: new})


def _of_fields(block: Any, names: Names) -> Any:
    """Return the block with the blocks among its fields resolved."""
    if not isinstance(block, Spec):
        return block
    fields = {key: _of_value(value, names) for key, value in vars(block).items()}
    if all(fields[key] is value for key, value in vars(block).items()):
        return block
    block = copy(block)
    vars(block).update(fields)
    return block


def _of_value(value: Any, names: Names) -> Any:
    return _resolve(value, names)[0] if isinstance(value, Block) else value
