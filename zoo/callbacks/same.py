"""The settings of a training, which must be those of its checkpoints."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from zoo.errors import ArgumentError

DIFF_LINES = 40  # the most lines of a difference that are shown


def check_same(about: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    """Raise unless `about`, the settings in the checkpoints of `folder`, are those of `now`.

    Raises:
        ArgumentError: if they differ, with the differences. The difference of texts of several
            lines is a note of the error.
    """
    changes, notes = _differences(about, now)
    if not changes:
        return
    error = ArgumentError(
        f"The checkpoints in {folder} are of a training with other settings: "
        f"{', '.join(changes)}. Give the same settings, or another folder."
    )
    for note in notes:
        error.add_note(note)
    raise error


def _differences(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Compare the settings `old` and `new`.

    Returns:
        A few words for each difference, and a note for each text of several lines that differs.
    """
    changes, notes = [], []
    for key in {**old, **new}:
        before, now = old.get(key), new.get(key)
        if before == now:
            continue
        if key.endswith("_sha256"):  # the hashes themselves would say nothing more
            changes.append(f"other {key.removesuffix('_sha256')}")
        elif "\n" in f"{before}{now}":
            changes.append(f"{key}, see below")
            notes.append(_diff(key, str(before), str(now)))
        else:
            changes.append(f"{key} {before!r} -> {now!r}")
    return changes, notes


def _diff(name: str, old: str, new: str) -> str:
    """Return the first 40 lines of the unified difference of two texts."""
    lines = list(
        difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"{name} of the checkpoints", name, "", "", 1, ""
        )
    )
    more = len(lines) - DIFF_LINES
    return "\n".join(lines[:DIFF_LINES] + ([f"... and {more} more lines"] if more > 0 else []))
