"""Files of weights: written whole or not at all, and read only where they fit."""

import json
import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy

from sklearn_nn.core import Array, Spec, shown

ABOUT = "__about__"  # the entry of a file that holds what the weights are of
LONGEST_ABOUT = 2**24  # bytes
# Fields of blocks that tell how weights begin and change, but not what they compute.
OF_TRAINING = {
    *("init_factor", "init_std", "kernel", "bias", "mask", "sigma", "start"),
    *("rate", "schedule", "dropout", "recurrent_dropout", "momentum", "truncate"),
}


def write_weights(
    path: str | os.PathLike[str], weights: Mapping[str, Array], about: dict[str, Any]
) -> None:
    """Write a new file beside ``path``, and put it in its place when it is complete.

    So a full disk, or a process that is killed, leaves what was there before.
    """
    target = _path(path)
    if target.exists() and not target.is_file():
        raise ValueError(f"`path` must be a file, or a new one; {target} is neither.")
    target = target.resolve()  # a link goes on pointing where it did
    beside = target.with_name(f".{uuid4().hex}.npz")
    try:
        with open(beside, "xb") as file:
            entries = {**weights, ABOUT: np.array(json.dumps(about))}
            with ZipFile(file, "w") as archive:
                for name, array in entries.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                        npy.write_array(entry, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def read_weights(
    path: str | os.PathLike[str], expected: Mapping[str, Array]
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return arrays like those in ``expected``, and what the file says of itself.

    What does not have their names, shapes and types is refused before it is read.
    """
    target = _path(path)
    with open(target, "rb") as file:
        try:
            if file.read(4) != b"PK\x03\x04":
                raise _NotAsWritten("it does not begin like one")
            with ZipFile(file) as archive:
                return _read(archive, expected)
        except _OfAnotherNetwork as error:
            raise ValueError(
                f"`path` {target} is of another network: {error}"
            ) from None
        except Exception as error:  # whatever damaged bytes lead to
            raise ValueError(
                f"`path` must be a file that save_weights wrote; {target} is none, or "
                f"is damaged: {error or type(error).__name__}."
            ) from error


class _NotAsWritten(Exception):
    """The file is not as `write_weights` leaves it."""


class _OfAnotherNetwork(Exception):
    """The file is whole, but its arrays do not fit."""


def _path(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"`path` must be a str or a path; got {shown(path)}.")
    return Path(path)


def _read(
    archive: ZipFile, expected: Mapping[str, Array]
) -> tuple[dict[str, Array], dict[str, Any]]:
    entries = [name.removesuffix(".npy") for name in archive.namelist()]
    if len(set(entries)) < len(entries):
        raise _NotAsWritten("it holds two arrays of one name")
    names = set(entries) - {ABOUT}
    if names != expected.keys():
        raise _OfAnotherNetwork(
            f"missing: {sorted(expected.keys() - names)}, unknown: "
            f"{sorted(names - expected.keys())[:10]}."
        )
    for name, array in expected.items():
        with archive.open(f"{name}.npy") as entry:
            shape, _, dtype = _header(entry)
        if shape != array.shape:
            raise _OfAnotherNetwork(
                f"{name!r} must have the shape {array.shape}; it has {shape}."
            )
        if dtype != array.dtype:
            raise _OfAnotherNetwork(
                f"{name!r} must be of {array.dtype}; it is of {dtype}. Read the file "
                "with numpy.load and pass the arrays to set_weights to convert them."
            )
    weights = {name: _array(archive, name) for name in expected}
    return weights, _read_about(archive) if ABOUT in entries else {}


def _header(entry: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    if npy.read_magic(entry) != (1, 0):
        raise _NotAsWritten("its arrays are of another version of NumPy's format")
    return npy.read_array_header_1_0(entry)


def _array(archive: ZipFile, name: str) -> Array:
    with archive.open(f"{name}.npy") as entry:
        array: Array = npy.read_array(entry, allow_pickle=False)
        if entry.read(1):  # which also compares the checksum, at the end
            raise _NotAsWritten(f"there is more in {name!r} than an array")
    return array


def _read_about(archive: ZipFile) -> dict[str, Any]:
    with archive.open(f"{ABOUT}.npy") as entry:
        shape, _, dtype = _header(entry)
    if shape or dtype.kind != "U" or dtype.itemsize > LONGEST_ABOUT:
        raise _NotAsWritten(f"{ABOUT!r} is no text")
    about = json.loads(str(_array(archive, ABOUT)))
    if not isinstance(about, dict):
        raise _NotAsWritten(f"{ABOUT!r} is no description")
    return about


def describe(value: Any) -> Any:
    """Return what JSON keeps of a block: the fields that decide what it computes."""
    if isinstance(value, Spec):
        fields = {k: v for k, v in vars(value).items() if k not in OF_TRAINING}
        inner = {name: describe(field) for name, field in fields.items()}
        return {"type": type(value).__name__, **inner}
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple, range)):
        return [describe(item) for item in value]
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return repr(value)  # in JSON there is none
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return _describe_object(value)


def _describe_object(value: Any) -> Any:
    """Return what JSON keeps of a slice, a set, or a function."""
    if isinstance(value, slice):
        return describe(["slice", value.start, value.stop, value.step])
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    if isinstance(value, partial):
        return describe([value.func, value.args, value.keywords])
    return getattr(value, "__name__", type(value).__name__)


def difference(here: Any, there: Any, name: str = "network") -> str | None:
    """Return in words where two descriptions differ first; None if nowhere."""
    if isinstance(here, dict) and isinstance(there, dict):
        if here.get("type") != there.get("type") or here.keys() != there.keys():
            here, there = here.get("type", here), there.get("type", there)
        else:
            of = f" of {here['type']}" if "type" in here else ""
            pairs = [(here[k], there[k], f"{k}{of}") for k in here]
            return next(filter(None, (difference(*pair) for pair in pairs)), None)
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = [(a, b, name) for a, b in zip(here, there, strict=True)]
        return next(filter(None, (difference(*pair) for pair in pairs)), None)
    if here == there and isinstance(here, bool) == isinstance(there, bool):
        return None
    return f"{name} is {shown(there)} in the file, {shown(here)} here"
