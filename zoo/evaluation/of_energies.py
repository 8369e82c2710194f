"""The metric of models with a partition function: likelihoods by annealed importance sampling."""

from __future__ import annotations

import math

import numpy as np

from zoo.engine.annealing import TEMPERATURES
from zoo.errors import ArgumentError, check_count
from zoo.evaluation.of_images import (
    LogLikelihood,
    partition_of,
    prepared,
    takes,
    with_error,
)


class AIS(LogLikelihood):
    """The log-likelihood of test data in nats, with log Z by annealed importance sampling.

    `ais` has the forward estimate of log Z, as papers on these machines do. Its error is that of
    the mean over the data, together with that of log Z, and `ais_error` is the latter alone.
    `ais_reverse` has log Z of the chains in reverse; where these cannot begin at exact samples it
    is an estimate without a known sign, see `log_partition` of the model.

    Args:
        chains: the number of chains.
        temperatures: the steps of each chain.
        pixels: how images are made binary, see `LogLikelihood`.
        draws: the draws of hidden units for each image, if the model's `log_prob` takes them.
    """

    name = "ais"
    outputs = {"ais": "higher", "ais_reverse": "higher", "ais_error": None}
    methods = ("ais", "reverse_ais")

    def __init__(
        self,
        chains: int = 100,
        temperatures: int = TEMPERATURES,
        pixels: str | None = None,
        draws: int = 10,
    ):
        super().__init__(pixels)
        self.chains = check_count("chains", chains, minimum=2)
        self.temperatures = check_count("temperatures", temperatures)
        self.draws = check_count("draws", draws)

    def check(self, model, test):
        super().check(model, test)
        if not model.has_partition:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with log_partition. Received: "
                f"{type(model).__name__}. Allowed: 'log_likelihood'."
            )

    def settings(self, model):
        settings = {**super().settings(model), "likelihood": "estimate"}
        if not takes(model, "draws"):
            del settings["draws"]
        return settings

    def divides(self, model):
        return False  # log Z is estimated once

    def values(self, subject, spans):
        """Yield the log-likelihoods by each estimate of log Z, and the errors of these."""
        model, seed = subject.model, subject.seed
        annealing = (self.chains, self.temperatures)
        found = [partition_of(subject, method, *annealing) for method in self.methods]
        options = {"seed": seed, **({"draws": self.draws} if takes(model, "draws") else {})}
        for _, inputs in prepared(subject, spans, self.form(model), seed):
            values = model.log_prob(*inputs, partition=found[0], **options).astype("float64")
            columns = [values + (found[0].value - each.value) for each in found]
            columns += [np.full(len(values), each.error) for each in found]
            yield np.stack(columns, axis=1)

    def numbers(self, values, model):
        errors = values[0, len(self.methods) :]
        names = [name for name in self.outputs if not name.endswith("error")]
        found = {
            name: _with_both(values[:, column], errors[column]) for column, name in enumerate(names)
        }
        return {**found, **({"ais_error": float(errors[0])} if "ais_error" in self.outputs else {})}


class ThresholdAIS(AIS):
    """The estimate of `AIS` for test images whose pixels are 1 above one half, in nats.

    It stands beside the one of drawn pixels, which is lower, since these have more noise.

    Args:
        chains: the number of chains.
        temperatures: the steps of each chain.
        draws: the draws of hidden units for each image, if the model's `log_prob` takes them.
    """

    name = "threshold_ais"
    outputs = {"threshold_ais": "higher"}
    methods = ("ais",)

    def __init__(self, chains: int = 100, temperatures: int = TEMPERATURES, draws: int = 10):
        super().__init__(chains, temperatures, "threshold", draws)


def _with_both(values: np.ndarray, error: float) -> tuple[float, float]:
    """Return the mean of `values`, and its error together with that of log Z."""
    mean, own = with_error(values)
    return mean, math.hypot(own, error)
