"""The command `zoo project`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

from zoo.cli import words
from zoo.cli.base import (
    COUNT,
    SEED,
    Computing,
    check_file,
    check_writable,
    say,
    scale_option,
    trust_option,
)
from zoo.cli.early import ended_early
from zoo.errors import ArgumentError, UnknownNameError, unknown_name
from zoo.files.home import atomic_file, storage_errors, user_path, write_picture

STARTS = ("best_of", "mean", "encoder")
ARCHIVES = (".zip", ".npz")  # files that hold many images
CROP = "centre"  # of pictures of another aspect ratio
BATCH = 256  # the searches that are computed at once


@click.command(cls=Computing)
@click.argument("preset", shell_complete=words.preset_or_path)
@click.argument("images")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default="projection.png",
    help="The file of the picture, which is replaced.",
)
@click.option(
    "--latents",
    type=click.Path(path_type=Path),
    help="A file for the latents, the losses and the ratios, such as z.npz, which is replaced.",
)
@click.option("-n", "count", type=COUNT, help="The number of images of a folder.  [default: all]")
@click.option("--steps", type=COUNT, default=100, help="The evaluations of each search.")
@click.option(
    "--restarts",
    type=COUNT,
    default=4,
    help="The searches for each image, of which the best counts.",
)
@click.option(
    "--start",
    default="best_of",
    shell_complete=words.preset_or_path,
    help="The start of the first search: best_of, the nearest of 1,000 samples; mean, the mean of "
    "the prior; encoder, the codes of PRESET itself; or a preset that encodes into the latents of "
    "PRESET, such as inverter_dcgan_mnist.",
)
@click.option(
    "--loss", type=click.Choice(["pixel", "features", "both"]), default="pixel", help="The loss."
)
@click.option(
    "--features",
    shell_complete=words.extractor,
    help="The network whose features are compared, such as classifier_mnist.",
)
@click.option(
    "--mask",
    type=click.Path(path_type=Path),
    help="A picture that is white where the images are known. The rest is filled in.",
)
@click.option(
    "--labels",
    help="The class of all images, which a conditional model needs: its number or name in `zoo "
    "info`.",
)
@click.option("--rule", type=click.Choice(["lbfgs", "adam"]), default="lbfgs", help="The descent.")
@click.option("--seed", type=SEED, default=0, help="The seed of the samples for starts.")
@click.option("--columns", type=COUNT, help="The number of images in a row.  [default: 10 at most]")
@scale_option
@trust_option
def project(
    preset: str,
    images: str,
    out: Path,
    latents: Path | None,
    count: int | None,
    steps: int,
    restarts: int,
    start: str,
    loss: str,
    features: str | None,
    mask: Path | None,
    labels: str | None,
    rule: str,
    seed: int,
    columns: int | None,
    scale: int | None,
):
    """Find the latents of PRESET whose images are nearest to IMAGES, a picture or a folder.

    The picture shows each image, what PRESET makes of its latents, and the difference. Pictures of
    another size are resized and cropped, which one line says. Ctrl-C ends the search and writes
    what was found.

    \b
    Examples:
      zoo project dcgan_mnist digit.png -o projection.png
      zoo project dcgan_mnist digits/ --steps 200 --restarts 8 --latents z.npz
      zoo project vae_mnist digit.png --mask known.png --start encoder -o filled.png
    """
    out = user_path(out)
    check_writable(out)
    if latents is not None:
        latents = _check_arrays(user_path(latents))
    from zoo import pictures
    from zoo.latents import features as features_of
    from zoo.presets.locate import locate

    begin = _start(start)  # before the model is read, which takes seconds
    model = locate(preset).read()
    if "inverts" not in model.tasks or model.data.name != "images":
        raise ArgumentError(
            f"PRESET must be one that makes images from latents. Received: {preset!r}, of the "
            f"class {type(model).__name__}."
        )
    if features is None and loss != "pixel":
        raise ArgumentError(f"--features is needed for --loss {loss}, such as classifier_mnist.")
    if features is not None and loss == "pixel":
        raise ArgumentError(f"--features is for --loss features or both. Received: {features!r}.")
    target = model.data.from_stored(_read(images, model, count))
    known = None if mask is None else _known(mask, model, target)
    options = {
        "labels": labels,
        "steps": steps,
        "restarts": restarts,
        "start": begin if isinstance(begin, str) else begin.read(),
        "loss": loss,
        "features": None if features is None else features_of(model, features),
        "mask": known,
        "rule": rule,
        "seed": seed,
    }

    def work(stops):
        result = _searched(model, target, options, stops)
        drawn = (target, result, model.value_range, known, columns, scale)
        write_picture(out, pictures.inversions(*drawn))
        ratios = result.psnr(target, model.value_range)
        if latents is not None:
            _write(latents, result, ratios)
        return ratios

    ended_early(
        work,
        lambda ratios: _report(ratios, out),
        "The search was ended early: these are the best latents until then.",
    )


def _start(value: str):
    """Return the name of a start, or the place of the preset that encodes."""
    from zoo.presets import locate

    if value in STARTS:
        return value
    try:
        return locate.locate(value)
    except UnknownNameError as error:
        encoders = [name for name in locate.known_names() if name.startswith("inverter_")]
        raise unknown_name("--start", value, [*STARTS, *encoders]) from error


def _check_arrays(path: Path) -> Path:
    """Return the path of a file of arrays that is to be written, or raise."""
    if path.suffix != ".npz":
        raise ArgumentError(f"--latents must end in .npz. Received: {path}.")
    check_file(path, "--latents")
    return path


def _read(images: str, model, count: int | None) -> np.ndarray:
    """Return the 8-bit images of a picture, a folder or a set, of the shape of the model's."""
    from PIL import Image

    from zoo.data import read
    from zoo.data.image_format import ImageFormat
    from zoo.data.picture import read_picture
    from zoo.data.sources import fitting

    format_of = fitting(model.image_shape)
    place = user_path(images)
    is_picture = place.suffix.lower() in Image.registered_extensions()
    if is_picture and not place.exists():
        raise ArgumentError(f"IMAGES must be a picture, a folder or a set. There is no {images!r}.")
    if place.is_file() and place.suffix.lower() not in ARCHIVES:
        return read_picture(place, ImageFormat.of(**format_of, crop=CROP))[None]
    found = read(images, **format_of).images
    return np.stack([found[i] for i in range(min(len(found), count or len(found)))])


def _known(mask: Path, model, target: np.ndarray) -> np.ndarray:
    """Return the weight of each number of the images `target`, from the picture of a mask."""
    from zoo.data.image_format import ImageFormat
    from zoo.data.picture import read_picture
    from zoo.engine.inversion import check_mask

    height, width, _ = model.image_shape
    white = read_picture(mask, ImageFormat.of((height, width), 1, CROP)) / np.float32(255)
    return check_mask(white, target)


def _searched(model, target: np.ndarray, options: dict, stops: Callable[[], bool]):
    """Return the latents of the images `target`, with a bar of progress."""
    from tqdm import tqdm

    from zoo.engine.inversion import count_steps

    total = count_steps(len(target), options["restarts"], options["steps"], BATCH)
    with tqdm(total=total, desc="searching", unit=" steps", disable=None, leave=False) as bar:
        return model.invert(
            target,
            **options,
            batch_size=BATCH,
            told=bar.update,
            stops=stops,
        )


def _write(place: Path, found, ratios: np.ndarray) -> None:
    """Write the latents, the losses and the ratios of the images to a file of arrays."""
    with storage_errors(place), atomic_file(place.resolve()) as partial, partial.open("wb") as file:
        np.savez(file, latents=found.latents, losses=found.losses, psnr=ratios)


def _report(ratios: np.ndarray, out: Path) -> None:
    """Print how near the images are."""
    middle, least = np.median(ratios), ratios.min()
    if len(ratios) == 1:
        say(f"1 image, {middle:.1f} dB: {out}")
    else:
        say(f"{len(ratios)} images, median {middle:.1f} dB, least {least:.1f} dB: {out}")
