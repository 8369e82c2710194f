"""The reader of NumPy's `.npz` files from anybody: one for all arrays of this package."""

from __future__ import annotations

import contextlib
import io
import math
import struct
import tokenize
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from zoo.errors import DataError, ZooError
from zoo.files import archive
from zoo.files.limits import check_limit

MEMBERS = 2**20  # bytes of the list of members
LARGEST_HEADER = 10_000  # bytes, as for `numpy.load`
PIECE = 2**20
KINDS = "biufcSU"  # of types whose arrays hold no Python objects
SUFFIX = ".npy"
# The text of a header is read as Python, which raises any of these.
HEADER_ERRORS = (
    ValueError,
    SyntaxError,
    TypeError,
    RecursionError,
    MemoryError,
    tokenize.TokenError,
)


class ArrayFile(Mapping):
    """The arrays in an open `.npz` file, by name, each of which is read when it is asked for.

    The header of an array is checked before room is made for its numbers, which are counted while
    they are unpacked.

    Args:
        members: the open zip file.
        source: the name of the file in errors.
        check_size: a function that raises if arrays of so many bytes may not be read. All arrays
            that were read before count too.
        error: the class of the errors.
    """

    def __init__(
        self,
        members: zipfile.ZipFile,
        source: str,
        check_size: Callable[[int], None],
        error: type[Exception],
    ):
        self._zip, self._source, self._check_size, self._error = members, source, check_size, error
        self._members = {}
        for member in members.infolist():
            name = member.filename.removesuffix(SUFFIX)
            if name in self._members:
                raise error(f"{source} holds {name!r} twice.")
            self._members[name] = member
        self._bytes = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __contains__(self, name: object) -> bool:  # that of `Mapping` would read the array
        return name in self._members

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, name: str) -> np.ndarray:
        """Read the array `name`.

        Raises:
            DataError: or another error of the constructor, if it is broken, holds objects or is too
                large.
        """
        member = self._members[name]
        try:
            with self._zip.open(member) as file:
                return self._read(name, file, member.file_size)
        except ZooError:
            raise
        except archive.BROKEN as reason:
            raise self._broken(name, f"{type(reason).__name__}: {reason}") from reason

    def _read(self, name: str, file, size: int) -> np.ndarray:
        """Return the array in the open member `file`, which has `size` bytes."""
        shape, fortran, dtype, header = self._header(name, file)
        count = math.prod(shape)
        if header + count * dtype.itemsize != size:
            raise self._broken(
                name,
                f"its header states {dtype} of shape {shape}, {count * dtype.itemsize:,} bytes, "
                f"and it has {size - header:,}",
            )
        self._bytes += count * dtype.itemsize
        self._check_size(self._bytes)
        array = np.empty(count, dtype)
        room = array.view(np.uint8) if array.nbytes else None
        filled = 0
        while filled < array.nbytes:
            piece = file.read(min(PIECE, array.nbytes - filled))
            if not piece:
                raise self._broken(name, f"it ends after {filled:,} of {array.nbytes:,} bytes")
            room[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        file.read(1)  # at its end the sum of its bytes is checked
        return array.reshape(shape, order="F" if fortran else "C")

    def _header(self, name: str, file) -> tuple[tuple[int, ...], bool, np.dtype, int]:
        """Return the shape, the order, the type and the length of the header of an array."""
        start = file.read(8)
        if len(start) < 8 or start[:6] != b"\x93NUMPY":
            raise self._broken(name, "it is no array of NumPy")
        version = start[6], start[7]
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise self._broken(name, f"its format is {version}, which is unknown")
        form = "<H" if version == (1, 0) else "<L"
        length = file.read(struct.calcsize(form))
        (stated,) = struct.unpack(form, length)
        if stated > LARGEST_HEADER:
            raise self._broken(name, f"its header states {stated:,} bytes")
        header = io.BytesIO(length + file.read(stated))
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        try:
            shape, fortran, dtype = read(header, max_header_size=LARGEST_HEADER)
        except HEADER_ERRORS as reason:
            raise self._broken(name, f"its header is none: {str(reason)[:200]}") from reason
        if dtype.hasobject or dtype.kind not in KINDS:
            raise self._error(
                f"{self._source} holds {dtype} in {name!r}. Allowed: arrays of numbers or texts."
            )
        if any(isinstance(side, bool) or side < 0 for side in shape):
            raise self._broken(name, f"its shape is {shape}")
        return shape, fortran, dtype, len(start) + len(length) + stated

    def _broken(self, name: str, reason: str) -> Exception:
        return self._error(f"{self._source} is broken at {name!r}: {reason}.")


@contextlib.contextmanager
def opened(
    path: Path,
    source: str | None = None,
    most: int | None = None,
    check_size: Callable[[int], None] | None = None,
    error: type[Exception] = DataError,
    methods: Mapping[int, str] = archive.METHODS,
) -> Iterator[ArrayFile]:
    """Open the `.npz` file `path`.

    Args:
        path: the file.
        source: its name in errors.
        most: the largest size of all arrays together in bytes, which `ZOO_FILE_LIMITS` multiplies.
        check_size: as for `ArrayFile`, in place of `most`.
        error: the class of the errors.
        methods: the methods of compression, as for `zoo.files.archive.opened`.

    Raises:
        FileNotFoundError: if there is no such file.
        DataError: or `error`, if it is no `.npz` file, or breaks a rule of `zoo.files.archive`.
    """
    source = source or f"The file {str(path)!r}"

    def check(size: int) -> None:
        check_limit(source, "bytes in its arrays", size, most, error)

    with archive.opened(path, source, MEMBERS, error, methods) as members:
        yield ArrayFile(members, source, check_size or check, error)
