"""Animations of pictures: GIF and WebP by Pillow, and MP4 where imageio-ffmpeg is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.errors import ArgumentError, check_number
from zoo.files.home import atomic_file, storage_errors, user_path

SUFFIXES = (".gif", ".webp", ".mp4")
SHORTEST = 0.02  # seconds: viewers of GIF files show pictures of a shorter time for longer
QUALITY = 8  # of 10, for a video


def check_animation(path: str | Path, argument: str = "path") -> None:
    """Raise unless an animation can be written to a file of this name.

    Args:
        path: the file.
        argument: the name of the argument in errors.

    Raises:
        ArgumentError: if its suffix is another one, or a video needs what is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ArgumentError(f"{argument} must end in {', '.join(SUFFIXES)}. Received: {path}.")
    if suffix == ".mp4" and importlib.util.find_spec("imageio_ffmpeg") is None:
        raise ArgumentError(
            f"{argument} with the ending .mp4 needs the extra 'video': pip install "
            f"'keras-generative-zoo[video]'. Received: {path}. Without it: .gif or .webp."
        )


def save_animation(
    pictures: Iterable[Image.Image], path: str | Path, seconds: float | Sequence[float] = 0.04
) -> Path:
    """Write pictures as an animation without end, and return the file.

    Args:
        pictures: images of Pillow, all of one size.
        path: the file, which is replaced; its ending, `.gif`, `.webp` or `.mp4`, is the format.
            Videos need the extra `video`.
        seconds: the time of each picture, or one time for all. A GIF file has whole hundredths of a
            second; what is rounded off one picture is added to the next ones.

    Raises:
        ArgumentError: if an argument has a wrong value, or imageio-ffmpeg is needed and not
            installed.
        StorageError: if the file cannot be written. It is then as it was.

    Example:

    >>> import tempfile, zoo
    >>> from PIL import Image
    >>> pictures = [Image.new("L", (8, 8), grey) for grey in (0, 120, 240)]
    >>> path = zoo.data.save_animation(pictures, tempfile.mkdtemp() + "/grey.gif", seconds=0.1)
    >>> with Image.open(path) as animation:
    ...     animation.n_frames
    3
    """
    check_animation(path)
    path = user_path(path)
    if not isinstance(seconds, Sequence | np.ndarray):
        pictures = list(pictures)
        seconds = [seconds] * len(pictures)
    for time in seconds:
        check_number("seconds", time, above=True)
    if not len(seconds):
        raise ArgumentError("pictures must hold a picture. Received: none.")
    if path.suffix.lower() == ".gif" and min(seconds) < SHORTEST:
        raise ArgumentError(
            f"seconds must be at least {SHORTEST} for a GIF file, of which viewers show no more "
            f"than 50 pictures in a second. Received: {min(seconds):g}."
        )
    with storage_errors(path), atomic_file(path.resolve()) as partial:
        if path.suffix.lower() == ".mp4":
            _write_video(partial, iter(pictures), list(seconds))
        else:
            first, *others = pictures
            times = _rounded(seconds, 10 if path.suffix.lower() == ".gif" else 1)
            first.save(partial, save_all=True, append_images=others, duration=times, loop=0)
    return path


def _rounded(seconds: Sequence[float], unit: int) -> list[int]:
    """Return times in milliseconds, multiples of `unit`, whose sums are as near as they can be."""
    ends = np.rint(1000 * np.cumsum([0.0, *seconds]) / unit).astype(int) * unit
    return [int(time) for time in np.diff(ends)]


def _write_video(path: Path, pictures: Iterator[Image.Image], seconds: list[float]) -> None:
    """Write an MP4 file to `path`, in which pictures of a longer time are repeated."""
    import imageio_ffmpeg

    shortest, writer = min(seconds), None
    try:
        for picture, time in zip(pictures, seconds, strict=True):
            frame = _even(picture)
            if writer is None:
                writer = imageio_ffmpeg.write_frames(
                    str(path), frame.size, fps=1 / shortest, quality=QUALITY, macro_block_size=2
                )
                writer.send(None)
            for _ in range(round(time / shortest)):
                writer.send(frame.tobytes())
    finally:
        if writer is not None:
            writer.close()


def _even(picture: Image.Image) -> Image.Image:
    """Return `picture` in colour, with an even width and height, which videos need."""
    width, height = (side + side % 2 for side in picture.size)
    frame = Image.new("RGB", (width, height), "white")
    frame.paste(picture.convert("RGB"), (0, 0))
    return frame
