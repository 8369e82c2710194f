"""The metric of models with a partition function: likelihoods by annealed importance sampling."""

from __future__ import annotations

import math

import numpy as np

from zoo.engine.annealing import TEMPERATURES
from zoo.errors import ArgumentError, check_count
from zoo.evaluation.of_images import LogLikelihood, prepared, with_error


class AIS(LogLikelihood):
    """The log-likelihood of test data in nats, with log Z by annealed importance sampling.

    `ais` has the forward estimate of log Z, as papers on these machines do. Its error is that of
    the mean over the data, together with that of log Z. `ais_reverse` has log Z of the chains in
    reverse; where these cannot begin at exact samples it is an estimate without a known sign, see
    `log_partition` of the model.

    Args:
        chains: the number of chains.
        temperatures: the steps of each chain.
        pixels: how images are made binary, see `LogLikelihood`.
    """

    name = "ais"
    outputs = {"ais": "higher", "ais_reverse": "higher"}

    def __init__(
        self, chains: int = 100, temperatures: int = TEMPERATURES, pixels: str | None = None
    ):
        super().__init__(pixels)
        self.chains = check_count("chains", chains, minimum=2)
        self.temperatures = check_count("temperatures", temperatures)

    def check(self, model, test):
        super().check(model, test)
        if not model.has_partition:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with log_partition. Received: "
                f"{type(model).__name__}. Allowed: 'log_likelihood'."
            )

    def settings(self, model):
        return {**super().settings(model), "likelihood": "estimate"}

    def divides(self, model):
        return False  # log Z is estimated once

    def values(self, subject, spans):
        """Yield the log-likelihoods by both estimates of log Z, and the squared errors of these."""
        settings = {"chains": self.chains, "temperatures": self.temperatures}
        model, seed = subject.model, subject.seed
        found = [model.log_partition(m, seed, **settings) for m in ("ais", "reverse_ais")]
        for _, inputs in prepared(subject, spans, self.form(model), subject.seed):
            columns = [model.log_prob(*inputs, partition=each) for each in found]
            columns += [np.full(len(columns[0]), each.error**2) for each in found]
            yield np.stack(columns, axis=1).astype("float64")

    def numbers(self, values, model):
        return {
            name: _with_both(values[:, column], values[0, 2 + column])
            for column, name in enumerate(self.outputs)
        }


def _with_both(values: np.ndarray, variance: float) -> tuple[float, float]:
    """Return the mean of `values`, and its error together with that of log Z."""
    mean, error = with_error(values)
    return mean, math.sqrt(error**2 + variance)
