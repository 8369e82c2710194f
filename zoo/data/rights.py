"""The licences of known sets, and of weights that are trained on them."""

from __future__ import annotations

from typing import NamedTuple

from zoo.data import stacked, synthetic


class Rights(NamedTuple):
    """What a card says of a data set; `weights` is the licence of what is trained on it."""

    data: str
    weights: str = "Apache-2.0"


FORMULA = Rights("none: drawn from a formula")
UNKNOWN = Rights("unknown", "unknown")
KNOWN = {
    "mnist": Rights("MNIST, CC BY-SA 3.0"),
    "fashion_mnist": Rights("Fashion-MNIST, MIT"),
    "cifar10": Rights("CIFAR-10, no licence stated"),
    "frey_faces": Rights("Frey faces, no licence stated: for research use", "other"),
    "lfw64": Rights("Labeled Faces in the Wild, no licence stated: for research use", "other"),
}


def rights(name: str) -> Rights:
    """Those of the set `name`, or of a file or folder of that name; unknown where there is none."""
    if name in synthetic.NAMED:
        return FORMULA
    return KNOWN.get(name.removeprefix(stacked.PREFIX), UNKNOWN)
