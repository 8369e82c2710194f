"""Pictures of curves, which need matplotlib (the extra `plot`)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from PIL import Image

from zoo.errors import ArgumentError

SIZE = (5.0, 3.75)  # inches
DOTS = 100  # for an inch


def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    x_label: str,
    y_label: str = "",
    title: str | None = None,
    limits: tuple[float, float] | None = None,
) -> Image.Image:
    """Draw several series of numbers over one axis, each with a dot for each number.

    Args:
        x: the numbers on the axis.
        series: as many numbers for each name in the legend.
        x_label: the text below the axis.
        y_label: the text beside the other one.
        title: the text above, or `None`.
        limits: the lowest and the highest number shown, or `None` to show all.

    Raises:
        ArgumentError: if matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ArgumentError(
            "A picture of a curve needs the extra 'plot': pip install "
            f"'keras-generative-zoo[plot]'. ({error})"
        ) from error
    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, values in series.items():
        axes.plot(x, values, marker=".", label=name)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if title is not None:
        axes.set_title(title)
    if limits is not None:
        axes.set_ylim(*limits)
    axes.grid(alpha=0.3)
    axes.legend()
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DOTS, format="png")
    drawn.seek(0)
    with Image.open(drawn) as picture:
        return picture.convert("RGB")
