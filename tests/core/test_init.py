"""Initial values: their distributions."""

import numpy as np
import pytest

from sklearn_nn.core import constant, normal, orthogonal, uniform, zeros

N = 4000


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
def test_orthogonal_matrices_are_all_equally_likely(shape, rng):
    # Whoever turns all of them by any rotation finds the same: no entry has a sign, and
    # each has the variance 1 / (the longer side).
    drawn = np.empty((N, *shape))
    orthogonal(rng, drawn)
    short = min(shape)
    grams = drawn.mT @ drawn if shape[0] >= shape[1] else drawn @ drawn.mT
    np.testing.assert_allclose(
        grams, np.broadcast_to(np.eye(short), grams.shape), atol=1e-9
    )
    assert np.abs(drawn.mean(axis=0)).max() < 5 / np.sqrt(N * max(shape))
    np.testing.assert_allclose(drawn.var(axis=0), 1 / max(shape), rtol=0.1)
    if shape == (3, 3):
        assert abs(np.sign(np.linalg.det(drawn)).mean()) < 5 / np.sqrt(N)


def test_the_others_draw_what_they_say(rng):
    out = np.empty(N)
    uniform(0.5)(rng, out)
    assert -0.5 <= out.min() < -0.49
    assert 0.49 < out.max() < 0.5
    normal(3.0)(rng, out)
    assert abs(out.mean()) < 15 / np.sqrt(N)
    np.testing.assert_allclose(out.std(), 3, rtol=0.05)
    constant(7)(rng, out)
    assert set(out.tolist()) == {7.0}
    zeros(rng, out)
    assert set(out.tolist()) == {0.0}
