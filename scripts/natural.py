"""Write the set `natural` that recipes/features_natural.py is trained on, as an .npz file.

python scripts/natural.py natural.npz --labelled cifar10.npz --others face=lfw64.npz \
    facade=facades.npz brick=brick.png gravel=gravel.png painting=paintings/

The file of `--labelled` holds 8-bit colour images of 32x32 pixels as x_train, y_train, x_test and
y_test. Each of the others is a class of its own: a picture, a folder of pictures, or an .npz file
of 8-bit images as x. Of these, windows of random size and place are scaled to 32x32 pixels, 2,500
to train on and 100 to test with. Of large pictures, the left three quarters give windows to train
on and the rest those to test with; of sets of more than 100 images, each tenth image is held out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.data import read
from zoo.data.image_format import ImageFormat
from zoo.data.picture import read_picture

SIDE = 32
COUNTS = {"train": 2_500, "test": 100}
SMALLEST = 6  # a window is at least a sixth of the shorter side
MANY = 100  # images, of which whole ones are held out
COLOUR = ImageFormat(None, 3)


def images_of(path: Path) -> list[np.ndarray]:
    """Return the 8-bit colour images of a picture, a folder or an .npz file."""
    if path.suffix == ".npz":
        return list(read(path, channels=3).images)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [read_picture(file, COLOUR) for file in files]


def parts(images: list[np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Return the images, or the parts of images, of both splits."""
    if len(images) > MANY:
        held_out = [number % 10 == 9 for number in range(len(images))]
        return {
            "train": [image for image, held in zip(images, held_out, strict=True) if not held],
            "test": [image for image, held in zip(images, held_out, strict=True) if held],
        }
    borders = [image.shape[1] * 3 // 4 for image in images]
    return {
        "train": [image[:, :end] for image, end in zip(images, borders, strict=True)],
        "test": [image[:, end:] for image, end in zip(images, borders, strict=True)],
    }


def windows(images: list[np.ndarray], count: int, draws: np.random.Generator) -> np.ndarray:
    """Return windows of the images in turn, of random size and place, scaled to `SIDE`."""
    found = np.empty((count, SIDE, SIDE, 3), "uint8")
    order = draws.permutation(len(images))
    for number in range(count):
        image = images[order[number % len(images)]]
        shorter = min(image.shape[:2])
        least = min(max(SIDE, shorter // SMALLEST), shorter)
        side = round(least * (shorter / least) ** draws.random())
        top, left = (int(draws.integers(0, length - side + 1)) for length in image.shape[:2])
        window = Image.fromarray(np.ascontiguousarray(image[top : top + side, left : left + side]))
        found[number] = window.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return found


def main() -> None:
    """Write the set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--labelled", type=Path, required=True)
    parser.add_argument("--others", nargs="+", required=True, metavar="CLASS=PATH")
    options = parser.parse_args()
    draws = np.random.default_rng(0)
    arrays = {}
    for split in COUNTS:
        known = read(options.labelled, split, SIDE, 3)
        arrays[f"x_{split}"], arrays[f"y_{split}"] = [known.images], [known.labels]
    first = int(arrays["y_train"][0].max()) + 1
    for label, other in enumerate(options.others, first):
        name, _, path = other.partition("=")
        for split, images in parts(images_of(Path(path))).items():
            found = windows(images, COUNTS[split], draws)
            arrays[f"x_{split}"].append(found)
            arrays[f"y_{split}"].append(np.full(len(found), label))
        print(f"{label}: {name}")
    arrays = {key: np.concatenate(value) for key, value in arrays.items()}
    np.savez(options.out, **{k: v if k[0] == "x" else v.astype("int64") for k, v in arrays.items()})


if __name__ == "__main__":
    main()
