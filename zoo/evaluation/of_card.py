"""The metrics that a preset's card has, with their settings."""

from __future__ import annotations

import inspect

from zoo.evaluation.metric import Metric
from zoo.presets.card import Card


def metrics_of(card: Card) -> list[Metric]:
    """Return the metrics of the numbers in a card, without those that are not registered."""
    known, metrics = Metric.named(), {}
    for protocol in (measurement.protocol for measurement in card.metrics):
        key = (protocol.metric, protocol.settings)
        if protocol.metric in known and key not in metrics:
            cls = known[protocol.metric]
            parameters = inspect.signature(cls).parameters
            settings = {name: value for name, value in protocol.settings if name in parameters}
            metrics[key] = cls.from_config(settings)
    return list(metrics.values())


def set_as_in_card(metrics: list, chosen: list[Metric], card: Card) -> list[Metric]:
    """Return the metrics `chosen`, those of the names `metrics` with the settings in a card.

    A metric that the card has with several settings keeps its own.
    """
    of_card: dict[str, list[Metric]] = {}
    for metric in metrics_of(card):
        of_card.setdefault(metric.name, []).append(metric)
    only = {name: found[0] for name, found in of_card.items() if len(found) == 1}
    return [
        only.get(name, metric) if isinstance(name, str) else metric
        for name, metric in zip(metrics, chosen, strict=True)
    ]
