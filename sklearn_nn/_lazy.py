"""lazy: the names of a package, each imported when it is first asked for."""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def lazy(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    What is public stands in one place, the stub beside ``file``: type checkers read it,
    and so does this function.

    Parameters
    ----------
    package : str
        Its full name.
    file : str
        The file that calls this function.

    Returns
    -------
    tuple of two functions and a list of str
    """
    stub = Path(file).with_suffix(".pyi").read_text(encoding="utf-8")
    homes = {
        alias.name: line.module
        for line in ast.parse(stub).body
        if isinstance(line, ast.ImportFrom) and line.module
        for alias in line.names
    }

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if homes[name] == package:  # a folder, not what a file holds
            return import_module(f"{package}.{name}")
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)  # asked for once
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    public = [n for n in homes if homes[n] != package]
    return get, names, sorted(public, key=lambda name: (not name[0].isupper(), name))
