"""Let every place of the package that opens, writes, renames or syncs a file fail in turn.

KERAS_BACKEND=torch python scripts/faults.py [SCENARIO ...] [--sample N]

Each scenario first runs without a fault, and the places are noted: the lines of `zoo/` that lead to
an operation on a file. Then it runs once for each place, at which the disk is full, or cannot be
read for renames and syncs. Afterwards everything that was there before must be there, byte for byte
where the scenario failed, whole where it succeeded; the error must be one of the package or an
`OSError`; and nothing unfinished may be left.

A place that writes has two faults: the first byte does not fit, and the second half does not.
`--sample N` tries N places of each scenario, spread evenly, and is what the tests do.
"""

from __future__ import annotations

import argparse
import builtins
import contextlib
import errno
import io
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import zoo
from zoo.errors import ZooError

PACKAGE = str(Path(zoo.__file__).parent)
CALLS = ("open", "replace", "rename", "link", "mkdir", "fsync")  # of `os`


class Place(NamedTuple):
    """An operation on a file, and the lines of the package that lead to it, the innermost first."""

    operation: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operation} at {' < '.join(self.lines[:3])}"


class Faults:
    """The operations on files below `folder`; that at the place `failing` fails, once.

    Args:
        folder: the folder of the scenario.
        failing: the place, or `None` for no fault.
    """

    def __init__(self, folder: Path, failing: Place | None = None):
        self.folder = str(folder.resolve())
        self.failing = failing
        self.failed = False
        self.places: dict[Place, None] = {}  # in the order in which they are met
        self._of_descriptors: set[int] = set()

    def meet(self, operation: str) -> bool:
        """Note the operation, and return whether it is to fail now."""
        place = Place(operation, _lines())
        if not place.lines:
            return False
        self.places[place] = None
        fails = place == self.failing and not self.failed
        self.failed |= fails
        return fails

    def concerns(self, path: object) -> bool:
        """Return whether `path` lies in the folder, or is a descriptor of a file there."""
        if isinstance(path, int):
            return path in self._of_descriptors
        text = os.path.abspath(os.fsdecode(path)) if isinstance(path, str | os.PathLike) else ""
        return text.startswith(self.folder)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Put the operations in the place of those of Python until the end of the block."""
        of_os = {name: getattr(os, name) for name in CALLS}
        opened, sendfile = io.open, shutil._USE_CP_SENDFILE
        try:
            for name, function in of_os.items():
                setattr(os, name, self._call(name, function))
            io.open = builtins.open = self._open(opened)
            shutil._USE_CP_SENDFILE = False  # it would write past the file's own `write`
            yield
        finally:
            for name, function in of_os.items():
                setattr(os, name, function)
            io.open = builtins.open = opened
            shutil._USE_CP_SENDFILE = sendfile

    def _call(self, name: str, function: Callable) -> Callable:
        def call(path, *args, **kwargs):
            concerned = self.concerns(path)
            if concerned and self.meet(name):
                raise _error(errno.ENOSPC if name in ("open", "mkdir") else errno.EIO, path)
            result = function(path, *args, **kwargs)
            if name == "open" and concerned:
                self._of_descriptors.add(result)
            elif name == "open":
                self._of_descriptors.discard(result)
            return result

        return call

    def _open(self, function: Callable) -> Callable:
        def call(file, mode="r", *args, **kwargs):
            if not self.concerns(file):
                return function(file, mode, *args, **kwargs)
            if self.meet("open" if set(mode) & set("wax+") else "read"):
                raise _error(errno.EACCES if mode in ("r", "rb") else errno.ENOSPC, file)
            stream = function(file, mode, *args, **kwargs)
            return _Written(stream, self, file) if set(mode) & set("wax+") else stream

        return call


class _Written:
    """A file that is open for writing, and may be on a full disk."""

    def __init__(self, stream, faults: Faults, path):
        self.__dict__.update(_stream=stream, _faults=faults, _path=path)

    def write(self, content):
        if self._faults.meet("write"):
            raise _error(errno.ENOSPC, self._path)
        if self._faults.meet("write half"):
            self._stream.write(content[: len(content) // 2])
            self._stream.flush()
            raise _error(errno.ENOSPC, self._path)
        return self._stream.write(content)

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __iter__(self):
        return iter(self._stream)

    def __enter__(self):
        self._stream.__enter__()
        return self

    def __exit__(self, *error):
        return self._stream.__exit__(*error)


def _lines() -> tuple[str, ...]:
    """Return the lines of the package that are being executed, the innermost first."""
    lines, frame = [], sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            lines.append(f"{Path(frame.f_code.co_filename).relative_to(PACKAGE)}:{frame.f_lineno}")
        frame = frame.f_back
    return tuple(lines)


def _error(number: int, path: object) -> OSError:
    return OSError(number, os.strerror(number), str(path))


class Scenario(NamedTuple):
    """Something that writes files.

    Args:
        prepare: fills a folder with what is there before.
        act: writes to the folder.
        check: raises where what it wrote in the folder is not whole.
        kept: whether `act` leaves all earlier files as they are if it fails. A training replaces
            checkpoints one by one, and a download keeps what arrived.
    """

    prepare: Callable[[Path], object]
    act: Callable[[Path], object]
    check: Callable[[Path], object]
    kept: bool = True


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below `folder`, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def faults_of(scenario: Scenario, sample: int | None = None) -> Iterator[tuple[Place, str | None]]:
    """Yield each place of the scenario that fails, and the loss that this causes, if there is one.

    Args:
        scenario: the scenario.
        sample: the number of places, spread evenly; by default all.
    """
    with tempfile.TemporaryDirectory() as place:
        prepared = Path(place) / "prepared"
        prepared.mkdir()
        scenario.prepare(prepared)
        unharmed = Path(place) / "run" / "x"
        faults = _acted(scenario, prepared, unharmed)[0]
        scenario.check(unharmed)
        places = list(faults.places)
        if sample is not None:
            number = min(sample, len(places))
            places = [places[i * len(places) // number] for i in range(number)]
        for failing in places:
            shutil.rmtree(unharmed.parent)
            yield failing, _loss(scenario, prepared, unharmed, failing)


def _acted(scenario: Scenario, prepared: Path, folder: Path, failing: Place | None = None):
    """Run a scenario in a copy of `prepared`; return its faults and its error."""
    shutil.copytree(prepared, folder, symlinks=True)
    faults, error = Faults(folder, failing), None
    with faults.active(), contextlib.redirect_stdout(io.StringIO()):
        try:
            scenario.act(folder)
        except (Exception, SystemExit) as caught:
            if failing is None:
                raise
            error = caught
    return faults, error


def _loss(scenario: Scenario, prepared: Path, folder: Path, failing: Place) -> str | None:
    """Let one place of a scenario fail; return what is lost then, or `None`."""
    faults, error = _acted(scenario, prepared, folder, failing)
    before, after = contents(prepared), contents(folder)
    if not faults.failed:
        return "it was not met again"
    if error is not None and not isinstance(error, ZooError | OSError):
        return f"{type(error).__name__}: {error}"
    if scenario.kept and (missing := before.keys() - after.keys()):
        return f"lost: {', '.join(sorted(missing))}"
    if error is None or not scenario.kept:
        try:
            scenario.check(folder)
        except Exception as fault:
            return f"not whole: {type(fault).__name__}: {fault}"
    elif changed := [name for name in before if before[name] != after[name]]:
        return f"changed: {', '.join(changed)}"
    elif left := after.keys() - before.keys():
        return f"left behind: {', '.join(sorted(left))}"
    return None


def main() -> None:
    """Try the scenarios, print a line for each, and fail if anything was lost."""
    from fault_scenarios import SCENARIOS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--sample", type=int, metavar="N", help="places of each scenario")
    options = parser.parse_args()
    lost = False
    for name in options.names or SCENARIOS:
        tried, losses = Counter(), []
        for place, loss in faults_of(SCENARIOS[name], options.sample):
            tried[place.operation] += 1
            losses += [] if loss is None else [f"  {place}: {loss}"]
        counts = ", ".join(f"{n} {operation}" for operation, n in sorted(tried.items()))
        print(f"{name}: {tried.total()} places failed ({counts}), {len(losses)} losses")
        print("\n".join(losses), end="\n" * bool(losses), flush=True)
        lost |= bool(losses)
    sys.exit(lost)


if __name__ == "__main__":
    main()
