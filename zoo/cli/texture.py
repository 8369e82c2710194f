"""The command `zoo texture`."""

from __future__ import annotations

from pathlib import Path

import click

from zoo.cli.base import COUNT, Computing, ExistingFile, check_writable, trust_option
from zoo.cli.painting import names_of, paint, painting_options, read_scaled
from zoo.files.home import user_path


@click.command(cls=Computing)
@click.argument("picture", type=ExistingFile())
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default="texture.png",
    help="The file of the picture, which is replaced.",
)
@click.option("--size", type=COUNT, default=256, help="The pixels of each side of the result.")
@click.option(
    "--picture-size",
    type=COUNT,
    help="The pixels of the longer side of PICTURE: fewer make smaller forms.  [default: --size]",
)
@click.option("-n", "count", type=COUNT, default=1, help="The number of textures, side by side.")
@click.option(
    "--scales",
    type=COUNT,
    default=3,
    help="The number of sizes, each twice as large as the one before: more keep larger forms.",
)
@click.option("--layers", help="The layers that are compared, as relu1_1,relu2_1.")
@painting_options
@trust_option
def texture(
    picture: Path,
    out: Path,
    size: int,
    picture_size: int | None,
    count: int,
    scales: int,
    layers: str | None,
    features: str,
    weights: Path | None,
    steps: int,
    rule: str,
    seed: int,
):
    """Make a new picture of the texture of PICTURE, such as stones, cloth or grass.

    The pixels of noise change until a network finds the patterns of PICTURE in them, at other
    places. Nothing is trained. Ctrl-C writes the best picture until then.

    \b
    Examples:
      zoo texture gravel.png -o stones.png
      zoo texture bricks.png --size 384 --scales 4 --seed 1
    """
    picture_size = size if picture_size is None else picture_size
    out = user_path(out)
    check_writable(out)
    from zoo.style import TextureSynthesis

    synthesis = TextureSynthesis(features, layers=names_of(layers), weights=weights)
    pixels = read_scaled(picture, picture_size, synthesis.channels)

    def optimise(stops):
        return synthesis.synthesize(
            pixels, size, count, scales=scales, steps=steps, rule=rule, seed=seed, stops=stops
        )

    paint(optimise, out)
