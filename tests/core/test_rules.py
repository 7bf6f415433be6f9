"""Rules: what they allow, and how they print themselves."""

import math
import re
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_nn.core import (
    Boolean,
    InvalidParameterError,
    OneOf,
    Satisfying,
    any_of,
    check_params,
    instance_of,
    integer,
    number,
)

POSITIVE = number(0, np.inf, "()")
EVEN = Satisfying(lambda value: value == 2, "two")

ALLOWED = [
    (integer(1), 1),
    (integer(1), 10**30),
    (integer(1), np.int8(5)),
    (integer(1, 3), 3),
    (integer(-2), -2),
    (number(0, 1, "[]"), 0),
    (number(0, 1, "[]"), 1.0),
    (number(0, 1, "()"), np.float32(0.5)),
    (number(0, 1, "()"), Fraction(1, 2)),
    (POSITIVE, 5e-324),
    (number(0, np.inf, "(]"), np.inf),
    (OneOf(("sgd", "adam")), "sgd"),
    (OneOf((None, 1)), None),
    (OneOf((None, 1)), 1),
    (Boolean(), True),
    (Boolean(), np.False_),
    (EVEN, 2),
    (any_of(OneOf(("auto",)), integer(1)), "auto"),
    (any_of(OneOf(("auto",)), integer(1)), 7),
    (instance_of(dict, "a dict"), {}),
]
DENIED = [
    (integer(1), 0),
    (integer(1), 1.0),
    (integer(1), True),
    (integer(0), np.False_),
    (integer(1), "1"),
    (integer(1), None),
    (integer(1), np.array([1, 2])),
    (integer(1, 3), 4),
    (number(0, 1, "()"), 0),
    (number(0, 1, "()"), 1),
    (number(0, 1, "[)"), 1),
    (number(0, 1, "(]"), 0),
    (number(0, 1, "[]"), math.nan),
    (number(0, 1, "[]"), np.float32("nan")),
    (number(0, 1, "[]"), True),
    (number(0, 1, "[]"), np.True_),
    (number(0, 1, "[]"), 1j),
    (number(0, 1, "[]"), "0.5"),
    (number(0, 1, "[]"), np.array([0.5])),
    (POSITIVE, np.inf),
    (POSITIVE, -0.0),
    (OneOf(("sgd", "adam")), "SGD"),
    (OneOf(("sgd", "adam")), ["sgd"]),
    (OneOf((None, 1)), True),
    (OneOf((1,)), np.array([1, 1])),
    (Boolean(), 1),
    (Boolean(), "True"),
    (Boolean(), None),
    (EVEN, 3),
    (any_of(OneOf(("auto",)), integer(1)), "automatic"),
    (any_of(OneOf(("auto",)), integer(1)), 0),
    (instance_of(dict, "a dict"), dict),
]
PRINTED = [
    (integer(1), "an integer in [1, inf)"),
    (integer(1, 3), "an integer in [1, 3]"),
    (number(0, 1, "(]"), "a number in (0, 1]"),
    (POSITIVE, "a number in (0, inf)"),
    (OneOf(("sgd",)), "'sgd'"),
    (OneOf(("sgd", "adam", None)), "'sgd', 'adam' or None"),
    (Boolean(), "True or False"),
    (EVEN, "two"),
    (instance_of(dict, "a dict"), "a dict"),
    (any_of(EVEN, integer(5)), "two or an integer in [5, inf)"),
    (
        any_of(OneOf(("auto",)), EVEN, integer(5)),
        "'auto', two or an integer in [5, inf)",
    ),
]


@pytest.mark.parametrize(("rule", "value"), ALLOWED)
def test_a_value_that_obeys_is_allowed(rule, value):
    assert rule.allows(value) is True


@pytest.mark.parametrize(("rule", "value"), DENIED)
def test_a_value_that_does_not_obey_is_denied(rule, value):
    assert rule.allows(value) is False


@pytest.mark.parametrize(("rule", "words"), PRINTED)
def test_a_rule_prints_itself(rule, words):
    assert str(rule) == words


def test_the_message_names_parameter_owner_rule_and_value():
    class Model(SimpleNamespace):
        pass

    message = "`rate` of Model must be a number in (0, inf); got 'fast'."
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        check_params(Model(rate="fast"), {"rate": POSITIVE})


def test_the_first_broken_rule_is_reported():
    owner = SimpleNamespace(a=1, b=0, c=0)
    with pytest.raises(InvalidParameterError, match="`b` of SimpleNamespace"):
        check_params(owner, dict.fromkeys("abc", POSITIVE))


def test_obedient_parameters_pass():
    check_params(SimpleNamespace(a=1), {"a": POSITIVE})


@pytest.mark.parametrize("kind", [ValueError, TypeError])
def test_an_invalid_parameter_is_both_kinds_of_error(kind):
    assert issubclass(InvalidParameterError, kind)
