"""The descent on images, from small ones to large ones, which an interruption ends early."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from zoo.base.stopping import Stopped, watched
from zoo.engine.descent import Rule
from zoo.engine.forks import check_can_compute
from zoo.errors import check_count
from zoo.style.images import at_size, size_at
from zoo.style.objective import Objective, Wanted


class Synthesized(NamedTuple):
    """Images that a descent has found.

    Attributes:
        images: the images, float32 in [0, 1] of shape `(n, height, width, channels)`.
        losses: the loss of each, float32 of shape `(n,)`.
        history: the least loss of each after each step at the last size, float32 of shape
            `(n, steps + 1)`; the first is that of the start.
        finished: whether all steps were taken, and nobody has interrupted them.
        scale: the number of the last size, from 1; smaller images are enlarged to the wanted size.
        scales: the number of sizes that were asked for.
    """

    images: np.ndarray
    losses: np.ndarray
    history: np.ndarray
    finished: bool
    scale: int
    scales: int


class Options(NamedTuple):
    """The settings of a descent on images.

    Attributes:
        scales: the number of sizes, each twice as large as the one before.
        steps: the evaluations at each size.
        rule: the rule of descent.
        batch_size: the number of images that are computed at once.
        progress: whether a bar is shown, on a terminal.
        stops: a function that is asked after each step whether it was the last one; `None` lets
            Ctrl-C end the descent.
    """

    scales: int
    steps: int
    rule: Rule
    batch_size: int
    progress: bool
    stops: Callable[[], bool] | None

    @classmethod
    def of(cls, scales, steps, rule, batch_size, progress, stops) -> Options:
        """Return the settings after a check of them."""
        scales, steps = check_count("scales", scales), check_count("steps", steps)
        batch_size = check_count("batch_size", batch_size)
        return cls(scales, steps, Rule.get(rule), batch_size, bool(progress), stops)


def check_sizes(objective: Objective, wanted: Wanted, size: tuple[int, int], scales: int) -> None:
    """Raise unless the images, and each style, suit the network at the smallest of all scales."""
    level = scales - 1
    objective.features.sizes(
        "content" if wanted.content is not None else "size", size_at(size, level)
    )
    for style in wanted.styles:
        objective.features.sizes("style", size_at(style.image.shape[1:3], level))


def synthesized(
    objective: Objective,
    wanted: Wanted,
    begin: Callable[[tuple[int, int]], np.ndarray],
    size: tuple[int, int],
    options: Options,
) -> Synthesized:
    """Return images of the least loss.

    Args:
        objective: the loss.
        wanted: the things that the images should have.
        begin: a function from the smallest height and width to the images of the start.
        size: the height and the width of the images.
        options: the settings.
    """
    check_can_compute()
    check_sizes(objective, wanted, size, options.scales)
    descent = objective.descent(options.rule, len(wanted.styles))
    images = begin(size_at(size, options.scales - 1))
    n = len(images)
    with _stops(options.stops) as stops, _bar(n, options) as count_step:
        for level in reversed(range(options.scales)):
            images = at_size(images, size_at(size, level))
            sizes = (images.shape[1:3], 2.0**level, options.batch_size)
            constants = objective.constants(wanted, n, *sizes)
            result = descent.run(
                images, options.steps, constants, options.batch_size, count_step, stops
            )
            images = result.values
            if stops():
                break
        finished = not stops()
    images, scale = at_size(images, size), options.scales - level
    return Synthesized(images, result.losses, result.history, finished, scale, options.scales)


@contextlib.contextmanager
def _stops(stops: Callable[[], bool] | None) -> Iterator[Callable[[], bool]]:
    """Yield the function that says whether a descent ends early; `None` lets Ctrl-C say so."""
    if stops is not None:
        yield stops
        return
    try:
        with watched() as stop, stop.deferred():
            yield lambda: stop.asked is not None
    except Stopped as stopped:
        if stopped.exit_code != 128 + signal.SIGINT:
            raise


@contextlib.contextmanager
def _bar(n: int, options: Options) -> Iterator[Callable[[], object]]:
    """Yield the function that is called after each step, which moves a bar on a terminal."""
    if not options.progress:
        yield lambda: None
        return
    from tqdm import tqdm

    total = options.scales * options.steps * -(-n // options.batch_size)
    with tqdm(total=total, desc="painting", unit=" steps", disable=None, leave=False) as bar:
        yield bar.update
