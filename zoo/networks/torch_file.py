"""A reader of PyTorch files as arrays, which needs no PyTorch and runs no code of the file.

Such a file is a pickle beside raw numbers, and a pickle may name any function to call. This reader
knows the names that occur in a dict of tensors, and refuses every other name.
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

_MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle in a file of PyTorch 1.5 or earlier
_TYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


# The errors that a truncated or forged pickle or archive causes.
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
    """A tensor, described by the place of its numbers in a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Tensor:
    """A callable that returns a view; it has no attributes that a pickle could change."""

    __slots__ = ()

    def __call__(self, storage, offset, shape, strides, *_):
        return _View(storage, offset, tuple(shape), tuple(strides))


class _Parameter:
    """A callable that returns the tensor of a parameter; it has no attributes either."""

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
    """An unpickler that only knows the names above, and remembers the storages."""

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
    """Read a dict of tensors that `torch.save` wrote, without PyTorch and without running its code.

    Args:
        path: a file of any version of PyTorch.

    Returns:
        The tensors as NumPy arrays, by name.

    Raises:
        IntegrityError: if the file is broken, or holds anything but a flat dict of tensors. Tensors
            of some types, such as bfloat16, are refused too.
        OSError: if the file cannot be read.
    """
    try:
        views, storages = (_read_zip if zipfile.is_zipfile(path) else _read_legacy)(path)
        if not isinstance(views, dict):
            raise IntegrityError(f"{path} holds {type(views).__name__} in place of a dict.")
        return {str(name): _array(name, view, storages) for name, view in views.items()}
    except _BROKEN as error:
        raise IntegrityError(f"{path} is no file of tensors from PyTorch: {error!r}.") from error


def _read_zip(path: Path) -> tuple[Any, dict[str, bytes]]:
    """Read the format of PyTorch 1.6 and later: return the views, and the bytes of each storage."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        (root,) = (name[: -len("data.pkl")] for name in names if name.endswith("/data.pkl"))
        order = f"{root}byteorder"
        if order in names and archive.read(order) != b"little":
            raise IntegrityError(f"{path} holds numbers in big-endian order.")
        views = _Unpickler(io.BytesIO(archive.read(f"{root}data.pkl"))).load()
        folder = f"{root}data/"
        return views, {
            name[len(folder) :]: archive.read(name) for name in names if name.startswith(folder)
        }


def _read_legacy(path: Path) -> tuple[Any, dict[str, bytes]]:
    """Read the earlier format: return the views, and the bytes of each storage."""
    with path.open("rb") as file:
        if _Unpickler(file).load() != _MAGIC:
            raise IntegrityError(f"{path} is no file of tensors from PyTorch.")
        for _ in ("protocol version", "system"):
            _Unpickler(file).load()
        reader = _Unpickler(file)
        views = reader.load()
        storages = {}
        for key in _Unpickler(file).load():
            count = int.from_bytes(file.read(8), "little")
            storages[str(key)] = file.read(count * reader.storages[str(key)].dtype.itemsize)
        return views, storages


def _array(name: str, view: Any, storages: dict[str, bytes]) -> np.ndarray:
    """Return the array of a view.

    Raises:
        IntegrityError: if it is no view, or reaches out of its storage.
    """
    if not isinstance(view, _View):
        raise IntegrityError(f"{name} is {type(view).__name__} in place of a tensor.")
    storage, offset, shape, strides = view
    numbers = np.frombuffer(storages[storage.key], storage.dtype)
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    inside = offset >= 0 and last < len(numbers) and min(strides, default=0) >= 0
    inside = inside and math.prod(shape) <= len(numbers)  # a stride of 0 could repeat a number
    if math.prod(shape) and not inside:
        raise IntegrityError(f"The tensor {name} reaches out of the numbers that the file holds.")
    size = numbers.itemsize
    return np.lib.stride_tricks.as_strided(
        numbers[offset:], shape, [step * size for step in strides], writeable=False
    ).copy()
