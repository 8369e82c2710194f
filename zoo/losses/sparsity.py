"""Penalties that make codes sparse."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo import engine
from zoo.base.named import Named
from zoo.engine import scalars
from zoo.errors import ArgumentError, check_number


class Sparsity(Named):
    """A penalty on codes.

    Subclass it, or pass any callable of this signature, to use another one.
    """

    kind = "sparsity"
    required = ("__call__",)

    def __call__(self, codes):
        """Return the penalty, one value per image or a scalar.

        Args:
            codes: codes of shape `(batch, units)`.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class L1(Sparsity):
    """The absolute norm of codes of any sign: weight * sum_j |z_j|.

    It corresponds to a Laplacian prior on codes, section 14.2.1 of Goodfellow, Bengio and Courville
    2016, https://www.deeplearningbook.org.

    Args:
        weight: lambda.

    Differs from the paper: none.
    """

    name = "l1"

    def __init__(self, weight: float = 0.1):
        self.weight = check_number("weight", weight)

    def __call__(self, codes):
        return self.weight * ops.sum(ops.abs(codes), axis=-1)


@keras.saving.register_keras_serializable("zoo")
class KL(Sparsity):
    """The divergence between wanted and actual mean activations, for codes in (0, 1).

    weight * sum_j [rho log(rho / r_j) + (1 - rho) log((1 - rho) / (1 - r_j))], where r_j is the
    mean activation of unit j over the batch: section 3 of Ng 2011, Sparse autoencoder,
    https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf.

    Args:
        weight: beta.
        target: rho, the wanted mean activation, in (0, 1).

    Differs from the paper: the mean is over the batch and not over the training set.
    """

    name = "kl"

    def __init__(self, weight: float = 3.0, target: float = 0.05):
        self.weight = check_number("weight", weight)
        if check_number("target", target, above=True) >= 1:
            raise ArgumentError(f"target must be below 1. Received: {target!r}.")
        self.target = target

    def __call__(self, codes):
        mean = engine.all_reduce_mean(ops.mean(codes, axis=0))
        mean = scalars.clamp(mean, 1e-6, 1.0 - 1e-6)
        rho = self.target
        active = rho * (math.log(rho) - ops.log(mean))
        inactive = (1.0 - rho) * (math.log1p(-rho) - ops.log(1.0 - mean))
        return self.weight * ops.sum(active + inactive)
