"""Steps worked out on paper, and scikit-learn's own steps."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPRegressor

from sklearn_nn.blocks import Chain, Dense
from sklearn_nn.core import Clock, InvalidParameterError, Network, Segment, _protocols
from sklearn_nn.core._vectors import LONG
from sklearn_nn.losses import HalfSquaredError
from sklearn_nn.optimizers import SGD, Adam, AdamW
from sklearn_nn.schedules import Constant, FlatCosine
from sklearn_nn.training import Data, Recipe, TrainingState, train

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# From p = 1 with the gradients 1, 2, 4 at the rate 1/4; all numbers exact in binary.
# Velocities with momentum 1/2: -1/4, -1/8 - 1/2 = -5/8, -5/16 - 1 = -21/16.
SGD_ON_PAPER = {
    "no momentum": (SGD(0.0), [3 / 4, 1 / 4, -3 / 4]),
    "no momentum, no nesterov": (SGD(0, nesterov=False), [3 / 4, 1 / 4, -3 / 4]),
    "momentum": (SGD(0.5, nesterov=False), [3 / 4, 1 / 8, -19 / 16]),
    # Steps: -1/8 - 1/4 = -3/8, -5/16 - 1/2 = -13/16, -21/32 - 1 = -53/32.
    "nesterov": (SGD(0.5, nesterov=True), [5 / 8, -3 / 16, -59 / 32]),
}


@pytest.mark.parametrize(("rule", "expected"), SGD_ON_PAPER.values(), ids=SGD_ON_PAPER)
@both_dtypes
def test_sgd_takes_the_steps_on_paper(rule, expected, dtype):
    p, seen = np.ones(1, dtype), []
    state = rule.init(p)
    for g in (1, 2, 4):
        rule.step(state, p, np.array([g], dtype), 0.25)
        seen.append(p[0])
    assert_array_equal(seen, expected)


def test_sgd_follows_a_changing_rate():
    # v = -1/4, then -1/8 - 1/8 * 2 = -3/8: the rate scales the gradient only.
    rule, p = SGD(0.5, nesterov=False), np.ones(1)
    state = rule.init(p)
    rule.step(state, p, np.array([1.0]), 0.25)
    rule.step(state, p, np.array([2.0]), 0.125)
    assert p[0] == 1 - 1 / 4 - 3 / 8


def test_adam_takes_the_steps_on_paper():
    # beta_1 = 1/2, beta_2 = 3/4, epsilon = 1/2, rate 1; gradients 1, 1/2, and then 1/2
    # or -1/2. v stays 1/4, since 3/4 * 1/4 + 1/4 * 1/4 = 1/4, so the divisor stays 1.
    # m = 1/2, 1/4 + 1/4 = 1/2, 1/4 + 1/4 = 1/2 or 1/4 - 1/4 = 0.
    # c = sqrt(1/4) / (1/2), sqrt(7/16) / (3/4), sqrt(37/64) / (7/8).
    first, second = 1 / 2, math.sqrt(7) / 6
    third = math.sqrt(37) / 14
    rule, p, seen = Adam(0.5, 0.75, 0.5), np.zeros(2), []
    state = rule.init(p)
    for g in ([1, 1], [0.5, 0.5], [0.5, -0.5]):
        rule.step(state, p, np.array(g, float), 1.0)
        seen.append(p.copy())
    sums = np.cumsum([[first, first], [second, second], [third, 0]], axis=0)
    assert_allclose(seen, -sums, rtol=1e-14)


def test_adamw_takes_the_steps_on_paper():
    # The steps of Adam above against the gradients 1, 1/2, 1/2, and before each of them
    # the decay of 1/4 times the factor of the segment. With factors 1 and 0, and the
    # rates 1 and 1/2, from p = 1:
    #   p_1 = 3/4 - s_1,  p_2 = 3/4 p_1 - s_2,  p_3 = 3/4 p_2 - s_3,
    #   q_3 = 1 - (s_1 + s_2 + s_3) / 2.
    steps = 1 / 2, math.sqrt(7) / 6, math.sqrt(37) / 14
    first = 27 / 64 - 9 / 16 * steps[0] - 3 / 4 * steps[1] - steps[2]
    rule, p = AdamW(0.5, 0.75, 0.5), np.ones(2)
    state, segments = rule.init(p), [Segment(0, 1, 1, 1), Segment(1, 2, 0.5, 0)]
    for g in (1.0, 0.5, 0.5):
        rule.step(state, p, np.full(2, g), 1.0, decay=0.25, segments=segments)
    assert_allclose(p, [first, 1 - sum(steps) / 2], rtol=1e-14)


def test_the_decay_of_adamw_has_a_schedule_of_its_own():
    rule = AdamW(weight_decay=0.4, decay_schedule=FlatCosine())
    shares = [rule.decay(Clock(t)) for t in (0, 0.5, 0.75, 1)]
    assert_allclose(shares, [0.4, 0.4, 0.2, 0], atol=1e-15)
    assert AdamW(weight_decay=0.4).decay(Clock(1)) == 0.4


def test_adam_has_no_decay():
    assert Adam().decay(Clock()) == 0


def test_decay_takes_off_the_weights_and_not_the_biases():
    # a target that is met at the start has no gradient: only the decay moves anything
    net = Network(Dense(1), (2,), np.array([1.0, 2.0, 0.5]))
    X = np.array([[1.0, 2.0], [3.0, -1.0]])
    data = Data(X, net.infer(X))
    rule = AdamW(weight_decay=0.5)
    recipe = Recipe(rule, Constant(), 0.2, 0.0, 2, shuffle=False)
    state = TrainingState(rule.init(net.params), np.random.default_rng(0))
    train(net, HalfSquaredError(), data, recipe, state, [], 1)
    assert_allclose(net.params, [0.9, 1.8, 0.5], rtol=1e-12)


def test_the_first_step_of_adam_has_the_length_of_the_rate():
    p = np.zeros(3)
    rule = Adam()
    rule.step(rule.init(p), p, np.array([1e-3, -5.0, 1e4]), 0.01)
    assert_allclose(p, [-0.01, 0.01, -0.01], rtol=1e-3)


def test_steps_of_adam_against_one_gradient_have_the_length_of_the_rate():
    rule, p, g = Adam(), np.zeros(2), np.array([3.0, -0.5])
    state = rule.init(p)
    for _ in range(50):
        rule.step(state, p, g.copy(), 0.01)
    assert_allclose(p, [-0.5, 0.5], rtol=1e-5)


PEERS = {
    "adam": (Adam(0.8, 0.95, 1e-3), {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    "adam, defaults": (Adam(), {}),
    "sgd": (SGD(), {"solver": "sgd"}),
    "sgd, classical momentum": (
        SGD(0.7, nesterov=False),
        {"solver": "sgd", "momentum": 0.7, "nesterovs_momentum": False},
    ),
    "sgd, no momentum": (SGD(0.0), {"solver": "sgd", "momentum": 0.0}),
}


def flat(peer):
    """Return the parameters of a fitted MLP of scikit-learn, weights first."""
    return np.concatenate([a.ravel() for a in [*peer.coefs_, *peer.intercepts_]])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("rule", "options"), PEERS.values(), ids=PEERS)
def test_twenty_steps_are_those_of_scikit_learn(rule, options, rng):
    X, y = rng.standard_normal((30, 4)), rng.standard_normal(30)
    peer = MLPRegressor(hidden_layer_sizes=(5,), activation="tanh", **options)
    peer.set_params(alpha=0.6, batch_size=30, learning_rate_init=0.05, max_iter=1)
    peer.set_params(warm_start=True, random_state=0)
    params = flat(peer.fit(X, y))  # fit begins with new moments
    peer.set_params(max_iter=20, n_iter_no_change=20).fit(X, y)
    block = Chain([("hidden", Dense(5, "tanh")), ("output", Dense(1))])
    net = Network(block, (4,), params)
    state, d_raw = rule.init(params), np.empty((30, 1))
    for _ in range(20):
        HalfSquaredError().grad(y[:, None], net.forward(X), None, d_raw)
        net.backward(d_raw)
        rule.step(state, params, net.grads, 0.05, 0.6 / 30, net.layout.n_weights)
    assert_allclose(params, flat(peer), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Adam(beta_1=1), "`beta_1` of Adam must be a number in [0, 1); got 1."),
        (Adam(beta_2=-0.1), "`beta_2` of Adam must be a number in [0, 1); got -0.1."),
        (Adam(epsilon=0), "`epsilon` of Adam must be a number in (0, inf); got 0."),
        (Adam(epsilon=np.inf), "`epsilon` of Adam must be a number in (0, inf)"),
        (
            AdamW(weight_decay=-1),
            "`weight_decay` of AdamW must be a number in [0,",
        ),
        (AdamW(decay_schedule=0.5), "`decay_schedule` of AdamW must be None or a sch"),
        (SGD(1.5), "`momentum` of SGD must be a number in [0, 1]; got 1.5."),
        (SGD(None), "`momentum` of SGD must be a number in [0, 1]; got None."),
        (SGD(nesterov=1), "`nesterov` of SGD must be True or False; got 1."),
    ],
)
def test_values_are_checked_on_demand(rule, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        rule.check_values()


@pytest.mark.parametrize("rule", [Adam(0, 0), SGD(0), SGD(1)])
def test_values_on_a_closed_bound_are_allowed(rule):
    rule.check_values()


@pytest.mark.parametrize("rule", [Adam(), SGD()])
def test_a_step_without_parameters_does_nothing_but_count(rule):
    params = np.zeros(0)
    state = rule.init(params)
    rule.step(state, params, np.zeros(0), 0.1, 0.1)
    assert state.t == 1


@pytest.mark.parametrize("n_cores", [1, 2, 6, 64])
@pytest.mark.parametrize("megabytes", [1, 1.5, 8, 100])
def test_pieces_that_threads_share_do_not_hold_pythons_lock(
    n_cores, megabytes, monkeypatch
):
    monkeypatch.setattr(_protocols, "n_cores", lambda: n_cores)
    params = np.zeros(int(megabytes * 2**17))
    n_bytes = 8 * _protocols._piece_size(params)
    assert LONG < n_bytes <= _protocols.SHARED_PIECE_BYTES + 8
