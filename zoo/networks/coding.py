"""The demands of a model on its encoder and decoder: codes, or a posterior of latents."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar

from keras import activations, layers

from zoo.errors import check_count
from zoo.layers import TransposedDense


@dataclasses.dataclass(frozen=True)
class Coding:
    """The last layer of an encoder, the input of the decoder, and the choices of a model where its
    architecture leaves them open.

    Each subclass is one kind of result of an encoder.

    Attributes:
        name: the name of the kind.
        inputs: the name of the input of the decoder.
        hidden_options: the arguments of dense hidden layers.
        latent_dim: the number of code units, or of latent variables.
        hidden_units: the units of each dense hidden layer, or `None` for the architecture's own
            default.
    """

    name: ClassVar[str]
    inputs: ClassVar[str]
    hidden_options: ClassVar[dict[str, Any]]

    latent_dim: int
    hidden_units: Sequence[int] | None = None

    def __post_init__(self):
        check_count("latent_dim", self.latent_dim)

    def outputs(self, features, activation: str | None):
        """Return the outputs of an encoder for its features `(batch, n)`.

        `activation` is the one that the architecture has for codes by default.
        """
        raise NotImplementedError

    def pixels(self, x, shape: tuple[int, int, int]):
        """Return unbounded numbers of the given shape for the vectors `x`, by one dense layer."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Code(Coding):
    """One vector of code units, as in autoencoders.

    Attributes:
        activation: the activation of the code units, or `None` for the architecture's own.
        tied_to: the encoder's layer whose transposed weights the dense layer of `pixels` has, or
            `None`.
    """

    name: ClassVar[str] = "code"
    inputs: ClassVar[str] = "codes"
    hidden_options: ClassVar[dict[str, Any]] = {
        "activation": "relu",
        "kernel_initializer": "he_normal",
    }

    activation: str | None = None
    tied_to: layers.Dense | None = None

    def outputs(self, features, activation):
        chosen = activation if self.activation is None else self.activation
        return layers.Dense(self.latent_dim, activation=activations.get(chosen), name="code")(
            features
        )

    def pixels(self, x, shape):
        if self.tied_to is None:
            last = layers.Dense(math.prod(shape))
        else:
            last = TransposedDense(self.tied_to)
        # Logits are in float32 under every dtype policy.
        return layers.Reshape(shape, dtype="float32", name="logits")(last(x))


@dataclasses.dataclass(frozen=True)
class Posterior(Coding):
    """The mean and the log-variance of a normal distribution of latents, as in VAEs."""

    name: ClassVar[str] = "posterior"
    inputs: ClassVar[str] = "latents"
    hidden_options: ClassVar[dict[str, Any]] = {"activation": "tanh"}

    def outputs(self, features, activation):
        del activation  # means and log-variances are any numbers
        # In float32 under every dtype policy, because log-variances are exponentiated.
        return [
            layers.Dense(self.latent_dim, dtype="float32", name=part)(features)
            for part in ("mean", "log_variance")
        ]

    def pixels(self, x, shape):
        x = layers.Dense(math.prod(shape), dtype="float32", name="logits")(x)
        return layers.Reshape(shape, dtype="float32")(x)
