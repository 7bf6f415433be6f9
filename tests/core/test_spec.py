"""Spec: values with get_params, set_params and clone."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
from sklearn.base import clone

from sklearn_nn.core import (
    Composite,
    InvalidParameterError,
    Spec,
    integer,
    map_specs,
    walk,
)


@dataclass(eq=False, repr=False)
class Layer(Spec):
    """A spec with a rule."""

    units: int = 64
    name: str = "layer"

    rules: ClassVar = {"units": integer(1)}


@dataclass(eq=False, repr=False)
class Layers(Composite):
    """A spec of specs."""

    parts: list = ()

    parts_field: ClassVar = "parts"


def test_parameters_are_the_fields():
    assert Layer(3).get_params() == {"units": 3, "name": "layer"}


def test_the_rules_are_no_parameter():
    assert "rules" not in Layer().get_params()


def test_set_params_returns_the_spec():
    spec = Layer()
    assert spec.set_params(units=5) is spec
    assert spec.units == 5


def test_a_clone_has_the_same_values():
    assert clone(Layer(3)).get_params() == Layer(3).get_params()


def test_the_repr_shows_what_differs_from_the_default():
    assert repr(Layer(3)) == "Layer(units=3)"


def test_specs_of_equal_values_are_not_equal():
    assert Layer(3) != Layer(3)


def test_a_spec_can_be_a_key():
    assert len({Layer(3), Layer(3)}) == 2


def test_values_are_checked_on_demand_only():
    spec = Layer(0)
    with pytest.raises(InvalidParameterError, match="`units` of Layer must be"):
        spec.check_values()


def test_a_spec_without_rules_takes_any_value():
    Spec().check_values()


def test_parts_are_reached_by_name():
    spec = Layers([("a", Layer(3)), ("b", Layer(4))])
    spec.set_params(a__units=5, b__name="last")
    assert spec.get_params()["a__units"] == 5
    assert spec.get_params()["b__name"] == "last"


def test_what_follows_name_and_part_stays_when_the_part_is_replaced():
    class Triples(Layers):
        part_size = 3

    spec = Triples([("a", Layer(3), "x"), ("b", Layer(4), ["a", "x"])])
    new = Layer(6)
    spec.set_params(b=new, a__units=5)
    assert spec.parts[1] == ("b", new, ["a", "x"])
    assert spec.get_params()["a__units"] == 5


def test_a_class_in_place_of_a_part_has_no_parameters():
    assert Layers([("a", Layer)]).get_params() == {
        "parts": [("a", Layer)],
        "a": Layer,
    }


@pytest.mark.parametrize("parts", [None, "a", [1], [("a",)], [(1, Layer())]])
def test_parameters_of_malformed_parts_can_still_be_read(parts):
    assert Layers(parts).get_params() == {"parts": parts}


def test_malformed_parts_can_be_replaced():
    assert (
        Layers(None).set_params(parts=[("a", Layer(3))]).get_params()["a__units"] == 3
    )


def test_walking_meets_all_specs_from_the_outside_in():
    inner = Layers([("c", Layer(3))])
    whole = Layers([("a", Layer(1)), ("b", inner)])
    met = list(walk([whole, "word", 5]))
    a, c = whole.parts[0][1], inner.parts[0][1]
    assert [id(spec) for spec in met] == [id(spec) for spec in (whole, a, inner, c)]


def wider(spec):
    """Return a layer with two units more; any other spec as it is."""
    return Layer(spec.units + 2) if isinstance(spec, Layer) else spec


def test_rebuilding_changes_specs_at_any_depth_in_a_copy():
    whole = Layers([("a", Layer(1)), ("b", Layers([("c", Layer(3))]))])
    new = map_specs(whole, wider)
    assert repr(new) == repr(
        Layers([("a", Layer(3)), ("b", Layers([("c", Layer(5))]))])
    )
    assert whole.parts[0][1].units == 1
    assert type(new.parts[0]) is tuple


def test_rebuilding_shares_what_does_not_change():
    same, other = Layers([("c", "word")]), Layers([("d", Layer())])
    new = map_specs(Layers([("a", same), ("b", other)]), wider)
    assert new.parts[0][1] is same
    assert new.parts[1][1] is not other


def test_rebuilding_without_a_change_returns_the_spec_itself():
    whole = Layers([("a", Layer(1)), ("b", Layers([("c", Layer(3))]))])
    assert map_specs(whole, lambda spec: spec) is whole


def test_the_change_of_an_outer_spec_sees_the_changed_inner_ones():
    seen = []
    map_specs(
        Layers([("a", Layer(1))]), lambda spec: seen.append(repr(spec)) or wider(spec)
    )
    assert seen == [repr(Layer(1)), repr(Layers([("a", Layer(3))]))]
