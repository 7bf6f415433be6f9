"""Schedules of networks for tables, at moments worked out on paper."""

import pytest

from sklearn_nn.core import Clock
from sklearn_nn.schedules import CosineLog, FlatCosine


@pytest.mark.parametrize("t", [0, 1 / 15, 1 / 5, 7 / 15, 1])
def test_four_cycles_meet_at_zero(t):
    assert CosineLog(4)(Clock(t)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("turn", [0.5, 1.5, 2.5, 3.5])
def test_a_cycle_peaks_in_the_middle_of_its_logarithm(turn):
    assert CosineLog(4)(Clock((2**turn - 1) / 15)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("n_epochs", "ends"),
    [
        (15, [1, 3, 7, 15]),
        (60, [4, 12, 28, 60]),
        (16, [1, 3, 7, 16]),  # cycles end at 1.07, 3.2, 7.47 and 16
        (18, [1, 4, 8, 18]),  # 1.2, 3.6, 8.4, 18
        (7, [1, 3, 7]),  # 0.47, 1.4, 3.27, 7: the first is nearer to the start
        (1, [1]),
    ],
)
def test_a_cycle_ends_with_the_nearest_epoch(n_epochs, ends):
    schedule = CosineLog(4)
    assert ends == [
        i
        for i in range(1, n_epochs + 1)
        if schedule.ends_cycle((i - 1) / n_epochs, i / n_epochs)
    ]


@pytest.mark.parametrize(("t", "factor"), [(0.2, 1), (0.5, 1), (2 / 3, 0.75), (1, 0)])
def test_flat_cosine_falls_in_the_second_half(t, factor):
    assert FlatCosine()(Clock(t)) == pytest.approx(factor, abs=1e-12)
