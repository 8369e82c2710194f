"""Options, pictures and the descent of the commands `zoo style` and `zoo texture`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

from zoo.cli import words
from zoo.cli.base import COUNT, SEED, ExistingFile, say
from zoo.cli.early import ended_early
from zoo.files.home import write_picture

OPTIONS = (
    click.option(
        "--features",
        shell_complete=words.network_of_style,
        default="features_natural",
        help="The network whose features are compared: a preset that classifies; squeezenet, with "
        "--weights; or a network of keras.applications, such as vgg19, which Keras fetches.",
    ),
    click.option(
        "--weights",
        type=ExistingFile(),
        help="A file of weights, such as squeezenet11_notop.npz, which squeezenet needs.",
    ),
    click.option(
        "--steps", type=COUNT, default=200, help="The evaluations of the network at each size."
    ),
    click.option(
        "--rule",
        type=click.Choice(["lbfgs", "adam"]),
        default="lbfgs",
        help="The rule of the descent: lbfgs needs fewer steps, and adam takes steps of one size.",
    ),
    click.option("--seed", type=SEED, default=0, help="The seed of the noise."),
)


def painting_options(command: Callable) -> Callable:
    """Add the options that both commands have to `command`."""
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(OPTIONS), command)


def names_of(text: str | None) -> list[str] | None:
    """Return the names in an option such as `relu1_1,relu2_1`, or `None`."""
    return None if text is None else [name.strip() for name in text.split(",")]


def read_scaled(path: Path, side: int, channels: int) -> np.ndarray:
    """Return the 8-bit picture in a file, whose longer side becomes `side` pixels."""
    from zoo.data.image_format import ImageFormat
    from zoo.data.picture import read_picture, scaled_size

    return read_picture(path, ImageFormat(scaled_size(path, side), channels))


def paint(optimise: Callable, out: Path) -> None:
    """Write the picture of a descent, and of one that Ctrl-C has ended early.

    Args:
        optimise: a function from `stops` to a `zoo.style.Synthesized`.
        out: the file of the picture.
    """
    from PIL import Image

    from zoo.data import to_bytes

    def work(stops):
        result = optimise(stops)
        pixels = np.concatenate(to_bytes(result.images, (0.0, 1.0)), axis=1)
        pixels = pixels if pixels.shape[-1] == 3 else pixels[..., 0]
        write_picture(out, Image.fromarray(pixels))
        return result

    ended_early(
        work,
        lambda result: _report(result, out),
        "The descent was ended early: the best picture until then is written.",
    )


def _report(result, out: Path) -> None:
    """Print how far the loss has fallen at the last size, and which size that was."""
    first, last = result.history[:, 0].mean(), result.losses.mean()
    part = f", {100 * last / first:.1f}% of the start at this size" if first else ""
    early = "" if result.scale == result.scales else f", size {result.scale} of {result.scales}"
    say(f"loss {first:.4g} to {last:.4g}{part}{early}: {out}")
