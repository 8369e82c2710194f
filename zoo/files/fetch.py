"""Verified files: nothing is used whose bytes are not those its card names."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from zoo.errors import FetchError, IntegrityError, WrongBytesError
from zoo.files import remote
from zoo.files.home import home, lock_of, whole

PIECE = 2**18  # bytes that are read at once
TRIES = 5  # without a byte more, before a fault is taken for lasting
WAIT, LONGEST = 0.5, 10.0  # seconds before the second try, which double, and at most
SETTLED = 2 * 10**9  # nanoseconds after which a change of a file shows in its times


def sha256(path: Path) -> str:
    """The hash of the file `path`, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(
    path: Path,
    expected_sha256: str,
    expected_bytes: int,
    advice: str = " Restore it; of this package's own presets by installing it again.",
) -> Path:
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
            f"({expected_bytes} bytes), found {actual} ({path.stat().st_size} bytes).{advice}"
        )
    return path


def verify_cached(path: Path, expected_sha256: str, expected_bytes: int) -> Path:
    """As `verify`, of a file in the cache: one that was verified and has not changed since is not
    read again.

    What is remembered, beside the file, are its size, inode and times. They are trusted where the
    last change lay some time before the check, so that another one would have shown in them.
    """
    mark = path.with_name(f".{path.name}.verified")
    state = _state(path, expected_sha256)
    with contextlib.suppress(OSError):  # there is none
        settled = mark.stat().st_mtime_ns - path.stat().st_ctime_ns > SETTLED
        if settled and mark.read_bytes() == state:
            return path
    verify(path, expected_sha256, expected_bytes, advice="")
    with contextlib.suppress(OSError), whole(mark) as partial:  # a cache that cannot be written
        partial.write_bytes(state)
    return path


def _state(path: Path, expected_sha256: str) -> bytes:
    stat = path.stat()
    times = f"{stat.st_mtime_ns} {stat.st_ctime_ns}"
    return f"{expected_sha256} {stat.st_size} {stat.st_ino} {times}\n".encode()


def offline() -> bool:
    """Whether `ZOO_OFFLINE=1` forbids to ask other machines."""
    return os.environ.get("ZOO_OFFLINE", "0") not in ("", "0")


def download(urls: Sequence[str], place: Path, expected_sha256: str, expected_bytes: int) -> Path:
    """Returns `place`, after filling it, where it is not there, from the first of `urls` that
    serves the expected bytes.

    Nothing stands at `place` but the whole and verified file. What arrived before a break is kept
    beside it, under the hash of the file, and the next try, also of another process or from
    another of the `urls`, goes on there. Parallel processes fetch it once; one that dies lets go
    of the lock.

    Raises:
        WrongBytesError: if what is served is not what is expected.
        FetchError: if none serves it, with what each did; if `ZOO_OFFLINE=1` forbids to ask; or if
            it cannot be written.
    """
    if _there(place, expected_sha256, expected_bytes):
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
    with _writing(place, expected_bytes):
        place.parent.mkdir(parents=True, exist_ok=True)
        with _locked(place):
            if not _there(place, expected_sha256, expected_bytes, reported=True):
                partial = place.with_name(f".{place.name}.{expected_sha256[:12]}.partial")
                try:
                    _fetch(urls, partial, expected_sha256, expected_bytes, place.name)
                except FetchError as error:
                    advice = f"Fetch it by hand (SHA-256 {expected_sha256}) and put it at {place}."
                    raise type(error)(f"{error} {advice}") from error
                os.replace(partial, place)
    return place


def read(urls: Sequence[str], limit: int) -> tuple[bytes, str]:
    """The content of a small file, of at most `limit` bytes, and which of `urls` served it: the
    first that does.

    Raises:
        FetchError: if none serves it, with what each did; or if `ZOO_OFFLINE=1` forbids to ask.
    """
    if offline():
        urls = [url for url in urls if url.startswith("file://")] or _refuse_to_ask(urls)
    found = b""

    def get(url: str) -> str:
        nonlocal found
        with remote.Body(url) as body:
            _check_no_page(body)
            pieces = iter(lambda: body.read(PIECE), b"")
            found = b""
            for piece in pieces:
                found += piece
                if len(found) > limit:
                    raise WrongBytesError(f"it is larger than {limit} bytes")
        return url

    url = _first(urls, get, lambda: 0, urls[0].rpartition("/")[2])
    return found, url


def _refuse_to_ask(urls: Sequence[str]) -> Sequence[str]:
    raise FetchError(f"{remote.shown(urls[0])} is needed and ZOO_OFFLINE=1 forbids to fetch it.")


def _there(place: Path, expected_sha256: str, expected_bytes: int, reported: bool = False) -> bool:
    """Whether the whole and verified file is there; one that differs may be reported."""
    if not place.is_file():
        return False
    try:
        verify_cached(place, expected_sha256, expected_bytes)
    except IntegrityError as error:
        if offline():
            raise
        if reported:
            warnings.warn(f"{error} It is fetched anew.", stacklevel=5)
        return False
    return True


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    from filelock import Timeout

    lock = lock_of(place)
    try:
        lock.acquire(timeout=2)
    except Timeout:
        from tqdm import tqdm

        said = f"another process fetches {place.name}"
        with tqdm(bar_format="{desc}", desc=said, disable=None):
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _writing(place: Path, size: int) -> Iterator[None]:
    """Turns the errors of a disk into one that says what to do."""
    try:
        yield
    except (OSError, NotImplementedError) as error:  # or no locks, of the file system
        reason = getattr(error, "strerror", None) or error
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        room = f" It needs {size} bytes{_free(place)}." if full else ""
        raise FetchError(
            f"{place} cannot be written: {reason}.{room} ZOO_HOME names another folder than "
            f"{home()}."
        ) from error


def _free(place: Path) -> str:
    there = next((folder for folder in place.parents if folder.is_dir()), None)
    return "" if there is None else f", and {shutil.disk_usage(there).free} are free"


def _fetch(urls: Sequence[str], partial: Path, sha256: str, size: int, name: str) -> None:
    """Fills `partial` with the expected bytes, on top of what of them is there."""

    def have() -> int:
        return partial.stat().st_size if partial.exists() else 0

    try:
        if size - have() > shutil.disk_usage(partial.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _first(urls, lambda url: _append(url, partial, sha256, size, name), have, name)
    except (FetchError, OSError) as error:
        if not have() or isinstance(error, WrongBytesError | OSError):
            partial.unlink(missing_ok=True)  # there is no use for it, or no room
            with contextlib.suppress(OSError):  # other files are there
                partial.parent.rmdir()
        raise


def _first(
    urls: Sequence[str], get: Callable[[str], object], have: Callable[[], int], name: str
) -> str:
    """The first of `urls` that `get` works for. Passing faults are tried again, in turn with the
    other URLs, as long as `have()` grows, and then `TRIES` times."""
    # Hosts that failed a moment ago go last: one that hangs costs its time once, and not for each
    # file.
    left = sorted(urls, key=lambda url: _host(url) in _failing)
    faults, idle, rounds = {}, 0, 0
    while True:
        before, after, rounds = have(), 0.0, rounds + 1
        for url in tuple(left):
            try:
                get(url)
                _failing.discard(_host(url))
                return url
            except remote.PassingError as error:
                faults[url], after = error, max(after, error.after)
                _failing.add(_host(url))
            except FetchError as error:
                faults[url] = error
                left.remove(url)
        silent = all(isinstance(faults[url], remote.SilentError) for url in left)
        idle = 0 if have() > before else idle + (2 if silent else 1)  # which took long enough
        if not left or idle >= TRIES:
            raise _failure(faults, name, have(), rounds)
        time.sleep(max(after, min(LONGEST, WAIT * 2 ** (idle - 1))))


_failing: set[str] = set()


def _host(url: str) -> str:
    return "/".join(url.split("/")[:3])


def _failure(faults: dict[str, Exception], name: str, kept: int, rounds: int) -> FetchError:
    each = "; ".join(f"{remote.shown(url)}: {error}" for url, error in faults.items())
    each += f"; tried {rounds} times" if rounds > 1 else ""
    wrong = (WrongBytesError, remote.CutShortError)
    if all(isinstance(error, remote.MissingError) for error in faults.values()):
        return remote.MissingError(f"{name} could not be fetched. {each}.")
    if all(isinstance(error, wrong) for error in faults.values()):
        return WrongBytesError(f"{name} is refused. {each}.")
    rest = f" The {kept} bytes that arrived are kept: another try goes on there." if kept else ""
    return FetchError(f"{name} could not be fetched. {each}.{rest}")


def _append(url: str, partial: Path, expected_sha256: str, size: int, name: str) -> None:
    """Adds to `partial` what it lacks.

    Raises:
        WrongBytesError: if what is served cannot be the file.
        PassingError: if less arrives, or if what was there before does not go with it.
    """
    from tqdm import tqdm

    digest, have = hashlib.sha256(), 0
    with partial.open("a+b") as file:
        file.seek(0)
        while piece := file.read(PIECE):
            digest.update(piece)
            have += len(piece)
        resumed = have
        if have < size:
            with _opened(url, have, file) as body:
                _check_no_page(body)
                if body.start != have:
                    file.truncate(0)  # the server gives all of it, or none of the rest
                    digest, have, resumed = hashlib.sha256(), 0, 0
                    if body.start:
                        raise remote.PassingError("it gives another part than it was asked for")
                if body.size is not None and body.size != size:
                    if resumed:
                        file.truncate(0)
                    raise WrongBytesError(f"it has {body.size} bytes, expected {size}")
                bar = tqdm(
                    total=size, initial=have, unit="B", unit_scale=True, desc=name, disable=None
                )
                with bar:
                    while piece := body.read(PIECE):
                        have += len(piece)
                        if have > size:
                            file.truncate(0)
                            raise WrongBytesError(f"it has more than the expected {size} bytes")
                        digest.update(piece)
                        file.write(piece)
                        bar.update(len(piece))
        file.flush()
        written = os.fstat(file.fileno()).st_size  # also by others, where locks do not lock
        if have == size == written and digest.hexdigest() == expected_sha256:
            return
        file.truncate(0)
        if resumed:
            raise remote.PassingError("what arrived before does not go with the rest")
    raise WrongBytesError(
        f"expected SHA-256 {expected_sha256} ({size} bytes), found {digest.hexdigest()} "
        f"({have} bytes)"
    )


def _opened(url: str, have: int, file) -> remote.Body:
    try:
        return remote.Body(url, have)
    except remote.BeyondEndError as error:
        file.truncate(0)
        raise remote.PassingError("it ends before what arrived earlier") from error


def _check_no_page(body: remote.Body) -> None:
    if body.page:
        raise WrongBytesError(
            "it answers with a web page, such as one to log in at or of an error, and not with "
            "the file"
        )
