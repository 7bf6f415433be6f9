"""Members: the networks for a table, in groups, and the training of each group."""

from typing import Any

import numpy as np

from sklearn_nn.core import Array, Block, Clock, Network, Rng, compile_network
from sklearn_nn.optimizers import AdamW
from sklearn_nn.schedules import CosineLog, FlatCosine
from sklearn_nn.tabular._network import make_block, segments_of, start_from_rows
from sklearn_nn.tabular._presets import Settings
from sklearn_nn.tabular._splits import EncodedTable, Split
from sklearn_nn.tabular._validation import Validator, validation_batch
from sklearn_nn.training import (
    KeepBestEpoch,
    MemberData,
    Recipe,
    TrainingRun,
    TrainingState,
)

# Members that are trained side by side in one network: few, so that what a step
# computes stays in the cache, and that there are groups for several threads.
FLOATS_OF_A_GROUP = 1 << 15

# In an epoch, members take as many rows as that with the fewest among them. So others
# have not many more: at most this share of them.
MORE_ROWS = 1 / 8

MemberGroup = list[Split]


def group_members(table: EncodedTable, settings: Settings) -> list[MemberGroup]:
    """Return the rows of each member, in groups that are one network each."""
    groups: list[MemberGroup] = []
    for split in table.splits:
        for _ in range(settings.n_members):
            if not groups or not _fit_together([*groups[-1], split], settings):
                groups.append([])
            groups[-1].append(split)
    return groups


def _fit_together(group: MemberGroup, settings: Settings) -> bool:
    """Whether members may be of one network: in the cache, and by their rows."""
    sizes = [len(split.train) for split in group]
    floats = rows_of_a_batch(group, settings) * max(
        settings.hidden_layer_sizes, default=1
    )
    few = len(group) * floats <= FLOATS_OF_A_GROUP
    return few and max(sizes) <= (1 + MORE_ROWS) * min(sizes)


def rows_of_a_batch(group: MemberGroup, settings: Settings) -> int:
    """Return the size of the batches of the members of a group."""
    return settings.rows_of_a_batch(min(len(split.train) for split in group))


def make_runs(
    groups: list[MemberGroup],
    table: EncodedTable,
    settings: Settings,
    encoder: Any,
    targets: Any,
    seed: int,
) -> list[TrainingRun]:
    """Return the trainings of all groups, each with a generator of its own."""
    seeds = np.random.SeedSequence(seed).spawn(len(groups))
    rngs = [np.random.Generator(np.random.PCG64DXSM(own)) for own in seeds]
    block = make_block(settings, encoder, table.X_train, targets.n_raw)
    return [
        _make_run(group, table, settings, block, targets, rng)
        for group, rng in zip(groups, rngs, strict=True)
    ]


def _make_run(
    group: MemberGroup,
    table: EncodedTable,
    settings: Settings,
    block: Block,
    targets: Any,
    rng: Rng,
) -> TrainingRun:
    X, Y, w = table.X, table.Y, table.w
    net = compile_network(block, X.shape[1:], X.dtype, rng, members=len(group))
    start_from_rows(net, table.X_train, rng)
    optimizer = AdamW(0.9, 0.95, 1e-8, settings.weight_decay, FlatCosine())
    recipe = Recipe(
        optimizer,
        CosineLog(settings.cycles),
        settings.learning_rate,
        alpha=0.0,
        batch_size=rows_of_a_batch(group, settings),
        shuffle=True,
        segments=segments_of(net.layout),
    )
    data = MemberData.of(X, Y, w, [split.train for split in group])
    state = TrainingState(optimizer.init(net.trained), rng, Clock())
    n_val = max(len(split.val) for split in group)
    return TrainingRun(net, targets.loss, data, recipe, state, (), n_val)


def keep_best_epoch(
    runs: list[TrainingRun],
    groups: list[MemberGroup],
    table: EncodedTable,
    settings: Settings,
    targets: Any,
) -> KeepBestEpoch | None:
    """Return the monitor of all runs; None if no rows validate."""
    if not len(table.splits[0].val):
        return None
    networks = [training_run.net for training_run in runs]
    rows = [[split.val for split in group] for group in groups]
    batches = [validation_batch(table.X, table.Y, table.w, own) for own in rows]
    return KeepBestEpoch(
        networks,
        Validator(networks, batches, targets, settings.scoring, settings.calibrate),
        runs[0].state.clock,
        CosineLog(settings.cycles).ends_cycle,
        -np.inf if settings.tol is None else settings.tol,
        settings.n_iter_no_change,
        snapshots=settings.snapshots,
    )


def validate(
    networks: list[Network], groups: list[MemberGroup], table: EncodedTable, n_raw: int
) -> tuple[Array, Array]:
    """Return raw outputs of each network for its validation rows, and those rows.

    Shapes: (m, n_raw), (m,); the rows of one network come after those of another.
    """
    raws, rows = [np.empty((0, n_raw))], [np.empty(0, int)]
    for net, group in zip(networks, groups, strict=True):
        own = [split.val for split in group]
        if len(own[0]):
            batch = validation_batch(table.X, table.Y, None, own)
            raw = net.infer(batch.X)
            raws += [raw[i, : len(val)] for i, val in enumerate(own)]
            rows += own
    return np.concatenate(raws), np.concatenate(rows)
