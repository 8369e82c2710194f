"""Verified files: nothing is used whose bytes are not those its card names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from zoo.errors import IntegrityError


def sha256(path: Path) -> str:
    """The hash of the file `path`, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, expected_sha256: str, expected_bytes: int) -> Path:
    """Returns `path` if it holds exactly the expected bytes.

    Raises:
        IntegrityError: if it is missing, or its size or hash differs, with both hashes.
    """
    if not path.is_file():
        raise IntegrityError(
            f"The file {path.name} of the preset {path.parent.name!r} is missing: {path}."
        )
    actual = sha256(path)
    if actual != expected_sha256:
        raise IntegrityError(
            f"The file {path} is not what its card names. Expected SHA-256 {expected_sha256} "
            f"({expected_bytes} bytes), "
            f"found {actual} ({path.stat().st_size} bytes). Reinstall the package, or restore "
            "the file."
        )
    return path
