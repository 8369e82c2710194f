"""What a `fit` step of a case must cost: its operations, and the numbers that it must move."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

from cases import Case, stages, weights_of

FLOAT = 4  # bytes


class Layer(NamedTuple):
    """A dense layer or a convolution: its multiplications, weights and outputs; the first and the
    last for each datum."""

    multiplications: int
    weights: int
    outputs: int


class Cost(NamedTuple):
    """Multiplications with their additions, and numbers that are read or written."""

    multiplications: float
    moved: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, n: int) -> Cost:
        return Cost(*(n * value for value in self))


class Network:
    """The layers of a network, in order, for a batch of `rows`.

    An output is written by its layer and read by the next one. Normalizations and activations are
    not counted, as if they were a part of their layers.
    """

    def __init__(self, layers: Iterable[Layer], rows: int):
        layers = list(layers)
        multiplications, weights, outputs = (sum(each) for each in zip(*layers, strict=True))
        self.multiplications = rows * multiplications
        self.first = rows * layers[0].multiplications
        self.weights, self.outputs = weights, rows * outputs

    def forwards(self) -> Cost:
        return Cost(self.multiplications, self.weights + 2 * self.outputs)

    def backwards(self, to_inputs: bool) -> Cost:
        """The gradients of the weights, and of the inputs where they are needed."""
        multiplications = 2 * self.multiplications - (0 if to_inputs else self.first)
        return Cost(multiplications, 2 * self.weights + 3 * self.outputs)

    def through(self) -> Cost:
        """The gradient of the inputs alone."""
        return Cost(self.multiplications, self.weights + 3 * self.outputs)

    def adam(self) -> Cost:
        """Gradients, moments and weights are read, the last two written."""
        return Cost(0, 7 * self.weights)

    def averaged(self) -> Cost:
        return Cost(0, 3 * self.weights)


def _dense(*widths: int) -> list[Layer]:
    return [Layer(a * b, a * b, b) for a, b in itertools.pairwise(widths)]


def _layers(arrays) -> list[Layer]:
    """The dense layers of weights `(kind, shape)`."""
    kernels = [shape for kind, shape in arrays if kind == "normal"]
    return [layer for a, b in kernels for layer in _dense(a, b)]


def networks(case: Case, rows: int) -> dict[str, Network]:
    if case.family == "vae" or case.points:
        return {name: Network(_layers(arrays), rows) for name, arrays in weights_of(case).items()}
    start, count = stages(case.size)
    width = case.options["width"]
    flat = start * start * (width << (count - 1))
    below = [width << (count - 2 - stage) for stage in range(count - 1)] + [case.channels]
    # From the smallest maps to the image: the smaller side's positions, and both sides' channels.
    maps = [((start << i) ** 2, width << (count - 1 - i), below[i]) for i in range(count)]
    up = [Layer(n * 16 * a * b, 16 * a * b, 4 * n * b) for n, a, b in maps]
    down = [Layer(n * 16 * a * b, 16 * a * b, n * a) for n, a, b in reversed(maps)]
    return {
        "generator": Network([*_dense(case.latent_dim, flat), *up], rows),
        "discriminator": Network([*down, *_dense(flat, 1)], rows),
    }


def cost(case: Case) -> Cost:
    """The least cost of a `fit` step."""
    if case.family == "vae":
        encoder, decoder = networks(case, case.batch).values()
        one = encoder.forwards() + encoder.backwards(False)
        one += decoder.forwards() + decoder.backwards(True)
        return one + encoder.adam() + decoder.adam()
    steps = 5 if case.family == "wgan_gp" else 1
    generator, discriminator = networks(case, case.batch // steps).values()
    of_real = discriminator.forwards() + discriminator.backwards(False)
    critic = generator.forwards() + of_real.times(2) + discriminator.adam()
    if case.family == "wgan_gp":
        # The slope between images, and the derivatives of both passes.
        critic += discriminator.forwards() + discriminator.through()
        critic += discriminator.backwards(False) + discriminator.backwards(True)
    player = generator.forwards() + discriminator.forwards() + discriminator.through()
    player += generator.backwards(False) + generator.adam() + generator.averaged()
    return critic.times(steps) + player


def flops(case: Case) -> float:
    """Floating-point operations of the products and convolutions of a `fit` step, two for each
    multiplication and addition."""
    return 2 * cost(case).multiplications


def moved(case: Case) -> float:
    """The bytes that a `fit` step must at least move."""
    return FLOAT * cost(case).moved


def least_seconds(case: Case, rate: float, bandwidth: float) -> float:
    """The time of a `fit` step at `rate` GFLOP/s or `bandwidth` GB/s, whichever takes longer."""
    return max(flops(case) / rate, moved(case) / bandwidth) / 1e9
