"""Plants faults in a copy of the package, one at a time; the tests must catch each.

``python tests/planted_faults.py`` tries all, ``python tests/planted_faults.py loss``
those whose names contain one of the words. First go the tests named with a fault, then,
if it survives them, all. It ends with an error if one survives.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import sklearn_nn

TESTS, PACKAGE = Path(__file__).parent, Path(sklearn_nn.__file__).parent


class Fault(NamedTuple):
    """What is wrong, in which file, which text becomes which, and where it may show."""

    name: str
    file: str
    right: str
    wrong: str
    tests: str


FAULTS = [
    # -- core
    Fault(
        "core: random matrices are not equally likely",
        "core/_init.py",
        "q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]",
        "q",
        "core blocks/recurrent",
    ),
    Fault(
        "core: a unit may get no connection",
        "core/_connections.py",
        "if n_kept >= units:",
        "if n_kept > 2 * kept.size:",
        "core blocks/test_dense_mask.py",
    ),
    Fault(
        "core: thinned weights come back",
        "core/_connections.py",
        "if not own.all()]",
        "if not own.any()]",
        "core",
    ),
    Fault(
        "core: sparse products keep old weights",
        "core/_connections.py",
        'values.take(entries, 0, matrix.data, "clip")',
        "pass",
        "core",
    ),
    Fault(
        "core: a copy shares the parameters",
        "core/_network.py",
        "self._with_params(self.params.copy()), vars(self)",
        "self._with_params(self.params), vars(self)",
        "core",
    ),
    Fault(
        "core: missing steps are multiplied by zero, not replaced",
        "core/_masks.py",
        "    np.copyto(copy, x, where=valid)\n",
        "    np.multiply(x, valid, out=copy)\n",
        "blocks/test_padding_law.py",
    ),
    Fault(
        "core: a failed fit leaves its attributes",
        "base/_restore_on_error.py",
        "            vars(self).clear()\n",
        "",
        "base/test_failed_fit.py",
    ),
    # -- losses
    Fault(
        "loss: gradient of label smoothing",
        "losses/_softmax_cross_entropy.py",
        "smoothing / out.shape[-1]",
        "smoothing / (out.shape[-1] - 1)",
        "losses",
    ),
    Fault(
        "loss: start of the softmax ignores weights",
        "losses/_softmax_cross_entropy.py",
        "np.bincount(y, weights=w) / (len(y) if w is None else w.sum())",
        "np.bincount(y) / len(y)",
        "losses",
    ),
    Fault(
        "loss: start of Huber's ignores weights",
        "losses/_huber.py",
        "weights = np.ones(len(y)) if w is None else w",
        "weights = np.ones(len(y))",
        "losses",
    ),
    Fault(
        "loss: slope of the pinball at the target",
        "losses/_pinball.py",
        "np.heaviside(error, q,",
        "np.heaviside(error, 0 * q,",
        "losses",
    ),
    Fault(
        "loss: Huber's outer part",
        "losses/_huber.py",
        "error -= 0.5 * out",
        "error -= 0.25 * out",
        "losses",
    ),
    Fault(
        "loss: Poisson's constant",
        "losses/_half_poisson_deviance.py",
        "xlogy(y, y) - y - y * raw",
        "xlogy(y, y) - y * raw",
        "losses",
    ),
    Fault(
        "loss: weights divided by their own sum",
        "losses/_reduce.py",
        "scalar(1 / n, grad.dtype.char) if w is None else w / n",
        "scalar(1 / n, grad.dtype.char) if w is None else w / w.sum(-1)[..., None]",
        "losses",
    ),
    Fault(
        "loss: quantiles ignore weights",
        "losses/_reduce.py",
        'np.quantile(y, levels, axis=0, weights=w, method="inverted_cdf")',
        'np.quantile(y, levels, axis=0, method="inverted_cdf")',
        "losses",
    ),
    # -- optimizers and schedules
    Fault(
        "optimizer: Nesterov without the look ahead",
        "optimizers/_sgd.py",
        "axpy(v, p, p.size, self.momentum)",
        "axpy(v, p, p.size, 1.0)",
        "optimizers",
    ),
    Fault(
        "optimizer: Adam corrects one step late",
        "optimizers/_adam.py",
        "1 - self.beta_2**t)",
        "1 - self.beta_2 ** (t + 1))",
        "optimizers",
    ),
    Fault(
        "optimizer: epsilon of Adam is not scaled",
        "optimizers/_adam.py",
        "self.epsilon / root",
        "self.epsilon",
        "optimizers",
    ),
    Fault(
        "optimizer: decay ignores its schedule",
        "optimizers/_adamw.py",
        "return self.weight_decay * self.decay_schedule(clock)",
        "return self.weight_decay",
        "optimizers",
    ),
    Fault(
        "schedule: inverse scaling begins one row late",
        "schedules/_inverse_scaling.py",
        "(clock.samples + 1)",
        "(clock.samples + 2)",
        "schedules",
    ),
    Fault(
        "schedule: warm-up of the cosine counts twice",
        "schedules/_cosine.py",
        "s = (t - self.warmup) / (1 - self.warmup)",
        "s = t",
        "schedules",
    ),
    # -- training
    Fault(
        "training: members share one mean weight",
        "training/_member_data.py",
        "weight / weight[own].mean() for own in rows",
        "weight / weight.mean() for own in rows",
        "training",
    ),
    Fault(
        "training: mean weight over rows that do not count",
        "training/_data.py",
        "np.mean(sample_weight if rows is None else sample_weight[rows])",
        "np.mean(sample_weight)",
        "training",
    ),
    Fault(
        "training: all parts of a batch draw the same noise",
        "training/_step.py",
        "np.random.Generator(np.random.PCG64DXSM(s)) for s in seeds",
        "np.random.Generator(np.random.PCG64DXSM(seeds[0])) for s in seeds",
        "training",
    ),
    Fault(
        "training: the penalty of L-BFGS ignores the weights",
        "training/_lbfgs.py",
        "alpha / (len(data) * data.mean_weight)",
        "alpha / len(data)",
        "training",
    ),
    Fault(
        "training: the best of early stopping is not a copy",
        "training/_monitors.py",
        "self._best = epoch.validation_score, net.params.copy()",
        "self._best = epoch.validation_score, net.params",
        "training",
    ),
    Fault(
        "training: patience forgets the tolerance",
        "training/_monitors.py",
        "value >= state.best + self.tol",
        "value > state.best",
        "training",
    ),
    Fault(
        "training: within the first cycle no epoch is the best",
        "training/_member_monitors.py",
        "if self._last is not None and not self.kept.epoch:",
        "if False:",
        "training tabular",
    ),
    Fault(
        "schedule: a cycle ends with the epoch in which it ends",
        "schedules/_cosine_log.py",
        "half = (stop - start) / 2",
        "half = 0",
        "schedules",
    ),
    Fault(
        "training: no time is kept for validation",
        "training/_pace.py",
        "left -= 2 * rest",
        "left -= 0",
        "training/test_time_limit.py",
    ),
    Fault(
        "training: schedules do not end with the time",
        "training/_pace.py",
        "min(max(usual, to_go / max(left, 1.0)), to_go)",
        "usual",
        "training/test_time_limit.py",
    ),
    Fault(
        "training: biases decay",
        "training/_step.py",
        "Segment(cut, n, decay=0.0)",
        "Segment(cut, n)",
        "training optimizers",
    ),
    Fault(
        "training: pruning keeps the moments of what is gone",
        "training/_pruning.py",
        "        net.apply_mask(slot)\n",
        "        pass\n",
        "training",
    ),
    Fault(
        "training: pruning compares sizes, not scores",
        "training/_pruning.py",
        "squares[order] / np.where(totals > 0, totals, 1)",
        "squares[order]",
        "training network",
    ),
    Fault(
        "training: an epoch whose monitors Ctrl-C cut is lost",
        "training/_progress.py",
        "if self._open not in self.outcome.epochs:",
        "if False:",
        "base/test_callbacks.py base/test_interrupts.py",
    ),
    # -- what estimators share
    Fault(
        "base: the score of labels ignores weights",
        "base/_targets.py",
        "((raw > 0) == y).all(axis=1), weights=w)",
        "((raw > 0) == y).all(axis=1))",
        "mlp base",
    ),
    Fault(
        "base: balanced classes ignore sample weights",
        "base/_targets.py",
        "totals = np.bincount(codes, w, len(classes))",
        "totals = np.bincount(codes, None, len(classes))",
        "mlp",
    ),
    Fault(
        "base: validation rows are not stratified",
        "base/_validation_set.py",
        "test_size=n_held, stratify=labels",
        "test_size=n_held",
        "mlp base",
    ),
    Fault(
        "base: log-probabilities of two classes are swapped",
        "base/_targets.py",
        "log_expit(np.hstack([-raw, raw]))",
        "log_expit(np.hstack([raw, -raw]))",
        "mlp",
    ),
    Fault(
        "base: D squared ignores weights",
        "base/_targets.py",
        "constant[...] = self.loss.start(y, w)",
        "constant[...] = self.loss.start(y, None)",
        "base mlp",
    ),
    Fault(
        "base: a warm start is no better than its last epoch",
        "base/_base_nn.py",
        "start = start if is_first_fit else max(start, evaluate(net)[1])",
        "pass",
        "mlp",
    ),
    Fault(
        "base: a stream grows without end",
        "base/_report.py",
        "                del column[:-MOST_STREAMED]\n",
        "                pass\n",
        "base/test_persistence.py",
    ),
    Fault(
        "base: weights are written in place",
        "base/_weight_files.py",
        'beside = target.with_name(f".{uuid4().hex}.npz")',
        "beside = target",
        "base/test_weight_files.py",
    ),
    # -- the perceptron
    Fault(
        "perceptron: slope of the probabilities ignores weights",
        "perceptron/_platt_scaling.py",
        "return float(w @ ((m * own + total) / (m + k)))",
        "return float(((m * own + total) / (m + k)).sum() * w.mean())",
        "perceptron",
    ),
    Fault(
        "perceptron: smoothing of the probabilities counts by weight",
        "perceptron/_platt_scaling.py",
        "np.bincount(codes, w > 0)[codes]",
        "np.bincount(codes, w)[codes]",
        "perceptron",
    ),
    Fault(
        "perceptron: a run of right rows ends with its piece",
        "perceptron/_weight_trackers.py",
        "        runs[0] += self.run\n",
        "",
        "perceptron",
    ),
    Fault(
        "perceptron: the mean counts rows without their weight",
        "perceptron/_weight_trackers.py",
        "np.abs(chunk.step[:n]).astype(np.float64)",
        "np.ones(n)",
        "perceptron",
    ),
    Fault(
        "perceptron: the bound of rounding is forgotten",
        "perceptron/_binary_problem.py",
        "return relative * self.norm * reach + absolute",
        "return 0.0",
        "perceptron",
    ),
    # -- blocks
    Fault(
        "block: dropout of attention is missing in its backward",
        "blocks/_attention.py",
        'ds = Dropout(self.dropout).backward(None, None, ds, ws.child("dropout"))',
        "pass",
        "blocks/test_attention.py",
    ),
    Fault(
        "block: the scale of attention is that of all heads",
        "blocks/_attention.py",
        "weights *= q.shape[-1] ** -0.5",
        "weights *= d**-0.5",
        "blocks/test_attention.py",
    ),
    Fault(
        "block: the second bias of a GRU has the gradient of the last piece",
        "blocks/recurrent/_gru.py",
        "g.c += np.matmul(ones,",
        "g.c[...] = np.matmul(ones,",
        "blocks/recurrent",
    ),
    Fault(
        "block: the forget gate of an LSTM begins closed",
        "blocks/recurrent/_lstm.py",
        "by_gate(out, LSTM.gates)[1] = 1",
        "by_gate(out, LSTM.gates)[0] = 1",
        "blocks/recurrent",
    ),
    Fault(
        "block: what stands behind a recurrence at missing steps counts",
        "blocks/recurrent/_recurrent.py",
        "            if ws.saved.missing is not None:\n",
        "            if False:\n",
        "blocks/recurrent blocks/test_padding_law.py",
    ),
    Fault(
        "block: running means lag behind from their start",
        "blocks/_normalization.py",
        "self.momentum / (1 - (1 - self.momentum) ** p.batches)",
        "self.momentum",
        "blocks",
    ),
    Fault(
        "block: batch statistics ignore sample weights",
        "blocks/_normalization.py",
        "weight *= w.reshape(",
        "weight *= 1 + 0 * w.reshape(",
        "blocks",
    ),
    Fault(
        "block: dropout does not make up for what it drops",
        "blocks/_dropout.py",
        "    out *= scalar(LEVELS / kept, out.dtype.char)\n",
        "",
        "blocks",
    ),
    Fault(
        "block: an unseen category has the vector of the first",
        "blocks/_embedding.py",
        "        if not seen.all():\n            y *= seen[..., None]\n",
        "",
        "blocks",
    ),
    Fault(
        "block: among equal maxima all have the gradient",
        "blocks/composition/_merges.py",
        "            np.greater(wins, taken, out=wins)  # and not taken\n",
        "",
        "blocks/composition",
    ),
    # -- tables
    Fault(
        "table: the temperature ignores weights",
        "tabular/_tabular_classifier.py",
        "w = None if table.w is None else table.w[rows]",
        "w = None",
        "tabular",
    ),
    Fault(
        "table: networks of the next cycle do not predict",
        "tabular/_base_tabular.py",
        "        if kept.later:\n",
        "        if False:\n",
        "tabular",
    ),
    Fault(
        "table: the first cycle has too few steps",
        "tabular/_presets.py",
        "first = math.ceil(STEPS_OF_A_CYCLE / steps)  # epochs",
        "first = max(1, STEPS_OF_A_CYCLE // steps)",
        "tabular",
    ),
    Fault(
        "table: how sure networks are decides on the epoch",
        "tabular/_validation.py",
        "            raws = [raw / t for raw in raws]\n",
        "",
        "tabular",
    ),
    Fault(
        "table: a row that validates several networks counts for each",
        "tabular/_splits.py",
        "rows = np.unique(np.concatenate([split.val for split in self.splits]))",
        "rows = np.concatenate([split.val for split in self.splits])",
        "tabular",
    ),
    Fault(
        "table: rows that only fill up a fold count",
        "tabular/_validation.py",
        "w = valid * (1.0 if weight is None else weight[places])",
        "w = np.ones(valid.shape) * (1.0 if weight is None else weight[places])",
        "tabular",
    ),
    Fault(
        "table: networks of few rows shorten the epochs of others",
        "tabular/_members.py",
        "return few and max(sizes) <= (1 + MORE_ROWS) * min(sizes)",
        "return few",
        "tabular",
    ),
    Fault(
        "table: rows of weight zero move those of a split",
        "tabular/_cv_splits.py",
        "np.cumsum(kept) - 1",
        "np.arange(len(y))",
        "tabular",
    ),
    Fault(
        "table: a row of several splits has the sum of predictions",
        "tabular/_validation.py",
        "return sums / np.maximum(counts, 1)[:, None]",
        "return sums",
        "tabular",
    ),
    Fault(
        "table: rows without weight have a share in residuals",
        "tabular/_base_tabular.py",
        "seen = seen[table.w[seen] > 0]",
        "pass",
        "tabular",
    ),
    Fault(
        "table: a partner trains on the rows that validate",
        "tabular/_partner.py",
        "estimator.fit(table.X[rows], Y[rows], **options)",
        "estimator.fit(table.X[: len(rows)], Y[: len(rows)], **options)",
        "tabular/test_tabular_partner.py",
    ),
    Fault(
        "table: the weight of a partner ignores noise",
        "tabular/_partner.py",
        "return best if gain > np.sqrt(spread) / w.sum() else 0.0",
        "return best if gain > 0 else 0.0",
        "tabular/test_tabular_partner.py",
    ),
    Fault(
        "table: intervals are as wide for all rows",
        "tabular/_intervals.py",
        "return factor[..., None] * np.stack(found)",
        "return np.ones_like(factor)[..., None] * np.stack(found)",
        "tabular",
    ),
    Fault(
        "loss: quantiles are sorted whatever their order",
        "losses/_pinball.py",
        "[..., ranks].reshape(raw.shape)",
        ".reshape(raw.shape)",
        "losses",
    ),
    Fault(
        "table: folds do not depend on the seed",
        "tabular/_splits.py",
        "kind(n_folds, shuffle=True, random_state=seed)",
        "kind(n_folds, shuffle=True, random_state=0)",
        "tabular",
    ),
    Fault(
        "table: the scale of numbers ignores weights",
        "tabular/_targets.py",
        "np.average((columns - mean) ** 2, axis=0, weights=w)",
        "np.average((columns - mean) ** 2, axis=0)",
        "tabular",
    ),
    Fault(
        "table: certainty does not depend on the rows",
        "tabular/_targets.py",
        "(self.n_rows * p + self.base_rates) / (self.n_rows + 1)",
        "(99 * p + self.base_rates) / 100",
        "tabular",
    ),
    Fault(
        "table: importances without the first factors",
        "tabular/_network.py",
        "np.abs(p.scale.s) * norms",
        "norms",
        "tabular",
    ),
    Fault(
        "table: what is missing for the first time is a category",
        "preprocessing/_categories.py",
        "of_missing = len(self.known) if self.has_missing else -1",
        "of_missing = len(self.known) if self.has_missing else 0",
        "preprocessing",
    ),
    Fault(
        "table: ids are categories",
        "preprocessing/_categories.py",
        "n_single >= UNSEEN_SHARE * n_rows",
        "n_single > n_rows",
        "preprocessing/test_names_of_rows.py",
    ),
    Fault(
        "table: missing texts of polars are a level",
        "preprocessing/_frames.py",
        "codes.fill_null(-1)",
        "codes.fill_null(0)",
        "preprocessing/test_texts_of_frames.py",
    ),
    Fault(
        "table: missing numbers become the median",
        "preprocessing/_scaling.py",
        "np.where(np.isnan(values), self.mean, values)",
        "np.where(np.isnan(values), self.median, values)",
        "preprocessing",
    ),
]


def verdict(fault: Fault) -> str:
    """Return the test that catches a fault, or "" if none does."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(PACKAGE, copy / "sklearn_nn")
        shutil.copytree(TESTS, copy / "tests")
        shutil.copy(TESTS.parent / "pyproject.toml", copy)
        path = copy / "sklearn_nn" / fault.file
        path.write_text(path.read_text().replace(fault.right, fault.wrong))
        near = [f"tests/{name}" for name in fault.tests.split()]
        return _first_failure(copy, near) or _first_failure(copy, ["tests"])


def _first_failure(folder: Path, tests: list[str]) -> str:
    run = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    run += ["-n", "auto", "--hypothesis-profile", "no-shrinking"]
    run += ["--deselect", "tests/test_planted_faults.py", *tests]
    try:
        done = subprocess.run(run, cwd=folder, capture_output=True, timeout=900)
    except subprocess.TimeoutExpired:
        return "the tests do not end"
    said = done.stdout.decode()
    failed = [x for x in said.splitlines() if x.startswith(("FAILED", "ERROR"))]
    return "" if not done.returncode else [*failed, said[-200:]][0].split(" - ")[0]


def main() -> None:
    words = sys.argv[1:]
    chosen = [f for f in FAULTS if not words or any(w in f.name for w in words)]
    survivors = []
    for fault in chosen:
        started = time.perf_counter()
        caught = verdict(fault)
        seconds = time.perf_counter() - started
        print(f"{fault.name}: {caught or 'SURVIVED'} ({seconds:.0f} s)", flush=True)
        survivors += [] if caught else [fault.name]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} were caught")
    if survivors:
        sys.exit("survived: " + "; ".join(survivors))


if __name__ == "__main__":
    main()
