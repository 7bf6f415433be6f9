"""The structure of the package: who imports whom, and what is public."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_nn

ROOT = Path(sklearn_nn.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FOLDERS = sorted(p.parent.name for p in ROOT.glob("*/__init__.py"))

UNITS = {"blocks", "losses", "optimizers", "schedules"}
MAY_IMPORT = {
    "core": {"core"},
    **{unit: {unit, "core"} for unit in UNITS},
    "training": {"training", "core"},
    "preprocessing": {"preprocessing", "core"},
    "inspection": {"inspection", "training", "core", *UNITS},
    "estimators": {"estimators", "preprocessing", "training", "core", *UNITS},
    "": {"estimators"},
}
MAY_USE_SKLEARN = {"estimators", "inspection", "preprocessing"}
STANDARD = {"numpy", "scipy", "sklearn", "threadpoolctl", "joblib", "sklearn_nn"}
OPTIONAL = {"matplotlib", "pandas", "polars", "torch", "rich", "autograd", "onnx"}

every_file = pytest.mark.parametrize(
    "path", FILES, ids=[str(p.relative_to(ROOT)) for p in FILES]
)


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path, *, at_the_top=False):
    """Return the dotted names that a file imports, in functions or only outside."""
    names, nodes = [], [parsed(path)]
    while nodes:
        node = nodes.pop(0)
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif not (at_the_top and isinstance(node, ast.FunctionDef)):
            nodes += ast.iter_child_nodes(node)
    return names


def folder_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def is_private(name):
    return name.startswith("_") and not name.endswith("__")


def own_imports(path):
    """Return folder and rest of each import from this package."""
    names = [name.split(".") for name in imported(path)]
    return [(name[1], name[2:]) for name in names if name[0] == "sklearn_nn"]


def public_order(name):
    """Sort constants first, then classes, then the rest, as the linter does."""
    return not name.isupper(), not name[0].isupper(), name


def test_every_folder_has_its_place_in_the_order():
    assert set(FOLDERS) <= MAY_IMPORT.keys()


def test_folders_go_no_deeper():
    assert max(len(path.relative_to(ROOT).parts) for path in FILES) == 2


@every_file
def test_imports_point_down(path):
    allowed = MAY_IMPORT[folder_of(path)]
    assert {folder for folder, _ in own_imports(path)} <= allowed


@every_file
def test_other_folders_are_imported_by_their_public_names(path):
    others = [rest for folder, rest in own_imports(path) if folder != folder_of(path)]
    assert not [rest for rest in others if any(map(is_private, rest))]


@every_file
def test_the_own_folder_is_imported_file_by_file(path):
    own = [rest for folder, rest in own_imports(path) if folder == folder_of(path)]
    assert all(is_private(rest[0]) for rest in own)


@every_file
def test_scikit_learn_is_used_where_it_may_be(path):
    place = path.relative_to(ROOT).as_posix()
    if folder_of(path) not in MAY_USE_SKLEARN and place != "core/_spec.py":
        assert not [n for n in imported(path) if n.split(".")[0] == "sklearn"]


@every_file
def test_other_packages_are_used_by_their_public_names(path):
    names = [name.split(".") for name in imported(path)]
    others = [name for name in names if name[0] != "sklearn_nn"]
    assert not [name for name in others if any(map(is_private, name))]


@every_file
def test_nothing_but_the_dependencies_is_imported_at_the_top(path):
    tops = {name.split(".")[0] for name in imported(path, at_the_top=True)}
    assert tops <= STANDARD | set(sys.stdlib_module_names)


@every_file
def test_every_module_has_a_docstring(path):
    assert ast.get_docstring(parsed(path))


@pytest.mark.parametrize("folder", ["", *FOLDERS])
def test_all_is_what_the_folder_imports(folder):
    path = ROOT / folder / "__init__.py"
    body = parsed(path).body
    own = [name for name in imported(path) if name.startswith("sklearn_nn.")]
    names = {name.split(".")[-1] for name in own}
    if folder != "core":
        names.discard("lazy")
    names = list(names)
    targets = [n.targets[0].id for n in body if isinstance(n, ast.Assign)]
    names += [name for name in targets if name != "__all__"]
    module = importlib.import_module(f"sklearn_nn.{folder}".rstrip("."))
    assert module.__all__ == sorted(names, key=public_order)


@pytest.mark.parametrize("folder", ["", *FOLDERS])
def test_every_public_name_is_what_its_file_calls_so(folder):
    module = importlib.import_module(f"sklearn_nn.{folder}".rstrip("."))
    for name in imported(ROOT / folder / "__init__.py"):
        home, last = name.rsplit(".", 1)
        if name.startswith("sklearn_nn.") and last in module.__all__:
            found = getattr(module, last)
            assert found is getattr(importlib.import_module(home), last)
            assert last in dir(module)
    with pytest.raises(AttributeError, match="has no attribute 'Absent'"):
        module.Absent  # noqa: B018  # only its error counts


def modules_after(code):
    """Return our modules that a new process has loaded after ``code``."""
    code += "\nimport sys; print(*[m for m in sys.modules if 'sklearn_nn' in m])"
    run = [sys.executable, "-W", "error", "-c", code]
    return set(subprocess.run(run, check=True, capture_output=True).stdout.split())


def test_an_estimator_loads_only_what_it_needs():
    assert modules_after("import sklearn_nn") == {b"sklearn_nn"}
    loaded = modules_after("from sklearn_nn import MLPClassifier")
    assert b"sklearn_nn.blocks._dense" in loaded
    for other in ("estimators._tabular", "blocks._lstm", "preprocessing"):
        assert f"sklearn_nn.{other}".encode() not in loaded


@pytest.mark.parametrize("name", ["selu", "mish"])
def test_an_activation_is_found_by_its_name_in_a_new_process(name):
    code = f"from sklearn_nn.blocks import Dense; Dense(3, {name!r}).out_shape((2,))"
    assert b"sklearn_nn.blocks._dense" in modules_after(code)


def test_the_folders_can_be_reached_from_the_package():
    code = "import sklearn_nn; sklearn_nn.blocks.Dense; sklearn_nn.inspection"
    assert b"sklearn_nn.blocks._dense" in modules_after(code)


@pytest.mark.parametrize("folder", ["", *FOLDERS])
def test_no_public_name_is_private(folder):
    module = importlib.import_module(f"sklearn_nn.{folder}".rstrip("."))
    assert not [name for name in module.__all__ if is_private(name)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_all_files_of_a_folder_are_private(folder):
    names = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}
    assert all(map(is_private, names))


def test_the_package_can_be_imported_without_optional_packages():
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {OPTIONAL}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import sklearn_nn.inspection
from sklearn_nn import *
from sklearn_nn.blocks import *
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "py.typed").exists()
