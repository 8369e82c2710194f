"""Verified downloads: a file is used only if its bytes match the hash in its card."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from zoo.base.warn import warn
from zoo.errors import FetchError, IntegrityError, WrongBytesError
from zoo.files import remote
from zoo.files.home import home, lock_of, make_folder
from zoo.files.notes import note, write_note
from zoo.files.regular import open_own, open_regular

PIECE = 2**18  # bytes of one read
TRIES = 5  # rounds without a new byte after which a download is given up
WAIT, LONGEST = 0.5, 10.0  # seconds before the second round, doubled each time, and their limit
SETTLED = 2 * 10**9  # nanoseconds after which another change of a file must change its times


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file `path`, which is read in pieces."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(
    path: Path,
    expected_sha256: str,
    expected_bytes: int,
    advice: str = " Restore it; of this package's own presets by installing it again.",
) -> Path:
    """Return `path` if it holds exactly the expected bytes.

    Raises:
        IntegrityError: if the file is missing, or its size or hash differs; the message has both
            hashes.
    """
    if not path.is_file():
        raise IntegrityError(
            f"The file {path.name} of the preset {path.parent.name!r} is missing: {path}."
        )
    actual = sha256(path)
    if actual != expected_sha256:
        raise IntegrityError(
            f"The file {path} is not what its card names. Expected SHA-256 {expected_sha256} "
            f"({expected_bytes} bytes), found {actual} ({path.stat().st_size} bytes).{advice}"
        )
    return path


def verify_cached(path: Path, expected_sha256: str, expected_bytes: int) -> Path:
    """Verify a file in the cache like `verify`, but read an unchanged file only once.

    The size, inode and times of a verified file are kept in a note of this user. They are trusted
    if the last change lay more than `SETTLED` nanoseconds before the check, so that a later change
    would show in them.
    """
    if path.is_file():  # else `verify` raises
        state, last = _state(path, expected_sha256), note(path)
        known = last is not None and last.text == state.text
        if known and last.written - state.changed > SETTLED:
            return path
    verify(path, expected_sha256, expected_bytes, advice="")
    write_note(path, state.text)
    return path


class _State(NamedTuple):
    """The state of a file as text, and the time of its last change in nanoseconds."""

    text: str
    changed: int


def _state(path: Path, expected_sha256: str) -> _State:
    """Return the place, size, inode and times of `path` with its expected hash."""
    stat = path.stat()
    times = stat.st_mtime_ns, stat.st_ctime_ns  # on Windows the second is that of its creation
    values = (expected_sha256, stat.st_size, stat.st_dev, stat.st_ino, *times, path.resolve())
    return _State(" ".join(map(str, values)), max(times))


def offline() -> bool:
    """Return whether `ZOO_OFFLINE=1` forbids requests to other machines."""
    return os.environ.get("ZOO_OFFLINE", "0") not in ("", "0")


def download(
    urls: Sequence[str],
    place: Path,
    expected_sha256: str,
    expected_bytes: int,
    elsewhere: str | None = None,
) -> Path:
    """Return `place`, after downloading it from the first of `urls` that serves the expected bytes.

    Nothing is requested if the verified file is there already. Only the complete and verified file
    ever stands at `place`. Bytes that arrive before a break are kept beside it, under the expected
    hash. The next try continues after them, also from another URL or in another process. Parallel
    processes fetch the file once, and a process that dies releases the lock.

    Args:
        urls: the addresses of the file.
        place: the path of the file.
        expected_sha256: its hash.
        expected_bytes: its size.
        elsewhere: a sentence for errors of the disk that says how to choose another folder. By
            default it names `ZOO_HOME`.

    Raises:
        WrongBytesError: if the served bytes are not the expected ones.
        FetchError: if no URL serves the file, with the fault of each; if `ZOO_OFFLINE=1` forbids
            requests; or if the file cannot be written.
    """
    if _is_verified(place, expected_sha256, expected_bytes):
        return place
    if not urls:
        raise FetchError(
            f"{place} is missing, and ZOO_HUB names no hub to fetch it from. ZOO_HUB is the base "
            "URL of one, or several with commas between."
        )
    urls = [url for url in urls if not offline() or url.startswith("file://")]
    if not urls:
        raise FetchError(
            f"{place.name} is needed and ZOO_OFFLINE=1 forbids to fetch it. Fetch it by hand "
            f"(SHA-256 {expected_sha256}) and put it at {place}."
        )
    with _disk_errors(place, expected_bytes, elsewhere):
        make_folder(place.parent)
        with _locked(place):
            if not _is_verified(place, expected_sha256, expected_bytes, reported=True):
                partial = place.with_name(f".{place.name}.{expected_sha256[:12]}.partial")
                try:
                    _fetch(urls, partial, expected_sha256, expected_bytes, place.name)
                except FetchError as error:
                    advice = f"Fetch it by hand (SHA-256 {expected_sha256}) and put it at {place}."
                    raise type(error)(f"{error} {advice}") from error
                os.replace(partial, place)
    return place


def read(urls: Sequence[str], limit: int) -> tuple[bytes, str]:
    """Return the content of a small file of at most `limit` bytes, and the URL that served it.

    The URLs are tried in their order.

    Raises:
        FetchError: if no URL serves the file, with the fault of each; or if `ZOO_OFFLINE=1` forbids
            requests.
    """
    if offline():
        urls = [url for url in urls if url.startswith("file://")] or _refuse_request(urls)
    content = b""

    def get(url: str) -> str:
        nonlocal content
        with remote.Body(url) as body:
            _check_no_page(body)
            content = b""
            if (body.size or 0) > limit:
                raise WrongBytesError(f"it is larger than {limit} bytes")
            while len(content) <= limit and (piece := body.read(PIECE)):
                content += piece
        if len(content) > limit:
            raise WrongBytesError(f"it is larger than {limit} bytes")
        if body.size not in (None, len(content)):
            raise remote.CutShortError(f"it has {len(content)} of {body.size} bytes")
        return url

    url = _first_success(urls, get, lambda: 0, urls[0].rpartition("/")[2])
    return content, url


def _refuse_request(urls: Sequence[str]) -> Sequence[str]:
    """Raise the error for a request that `ZOO_OFFLINE=1` forbids."""
    raise FetchError(f"{remote.shown(urls[0])} is needed and ZOO_OFFLINE=1 forbids to fetch it.")


def _is_verified(
    place: Path, expected_sha256: str, expected_bytes: int, reported: bool = False
) -> bool:
    """Return whether the complete and verified file stands at `place`.

    With `reported`, a file that differs causes a warning. Offline it is an error.
    """
    if not place.is_file():
        return False
    try:
        verify_cached(place, expected_sha256, expected_bytes)
    except IntegrityError as error:
        if offline():
            raise
        if reported:
            warn(f"{error} It is fetched anew.")
        return False
    return True


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the lock of `place`; after two seconds of waiting, tell the user why."""
    from filelock import Timeout

    lock = lock_of(place)
    try:
        lock.acquire(timeout=2)
    except Timeout:
        from tqdm import tqdm

        message = f"another process fetches {place.name}"
        with tqdm(bar_format="{desc}", desc=message, disable=None):
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _disk_errors(place: Path, size: int, elsewhere: str | None) -> Iterator[None]:
    """Turn errors of the disk into one `FetchError` that names a remedy, `elsewhere`."""
    try:
        yield
    except (OSError, NotImplementedError) as error:  # some file systems have no locks
        reason = getattr(error, "strerror", None) or error
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        shortage = f" It needs {size} bytes{_free(place)}." if full else ""
        elsewhere = elsewhere or f"ZOO_HOME names another folder than {home()}."
        raise FetchError(f"{place} cannot be written: {reason}.{shortage} {elsewhere}") from error


def _free(place: Path) -> str:
    """Return the free space at `place`, as a part of an error message."""
    folder = next((parent for parent in place.parents if parent.is_dir()), None)
    return "" if folder is None else f", and {shutil.disk_usage(folder).free} are free"


def _fetch(urls: Sequence[str], partial: Path, sha256: str, size: int, name: str) -> None:
    """Fill `partial` with the expected bytes, after those that it holds already."""

    def count() -> int:
        """Return the number of bytes that have arrived."""
        try:
            return os.lstat(partial).st_size
        except FileNotFoundError:
            return 0

    try:
        if size - count() > shutil.disk_usage(partial.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _first_success(urls, lambda url: _append(url, partial, sha256, size, name), count, name)
    except (FetchError, OSError) as error:
        if not count() or isinstance(error, WrongBytesError | OSError):
            partial.unlink(missing_ok=True)  # it is empty or wrong, or the disk is full
            with contextlib.suppress(OSError):  # the folder may hold other files
                partial.parent.rmdir()
        raise


def _first_success(
    urls: Sequence[str], get: Callable[[str], object], count: Callable[[], int], name: str
) -> str:
    """Return the first of `urls` for which `get` succeeds.

    A `PassingError` is followed by another round over the remaining URLs, as long as `count()`
    grows, and then `TRIES` times.
    """
    # A host that failed a moment ago goes last, so that a host that hangs delays one file only.
    remaining = sorted(urls, key=lambda url: _host(url) in _failing)
    faults, idle, rounds = {}, 0, 0
    while True:
        count_before, wait, rounds = count(), 0.0, rounds + 1
        for url in tuple(remaining):
            try:
                get(url)
                _failing.discard(_host(url))
                return url
            except remote.PassingError as error:
                faults[url], wait = error, max(wait, error.after)  # a server may ask to wait
                _failing.add(_host(url))
            except FetchError as error:
                faults[url] = error
                remaining.remove(url)
        silent = all(isinstance(faults[url], remote.SilentError) for url in remaining)
        # A round of silence counts twice, since each of its time-outs took long.
        idle = 0 if count() > count_before else idle + (2 if silent else 1)
        if not remaining or idle >= TRIES:
            raise _failure(faults, name, count(), rounds)
        time.sleep(max(wait, min(LONGEST, WAIT * 2 ** (idle - 1))))


_failing: set[str] = set()


def _host(url: str) -> str:
    """Return the scheme and the host of `url`."""
    return "/".join(url.split("/")[:3])


def _failure(faults: dict[str, Exception], name: str, count: int, rounds: int) -> FetchError:
    """Return the error for a file that none of its URLs served."""
    details = "; ".join(f"{remote.shown(url)}: {error}" for url, error in faults.items())
    details += f"; tried {rounds} times" if rounds > 1 else ""
    wrong_bytes = (WrongBytesError, remote.CutShortError)
    if all(isinstance(error, remote.MissingError) for error in faults.values()):
        return remote.MissingError(f"{name} could not be fetched. {details}.")
    if all(isinstance(error, wrong_bytes) for error in faults.values()):
        return WrongBytesError(f"{name} is refused. {details}.")
    advice = (
        f" The {count} bytes that arrived are kept: another try goes on there." if count else ""
    )
    return FetchError(f"{name} could not be fetched. {details}.{advice}")


def _append(url: str, partial: Path, expected_sha256: str, size: int, name: str) -> None:
    """Add the missing bytes to `partial`, and verify the file.

    Raises:
        WrongBytesError: if the served bytes cannot be the file.
        PassingError: if too few bytes arrive, or the earlier bytes do not fit the new ones.
    """
    from tqdm import tqdm

    digest, count = hashlib.sha256(), 0
    with open_own(partial) as file:
        file.seek(0)
        while piece := file.read(PIECE):
            digest.update(piece)
            count += len(piece)
        resumed = count
        if count < size:
            with _open_after(url, count, file) as body:
                _check_no_page(body)
                if body.start != count:
                    file.truncate(0)  # the server sends the file from its start, or another part
                    digest, count, resumed = hashlib.sha256(), 0, 0
                    if body.start:
                        raise remote.PassingError("it gives another part than it was asked for")
                if body.size is not None and body.size != size:
                    if resumed:
                        file.truncate(0)
                    raise WrongBytesError(f"it has {body.size} bytes, expected {size}")
                bar = tqdm(
                    total=size, initial=count, unit="B", unit_scale=True, desc=name, disable=None
                )
                with bar:
                    while piece := body.read(PIECE):
                        count += len(piece)
                        if count > size:
                            file.truncate(0)
                            raise WrongBytesError(f"it has more than the expected {size} bytes")
                        digest.update(piece)
                        file.write(piece)
                        bar.update(len(piece))
        file.flush()
        # Other processes may have written too, where the file system ignores locks.
        written = os.fstat(file.fileno()).st_size
        if count == size == written and digest.hexdigest() == expected_sha256:
            return
        file.truncate(0)
        if resumed:
            raise remote.PassingError("what arrived before does not go with the rest")
    raise WrongBytesError(
        f"expected SHA-256 {expected_sha256} ({size} bytes), found {digest.hexdigest()} "
        f"({count} bytes)"
    )


def _open_after(url: str, count: int, file) -> remote.Body:
    """Open `url` after the first `count` bytes; a file that ends before them is fetched again."""
    try:
        return remote.Body(url, count)
    except remote.BeyondEndError as error:
        file.truncate(0)
        raise remote.PassingError("it ends before what arrived earlier") from error


def _check_no_page(body: remote.Body) -> None:
    """Raise a `WrongBytesError` if the server sends a web page in place of the file."""
    if body.page:
        raise WrongBytesError(
            "it answers with a web page, such as one to log in at or of an error, and not with "
            "the file"
        )
