"""Places under `ZOO_HOME` for what is kept of a folder of the user."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from zoo.base.warn import warn
from zoo.files.home import home


def kept_at(kind: str, folder: Path, key: str, suffix: str) -> Path:
    """Return the file for what is kept of `folder`, of the given kind and for a `key`."""
    name = os.fsencode(os.path.normcase(folder.resolve())) + b"\0" + key.encode()
    return home() / kind / f"{hashlib.sha256(name).hexdigest()[:32]}{suffix}"


def not_kept(what: str, place: Path, error: OSError) -> None:
    """Warn that `what` is not kept at `place`, so that the next call computes it anew."""
    warn(
        f"{what} are not kept: {place.parent} cannot be written to ({error.strerror}). ZOO_HOME "
        "names another folder."
    )
