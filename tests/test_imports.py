"""The structure of the package: who imports whom, and what is public."""

import ast
import importlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import sklearn_nn

ROOT = Path(sklearn_nn.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FOLDERS = sorted(p.parent.name for p in ROOT.glob("*/__init__.py"))
LAZY = ["", "estimators", *sorted(set(FOLDERS) - {"base", "core", "training"})]

UNITS = {"blocks", "losses", "optimizers", "schedules"}
FLOOR = {"base", "training", "core", *UNITS}  # what all families stand on
MAY_IMPORT = {
    "core": {"core"},
    **{unit: {unit, "core"} for unit in UNITS},
    "training": {"training", "core"},
    "preprocessing": {"preprocessing", "core"},
    "inspection": {"inspection", "training", "core", *UNITS},
    "base": FLOOR,
    "perceptron": {"perceptron", *FLOOR},
    "mlp": {"mlp", *FLOOR},
    "network": {"network", *FLOOR},
    "tabular": {"tabular", "preprocessing", *FLOOR},
    "": set(),
}
# The folders of blocks, from the bottom up; those of one line do not know each other.
BLOCKS = [
    {"activations"},
    {""},
    {"composition", "numbers"},
    {"convolution", "recurrent"},
]
MAX_FILES = 16
MAY_USE_SKLEARN = set(MAY_IMPORT) - UNITS - {"", "core", "training"}
STANDARD = {"numpy", "scipy", "sklearn", "threadpoolctl", "joblib", "sklearn_nn"}
OPTIONAL = {"matplotlib", "pandas", "polars", "torch", "rich", "autograd", "onnx"}


@cache
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


def tops(names):
    """Return the packages of dotted names."""
    return {name.split(".")[0] for name in names}


def folder_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def is_private(name):
    return name.startswith("_") and not name.endswith("__")


def own_imports(path):
    """Return folder and rest of each import from this package."""
    names = [name.split(".") for name in imported(path)]
    names = [name for name in names if name[1:2] not in (["_lazy"], ["_version"])]
    return [(name[1], name[2:]) for name in names if name[0] == "sklearn_nn"]


def public_names(package):
    """Return the names that the stub of a package imports, each with its home."""
    path = ROOT / package.replace(".", "/")
    stub = (
        path.with_suffix(".pyi") if package == "estimators" else path / "__init__.pyi"
    )
    lines = [n for n in parsed(stub).body if isinstance(n, ast.ImportFrom)]
    return {a.name: line.module for line in lines for a in line.names}


def test_every_folder_has_its_place_in_the_order():
    assert set(FOLDERS) <= MAY_IMPORT.keys()


@pytest.mark.parametrize(
    "root", [ROOT, Path(__file__).parent], ids=["package", "tests"]
)
def test_no_folder_is_full(root):
    folders = {path.parent for path in root.rglob("*.py")}
    assert {f for f in folders if len([*f.glob("*.py")]) > MAX_FILES} == set()


def test_the_tests_mirror_the_tree():
    here = Path(__file__).parent
    folders = {p.parent.relative_to(here) for p in here.rglob("test_*.py")}
    of_all = {Path("hostile")}  # tests of every estimator
    assert {f for f in folders if not (ROOT / f).is_dir()} == of_all


def test_the_folders_of_blocks_know_only_those_below():
    def folder(parts):
        return parts[0] if not parts[0].startswith("_") else ""

    def place(folder):
        return next(i for i, row in enumerate(BLOCKS) if folder in row)

    wrong = []
    for path in (ROOT / "blocks").rglob("_*.py"):
        own = folder(path.relative_to(ROOT / "blocks").parts)
        used = {folder(rest) for top, rest in own_imports(path) if top == "blocks"}
        wrong += [(path, f) for f in used - {own} if place(f) >= place(own)]
    assert wrong == []


def test_imports_point_down():
    wrong = [
        (path, folder)
        for path in FILES
        for folder, _ in own_imports(path)
        if folder not in MAY_IMPORT[folder_of(path)]
    ]
    assert wrong == []


def test_other_folders_are_imported_by_their_public_names():
    wrong = [
        (path, rest)
        for path in FILES
        for folder, rest in own_imports(path)
        if folder != folder_of(path) and any(map(is_private, rest))
    ]
    assert wrong == []


def test_the_own_folder_is_imported_file_by_file():
    wrong = [
        (path, rest)
        for path in FILES
        for folder, rest in own_imports(path)
        if folder == folder_of(path) and not any(map(is_private, rest))
    ]
    assert wrong == []


def test_scikit_learn_is_used_where_it_may_be():
    users = {p for p in FILES if "sklearn" in tops(imported(p))}
    places = {p for p in FILES if folder_of(p) in MAY_USE_SKLEARN}
    core = {ROOT / "core" / name for name in ("_spec.py", "_versions.py")}
    assert users - places == core


def test_other_packages_are_used_by_their_public_names():
    wrong = [
        (path, name)
        for path in FILES
        for name in imported(path)
        if not name.startswith("sklearn_nn") and any(map(is_private, name.split(".")))
    ]
    assert wrong == []


def test_nothing_but_the_dependencies_is_imported_at_the_top():
    allowed = STANDARD | set(sys.stdlib_module_names)
    tops_of = {path: tops(imported(path, at_the_top=True)) for path in FILES}
    assert {path for path, names in tops_of.items() if names - allowed} == set()


def test_nothing_changes_the_filters_of_warnings():
    # They are those of all threads: another one would lose its own.
    texts = {path: path.read_text(encoding="utf-8") for path in FILES}
    assert [p for p, text in texts.items() if "catch_warnings" in text] == []


def test_every_module_has_a_docstring():
    assert [path for path in FILES if not ast.get_docstring(parsed(path))] == []


@pytest.mark.parametrize("folder", LAZY)
def test_all_is_what_the_stub_imports(folder):
    names = [n for n, home in public_names(folder).items() if home != "sklearn_nn"]
    names += ["__version__"] if folder == "" else []
    module = importlib.import_module(f"sklearn_nn.{folder}".rstrip("."))
    assert sorted(module.__all__) == sorted(names)


@pytest.mark.parametrize("folder", LAZY)
def test_every_public_name_is_what_its_file_calls_so(folder):
    module = importlib.import_module(f"sklearn_nn.{folder}".rstrip("."))
    for name, home in public_names(folder).items():
        assert getattr(module, name) is getattr(importlib.import_module(home), name)
        assert name in dir(module)
    with pytest.raises(AttributeError, match="has no attribute 'Absent'"):
        module.Absent  # noqa: B018  # only its error counts


def modules_after(code):
    """Return our modules that a new process has loaded after ``code``."""
    code += "\nimport sys; print(*[m for m in sys.modules if 'sklearn_nn' in m])"
    run = [sys.executable, "-W", "error", "-c", code]
    return set(subprocess.run(run, check=True, capture_output=True).stdout.split())


def test_an_estimator_loads_only_what_it_needs():
    loaded = modules_after("import sklearn_nn")
    assert loaded == {b"sklearn_nn", b"sklearn_nn._lazy", b"sklearn_nn._version"}
    loaded = modules_after("from sklearn_nn import MLPClassifier")
    assert b"sklearn_nn.blocks._dense" in loaded
    for other in ("tabular", "network", "blocks.recurrent", "preprocessing"):
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
