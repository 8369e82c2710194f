"""Zip files from anybody: the list of members is checked before any member is read."""

from __future__ import annotations

import contextlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import IntegrityError, ZooError
from zoo.files.limits import check_limit

METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate"}
# The errors of a zip file that is broken, encrypted or compressed in an unknown way.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    UnicodeDecodeError,
    ValueError,
    struct.error,
)
END = 2**16 + 22  # bytes at the end of a zip file that hold the place of its list of members


@contextlib.contextmanager
def opened(
    path: Path, source: str, most: int, error: type[Exception] = IntegrityError
) -> Iterator[zipfile.ZipFile]:
    """Open the zip file `path`, whose members are stored or deflated and do not overlap.

    Errors of a broken file in the block are turned into `error` too.

    Args:
        path: the file.
        source: its name in errors.
        most: the largest length of its list of members, in bytes.
        error: the class of the errors.

    Raises:
        IntegrityError: or `error`, if the list of members is too long, or wrong.
    """
    try:
        with path.open("rb") as file:
            check_limit(source, "bytes in its list of members", _listed(file), most, error)
            with zipfile.ZipFile(file) as archive:
                _check_members(archive, os.fstat(file.fileno()).st_size, source, error)
                yield archive
    except (ZooError, FileNotFoundError):
        raise
    except BROKEN as reason:
        text = str(reason) or type(reason).__name__
        raise error(f"{source} is no whole zip file: {text[:300]}.") from reason


def _listed(file) -> int:
    """Return the length of the list of members as the end of a zip file states it, in bytes.

    The `zipfile` module reads that many bytes at once, and all members that they name.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - END))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("it has no end of one")
    listed = struct.unpack_from("<L", tail, at + 12)[0]
    if listed == 0xFFFFFFFF and tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        file.seek(struct.unpack_from("<Q", tail, at - 12)[0])
        record = file.read(56)
        if len(record) < 56 or not record.startswith(b"PK\x06\x06"):
            raise zipfile.BadZipFile("its end is broken")
        listed = struct.unpack_from("<Q", record, 40)[0]
    return min(listed, size)


def _check_members(
    archive: zipfile.ZipFile, size: int, source: str, error: type[Exception]
) -> None:
    """Raise unless each member is compressed in a known way and has bytes of its own."""
    total = 0
    for member in archive.infolist():
        total += member.compress_size
        if member.compress_type not in METHODS:
            raise error(
                f"{source} holds {member.filename!r}, compressed by the method "
                f"{member.compress_type}. Allowed: {', '.join(METHODS.values())}."
            )
        if member.flag_bits & 1:
            raise error(f"{source} holds {member.filename!r}, which is encrypted.")
        stored = member.compress_type == zipfile.ZIP_STORED
        if stored and member.file_size != member.compress_size:
            raise error(f"{source} states two sizes of {member.filename!r}, which is broken.")
        with archive.open(member):
            pass  # raises if the member's own head states another name
    if total > size:
        raise error(f"{source} states {total:,} bytes of members, and has {size:,}: it is broken.")
