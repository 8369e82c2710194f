"""What metrics need of a set of images, collected part by part; of real images it is kept on
disk."""

from __future__ import annotations

import hashlib
import json
import warnings
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from zoo.data import Source
from zoo.files.home import atomic_file, home
from zoo.metrics import Moments

PART = 512  # images at once
OF_FEATURES = frozenset({"moments", "features", "probabilities"})


class Collected:
    """What metrics need of a set of images.

    Each of `needs` is an attribute after the last part: `moments`, of features, whose size does not
    depend on the number of images; `features`, `(n, dimensions)`; `probabilities`, `(n, classes)`
    or `None`; `images`, as they are; `labels`, `(n,)` or `None`, are always kept.
    """

    def __init__(self, needs: Iterable[str], extractor=None):
        self.needs = frozenset(needs)
        self.extractor = extractor
        self.n = 0
        self.moments = Moments()
        self.memo: dict[str, np.ndarray] = {}  # what metrics work out once for all seeds
        self._parts: dict[str, list[np.ndarray]] = {
            name: [] for name in ("features", "probabilities", "images", "labels")
        }

    def add(self, images: np.ndarray, labels: np.ndarray | None = None) -> None:
        """Adds 8-bit images, or points."""
        self.n += len(images)
        found = {"images": images}
        if self.needs & OF_FEATURES:
            seen = self.extractor(images)
            found |= {"features": seen.features, "probabilities": seen.probabilities}
            if "moments" in self.needs:
                self.moments.update(seen.features)
        for name in self.needs & set(found):
            if found[name] is not None:
                self._parts[name].append(found[name])
        if labels is not None:
            self._parts["labels"].append(np.asarray(labels))

    def __getattr__(self, name: str):
        parts = self.__dict__.get("_parts", {})
        if name not in parts:
            raise AttributeError(name)
        if len(parts[name]) > 1:
            parts[name] = [np.concatenate(parts[name])]
        return parts[name][0] if parts[name] else None


def collect(
    source: Source, needs: Iterable[str], extractor, progress: Callable[[int], None]
) -> Collected:
    """What is needed of the images of `source`."""
    found = Collected(needs, extractor)
    for start in range(0, len(source.images), PART):
        rows = slice(start, min(start + PART, len(source.images)))
        found.add(source.images[rows], None if source.labels is None else source.labels[rows])
        progress(rows.stop - rows.start)
    return found


def reference(
    source: Source,
    sha256: str,
    needs: Iterable[str],
    extractor,
    cache: bool,
    progress: Callable[[int], None],
) -> Collected:
    """As `collect`; what is made of features is kept under `ZOO_HOME`, by the hash of the images
    and the extractor, and read from there the next time."""
    needs = frozenset(needs)
    kept = needs & OF_FEATURES
    if not cache or not kept:
        return collect(source, needs, extractor, progress)
    shape = [int(size) for size in source.images.shape]
    key = json.dumps([1, sha256, shape, str(source.images.dtype), extractor.name, extractor.sha256])
    place = home() / "statistics" / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"
    arrays = _read(place, kept)
    if not kept <= set(map(str, arrays.get("kept", ()))):
        found = collect(source, needs, extractor, progress)
        _write(place, found, kept)
        return found
    if needs - kept:
        rest = collect(source, needs - kept, extractor, progress)
    else:
        rest = Collected((), extractor)
        rest.n = len(source.images)
        rest._parts["labels"] = [] if source.labels is None else [source.labels]
        progress(rest.n)
    rest.needs = needs
    if "moments" in kept:
        rest.moments = Moments(arrays["n"], arrays["mean"], arrays["scatter"])
    for name in kept & set(arrays):
        rest._parts[name] = [arrays[name]]
    return rest


def _read(place: Path, kept: frozenset[str]) -> dict[str, np.ndarray]:
    """The arrays in the file `place` that belong to what is `kept`; none where it is missing or
    broken, and made anew."""
    wanted = {"kept", *(("n", "mean", "scatter") if "moments" in kept else ()), *kept}
    try:
        # NumPy leaves a path that it opened itself open where the file is broken.
        with place.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in wanted & set(arrays.files)}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}


def _write(place: Path, found: Collected, kept: frozenset[str]) -> None:
    """Adds what is `kept` of `found` to the file `place`; a folder that cannot be written to costs
    a warning and the time of the next call."""
    arrays = _read(place, OF_FEATURES)
    if "moments" in kept:
        moments = found.moments
        arrays |= {"n": moments.n, "mean": moments.mean, "scatter": moments.scatter}
    for name in kept - {"moments"}:
        values = getattr(found, name)
        if values is not None:
            arrays[name] = values
    arrays["kept"] = np.array(sorted({*map(str, arrays.get("kept", ())), *kept}))
    try:
        with atomic_file(place) as partial:
            np.savez(partial, **arrays)
    except OSError as error:
        warnings.warn(
            f"Statistics of real images are not kept: {place.parent} cannot be written to "
            f"({error.strerror}). ZOO_HOME names another folder.",
            stacklevel=2,
        )
