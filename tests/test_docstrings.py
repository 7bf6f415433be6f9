"""Docstrings say what the signatures say."""

import ast
import importlib
import inspect
import re

import pytest

import sklearn_nn

FOLDERS = [
    "blocks",
    "inspection",
    "losses",
    "optimizers",
    "preprocessing",
    "schedules",
]


def public_items():
    """Return the public classes and functions, and the methods of the estimators."""
    items = {}
    for folder in FOLDERS:
        module = importlib.import_module(f"sklearn_nn.{folder}")
        items |= {f"{folder}.{name}": getattr(module, name) for name in module.__all__}
    for name in sklearn_nn.__all__:
        if isinstance(estimator := getattr(sklearn_nn, name), type):
            items |= {name: estimator, **own_methods(estimator)}
    return {name: item for name, item in items.items() if callable(item)}


def own_methods(estimator):
    """Return the public methods that are not scikit-learn's."""
    names = [name for name in dir(estimator) if not name.startswith("_")]
    methods = {f"{estimator.__name__}.{n}": getattr(estimator, n, None) for n in names}
    return {
        name: method
        for name, method in methods.items()
        if inspect.isroutine(method) and method.__module__.startswith("sklearn_nn")
    }


ITEMS = public_items()
every_item = pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)


def section(item, title):
    """Return the entries of a section of a docstring: what stands after each name."""
    parts = re.split(r"^(.+)\n-{3,}$", inspect.getdoc(item), flags=re.MULTILINE)
    text = dict(zip(parts[1::2], parts[2::2], strict=True)).get(title, "")
    entries = {}
    for names, kind in re.findall(r"^(\*?\w.*?) : (.*)$", text, flags=re.MULTILINE):
        entries |= dict.fromkeys(names.split(", "), kind)
    return entries


def parameters(item):
    """Return the parameters of a signature."""
    signature = inspect.signature(item).parameters
    return {name: p for name, p in signature.items() if name != "self"}


@every_item
def test_every_public_item_has_a_docstring_that_ends_its_first_line(item):
    assert inspect.getdoc(item).split("\n\n")[0].endswith((".", "``"))


@every_item
def test_every_documented_parameter_exists(item):
    assert section(item, "Parameters").keys() <= parameters(item).keys()


@every_item
def test_every_parameter_is_documented(item):
    documented = section(item, "Parameters") or section(item, "Attributes")
    if not documented:  # a short docstring speaks of them in its text
        documented = re.findall(r"``(\w+)``", inspect.getdoc(item))
    assert parameters(item).keys() <= set(documented)


@every_item
def test_positional_parameters_are_documented_in_order(item):
    kinds = {name: p.kind for name, p in parameters(item).items()}
    documented = [
        name
        for name in section(item, "Parameters")
        if kinds[name] is not inspect.Parameter.KEYWORD_ONLY
    ]
    assert documented == [name for name in kinds if name in documented]


@every_item
def test_documented_defaults_are_those_of_the_signature(item):
    for name, kind in section(item, "Parameters").items():
        default = parameters(item)[name].default
        _, says, text = kind.partition("default=")
        assert bool(says) == (default is not inspect.Parameter.empty), name
        assert not says or ast.literal_eval(text) == default, name


@pytest.mark.parametrize(
    "name", [n for n in ITEMS if isinstance(ITEMS[n], type) and "." not in n]
)
def test_an_estimator_has_all_sections(name):
    doc = inspect.getdoc(ITEMS[name])
    wanted = ["Parameters", "Attributes", "References", "Examples"]
    assert [t for t in wanted if not re.search(rf"^{t}\n-+$", doc, re.MULTILINE)] == []
