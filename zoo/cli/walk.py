"""The command `zoo walk`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoo.cli import words
from zoo.cli.base import COUNT, Computing, check_writable, say, scale_option, trust_option
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

STRIP = ".png"
IN_STRIP = 8  # the frames of a strip
BETWEEN = 20  # the frames of an animation from one seed to the next
FPS = 25.0
MOST = 1000  # seeds
BATCH = 256  # images that are computed at once
SEEDS = re.compile(r"\s*(\d{1,18})(?:-(\d{1,18}))?\s*")


def _seeds(context, parameter, value: str) -> list[int]:
    """Return the value of `--seeds`: numbers and ranges, such as 0-5,7."""
    seeds: list[int] = []
    for part in value.split(","):
        match = SEEDS.fullmatch(part)
        if match is None:
            raise ArgumentError(
                "--seeds must be numbers and ranges with commas between, such as 0-5,7. Received: "
                f"{part!r} in {value!r}."
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ArgumentError(f"--seeds must have ranges that rise. Received: {part!r}.")
        if last - first + len(seeds) >= MOST:
            raise ArgumentError(f"--seeds must name at most {MOST} seeds. Received: {value!r}.")
        seeds += range(first, last + 1)
    return seeds


@click.command(cls=Computing)
@click.argument("preset", shell_complete=words.preset_or_path)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default="walk.gif",
    help="The file, which is replaced: .gif, .webp and, with the extra `video`, .mp4 are animated; "
    ".png is a strip.",
)
@click.option(
    "--seeds",
    default="0-5",
    callback=_seeds,
    metavar="LIST",
    help="The seeds of the latents that the walk passes, numbers and ranges such as 0-5,7.",
)
@click.option(
    "--frames",
    type=click.IntRange(min=2),
    help=f"The number of frames.  [default: {BETWEEN} from each seed to the next, and {IN_STRIP} "
    "in a strip]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="The time of the whole animation, in place of --fps.",
)
@click.option(
    "--fps",
    type=click.FloatRange(min=0, min_open=True),
    help=f"The frames in a second, at most 50 for a .gif.  [default: {FPS:g}]",
)
@click.option(
    "--closed/--open",
    default=True,
    help="Whether the walk returns to its first seed, so that the animation has no jump.",
)
@click.option(
    "--kind",
    type=click.Choice(["spline", "slerp", "lerp"]),
    default="spline",
    help="The path between latents: smooth or along arcs, both on the shell on which latents lie, "
    "or along straight lines.",
)
@click.option(
    "--trunc",
    metavar="PSI",
    type=click.FloatRange(min=0, min_open=True),
    help="Move the latents of the seeds to their mean: 0.7 shows less variety and fewer faults, 1 "
    "changes nothing.",
)
@click.option(
    "--labels",
    help="The class of a conditional model, its number or name in `zoo info`; several with commas "
    "between, or all, walk the same way side by side.  [default: the first class]",
)
@click.option(
    "--columns",
    type=COUNT,
    help="The number of walks side by side, among which the seeds are divided.  [default: 1]",
)
@scale_option
@trust_option
def walk(
    preset: str,
    out: Path,
    seeds: list[int],
    frames: int | None,
    seconds: float | None,
    fps: float | None,
    closed: bool,
    kind: str,
    trunc: float | None,
    labels: str | None,
    columns: int | None,
    scale: int | None,
):
    """Animate a walk through the latents of PRESET, from that of one seed to that of the next.

    The walk has a constant speed. --seeds 3 names the image of `zoo sample PRESET -n 1 --seed 3`.

    \b
    Examples:
      zoo walk dcgan_mnist -o walk.gif
      zoo walk dcgan_mnist --seeds 0-11 --columns 4 --seconds 6 -o four.webp
      zoo walk cgan_mnist --labels all --seeds 0-3 --trunc 0.7 -o digits.gif
      zoo walk vae_mnist --seeds 3,9 --open --frames 10 -o strip.png
    """
    strip = out.suffix.lower() == STRIP
    each = len(seeds) // (columns or 1)
    frames, times = _plan(out, each if closed else each - 1, frames, seconds, fps, closed)
    import numpy as np

    from zoo.data.animation import save_animation
    from zoo.files.home import write_picture
    from zoo.latents import path
    from zoo.pictures.sheets import worded
    from zoo.presets.locate import locate

    model = locate(preset).read()
    chosen = _classes(model, preset, labels)
    groups = _groups(seeds, columns, len(chosen))
    if kind == "spline":
        _check_changes(groups, closed)
    known = dict(zip(seeds, _latents(model, seeds, trunc), strict=True))
    paths = np.stack(
        [path(np.stack([known[s] for s in group]), frames, closed, kind) for group in groups]
    )
    texts = None if not chosen else [model.condition.texts[label] for label in chosen]
    texts = texts if texts is None or len(texts) == len(groups) else texts * len(groups)
    shown = _images(model, paths, chosen)
    if strip:
        images = np.stack(list(shown), axis=1).reshape(-1, *model.data.shape)
        write_picture(out, worded(images, frames, model.data.range, scale, texts))
    else:
        pictures = (
            worded(images, len(groups), model.data.range, scale, None, texts) for images in shown
        )
        save_animation(pictures, out, times)
    say(f"{frames} frames of {preset}: {out}")


def _plan(
    out: Path,
    steps: int,
    frames: int | None,
    seconds: float | None,
    fps: float | None,
    closed: bool,
) -> tuple[int, list[float]]:
    """Return the number of frames, and the time of each in seconds.

    Args:
        out: the file.
        steps: the number of ways from one seed to the next.
        frames: the option of this name, as the others.
        seconds: the time of the animation.
        fps: the frames in a second.
        closed: whether the walk returns to its start.

    Raises:
        ArgumentError: if an option is wrong, or the file cannot be written.
    """
    from zoo.data.animation import SHORTEST, SUFFIXES, check_animation

    suffix = out.suffix.lower()
    if suffix not in (*SUFFIXES, STRIP):
        raise ArgumentError(f"--out must end in {', '.join((*SUFFIXES, STRIP))}. Received: {out}.")
    if suffix == STRIP:
        for option, value in (("--seconds", seconds), ("--fps", fps)):
            if value is not None:
                raise ArgumentError(f"{option} is for animations. Received: {value:g} for {out}.")
    else:
        check_animation(out, "--out")
    if seconds is not None and fps is not None:
        raise ArgumentError(
            f"--seconds takes the place of --fps. Received both: {seconds:g} and {fps:g}."
        )
    if frames is None:
        frames = IN_STRIP if suffix == STRIP else BETWEEN * max(steps, 1) + (not closed)
    each = 1 / (fps or FPS) if seconds is None else seconds / frames
    if suffix == ".gif" and each < SHORTEST - 1e-9:
        raise ArgumentError(
            f"--fps must be at most {1 / SHORTEST:g} for a .gif. Received: {frames} frames of "
            f"{each:.3g} s. Allowed: fewer --frames, more --seconds, or a .webp."
        )
    check_writable(out, also=SUFFIXES)
    return frames, [max(each, SHORTEST) if suffix == ".gif" else each] * frames


def _groups(seeds: list[int], columns: int | None, classes: int) -> list[list[int]]:
    """Return the seeds of each walk."""
    if classes > 1:
        if columns not in (None, classes):
            raise ArgumentError(
                f"--columns must be {classes}, a walk for each class. Received: {columns}."
            )
        groups = [seeds] * classes
    else:
        walks = columns or 1
        size, rest = divmod(len(seeds), walks)
        if rest:
            raise ArgumentError(
                f"--seeds must be equally many for each of {walks} --columns. Received: "
                f"{len(seeds)} seeds."
            )
        groups = [seeds[i * size : (i + 1) * size] for i in range(walks)]
    if len(groups[0]) < 2:
        raise ArgumentError(
            f"--seeds must be two or more for each walk. Received: {len(groups[0])} for each of "
            f"{len(groups)}."
        )
    return groups


def _check_changes(groups: list[list[int]], closed: bool) -> None:
    """Raise if a seed follows itself, where a smooth path has no direction."""
    for group in groups:
        following = [*group[1:], *(group[:1] if closed else [])]
        for seed, other in zip(group, following, strict=False):
            if seed == other:
                raise ArgumentError(
                    "--seeds must change from each to the next for --kind spline. Received: "
                    f"{seed} twice in sequence."
                )


def _classes(model, preset: str, labels: str | None) -> list[int]:
    """Return the classes to show, of which a model without classes has none.

    Raises:
        ArgumentError: if the model makes no images of latents, or there is no such class.
    """
    import numpy as np

    from zoo.engine.spaces import Classes

    latents = "samples" in model.tasks and model.has_latents
    if not latents or model.data.name != "images":
        kind = "no images" if latents else "nothing from latents"
        raise ArgumentError(
            "PRESET must be one that makes images from latents, such as a GAN or a VAE. Received: "
            f"{preset!r}, of the class {type(model).__name__}, which makes {kind}."
        )
    if model.condition is None:
        model.choose_condition(labels, 1, 0)  # raises if there are labels
        return []
    if not isinstance(model.condition, Classes):
        raise ArgumentError(
            f"PRESET must have classes or no condition. Received: {preset!r}, whose condition is "
            f"{model.condition.noun}."
        )
    if labels == "all":
        return list(range(model.condition.n))
    rng = np.random.default_rng(0)
    names = ["0"] if labels is None else labels.split(",")
    return [int(model.condition.choose(name.strip(), 1, rng)[0]) for name in names]


def _latents(model, seeds: list[int], trunc: float | None) -> np.ndarray:
    """Return the latent of each seed, moved to the mean by the factor `trunc`."""
    import numpy as np

    from zoo.latents import mean_latent, truncate_to_mean

    latents = np.concatenate([model.sample_latents(1, seed) for seed in seeds])
    return latents if trunc is None else truncate_to_mean(latents, trunc, mean_latent(model))


def _images(model, paths: np.ndarray, classes: list[int]) -> Iterator[np.ndarray]:
    """Yield the images of all walks for each frame, with a progress bar on a terminal.

    Args:
        model: the model.
        paths: the latents, of shape `(walks, frames, latent_dim)`.
        classes: the class of each walk, or one for all, or none.
    """
    import numpy as np
    from tqdm import tqdm

    walks, frames, _ = paths.shape
    at_once = max(1, BATCH // walks)
    with tqdm(total=frames, desc="walking", unit=" frames", disable=None, leave=False) as bar:
        for start in range(0, frames, at_once):
            part = paths[:, start : start + at_once].swapaxes(0, 1)
            labels = None
            if classes:
                labels = np.tile(np.broadcast_to(classes, walks), len(part)).astype("int32")
            images = model.sample(
                latents=part.reshape(-1, part.shape[-1]), labels=labels, batch_size=BATCH
            )
            for each in images.reshape(len(part), walks, *model.data.shape):
                yield each
                bar.update()
