"""Zip files from anybody: the list of members is checked before any member is read."""

from __future__ import annotations

import contextlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from zoo.errors import IntegrityError, ZooError
from zoo.files.limits import check_limit
from zoo.files.regular import open_regular

METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate"}
# LZMA asks for as much memory as its file says: it is for a user's own files.
OWN_METHODS = {**METHODS, zipfile.ZIP_LZMA: "LZMA"}
# The errors of a zip file that is broken, encrypted or compressed in an unknown way.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
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
    path: Path,
    source: str,
    most: int,
    error: type[Exception] = IntegrityError,
    methods: Mapping[int, str] = METHODS,
) -> Iterator[zipfile.ZipFile]:
    """Open the zip file `path`, whose members do not overlap and are compressed by known methods.

    Errors of a broken file in the block are turned into `error` too.

    Args:
        path: the file.
        source: its name in errors.
        most: the largest length of its list of members, in bytes.
        error: the class of the errors.
        methods: the names of the methods of compression, by their numbers.

    Raises:
        IntegrityError: or `error`, if the list of members is too long, or wrong.
    """
    with (
        _readable(f"{source} is no whole zip file", error),
        listed(path, source, most, error) as archive,
    ):
        for member in archive.infolist():
            check_member(member, source, error, methods)
            with archive.open(member):
                pass  # raises if the member's own head states another name
        yield archive


def listed(
    path: Path, source: str, most: int, error: type[Exception] = IntegrityError
) -> zipfile.ZipFile:
    """Return the open zip file `path`, of which the list of members alone is checked.

    The arguments and errors are those of `opened`.
    """
    with _readable(source, error):
        with open_regular(path) as file:
            check_limit(source, "bytes in its list of members", _listed(file), most, error)
        archive = zipfile.ZipFile(path)
        packed, size = sum(m.compress_size for m in archive.infolist()), path.stat().st_size
        if packed > size:
            archive.close()
            raise error(
                f"{source} states {packed:,} bytes of members, and has {size:,}: it is broken."
            )
        return archive


def content(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    source: str,
    most: int,
    error: type[Exception] = IntegrityError,
) -> bytes:
    """Return the bytes of a member of an open zip file, at most `most` of them.

    The other arguments and the errors are those of `opened`.
    """
    check_member(member, source, error)
    check_limit(f"{member.filename!r}", "bytes", member.file_size, most, error)
    with _readable(f"{member.filename!r} of {source}", error, "cannot be unpacked"):
        return archive.read(member)


@contextlib.contextmanager
def _readable(
    source: str, error: type[Exception], fault: str = "is no whole zip file"
) -> Iterator[None]:
    """Turn the errors of a broken zip file in the block into `error`: "`source` `fault`"."""
    try:
        yield
    except (ZooError, FileNotFoundError):
        raise
    except BROKEN as reason:
        text = str(reason) or type(reason).__name__
        raise error(f"{source} {fault}: {text[:300]}.") from reason


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


def check_member(
    member: zipfile.ZipInfo,
    source: str,
    error: type[Exception],
    methods: Mapping[int, str] = METHODS,
) -> None:
    """Raise `error` unless `member` of the zip file `source` is compressed in a known way."""
    if member.compress_type not in methods:
        raise error(
            f"{source} holds {member.filename!r}, compressed by the method "
            f"{member.compress_type}. Allowed: {', '.join(methods.values())}."
        )
    if member.flag_bits & 1:
        raise error(f"{source} holds {member.filename!r}, which is encrypted.")
    stored = member.compress_type == zipfile.ZIP_STORED
    if stored and member.file_size != member.compress_size:
        raise error(f"{source} states two sizes of {member.filename!r}, which is broken.")
