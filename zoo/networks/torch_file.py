"""Files that PyTorch saved, read as arrays: without PyTorch, and without running what is in them.

Such a file is a pickle beside raw numbers, and a pickle may name any function to call. This reader
knows the names that a dict of tensors is made of, and refuses every other one.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.errors import IntegrityError

_MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of files from before PyTorch 1.6
_TYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


# What a pickle, or an archive, that is cut or made up leads to.
_BROKEN = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
    RecursionError,
    MemoryError,
    zlib.error,
)


class _Storage(NamedTuple):
    """Numbers that tensors are views of."""

    key: str
    dtype: np.dtype
    size: int


class _View(NamedTuple):
    """A tensor: where its numbers are in a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Tensor:
    """Makes a view; an object without attributes, which a pickle can call and not change."""

    __slots__ = ()

    def __call__(self, storage, offset, shape, strides, *_):
        return _View(storage, offset, tuple(shape), tuple(strides))


class _Parameter:
    """Gives the tensor of a parameter; like `_Tensor`."""

    __slots__ = ()

    def __call__(self, tensor, *_):
        return tensor


_KNOWN = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor(),
    ("torch._utils", "_rebuild_parameter"): _Parameter(),
    **{("torch", name): np.dtype(code) for name, code in _TYPES.items()},
}


class _Unpickler(pickle.Unpickler):
    """Knows the names above alone, and remembers the storages."""

    def __init__(self, file):
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module, name):
        if (module, name) not in _KNOWN:
            raise IntegrityError(
                f"The file names {module}.{name}, which is no part of a dict of tensors. It was "
                "not loaded."
            )
        return _KNOWN[module, name]

    def persistent_load(self, pid):
        kind, dtype, key, _, size, *rest = pid
        plain = kind == "storage" and isinstance(dtype, np.dtype)
        if not plain or any(view is not None for view in rest):
            raise pickle.UnpicklingError(f"{pid!r} is no plain storage")
        return self.storages.setdefault(str(key), _Storage(str(key), dtype, int(size)))


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a dict that `torch.save` wrote, by name.

    Args:
        path: the file, in the format of PyTorch 1.6 and later, or in the one before.

    Raises:
        IntegrityError: if it is no such file, or holds anything but tensors.
    """
    try:
        found, storages = (_read_zip if zipfile.is_zipfile(path) else _read_old)(path)
        if not isinstance(found, dict):
            raise IntegrityError(f"{path} holds {type(found).__name__} in place of a dict.")
        return {str(name): _array(name, view, storages) for name, view in found.items()}
    except _BROKEN as error:
        raise IntegrityError(f"{path} is no file of tensors from PyTorch: {error!r}.") from error


def _read_zip(path: Path) -> tuple[Any, dict[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        (root,) = (name[: -len("data.pkl")] for name in names if name.endswith("/data.pkl"))
        order = f"{root}byteorder"
        if order in names and archive.read(order) != b"little":
            raise IntegrityError(f"{path} holds numbers in big-endian order.")
        found = _Unpickler(io.BytesIO(archive.read(f"{root}data.pkl"))).load()
        inside = f"{root}data/"
        return found, {n[len(inside) :]: archive.read(n) for n in names if n.startswith(inside)}


def _read_old(path: Path) -> tuple[Any, dict[str, bytes]]:
    with path.open("rb") as file:
        if _Unpickler(file).load() != _MAGIC:
            raise IntegrityError(f"{path} is no file of tensors from PyTorch.")
        for _ in ("protocol version", "system"):
            _Unpickler(file).load()
        reader = _Unpickler(file)
        found = reader.load()
        storages = {}
        for key in _Unpickler(file).load():
            count = int.from_bytes(file.read(8), "little")
            storages[str(key)] = file.read(count * reader.storages[str(key)].dtype.itemsize)
        return found, storages


def _array(name: str, view: Any, storages: dict[str, bytes]) -> np.ndarray:
    if not isinstance(view, _View):
        raise IntegrityError(f"{name} is {type(view).__name__} in place of a tensor.")
    storage, offset, shape, strides = view
    numbers = np.frombuffer(storages[storage.key], storage.dtype)
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    inside = offset >= 0 and last < len(numbers) and min(strides, default=0) >= 0
    inside = inside and math.prod(shape) <= len(numbers)  # no number stands for many
    if math.prod(shape) and not inside:
        raise IntegrityError(f"The tensor {name} reaches out of the numbers that the file holds.")
    size = numbers.itemsize
    return np.lib.stride_tricks.as_strided(
        numbers[offset:], shape, [step * size for step in strides], writeable=False
    ).copy()
