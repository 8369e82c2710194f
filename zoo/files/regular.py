"""Opening of regular files alone: of nothing that blocks or never ends, and of no planted link."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

# Flags that Windows lacks, or that it alone has.
_QUIET = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_HERE = getattr(os, "O_NOFOLLOW", 0)


def is_special(path: str | Path) -> bool:
    """Return whether a device, a pipe or a socket is at `path`, or where a link there leads."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def open_regular(path: Path) -> BinaryIO:
    """Open the regular file `path` to read it.

    Opening a pipe waits for somebody who writes, and some devices never end.

    Raises:
        OSError: if it cannot be opened, or is a device, a pipe or a socket.
    """
    if is_special(path):
        raise OSError(errno.EINVAL, "It is a device, a pipe or a socket, and no file", str(path))
    raw = io.FileIO(path, "rb", opener=lambda name, flags: os.open(name, flags | _QUIET))
    if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):  # something took its place
        raw.close()
        raise OSError(errno.EINVAL, "It is no file", str(path))
    return io.BufferedReader(raw)


def open_own(path: Path) -> BinaryIO:
    """Open the file `path` to read it and to add to it, and make it if it is missing.

    Another account that can write the folder could have planted something there. It is removed,
    and not followed, unless it `is_own`.

    Raises:
        OSError: if it cannot be opened or made.
    """
    flags = os.O_RDWR | os.O_APPEND | _QUIET | _HERE
    try:
        status = os.lstat(path)
        if is_own(status) and stat.S_ISREG(status.st_mode):
            handle = os.open(path, flags)
            if os.path.samestat(status, os.fstat(handle)):
                return os.fdopen(handle, "a+b")
            os.close(handle)
        os.unlink(path)
    except FileNotFoundError:
        pass
    return os.fdopen(os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644), "a+b")


def is_own(status: os.stat_result) -> bool:
    """Return whether what has this `status` belongs to this user, and has no second name."""
    if not hasattr(os, "geteuid"):  # on Windows the folder protects it
        return True
    linked = not stat.S_ISDIR(status.st_mode) and status.st_nlink > 1
    return status.st_uid == os.geteuid() and not linked


def is_closed(status: os.stat_result) -> bool:
    """Return whether other users may not write what has this `status`."""
    return not hasattr(os, "geteuid") or not status.st_mode & 0o022
