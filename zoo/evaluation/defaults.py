"""The metrics that suit a model, by its tasks."""

from __future__ import annotations

from collections.abc import Callable

from zoo.data import Source
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError
from zoo.evaluation.of_classes import mixture


def _of_samples(model, test: Source) -> list[str]:
    """Return the metrics of samples, by the space of the data."""
    if model.data.name == "points":
        return ["prdc" if mixture(test) is None else "mixture_modes"]
    if model.data.name != "images":
        return []
    conditional = ["label_accuracy"] if isinstance(model.condition, Classes) else []
    return ["fid", "kid", "prdc", "modes", *conditional]


def _of_scores(model, test: Source) -> list[str]:
    """Return the metrics of the likelihood: the bound, where the model has one."""
    return ["elbo"] if "elbo" in model.estimators else ["log_likelihood"]


def _of_classes(model, test: Source) -> list[str]:
    """Return the metrics of a classifier that makes no data."""
    return [] if "samples" in model.tasks else ["accuracy"]


def _of_codes(model, test: Source) -> list[str]:
    """Return the metrics of a model that encodes and does not sample."""
    return [] if "samples" in model.tasks else ["reconstruction"]


# The metrics of each task; a model with several tasks has those of all.
DEFAULTS: dict[str, Callable[..., list[str]]] = {
    "samples": _of_samples,
    "translates": lambda model, test: ["translation"],
    "encodes": _of_codes,
    "classifies": _of_classes,
    "scores": _of_scores,
}


def default_metrics(model, test: Source) -> list[str]:
    """Return the names of the metrics that suit `model` and the real data `test`."""
    return [
        name
        for task, of_task in DEFAULTS.items()
        if task in model.tasks
        for name in of_task(model, test)
    ]


def default_or_error(model, test: Source) -> list[str]:
    """Return `default_metrics`, or raise where no metric suits the model by itself."""
    names = default_metrics(model, test)
    if not names:
        raise ArgumentError(
            f"No metric suits {type(model).__name__}, with the tasks {', '.join(model.tasks)}, by "
            "itself: metrics= must name some."
        )
    return names
