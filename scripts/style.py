"""Measure the transfer of styles and the synthesis of textures, and draw pictures of docs/style.md.

python scripts/style.py --images FOLDER --squeezenet squeezenet11_notop.npz
python scripts/style.py --images FOLDER --squeezenet squeezenet11_notop.npz --pictures \
    docs/pictures/style
python scripts/style.py --images FOLDER --squeezenet squeezenet11_notop.npz --backends

FOLDER holds `content/chelsea.png` and `style/`, with pictures of styles, among them `brick.png` and
`gravel.png`. Without `--squeezenet` its figures are left out; `--vgg19` adds those of VGG, whose
weights Keras fetches. Times are of this machine, with compilation.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import zoo
from zoo.data.image_format import ImageFormat
from zoo.data.picture import read_picture
from zoo.files.home import write_picture

CONTENT = "content/chelsea.png"
TEXTURES = ("brick", "gravel")
SIDE, STEPS, FEW = 192, 200, 10
TEXTURE_STEPS, SCALES = 300, 3  # at each size
OWN, SQUEEZENET, VGG = "features_natural", "squeezenet", "vgg19"
UNUSED = {OWN: ["relu2_2", "relu3_2"], SQUEEZENET: ["fire2"], VGG: ["block2_conv2", "block3_conv2"]}
BACKENDS = ("torch", "tensorflow", "jax")


def picture(folder: Path, name: str) -> np.ndarray:
    """Return the square picture `name`, 8-bit and in colour."""
    return read_picture(folder / name, ImageFormat((SIDE, SIDE), 3))


def styles(folder: Path) -> dict[str, np.ndarray]:
    """Return the pictures of styles by their names."""
    files = sorted((folder / "style").iterdir())
    return {file.stem: picture(folder, f"style/{file.name}") for file in files}


def networks(options) -> dict[str, dict]:
    """Return the arguments of each network that is measured."""
    chosen = {} if options.squeezenet is None else {SQUEEZENET: {"weights": options.squeezenet}}
    chosen[OWN] = {}
    return {**chosen, VGG: {}} if options.vgg19 else chosen


def table(heading: str, columns: list[str], rows: list[list]) -> None:
    """Print a table in Markdown below a heading."""
    print(f"\n{heading}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def transfers(options) -> dict[str, dict[str, np.ndarray]]:
    """Print how far the loss of each style falls, and return the images by network and style."""
    content, rows, images = picture(options.images, CONTENT), [], {}
    for name, arguments in networks(options).items():
        transfer = zoo.style.StyleTransfer(name, **arguments)
        images[name] = {}
        for style, pixels in styles(options.images).items():
            start = time.perf_counter()
            found = transfer.transfer(content, pixels, steps=STEPS)
            seconds = time.perf_counter() - start
            first, last = float(found.history[0, 0]), float(found.losses[0])
            rows.append(
                [
                    name,
                    style,
                    f"{first:.3f}",
                    f"{last:.4f}",
                    f"{last / first:.1%}",
                    f"{seconds:.1f}",
                ]
            )
            images[name][style] = zoo.data.to_bytes(found.images, (0.0, 1.0))[0]
    columns = ["network", "style", "loss before", "after", "part left", "seconds"]
    table(f"{SIDE} pixels, {STEPS} steps, {zoo.engine.device()}", columns, rows)
    return images


def textures(options) -> dict[str, dict[str, np.ndarray]]:
    """Print the errors of Gram matrices of each layer, and return the images."""
    rows, images = [], {}
    for name, arguments in networks(options).items():
        synthesis = zoo.style.TextureSynthesis(name, **arguments)
        images[name] = {}
        for texture in TEXTURES:
            pixels = picture(options.images, f"style/{texture}.png")
            start = time.perf_counter()
            found = synthesis.synthesize(pixels, scales=SCALES, steps=TEXTURE_STEPS)
            seconds = time.perf_counter() - start
            used = synthesis.gram_errors(found.images, pixels)
            other = synthesis.gram_errors(found.images, pixels, UNUSED[name])
            cells = [
                ", ".join(f"{layer} {error[0]:.5f}" for layer, error in errors.items())
                for errors in (used, other)
            ]
            rows.append([name, texture, *cells, f"{seconds:.1f}"])
            images[name][texture] = zoo.data.to_bytes(found.images, (0.0, 1.0))[0]
    table(
        f"Relative errors of Gram matrices, {SIDE} pixels, {SCALES} sizes of {TEXTURE_STEPS} steps",
        ["network", "texture", "layers that were used", "others", "seconds"],
        rows,
    )
    return images


def draw(place: Path, originals: dict[str, np.ndarray], made: dict, words: str) -> None:
    """Write a picture with a row for each original, and beside it what each network made."""
    rows = [[pixels, *(of[name] for of in made.values())] for name, pixels in originals.items()]
    write_picture(
        place,
        zoo.data.grid(
            np.stack([image for row in rows for image in row]),
            1 + len(made),
            scale=1,
            column_words=[words, *made],
            row_words=list(originals),
        ),
    )


def few_steps(options) -> dict[str, np.ndarray]:
    """Return the images and the losses of a few steps, of each network and start."""
    content, style = picture(options.images, CONTENT), styles(options.images)["starry_night"]
    arrays = {}
    for name, arguments in networks(options).items():
        transfer = zoo.style.StyleTransfer(name, **arguments)
        for start in ("content", "noise"):
            result = transfer.transfer(content, style, steps=FEW, start=start, progress=False)
            arrays[f"{name}, from {start}"] = result.images
            arrays[f"loss of {name}, from {start}"] = result.losses
    return arrays


def compare_backends(options) -> None:
    """Print the differences of a few steps between backends, each in a process."""
    arrays, rows = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for backend in BACKENDS:
            place = Path(folder) / f"{backend}.npz"
            environment = {**os.environ, "KERAS_BACKEND": backend}
            command = [sys.executable, __file__, *sys.argv[1:], "--few-steps", str(place)]
            subprocess.run(command, env=environment, check=True)
            with np.load(place) as file:
                arrays[backend] = dict(file)
    first = arrays[BACKENDS[0]]
    for name in (name for name in first if not name.startswith("loss")):
        for backend in BACKENDS[1:]:
            apart = np.abs(arrays[backend][name] - first[name])
            losses = (each[f"loss of {name}"] for each in (arrays[backend], first))
            other, loss = (float(each[0]) for each in losses)
            numbers = (apart.mean(), apart.max(), abs(other - loss) / loss)
            rows.append([name, backend, *(f"{number:.1e}" for number in numbers)])
    table(
        f"{FEW} steps against those on {BACKENDS[0]}, pixels in [0, 1]",
        ["network", "backend", "mean difference", "largest", "relative difference of losses"],
        rows,
    )


def main() -> None:
    """Print figures, and draw pictures where a folder is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--squeezenet", type=Path)
    parser.add_argument("--vgg19", action="store_true")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--backends", action="store_true")
    parser.add_argument("--few-steps", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.few_steps is not None:
        np.savez(options.few_steps, **few_steps(options))
        return
    if options.backends:
        compare_backends(options)
        return
    painted, synthesized = transfers(options), textures(options)
    if options.pictures is not None:
        originals = styles(options.images)
        draw(options.pictures / "styles.jpg", originals, painted, "style")
        chosen = {name: originals[name] for name in TEXTURES}
        draw(options.pictures / "textures.jpg", chosen, synthesized, "texture")


if __name__ == "__main__":
    main()
