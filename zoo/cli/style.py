"""The command `zoo style`."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from zoo.cli.base import COUNT, WEIGHT, Computing, ExistingFile, check_writable, trust_option
from zoo.cli.painting import names_of, paint, painting_options, read_scaled
from zoo.errors import ArgumentError
from zoo.files.home import user_path


@click.command(cls=Computing)
@click.argument("content", type=ExistingFile())
@click.argument("styles", type=ExistingFile(), nargs=-1, required=True)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default="style.png",
    help="The file of the picture, which is replaced.",
)
@click.option(
    "--size", type=COUNT, default=256, help="The pixels of the longer side of the result."
)
@click.option(
    "--style-size",
    type=COUNT,
    help="The pixels of the longer side of STYLES: fewer make smaller strokes.  [default: --size]",
)
@click.option(
    "--style-weight", "style_weights", type=WEIGHT, multiple=True, help="One for each of STYLES."
)
@click.option(
    "--mask",
    "masks",
    type=ExistingFile(),
    multiple=True,
    help="A picture that is white where CONTENT gets the style. One for each of STYLES.",
)
@click.option(
    "--content-weight",
    type=WEIGHT,
    default=0.02,
    help="The weight of the content: more keeps more.",
)
@click.option(
    "--tv-weight",
    type=WEIGHT,
    default=0.05,
    help="The weight of the total variation: more makes smoother pictures.",
)
@click.option(
    "--colors",
    type=click.Choice(["luminance", "histogram"]),
    help="Keep the colours of CONTENT: luminance takes light and dark alone from STYLES, histogram "
    "gives STYLES its colours first.",
)
@click.option(
    "--start",
    type=click.Choice(["content", "noise"]),
    default="content",
    help="The first picture: content keeps its forms, and noise leaves more to STYLES.",
)
@click.option(
    "--scales",
    type=COUNT,
    default=1,
    help="The number of sizes, each twice as large as the one before: more make larger strokes.",
)
@click.option("--content-layers", help="The layers of the content, as relu3_2.")
@click.option("--style-layers", help="The layers of the style, as relu1_1,relu2_1.")
@painting_options
@trust_option
def style(
    content: Path,
    styles: tuple[Path, ...],
    out: Path,
    size: int,
    style_size: int | None,
    style_weights: tuple[float, ...],
    masks: tuple[Path, ...],
    content_weight: float,
    tv_weight: float,
    colors: str | None,
    start: str,
    scales: int,
    content_layers: str | None,
    style_layers: str | None,
    features: str,
    weights: Path | None,
    steps: int,
    rule: str,
    seed: int,
):
    """Paint CONTENT, a picture, in the style of one or more STYLES.

    The pixels of CONTENT change until a network finds the things of CONTENT at their places, with
    the colours, strokes and patterns of STYLES. Nothing is trained. Ctrl-C writes the best picture
    until then.

    \b
    Examples:
      zoo style cat.png starry_night.jpg -o painted.png
      zoo style cat.png starry_night.jpg --colors luminance --content-weight 0.1
      zoo style cat.png scream.jpg ship.jpg --style-weight 2 --style-weight 1 --size 384 --scales 2
    """
    style_size = size if style_size is None else style_size
    for name, values in {"--style-weight": style_weights, "--mask": masks}.items():
        if values and len(values) != len(styles):
            raise ArgumentError(
                f"{name} is needed once for each of {len(styles)} STYLES. Received: {len(values)}."
            )
    out = user_path(out)
    check_writable(out)
    from zoo.style import StyleTransfer

    transfer = StyleTransfer(
        features,
        content_layers=names_of(content_layers),
        style_layers=names_of(style_layers),
        weights=weights,
    )
    channels = transfer.channels
    picture = read_scaled(content, size, channels)
    pictures = [read_scaled(path, style_size, channels) for path in styles]
    regions = [_region(path, picture.shape[:2]) for path in masks]

    def optimise(stops):
        return transfer.transfer(
            picture,
            pictures,
            style_weights=style_weights or None,
            masks=regions or None,
            content_weight=content_weight,
            tv_weight=tv_weight,
            colors=colors,
            start=start,
            scales=scales,
            steps=steps,
            rule=rule,
            seed=seed,
            stops=stops,
        )

    paint(optimise, out)


def _region(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Return the picture of a mask as numbers in [0, 1], of a height and width."""
    from zoo.data.image_format import ImageFormat
    from zoo.data.picture import read_picture

    return read_picture(path, ImageFormat(size, 1)) / np.float32(255)
