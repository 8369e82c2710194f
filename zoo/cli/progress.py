"""The command `zoo progress`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoo.cli.base import OneLine, check_writable, say
from zoo.errors import ArgumentError
from zoo.files.home import write_picture

if TYPE_CHECKING:
    from PIL import Image

STRIP = 8  # the pictures in a strip
LAST = 4  # an animation shows the last picture so many times as long as others
WIDTH, SMALLEST = 2400, 200  # pixels of a strip, and the least of a picture in it
GAP = 4  # pixels between two pictures


@click.command(cls=OneLine)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default="progress.gif",
    help="The file, which is replaced: .gif, .webp and, with the extra `video`, .mp4 are animated; "
    ".png and others are a strip.",
)
@click.option(
    "--frames",
    type=click.IntRange(min=2),
    help=f"The most epochs that are shown.  [default: all, and {STRIP} in a strip]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.02),
    default=0.25,
    help="The time of an epoch in an animation.",
)
def progress(run: Path, out: Path, frames: int | None, seconds: float):
    """Show how the pictures of the training in the folder RUN changed from epoch to epoch.

    They are those that the training wrote to RUN/samples, of the same latents each time.

    \b
    Examples:
      zoo progress runs/mine -o progress.gif
      zoo progress runs/mine -o strip.png --frames 5
    """
    from zoo.data.animation import SUFFIXES, check_animation, save_animation

    pictures = _pictures(run)
    animated = out.suffix.lower() in SUFFIXES
    if animated:
        check_animation(out, "--out")
    check_writable(out, also=SUFFIXES)
    chosen = _spread(sorted(pictures), frames or (len(pictures) if animated else STRIP))
    images = _worded({epoch: _opened(pictures[epoch]) for epoch in chosen})
    if animated:
        save_animation(images, out, [seconds] * (len(images) - 1) + [LAST * seconds])
    else:
        write_picture(out, _strip(images))
    say(f"{len(images)} epochs of {run}: {out}")


def _pictures(run: Path) -> dict[int, Path]:
    """Return the pictures of a run by the number of their epoch.

    Raises:
        ArgumentError: if there are fewer than two.
    """
    from zoo.runs.places import PICTURES, SAMPLES

    found = {int(path.stem.partition("-")[2]): path for path in (run / SAMPLES).glob(PICTURES)}
    if len(found) < 2:
        raise ArgumentError(
            "RUN must be the folder of a training with pictures of two epochs or more in "
            f"{SAMPLES}. Received: {run}, with {len(found)}."
        )
    return found


def _spread(epochs: list[int], count: int) -> list[int]:
    """Return at most `count` of `epochs`, evenly spread, with the first and the last."""
    if len(epochs) <= count:
        return epochs
    return [epochs[round(i * (len(epochs) - 1) / (count - 1))] for i in range(count)]


def _opened(path: Path) -> Image.Image:
    """Return the picture in a file, in colour.

    Raises:
        ArgumentError: if it is damaged.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except OSError as error:
        raise ArgumentError(f"The picture {path} cannot be read: {error}.") from error


def _worded(pictures: dict[int, Image.Image]) -> list[Image.Image]:
    """Return the pictures with the number of their epoch above, all of one size."""
    from PIL import Image

    from zoo.data.words import Word, with_words

    width = max(picture.width for picture in pictures.values())
    height = max(picture.height for picture in pictures.values())
    sheets = []
    for epoch, picture in pictures.items():
        sheet = Image.new("RGB", (width, height), "white")
        sheet.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
        sheets.append(with_words(sheet, [], [Word(f"epoch {epoch}", 0, width, width)]))
    return sheets


def _strip(images: list[Image.Image]) -> Image.Image:
    """Return `images` side by side, made smaller if they are many."""
    from PIL import Image

    largest = max(WIDTH // len(images), SMALLEST)
    for image in images:
        image.thumbnail((largest, largest))
    width = sum(image.width + GAP for image in images) - GAP
    strip = Image.new("RGB", (width, max(image.height for image in images)), "white")
    x = 0
    for image in images:
        strip.paste(image, (x, 0))
        x += image.width + GAP
    return strip
