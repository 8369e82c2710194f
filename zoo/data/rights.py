"""The licences of known data sets, and of weights that are trained on them."""

from __future__ import annotations

from typing import NamedTuple

from zoo.data import stacked, synthetic


class Licences(NamedTuple):
    """The licence of a data set, and `weights`, the licence of weights that are trained on it."""

    data: str
    weights: str = "Apache-2.0"


FORMULA = Licences("none: drawn from a formula")
UNKNOWN = Licences("unknown", "unknown")
KNOWN = {
    "mnist": Licences("MNIST, CC BY-SA 3.0"),
    "fashion_mnist": Licences("Fashion-MNIST, MIT"),
    "cifar10": Licences("CIFAR-10, no licence stated"),
    "frey_faces": Licences("Frey faces, no licence stated: for research use", "other"),
    "lfw64": Licences("Labeled Faces in the Wild, no licence stated: for research use", "other"),
    "natural": Licences(
        "CIFAR-10 and CMP Facades, no licence stated; Labeled Faces in the Wild, for research use; "
        "pictures in the public domain",
        "other",
    ),
}


def rights(name: str) -> Licences:
    """Return the licences of the set `name`, or of a file or folder with that name.

    Both are `"unknown"` for an unknown name.
    """
    if name in synthetic.NAMED:
        return FORMULA
    return KNOWN.get(name.removeprefix(stacked.PREFIX), UNKNOWN)
