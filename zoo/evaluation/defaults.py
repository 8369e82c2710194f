"""The default metrics of a model, by its tasks."""

from __future__ import annotations

from collections.abc import Callable

from zoo.data import Source
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError
from zoo.evaluation.of_classes import mixture
from zoo.evaluation.of_densities import densities_are_known


def _of_samples(model, test: Source) -> list[str]:
    """Return the default metrics of samples, which depend on the space of the data."""
    if model.data.name == "points":
        return ["prdc" if mixture(test) is None else "mixture_modes"]
    if model.data.name != "images":
        return []
    conditional = ["label_accuracy"] if isinstance(model.condition, Classes) else []
    return ["fid", "kid", "prdc", "modes", *conditional]


def _of_scores(model, test: Source) -> list[str]:
    """Return the default metrics of a likelihood: the ELBO if the model has one, else the
    log-likelihood, and the divergence of two densities that are known."""
    if "elbo" in model.estimators:
        return ["elbo"]
    return ["log_likelihood", *(["density_kl"] if densities_are_known(model, test) else [])]


def _of_classes(model, test: Source) -> list[str]:
    """Return the default metric of a classifier, which a model that also samples does not need."""
    return [] if "samples" in model.tasks else ["accuracy"]


def _of_codes(model, test: Source) -> list[str]:
    """Return the default metric of codes, which a model that also samples does not need."""
    return [] if "samples" in model.tasks else ["reconstruction"]


# The default metrics of each task. A model with several tasks has the metrics of all of them.
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
    """Return `default_metrics`, or raise if there are none."""
    names = default_metrics(model, test)
    if not names:
        raise ArgumentError(
            f"No metric suits {type(model).__name__}, with the tasks {', '.join(model.tasks)}, by "
            "itself: metrics= must name some."
        )
    return names
