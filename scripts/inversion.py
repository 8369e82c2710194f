"""Measure the inversion of generators, and draw the pictures of docs/latents.md.

python scripts/inversion.py                         # the figures, of MNIST and Fashion-MNIST
python scripts/inversion.py --pictures docs/pictures/latents

Data sets are read by name, as for training. Times are of this machine, with compilation.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import zoo
from zoo import pictures
from zoo.files.home import write_picture

N = 64  # the images of each measurement
GOOD = 30.0  # decibels
RESTARTS = 8
SHOWN = 10  # the images of a picture


def measured(title: str, model, images, **options) -> zoo.latents.Inversion:
    """Invert `images`, print how near the results are, and return them."""
    start = time.perf_counter()
    found = model.invert(images, **options)
    seconds = time.perf_counter() - start
    ratios = found.psnr(images, model.value_range)
    print(
        f"{title:58} {(ratios >= GOOD).mean():6.1%} of {len(images)} at {GOOD:.0f} dB or more, "
        f"median {np.median(ratios):.2f} dB, {seconds:.1f} s",
        flush=True,
    )
    return found


def test_images(name: str, model, n: int) -> np.ndarray:
    """Return the first test images of the set `name`, in the range of `model`."""
    source = zoo.data.read(name, "test")
    return model.data.from_stored(np.stack([source.images[i] for i in range(n)]))


def figures(steps: int, encoder: str | None) -> None:
    """Print the figures of `dcgan_mnist`, and those with the encoder that is given."""
    model = zoo.load("dcgan_mnist")
    own = model.sample(N, seed=1)
    digits = test_images("mnist", model, N)
    several = {"steps": steps, "restarts": RESTARTS}
    measured(f"own samples, best of {RESTARTS} starts, {steps} steps", model, own, **several)
    measured(f"test digits, best of {RESTARTS} starts, {steps} steps", model, digits, **several)
    starts = {"best_of": "best_of", "mean": "mean", "random": model.sample_latents(N, seed=9)}
    if encoder is not None:
        starts["encoder"] = zoo.load(encoder)
    for title, images in (("own samples", own), ("test digits", digits)):
        for number in (steps // 5, steps):
            for name, start in starts.items():
                text = f"{title}, one start: {name}, {number} steps"
                measured(text, model, images, start=start, steps=number)


def draw(folder: Path, steps: int) -> None:
    """Draw projections of test digits and of clothes, and an inpainting."""
    for name, data in (("dcgan_mnist", "mnist"), ("dcgan_fashion_mnist", "fashion_mnist")):
        model = zoo.load(name)
        images = test_images(data, model, SHOWN)
        found = measured(f"{name}, test images", model, images, steps=steps, restarts=RESTARTS)
        picture = pictures.inversions(images, found, model.value_range)
        write_picture(folder / f"projection_{data}.png", picture)
    model = zoo.load("vae_mnist")
    images = test_images("mnist", model, SHOWN)
    known = np.ones(model.image_shape[:2])
    known[14:] = 0
    found = measured(
        "vae_mnist, upper half", model, images, mask=known, steps=steps, restarts=4, hold=0.02
    )
    weights = np.broadcast_to(known[..., None], images.shape)
    picture = pictures.inversions(images, found, model.value_range, weights)
    write_picture(folder / "inpainting_mnist.png", picture)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200, help="the evaluations of a search")
    parser.add_argument("--pictures", type=Path, help="draw the pictures into this folder alone")
    parser.add_argument("--encoder", help="an encoder as a start, such as inverter_dcgan_mnist")
    arguments = parser.parse_args()
    if arguments.pictures is None:
        figures(arguments.steps, arguments.encoder)
    else:
        draw(arguments.pictures, arguments.steps)
