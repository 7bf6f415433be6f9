"""Members: the networks for a table, in groups, and the training of each group."""

from typing import Any

import numpy as np

from sklearn_nn.core import Array, Clock, Rng, compile_network
from sklearn_nn.optimizers import AdamW
from sklearn_nn.schedules import CosineLog, FlatCosine
from sklearn_nn.tabular._network import make_block, segments_of, start_from_rows
from sklearn_nn.tabular._presets import Plan
from sklearn_nn.tabular._splits import Split, Table
from sklearn_nn.tabular._validation import member_evaluator, validation_batch
from sklearn_nn.training import (
    Course,
    KeepBestMembers,
    MemberData,
    Recipe,
    TrainingState,
)

# Members that are trained side by side in one network: few, so that what a step
# computes stays in the cache, and that there are groups for several threads.
FLOATS_OF_A_GROUP = 1 << 15

Group = list[Split]


def group_members(table: Table, plan: Plan) -> list[Group]:
    """Return the rows of each member, in groups that are one network each."""
    members = [split for split in table.splits for _ in range(plan.n_members)]
    floats = rows_of_a_batch(table, plan) * max(plan.hidden_layer_sizes, default=1)
    k = max(1, FLOATS_OF_A_GROUP // floats)
    return [members[i : i + k] for i in range(0, len(members), k)]


def rows_of_a_batch(table: Table, plan: Plan) -> int:
    """Return the size of the batches of all members."""
    return plan.rows_of_a_batch(min(len(split.train) for split in table.splits))


def make_courses(
    groups: list[Group],
    table: Table,
    plan: Plan,
    encoder: Any,
    targets: Any,
    seed: int,
) -> list[Course]:
    """Return the trainings of all groups, each with a generator of its own."""
    seeds = np.random.SeedSequence(seed).spawn(len(groups))
    rngs = [np.random.Generator(np.random.PCG64DXSM(own)) for own in seeds]
    return [
        _course(group, table, plan, encoder, targets, rng)
        for group, rng in zip(groups, rngs, strict=True)
    ]


def _course(
    group: Group, table: Table, plan: Plan, encoder: Any, targets: Any, rng: Rng
) -> Course:
    X, Y, w = table.X, table.Y, table.w
    block = make_block(plan, encoder, table.X_train, targets.n_raw)
    net = compile_network(block, X.shape[1:], X.dtype, rng, members=len(group))
    start_from_rows(net, table.X_train, rng)
    optimizer = AdamW(0.9, 0.95, 1e-8, plan.weight_decay, FlatCosine())
    recipe = Recipe(
        optimizer,
        CosineLog(plan.cycles),
        plan.learning_rate,
        alpha=0.0,
        batch_size=rows_of_a_batch(table, plan),
        shuffle=True,
        segments=segments_of(net.layout),
    )
    data = MemberData.of(X, Y, w, [split.train for split in group])
    state = TrainingState(optimizer.init(net.trained), rng, Clock())
    monitors = []
    if len(group[0].val):
        batch = validation_batch(X, Y, w, [split.val for split in group])
        evaluate = member_evaluator(targets, batch, plan.scoring)
        monitors.append(KeepBestMembers(net, evaluate, plan.n_iter_no_change))
    return Course(net, targets.loss, data, recipe, state, monitors)


def validate(
    courses: list[Course], groups: list[Group], table: Table, n_raw: int
) -> tuple[Array, Array]:
    """Return raw outputs of each network for its validation rows, and those rows.

    Shapes: (m, n_raw), (m,); the rows of one network come after those of another.
    """
    raws, rows = [np.empty((0, n_raw))], [np.empty(0, int)]
    for course, group in zip(courses, groups, strict=True):
        own = [split.val for split in group]
        if len(own[0]):
            batch = validation_batch(table.X, table.Y, None, own)
            raw = course.net.infer(batch.X)
            raws += [raw[i, : len(val)] for i, val in enumerate(own)]
            rows += own
    return np.concatenate(raws), np.concatenate(rows)
