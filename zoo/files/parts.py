"""A folder of numbered parts, which any number of processes fill."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from zoo.errors import ArgumentError, check_count
from zoo.files.home import make_folder, storage_errors, write_text

PLAN = "plan.json"
DONE = ".done"  # a folder with an empty file for each part that is whole


class Parts:
    """A folder of numbered parts, each of which is a function of a plan and of its number.

    Processes divide the parts among them: process `index` of `count` makes the parts whose numbers
    have the rest `index` on division by `count`. They need not speak to each other, and may lie on
    several machines that share the disk. A part that is done is not made again, so that the same
    call goes on after an interruption, with any number of processes.

    Args:
        folder: the folder, which is made if it is missing.
        plan: what the parts are made of, as JSON values. The folder holds it in `plan.json`.
        n: the number of parts.
        process: `(index, count)` of this process.

    Raises:
        ArgumentError: if the folder holds other files, or parts of another plan.
        StorageError: if it cannot be written.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from zoo.files.parts import Parts
    >>> folder = Path(tempfile.mkdtemp())
    >>> parts = Parts(folder, {"words": "squares"}, 3, process=(1, 2))
    >>> for number in parts.mine():
    ...     with parts.made(number):
    ...         _ = (folder / f"{number}.txt").write_text(f"{number**2}")
    >>> parts.missing(), sorted(path.name for path in folder.glob("*.*"))
    ([0, 2], ['.done', '1.txt', 'plan.json'])
    """

    def __init__(self, folder: Path, plan: Mapping, n: int, process: tuple[int, int] = (0, 1)):
        self.folder = folder
        self.n = n
        self.index, self.count = process
        self._agree(json.loads(json.dumps(plan)))

    def missing(self) -> list[int]:
        """Return the numbers of the parts that are not done."""
        done = {path.name for path in (self.folder / DONE).iterdir()}
        return [number for number in range(self.n) if self._name(number) not in done]

    def mine(self) -> list[int]:
        """Return those of the missing parts that this process makes."""
        return [number for number in self.missing() if number % self.count == self.index]

    @contextlib.contextmanager
    def made(self, number: int) -> Iterator[None]:
        """Count the part as done if its block, which writes it, ends without an error.

        Raises:
            StorageError: if it cannot be written.
        """
        with storage_errors(self.folder):
            yield
            (self.folder / DONE / self._name(number)).touch()

    def _name(self, number: int) -> str:
        return f"{number:05}"

    def _agree(self, plan: dict) -> None:
        """Write the plan, or raise unless the folder has the same one."""
        place = self.folder / PLAN
        with storage_errors(self.folder):
            make_folder(self.folder)
            if not place.exists():
                others = sorted(p.name for p in self.folder.iterdir() if not _is_ours(p.name))
                if others:
                    raise ArgumentError(
                        f"{self.folder} must be a new or an empty folder, or one that an earlier "
                        f"call has begun. Received: a folder that holds {others[0]!r}."
                    )
                (self.folder / DONE).mkdir(exist_ok=True)
                write_text(place, json.dumps(plan, indent=2) + "\n")
        # Read again: another process may have written a plan of its own meanwhile.
        try:
            found = json.loads(place.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ArgumentError(f"{place} is damaged: {error}. Choose another folder.") from error
        keys = sorted({*plan, *found}) if isinstance(found, dict) else []
        different = [key for key in keys if plan.get(key) != found.get(key)]
        if different or found != plan:
            there, here = (
                ", ".join(f"{key}={values.get(key)!r}" for key in different)
                for values in (found if keys else {}, plan)
            )
            raise ArgumentError(
                f"{self.folder} was begun with {there}. Received: {here}. Choose another folder, "
                "or the same values."
            )


def check_process(process: tuple[int, int]) -> None:
    """Raise unless `process` is a pair `(index, count)` with an index below the count."""
    try:
        index, count = process
        check_count("process", count)
        check_count("process", index, minimum=0)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"process must be (index, count). Received: {process!r}.") from error
    if index >= count:
        raise ArgumentError(
            f"process must be (index, count), with an index below the count. Received: {process!r}."
        )


def _is_ours(name: str) -> bool:
    """Return whether another process of the same call may have just made the file."""
    return name == DONE or name.startswith((PLAN, f".{PLAN}"))
