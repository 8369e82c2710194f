"""Verified files: nothing is used whose bytes are not those its card names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from zoo.errors import FetchError, IntegrityError
from zoo.home import whole

PIECE = 2**18  # bytes that are read at once


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


def download(urls: Sequence[str], place: Path, expected_sha256: str, expected_bytes: int) -> Path:
    """Returns `place`, after filling it from the first of `urls` that serves the expected bytes.

    Nothing stands at `place` but the whole and verified file; parallel processes fetch it once.

    Raises:
        FetchError: if none serves it, with what each did; or if `ZOO_OFFLINE=1` forbids to ask.
    """
    import aiohttp
    from filelock import FileLock

    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if place.is_file() and sha256(place) == expected_sha256:
            return place
        if os.environ.get("ZOO_OFFLINE") == "1":
            raise FetchError(
                f"{place.name} is needed and ZOO_OFFLINE=1 forbids to fetch it. Fetch {urls[0]} "
                f"(SHA-256 {expected_sha256}) by hand and put it at {place}."
            )
        faults = []
        for url in urls:
            try:
                with whole(place) as partial:
                    _copy(url, partial, expected_sha256, expected_bytes)
                return place
            except (OSError, aiohttp.ClientError, IntegrityError) as error:
                faults.append(f"{url}: {str(error) or type(error).__name__}")
        raise FetchError(
            f"{place.name} could not be fetched. {'; '.join(faults)}. Fetch it by hand (SHA-256 "
            f"{expected_sha256}) and put it at {place}."
        )


def _copy(url: str, target: Path, expected_sha256: str, expected_bytes: int) -> None:
    import aiohttp
    import fsspec
    from tqdm import tqdm

    # However long it takes in all, no minute passes without a byte.
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
    options = {"client_kwargs": {"timeout": timeout}} if url.startswith("http") else {}
    digest, size = hashlib.sha256(), 0
    bar = tqdm(
        total=expected_bytes, unit="B", unit_scale=True, desc=url.rpartition("/")[2], disable=None
    )
    with bar, fsspec.open(url, block_size=0, **options) as source, target.open("wb") as file:
        while piece := source.read(PIECE):
            size += len(piece)
            if size > expected_bytes:
                raise IntegrityError(f"more than the {expected_bytes} bytes that were expected")
            digest.update(piece)
            file.write(piece)
            bar.update(len(piece))
    if digest.hexdigest() != expected_sha256:
        raise IntegrityError(
            f"expected SHA-256 {expected_sha256} ({expected_bytes} bytes), found "
            f"{digest.hexdigest()} ({size} bytes)"
        )
