"""Specs: values with scikit-learn's ``get_params``, ``set_params`` and ``clone``."""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_nn.core._rules import Rule, check_params
from sklearn_nn.core._values import plain


class PartsInHTML:
    """Marks in scikit-learn's HTML which parameters of parts are not the defaults.

    scikit-learn marks all of them. It stands before BaseEstimator.
    """

    def _get_params_html(self, *args: Any, **kwargs: Any) -> Any:
        params = super()._get_params_html(*args, **kwargs)  # type: ignore[misc]
        changed = {n for n in params.non_default if _is_changed(params, n)}
        params.non_default = tuple(n for n in params.non_default if n in changed)
        first = sorted(params, key=lambda name: name not in changed)
        params.data = {name: params[name] for name in first}
        return params


def _is_changed(params: Mapping[str, Any], name: str) -> bool:
    """Whether a parameter that differs from those of the constructor was changed."""
    part, _, inner = name.partition("__")
    owner: Any = params.get(part)
    if not inner or not hasattr(owner, "_get_params_html"):
        return True
    return inner in owner._get_params_html().non_default


class Spec(PartsInHTML, BaseEstimator):
    """A value made of hyper-parameters, as a dataclass; it never holds learned arrays.

    The constructor accepts anything, as scikit-learn asks; `check_values` is called
    where the spec is put to use.
    """

    rules: ClassVar[Mapping[str, Rule]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Skip scikit-learn's metadata routing: no method of a spec takes metadata."""

    def check_values(self) -> None:
        """Raise InvalidParameterError if a value breaks its rule."""
        check_params(self, self.rules)


def is_same(a: Any, b: Any) -> bool:
    """Whether two values, or specs of them, are equal in all their parts."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, Spec):
        return is_same(vars(a), vars(b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(is_same, a, b))
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else bool(a == b)


def walk(value: Any) -> Iterator[Spec]:
    """Yield a spec and those among its fields, at any depth, the outer ones first.

    It is much faster than ``get_params``.
    """
    if isinstance(value, Spec):
        yield value
        value = list(vars(value).values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from walk(item)


def map_specs(value: Any, change: Callable[[Spec], Any]) -> Any:
    """Return ``value`` with ``change(spec)`` for each spec in it, the inner ones first.

    ``change`` returns another object, or the spec itself. What holds no other object
    is not copied: without any change, ``value`` itself comes back.
    """
    if isinstance(value, (list, tuple)):
        new = [map_specs(item, change) for item in value]
        same = all(a is b for a, b in zip(new, value, strict=True))
        return value if same else type(value)(new)
    if not isinstance(value, Spec):
        return value
    fields = {name: map_specs(item, change) for name, item in vars(value).items()}
    if any(fields[name] is not item for name, item in vars(value).items()):
        value = copy(value)
        vars(value).update(fields)
    return change(value)


def plain_spec(value: Any) -> Any:
    """Return a spec with Python's numbers in place of others, in all its parts."""
    return value if _is_plain(value) else map_specs(value, _with_plain_fields)


def _is_plain(value: Any) -> bool:
    """Whether there is nothing to replace, as nearly always; it must take no time."""
    if isinstance(value, Spec):
        return all(map(_is_plain, vars(value).values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return plain(value) is value


def _with_plain_fields(spec: Any) -> Any:
    fields = {name: _plain_or_list(item) for name, item in vars(spec).items()}
    if all(fields[name] is item for name, item in vars(spec).items()):
        return spec
    spec = copy(spec)
    vars(spec).update(fields)
    return spec


def _plain_or_list(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        new = [_plain_or_list(item) for item in value]
        same = all(a is b for a, b in zip(new, value, strict=True))
        return value if same else type(value)(new)
    return plain(value)


class Composite(Spec):
    """A spec with a list of ``(name, spec)`` parts, each reachable by its name.

    ``get_params`` and ``set_params`` treat the parts as scikit-learn's Pipeline treats
    its steps: ``name`` is the whole part, ``name__units`` one of its parameters. Parts
    may be longer tuples: what follows name and spec stays as it is.
    """

    parts_field: ClassVar[str]
    part_size: ClassVar[int] = 2

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with ``deep``, those of the parts as well."""
        params: dict[str, Any] = super().get_params(deep=False)
        if deep:
            for name, part, *_ in self._named_parts():
                params[name] = part
                for key, value in _params_of(part).items():
                    params[f"{name}__{key}"] = value
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, whole parts and parameters of parts, in this order."""
        if self.parts_field in params:
            setattr(self, self.parts_field, params.pop(self.parts_field))
        parts = self._named_parts()
        names = {part[0] for part in parts}
        if whole := {name: params.pop(name) for name in names & params.keys()}:
            new = [(name, whole.get(name, part), *rest) for name, part, *rest in parts]
            setattr(self, self.parts_field, new)
        super().set_params(**params)
        return self

    def _named_parts(self) -> list[Any]:
        """Return the parts that are well-formed; the compiler reports anything else."""
        parts = getattr(self, self.parts_field)
        if not isinstance(parts, (list, tuple)):
            return []
        tuples = [part for part in parts if isinstance(part, (list, tuple))]
        fitting = [part for part in tuples if len(part) == self.part_size]
        return [part for part in fitting if isinstance(part[0], str)]


def _params_of(part: Any) -> dict[str, Any]:
    is_spec = hasattr(part, "get_params") and not isinstance(part, type)
    return part.get_params(deep=True) if is_spec else {}
