"""lazy: the names of a folder, each imported when it is first asked for."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy(
    package: str, homes: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its full name.
    homes : mapping of str to names
        What is public in each of its files.

    Returns
    -------
    tuple of two functions
    """
    files = {name: file for file, names in homes.items() for name in names}

    def get(name: str) -> Any:
        if name not in files:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(package)
        value = getattr(import_module(f"{package}.{files[name]}"), name)
        setattr(module, name, value)  # asked for once
        return value

    def names() -> list[str]:
        return sorted({*vars(import_module(package)), *files})

    return get, names
