"""Small sets in the published form of MNIST, which stand in for the real ones.

python tests/published.py FOLDER PROGRAM [ARGUMENTS]

runs a Python program for which the published files of `mnist` and `fashion_mnist` are those in
FOLDER/mnist and FOLDER/fashion_mnist. All else in it is as it is.
"""

import gzip
import hashlib
import runpy
import struct
import sys
from pathlib import Path

import numpy as np

NAMES = ("mnist", "fashion_mnist")
PARTS = {"train": "train", "test": "t10k"}


def write(folder: Path, arrays: dict) -> None:
    """Writes `(images, labels)` of each split as its makers would."""
    folder.mkdir(parents=True)
    for split, pair in arrays.items():
        for name, array in zip(("images-idx3", "labels-idx1"), pair, strict=True):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            content = gzip.compress(head + array.astype("uint8").tobytes(), mtime=0)
            (folder / f"{PARTS[split]}-{name}-ubyte.gz").write_bytes(content)


def write_slices(folder: Path, slices: Path) -> None:
    """Writes the sets from a few real digits; `fashion_mnist` gets their negatives."""
    with np.load(slices) as file:
        digits = {s: (file[f"x_{s}"].reshape(-1, 28, 28), file[f"y_{s}"]) for s in PARTS}
    write(folder / "mnist", digits)
    write(folder / "fashion_mnist", {s: (255 - x, y) for s, (x, y) in digits.items()})


def take_the_place(folder: Path, name: str) -> None:
    """Has the package take the files in `folder` for the published ones of the set `name`."""
    from zoo.data import idx

    files = {}
    for file in idx.SETS[name].files:  # in their order
        content = (folder / file).read_bytes()
        files[file] = idx.File(len(content), hashlib.sha256(content).hexdigest())
    idx.SETS[name] = idx.IdxSet(folder.as_uri(), files)


if __name__ == "__main__":
    sets, program = Path(sys.argv[1]).resolve(), sys.argv[2]
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path(program).resolve().parent)
    for each in NAMES:
        take_the_place(sets / each, each)
    runpy.run_path(program, run_name="__main__")
