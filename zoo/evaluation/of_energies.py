"""The metric of models with a partition function: likelihoods by annealed importance sampling."""

from __future__ import annotations

import math

import numpy as np

from zoo.engine.annealing import TEMPERATURES
from zoo.errors import ArgumentError, check_count
from zoo.evaluation.of_images import LogLikelihood, prepared, takes, with_error

METHODS = ("ais", "reverse_ais")


class AIS(LogLikelihood):
    """The log-likelihood of test data in nats, with log Z by annealed importance sampling.

    `ais` has the forward estimate of log Z, as papers on these machines do. Its error is that of
    the mean over the data, together with that of log Z, and `ais_error` is the latter alone.
    `ais_reverse` has log Z of the chains in reverse; where these cannot begin at exact samples it
    is an estimate without a known sign, see `log_partition` of the model. For pixels that are drawn
    once, `ais_threshold` is `ais` of pixels that are 1 above one half, with the same log Z.

    Args:
        chains: the number of chains.
        temperatures: the steps of each chain.
        pixels: how images are made binary, see `LogLikelihood`.
        draws: the draws of hidden units for each image, if the model's `log_prob` takes them.
    """

    name = "ais"
    outputs = {
        "ais": "higher",
        "ais_reverse": "higher",
        "ais_error": "lower",
        "ais_threshold": "higher",
    }

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
        """Yield the log-likelihoods by both estimates of log Z, their errors, and, for pixels that
        are drawn once, the log-likelihoods of the others by the first estimate."""
        model, seed, form = subject.model, subject.seed, self.form(subject.model)
        annealing = {"chains": self.chains, "temperatures": self.temperatures}
        forward, reverse = (model.log_partition(m, seed, **annealing) for m in METHODS)
        options = {"seed": seed, **({"draws": self.draws} if takes(model, "draws") else {})}

        def log_likelihoods(form, partition):
            parts = [inputs for _, inputs in prepared(subject, spans, form, seed)]
            each = [model.log_prob(*inputs, partition=partition, **options) for inputs in parts]
            return np.concatenate(each).astype("float64")

        spans = list(spans)
        columns = [log_likelihoods(form, partition) for partition in (forward, reverse)]
        columns += [np.full(len(columns[0]), part.error) for part in (forward, reverse)]
        if form == "sampled":
            columns.append(log_likelihoods("threshold", forward))
        yield np.stack(columns, axis=1)

    def numbers(self, values, model):
        (forward, reverse), threshold = values[0, 2:4], values[:, 4:]
        return {
            "ais": _with_both(values[:, 0], forward),
            "ais_reverse": _with_both(values[:, 1], reverse),
            "ais_error": float(forward),
            **({"ais_threshold": _with_both(threshold, forward)} if threshold.size else {}),
        }


def _with_both(values: np.ndarray, error: float) -> tuple[float, float]:
    """Return the mean of `values`, and its error together with that of log Z."""
    mean, own = with_error(values)
    return mean, math.hypot(own, error)
