"""Penalties on the discriminator: terms added to its loss, and a constraint on its weights.

With D the logit and J(x) = d D(x) / dx of one image, all sums over its pixels and channels. A
discriminator that mixes the images of a batch, by batch normalization say, has no gradient of one
image; these penalties are meant for those that do not.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from zoo import engine
from zoo.base.named import Named
from zoo.errors import ArgumentError, check_number
from zoo.losses.per_sample import per_sample


class Penalty(Named):
    """A term of the discriminator's loss. Subclass it, or pass any callable of this signature, to
    use another."""

    kind = "penalty"
    required = ("__call__",)

    def __call__(self, discriminator: Callable, real, fake, random):
        """The penalty.

        Args:
            discriminator: from images to logits `(batch, 1)`.
            real: real images, of shape `(batch, height, width, channels)`.
            fake: generated images, of the same shape.
            random: `zoo.engine.random.Random`, whose `normal(shape)` and `uniform(shape)` are
                fresh at each call.

        Returns:
            One value per sample that was looked at, in float32.
        """
        raise NotImplementedError

    def with_outputs(
        self, discriminator_outputs: Callable, logits: Callable, real, fake, random
    ) -> tuple:
        """Return the discriminator's outputs on real and on generated images, and the penalty.

        A penalty on the gradient at exactly one of both takes the outputs on it from the same pass:
        the numbers are the same, and one pass in four is saved.

        Args:
            discriminator_outputs: from images to the discriminator's outputs, of any structure.
            logits: from these outputs to one logit for each image, `(batch, 1)`.
            real: as for `__call__`, and `fake` and `random`.
        """
        penalty = self(lambda images: logits(discriminator_outputs(images)), real, fake, random)
        return discriminator_outputs(real), discriminator_outputs(fake), penalty

    def constrain(self, variables: list) -> None:
        """Is called with the discriminator's weights after each of its updates."""


class _GradientPenalty(Penalty):
    """A function of the gradient's squared norm at some images."""

    fused: str | None = None  # where the images are exactly those of "real" or of "fake"

    def images(self, real, fake, random):
        """Where the gradient is taken."""
        raise NotImplementedError

    def value(self, squared_norm):
        """The penalty, from |J|^2."""
        raise NotImplementedError

    def __call__(self, discriminator, real, fake, random):
        images = self.images(real, fake, random)
        return self.value(_squared_norm(engine.gradient(discriminator, images)))

    def with_outputs(self, discriminator_outputs, logits, real, fake, random):
        if self.fused is None:
            return super().with_outputs(discriminator_outputs, logits, real, fake, random)

        def scored(images):
            outputs = discriminator_outputs(images)
            return logits(outputs), outputs

        images = {"real": real, "fake": fake}
        outputs = {k: discriminator_outputs(x) for k, x in images.items() if k != self.fused}
        grad, outputs[self.fused] = engine.gradient(scored, images[self.fused], has_aux=True)
        return outputs["real"], outputs["fake"], self.value(_squared_norm(grad))


class _ZeroCentered(_GradientPenalty):
    def __init__(self, gamma: float = 10.0, share: float = 1.0):
        self.gamma = check_number("gamma", gamma)
        if check_number("share", share, minimum=0.001) > 1:
            raise ArgumentError(f"share must be at most 1. Received: {share!r}.")
        self.share = share

    def value(self, squared_norm):
        return 0.5 * self.gamma * squared_norm

    def first(self, images):
        if self.share == 1:
            return images
        # In thousandths and rounded up, so at least one image, also of an unknown number.
        return images[: (ops.shape(images)[0] * round(1000 * self.share) + 999) // 1000]


@keras.saving.register_keras_serializable("zoo")
class R1(_ZeroCentered):
    """The squared gradient norm on real images: gamma / 2 * |J(x)|^2.

    Equation 9 of Mescheder, Geiger and Nowozin 2018, https://arxiv.org/abs/1801.04406.

    Args:
        gamma: the weight of the penalty, for images in [-1, 1].
        share: the part of the batch, in [0.001, 1], that the penalty is taken over. Its
            expectation is the same for any share and its cost, which is a second differentiation,
            falls with it. (Where several processes or replicas share a batch: of the part of each.)

    Differs from the paper: with `share` below 1 the penalty is taken over the first images of each
    batch. (StyleGAN2 saves the same work by taking it over every image of each sixteenth batch.)
    """

    name = "r1"

    @property
    def fused(self):
        return "real" if self.share == 1 else None

    def images(self, real, fake, random):
        return self.first(real)


@keras.saving.register_keras_serializable("zoo")
class R2(_ZeroCentered):
    """The squared gradient norm on generated images: gamma / 2 * |J(G(z))|^2.

    Equation 10 of Mescheder, Geiger and Nowozin 2018, https://arxiv.org/abs/1801.04406.

    Args:
        gamma: as for `R1`.
        share: as for `R1`.

    Differs from the paper: as `R1`.
    """

    name = "r2"

    @property
    def fused(self):
        return "fake" if self.share == 1 else None

    def images(self, real, fake, random):
        return self.first(fake)


class _OneCentered(_GradientPenalty):
    def __init__(self, weight: float = 10.0, target: float = 1.0):
        self.weight = check_number("weight", weight)
        self.target = check_number("target", target)

    def value(self, squared_norm):
        # The square root has no slope at 0; there the penalty has none either.
        norm = ops.sqrt(ops.maximum(squared_norm, 1e-12))
        return self.weight * ops.square(norm - self.target)


@keras.saving.register_keras_serializable("zoo")
class GradientPenalty(_OneCentered):
    """The distance of the slope from 1 between real and generated images:
    weight * (|J(x^)| - target)^2 at x^ = u x + (1 - u) G(z), with one u ~ U(0, 1) for each pair.

    Equation 3 of Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028, with target 1.

    Args:
        weight: the weight of the penalty, lambda in the paper.
        target: the norm that is not punished.

    Differs from the paper: none.
    """

    name = "gradient_penalty"

    def images(self, real, fake, random):
        return fake + random.uniform(_one_for_each(real)) * (real - fake)


@keras.saving.register_keras_serializable("zoo")
class DRAGAN(_OneCentered):
    """The distance of the slope from 1 around real images: weight * (|J(x + u d)| - target)^2,
    with noise d of the shape of the images and one u ~ U(0, 1) for each.

    Section 2.3 of Kodali et al. 2017, https://arxiv.org/abs/1705.07215.

    Args:
        weight: the weight of the penalty, lambda in the paper.
        target: the norm that is not punished, k in the paper.
        spread: how far d reaches, in standard deviations of the batch.

    Differs from the paper: d is uniform in [0, spread * standard deviation of the batch), as in the
    authors' code, and not normal with a variance that depends on the scale of the images.
    """

    name = "dragan"

    def __init__(self, weight: float = 10.0, target: float = 1.0, spread: float = 0.5):
        super().__init__(weight, target)
        self.spread = check_number("spread", spread)

    def images(self, real, fake, random):
        mean = engine.all_reduce_mean(ops.mean(real))
        deviation = ops.sqrt(engine.all_reduce_mean(ops.mean(ops.square(real - mean))))
        noise = self.spread * deviation * random.uniform(ops.shape(real))
        return real + random.uniform(_one_for_each(real)) * noise


@keras.saving.register_keras_serializable("zoo")
class WeightClipping(Penalty):
    """No term of the loss but a constraint: after each update, every weight is clipped to
    [-limit, limit].

    Algorithm 1 of Arjovsky, Chintala and Bottou 2017, https://arxiv.org/abs/1701.07875. As a term
    of the loss it is 0.

    Args:
        limit: c in the paper.

    Differs from the paper: none.
    """

    name = "weight_clipping"

    def __init__(self, limit: float = 0.01):
        self.limit = check_number("limit", limit, above=True)

    def __call__(self, discriminator, real, fake, random):
        return ops.zeros((ops.shape(real)[0],), dtype="float32")

    def constrain(self, variables):
        for variable in variables:
            variable.assign(ops.clip(variable, -self.limit, self.limit))


def _squared_norm(grad):
    """|J|^2 of each image, in float32: squares of half-precision numbers vanish."""
    return per_sample(ops.square(ops.cast(grad, "float32")))


def _one_for_each(images) -> tuple:
    """The shape of one number for each image, which spreads over its pixels."""
    return (ops.shape(images)[0], *[1] * (len(images.shape) - 1))
