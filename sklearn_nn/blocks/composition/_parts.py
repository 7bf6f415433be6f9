"""Parts of composites: their names, shapes, parameters and memory."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from sklearn_nn.blocks.activations._activations import Identity
from sklearn_nn.blocks.composition._merges import MERGES, Merge
from sklearn_nn.blocks.composition._tied import Tied
from sklearn_nn.core import (
    Array,
    Block,
    Composite,
    InvalidParameterError,
    ParamLayout,
    ParamTree,
    Shape,
    Views,
    Workspace,
)


class Part(NamedTuple):
    """A block of a composite, and what it reads and returns.

    ``home`` is the part whose parameters it uses: itself, unless it is tied. In a
    `Graph`, ``sources`` are the values it reads, and ``merge`` joins them.
    """

    name: str
    block: Block
    home: str
    in_shape: Shape
    out_shape: Shape
    sources: tuple[int, ...] = ()
    merge: Merge = MERGES["concat"]


class CompositeBlock(Block):
    """A block made of parts, which it plans for a shape and binds to memory."""

    @abstractmethod
    def parts_for(self, in_shape: Shape) -> tuple[Sequence[Part], Shape]:
        """Return the parts in the order of the data, and the shape of an output row."""

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        parts, shape = self.parts_for(in_shape)
        _check_ties(self, parts)
        return shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        own = [part for part in self.parts_for(in_shape)[0] if part.home == part.name]
        return {part.name: part.block.param_tree(part.in_shape) for part in own}

    def bind(self, p: Views, ws: Workspace) -> "BoundParts":
        """Return the parts with their memory, looked up in the first step only."""
        bound: BoundParts | None = ws.saved
        if bound is None or bound.p is not p:
            parts = self.parts_for(ws.in_shape)[0] if bound is None else bound.parts
            bound = ws.saved = BoundParts(parts, p, ws)
        return bound


class BoundParts:
    """The parts of a composite with their parameters and memory.

    Who gets what is the same in every step, and looking it up takes time.

    Attributes
    ----------
    p : namespace
        The parameters of the composite.
    parts : sequence of Part
        The parts in the order of the data.
    steps : list of tuple
        Block, parameters and workspace of each part.
    has_params : list of bool
        Whether a part has parameters, from the first `backward_steps` on. One without
        needs no backward if no dx is needed.
    tied : list of tuple
        The gradients of home and part, for the arrays of tied parts.
    """

    def __init__(self, parts: Sequence[Part], p: Views, ws: Workspace) -> None:
        self.p, self.parts = p, parts
        self.steps = [
            (part.block, getattr(p, part.home), ws.child(part.name, part.in_shape))
            for part in parts
        ]
        self.has_params: list[bool] = []
        self._graph_steps: dict[bool, list[tuple[int, bool]]] = {}
        self._chains: dict[bool, list[BackwardStep]] = {}
        self._g: Views = None
        self._back: list[tuple[Block, Views, Views, Workspace]] = []
        self.tied: list[tuple[Array, Array]] = []

    def backward_steps(self, g: Views) -> list[tuple[Block, Views, Views, Workspace]]:
        """Return block, parameters, gradients and workspace of each part."""
        if self._g is not g:
            self._g, self.tied, self._chains = g, [], {}
            views = [self._gradients(part, g) for part in self.parts]
            self.has_params = [any(True for _ in _arrays(own)) for own in views]
            steps = zip(self.steps, views, strict=True)
            self._back = [(block, p, own, ws) for (block, p, ws), own in steps]
        return self._back

    def chain_backward(self, g: Views, need_dx: bool) -> "list[BackwardStep]":
        """Return the steps back of parts one after another, and which need dx.

        Without a need for dx, they end at the first part with parameters.
        """
        chain = self._chains.get(need_dx) if self._g is g else None
        if chain is None:
            steps = self.backward_steps(g)
            last = 0 if need_dx else [*self.has_params, True].index(True)
            ahead = range(len(steps) - 1, last - 1, -1)
            chain = [(*steps[i], need_dx or i > last) for i in ahead]
            self._chains[need_dx] = chain
        return chain

    def graph_backward(self, need_dx: bool) -> list[tuple[int, bool]]:
        """Return which parts of a graph need a backward, and whether they need dx."""
        if need_dx not in self._graph_steps:
            wanted, way = [need_dx], []
            for i, part in enumerate(self.parts):
                need = any(wanted[place] for place in part.sources)
                wanted.append(need or self.has_params[i])
                way.append((i, need))
            self._graph_steps[need_dx] = [
                (i, need) for i, need in way[::-1] if wanted[i + 1]
            ]
        return self._graph_steps[need_dx]

    def add_tied(self) -> None:
        """Add the gradients of tied parts to those of the parts they are tied to."""
        for total, own in self.tied:
            total += own

    def _gradients(self, part: Part, g: Views) -> Views:
        home = getattr(g, part.home)
        if part.home == part.name:
            return home
        own = _like(home)
        self.tied += zip(_arrays(home), _arrays(own), strict=True)
        return own


BackwardStep = tuple[Block, Views, Views, Workspace, bool]


def check_parts(owner: Composite, words: Sequence[str] = ("passthrough",)) -> None:
    """Raise unless the parts are a usable name and a block, a `Tied` or a word each."""
    kind, field = type(owner).__name__, owner.parts_field
    parts, reserved = getattr(owner, field), owner.get_params(deep=False)
    grammar = "(name, block)" if owner.part_size == 2 else "(name, block, inputs)"
    listed = isinstance(parts, (list, tuple))
    names: list[str] = []
    for part in parts if listed else [parts]:
        fits = isinstance(part, (list, tuple)) and len(part) == owner.part_size
        if not listed or not fits or not isinstance(part[0], str):
            hint = f" `{kind.lower()}(...)` names the blocks by itself."
            raise InvalidParameterError(
                f"`{field}` of {kind} must be a list of {grammar}; got {part!r}."
                + (hint if owner.part_size == 2 else "")
            )
        name, block = part[:2]
        is_word = isinstance(block, str) and block in words
        if not is_word and not isinstance(block, (Block, Tied)):
            *most, last = ["a block of sklearn_nn.blocks", *map(repr, words)]
            raise InvalidParameterError(
                f"Block {name!r} of {kind} must be {', '.join(most)} or {last}; "
                f"got {block!r}."
            )
        unusable = not name.isidentifier() or "__" in name
        if unusable or name in reserved or name in names:
            raise InvalidParameterError(
                f"A name in `{field}` of {kind} must be an identifier without '__', "
                f"other than {', '.join(map(repr, reserved))}, and occur once; "
                f"got {name!r}."
            )
        names.append(name)


def resolve_ties(owner: Composite) -> list[tuple[str, Any, str]]:
    """Return name, block and home of each part, with tied parts resolved."""
    blocks = {part[0]: part[1] for part in getattr(owner, owner.parts_field)}
    own = [name for name, block in blocks.items() if not isinstance(block, Tied)]
    parts = []
    for name, block in blocks.items():
        home = block.name if isinstance(block, Tied) else name
        if home not in own:
            raise InvalidParameterError(
                f"The `name` that block {name!r} of {type(owner).__name__} is tied to "
                f"must be one of {', '.join(map(repr, own))}; got {home!r}."
            )
        parts.append((name, blocks[home], home))
    return parts


def make_part(owner: Block, name: str, block: Any, home: str, in_shape: Shape) -> Part:
    """Return the part; an error of its block tells where the block stands."""
    if block == "passthrough":
        block = Identity()
    try:
        return Part(name, block, home, in_shape, block.out_shape(in_shape))
    except ValueError as error:
        kind = type(owner).__name__
        error.add_note(f"In block {name!r} of a {kind}, which reads {in_shape}.")
        raise


def name_blocks(blocks: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return the blocks with names after their classes."""
    words = [b if isinstance(b, str) else type(b).__name__.lower() for b in blocks]
    many, seen = Counter(words), Counter[str]()
    names = []
    for word in words:
        seen[word] += 1
        names.append(f"{word}{seen[word]}" if many[word] > 1 else word)
    return list(zip(names, blocks, strict=True))


def _check_ties(owner: Block, parts: Sequence[Part]) -> None:
    """Raise unless tied parts read rows for which the parameters are the same."""
    by_name = {part.name: part for part in parts}
    for part in parts:
        home = by_name[part.home]
        if home is part or part.in_shape == home.in_shape:
            continue
        own, other = [
            ParamLayout(part.block.param_tree(p.in_shape)).shapes for p in (part, home)
        ]
        if own != other:
            raise ValueError(
                f"Block {part.name!r} of {type(owner).__name__} must read rows like "
                f"those of {home.name!r}, to which it is tied; it reads "
                f"{part.in_shape}, {home.name!r} reads {home.in_shape}. Make the "
                "shapes agree, or give it a block of its own."
            )


def _arrays(views: Views) -> Iterator[Array]:
    for item in vars(views).values():
        if isinstance(item, SimpleNamespace):
            yield from _arrays(item)
        else:
            yield item


def _like(views: Views) -> Views:
    """Return a tree of new arrays with the shapes of ``views``."""
    items = vars(views).items()
    return SimpleNamespace(
        **{
            name: _like(v) if isinstance(v, SimpleNamespace) else np.empty_like(v)
            for name, v in items
        }
    )
