"""Statistics of sets of images, collected in parts, and a cache for statistics of real images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from zoo.base.memory import check_memory
from zoo.base.warn import warn
from zoo.data import Source
from zoo.errors import DataError
from zoo.files.arrays import opened
from zoo.files.home import atomic_file, home
from zoo.metrics import Moments

PART = 512  # the number of images that are processed at once
OF_FEATURES = frozenset({"moments", "features", "probabilities"})


class Collected:
    """The statistics of a set of images that metrics need.

    After the last call of `fold`, each of `needs` is an attribute: `moments`, the moments of the
    features, whose size does not depend on the number of images; `features`, of shape `(n,
    dimensions)`; `probabilities`, of shape `(n, classes)`, or `None`; `images`, unchanged. The
    `labels`, of shape `(n,)`, or `None`, are always collected.
    """

    def __init__(self, needs: Iterable[str]):
        self.needs = frozenset(needs)
        self.n = 0
        self.moments = Moments()
        self.memo: dict[str, np.ndarray] = {}  # results that metrics compute once for all seeds
        self._parts: dict[str, list[np.ndarray]] = {
            name: [] for name in ("features", "probabilities", "images", "labels")
        }

    def fold(self, outputs: Mapping[str, np.ndarray]) -> None:
        """Add the outputs of a part, see `outputs_of`."""
        self.n += len(next(iter(outputs.values())))
        if "moments" in self.needs:
            self.moments.update(outputs["features"])
        for name in (self.needs | {"labels"}) & set(outputs):
            self._parts[name].append(outputs[name])

    def __getattr__(self, name: str):
        parts = self.__dict__.get("_parts", {})
        if name not in parts:
            raise AttributeError(name)
        if len(parts[name]) > 1:
            parts[name] = [np.concatenate(parts[name])]
        return parts[name][0] if parts[name] else None


def outputs_of(
    images: np.ndarray, labels: np.ndarray | None, needs: frozenset[str], extractor
) -> dict[str, np.ndarray]:
    """Return what the statistics `needs` of a part of the data are made of.

    These are its `features` and `probabilities`, if the extractor has classes; its `images`, also
    where nothing else is needed; and its `labels`, if it has any.
    """
    outputs = {}
    if needs & OF_FEATURES:
        extracted = extractor(images)
        outputs = {"features": extracted.features, "probabilities": extracted.probabilities}
    if "images" in needs or not outputs:
        outputs["images"] = images
    outputs["labels"] = None if labels is None else np.asarray(labels)
    return {name: value for name, value in outputs.items() if value is not None}


def spans(rows: int) -> list[range]:
    """Return the rows of each part of a set of data."""
    return [range(start, min(start + PART, rows)) for start in range(0, rows, PART)]


def collect(parts: Iterable[Mapping[str, np.ndarray]], needs: Iterable[str]) -> Collected:
    """Return the statistics `needs` of the outputs of `parts`, see `outputs_of`."""
    collected = Collected(needs)
    for outputs in parts:
        collected.fold(outputs)
    return collected


def reference(
    source: Source,
    sha256: str,
    stored_as: str,
    needs: Iterable[str],
    extractor,
    cache: bool,
    outputs: Callable[[frozenset[str]], Iterable[Mapping[str, np.ndarray]]],
) -> Collected:
    """Return the statistics of real images, with a cache under `ZOO_HOME`.

    With `cache`, statistics of features are stored in a file whose name is a hash of the images,
    `sha256`, of the text `stored_as` that says how the model stores data, and of the extractor; the
    next call reads them from there. `outputs` gives the outputs of the parts of `source` for the
    needs that are not stored.
    """
    needs = frozenset(needs)
    cacheable = needs & OF_FEATURES
    if not cache or not cacheable:
        return collect(outputs(needs), needs)
    shape = [int(size) for size in source.images.shape]
    kind = [shape, str(source.images.dtype), stored_as]
    key = json.dumps([2, sha256, *kind, extractor.name, extractor.sha256])
    place = home() / "statistics" / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"
    arrays = _read(place, cacheable)
    if not cacheable <= set(map(str, arrays.get("kept", ()))):
        collected = collect(outputs(needs), needs)
        _write(place, collected, cacheable)
        return collected
    rest = collect(outputs(needs - cacheable) if needs - cacheable else (), needs - cacheable)
    if not needs - cacheable:
        rest.n = len(source.images)
        rest._parts["labels"] = [] if source.labels is None else [source.labels]
    rest.needs = needs
    if "moments" in cacheable:
        rest.moments = Moments(arrays["n"], arrays["mean"], arrays["scatter"])
    for name in cacheable & set(arrays):
        rest._parts[name] = [arrays[name]]
    return rest


def _read(place: Path, names: frozenset[str]) -> dict[str, np.ndarray]:
    """Return the arrays of the statistics `names` in the file `place`.

    The result is empty if the file is missing or broken; it is then written anew.
    """
    wanted = {"kept", *(("n", "mean", "scatter") if "moments" in names else ()), *names}
    try:
        with opened(place, check_size=lambda size: check_memory("n", 1, size // 4)) as arrays:
            return {name: arrays[name] for name in wanted & set(arrays)}
    except (OSError, DataError):
        return {}


def _write(place: Path, collected: Collected, names: frozenset[str]) -> None:
    """Add the statistics `names` of `collected` to the file `place`.

    If the folder cannot be written to, there is a warning, and the next call computes them anew.
    """
    arrays = _read(place, OF_FEATURES)
    if "moments" in names:
        moments = collected.moments
        arrays |= {"n": moments.n, "mean": moments.mean, "scatter": moments.scatter}
    for name in names - {"moments"}:
        values = getattr(collected, name)
        if values is not None:
            arrays[name] = values
    arrays["kept"] = np.array(sorted({*map(str, arrays.get("kept", ())), *names}))
    try:
        with atomic_file(place) as partial:
            np.savez(partial, **arrays)
    except OSError as error:
        warn(
            f"Statistics of real images are not kept: {place.parent} cannot be written to "
            f"({error.strerror}). ZOO_HOME names another folder."
        )
