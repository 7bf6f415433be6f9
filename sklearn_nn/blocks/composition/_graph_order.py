"""Wiring: in which order the nodes of a graph can be computed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn_nn.core import InvalidParameterError

Reads = Mapping[str, Sequence[str]]


def topological_order(reads: Reads, inputs: Sequence[str], output: str) -> list[str]:
    """Return the nodes in an order of computation, as near to the given as can be.

    Raises InvalidParameterError if ``reads``, what each node reads, is no acyclic graph
    from ``inputs`` to ``output``.
    """
    _check_names(reads, inputs, output)
    done, waiting = list(inputs), list(reads)
    while waiting:
        ready = [name for name in waiting if set(reads[name]) <= set(done)]
        if not ready:
            raise InvalidParameterError(
                "The nodes of Graph must not read each other in a circle; "
                f"{' reads '.join(map(repr, _cycle(reads, waiting)))}. Let one of "
                "them read something else."
            )
        done.append(ready[0])
        waiting.remove(ready[0])
    return done[len(inputs) :]


def as_names(name: str, reads: Any) -> list[str]:
    """Return what node ``name`` reads as a list of names."""
    names = [reads] if isinstance(reads, str) else reads
    is_list = isinstance(names, (list, tuple)) and len(names) > 0
    if not is_list or not all(isinstance(source, str) for source in names):
        raise InvalidParameterError(
            f"Node {name!r} of Graph must read the name of an input or of a node, or a "
            f"list of names; got {reads!r}."
        )
    return list(names)


def as_columns(inputs: Any) -> dict[str, Any]:
    """Return the columns by the name of their input."""
    pairs = list(inputs.items()) if isinstance(inputs, Mapping) else inputs
    named = dict[str, Any]()
    for pair in pairs if isinstance(pairs, (list, tuple)) else ["no pair"]:
        is_pair = isinstance(pair, (list, tuple)) and len(pair) == 2
        if not is_pair or not isinstance(pair[0], str) or pair[0] in ("", *named):
            raise InvalidParameterError(
                "`inputs` of Graph must be None, or a dict or a list of (name, "
                f"columns) with names that are there and differ; got {inputs!r}."
            )
        named[pair[0]] = pair[1]
    return named


def _check_names(reads: Reads, inputs: Sequence[str], output: str) -> None:
    known = ", ".join(map(repr, [*inputs, *reads]))
    for name, sources in reads.items():
        if name in inputs:
            raise InvalidParameterError(
                f"A node of Graph must not be called like an input; got {name!r}."
            )
        for source in sources:
            if source not in inputs and source not in reads:
                raise InvalidParameterError(
                    f"Node {name!r} of Graph must read inputs or nodes, which are "
                    f"{known}; got {source!r}."
                )
    if output not in reads:
        raise InvalidParameterError(
            f"`output` of Graph must be one of {', '.join(map(repr, reads))}; "
            f"got {output!r}."
        )
    used = {output}.union(*reads.values())
    for name in (*inputs, *reads):
        if name not in used:
            raise InvalidParameterError(
                f"Every input and node of Graph but its output, {output!r}, must be "
                f"read by a node; nothing reads {name!r}. Remove it, let a node read "
                "it, or make it the `output`."
            )


def _cycle(reads: Reads, waiting: Sequence[str]) -> list[str]:
    """Return nodes of which each reads the next, from one to itself."""
    path = [waiting[0]]
    while path[-1] not in path[:-1]:
        path.append(next(name for name in reads[path[-1]] if name in waiting))
    return path[path.index(path[-1]) :]
