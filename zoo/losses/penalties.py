"""Penalties on the discriminator: terms of its loss, and a constraint on its weights.

D is the logit, J(x) = d D(x) / dx its gradient for one image, and |J|^2 sums over all pixels and
channels. A discriminator that mixes the images of a batch, for example by batch normalization, has
no gradient of one image. These penalties are meant for discriminators without such layers.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from zoo import engine
from zoo.base.named import Named
from zoo.engine import scalars
from zoo.errors import ArgumentError, check_number
from zoo.losses.per_sample import per_sample


class Penalty(Named):
    """A term of the discriminator's loss.

    Subclass it, or pass any callable of this signature, to use another one.
    """

    kind = "penalty"
    required = ("__call__",)

    def __call__(self, discriminator: Callable, real, fake, random):
        """Return the penalty.

        Args:
            discriminator: a function from images to logits `(batch, 1)`.
            real: real images, of shape `(batch, height, width, channels)`.
            fake: generated images, of the same shape.
            random: a `zoo.engine.random.Random`, whose methods `normal(shape)` and `uniform(shape)`
                give new numbers at each call.

        Returns:
            One value per sample that the penalty looks at, in float32.
        """
        raise NotImplementedError

    def with_outputs(
        self, discriminator_outputs: Callable, logits: Callable, real, fake, random
    ) -> tuple:
        """Return the discriminator's outputs on real and on generated images, and the penalty.

        A penalty that takes the gradient at exactly the real or the generated images gets the
        outputs on them from the same pass. The numbers are the same, and one pass in four is saved.

        Args:
            discriminator_outputs: a function from images to the discriminator's outputs, of any
                structure.
            logits: a function from these outputs to one logit for each image, `(batch, 1)`.
            real: see `__call__`, also for `fake` and `random`.

        Returns:
            The outputs on `real`, the outputs on `fake`, and the penalty.
        """
        penalty = self(lambda images: logits(discriminator_outputs(images)), real, fake, random)
        return discriminator_outputs(real), discriminator_outputs(fake), penalty

    def constrain(self, variables: list) -> None:
        """Change the discriminator's weights after an update; by default do nothing."""


class _GradientPenalty(Penalty):
    """A function of the gradient's squared norm at some images."""

    fused: tuple[str, ...] = ()  # "real" or "fake" if the gradient is taken at exactly these images

    def images(self, real, fake, random):
        """Return the images at which the gradient is taken."""
        raise NotImplementedError

    def value(self, squared_norm):
        """Return the penalty for |J|^2."""
        raise NotImplementedError

    def __call__(self, discriminator, real, fake, random):
        images = self.images(real, fake, random)
        return self.value(_squared_norm(engine.gradient(discriminator, images)))

    def with_outputs(self, discriminator_outputs, logits, real, fake, random):
        if not self.fused:
            return super().with_outputs(discriminator_outputs, logits, real, fake, random)

        def logits_and_outputs(images):
            outputs = discriminator_outputs(images)
            return logits(outputs), outputs

        images, outputs, penalty = {"real": real, "fake": fake}, {}, 0.0
        for kind in sorted(images, key=self.fused.__contains__):
            if kind in self.fused:
                grad, outputs[kind] = engine.gradient(
                    logits_and_outputs, images[kind], has_aux=True
                )
                penalty = penalty + self.value(_squared_norm(grad))
            else:
                outputs[kind] = discriminator_outputs(images[kind])
        return outputs["real"], outputs["fake"], penalty


class _ZeroCenteredPenalty(_GradientPenalty):
    """The penalty gamma / 2 * |J|^2, over a share of the batch."""

    def __init__(self, gamma: float = 10.0, share: float = 1.0):
        self.gamma = check_number("gamma", gamma)
        if check_number("share", share, minimum=0.001) > 1:
            raise ArgumentError(f"share must be at most 1. Received: {share!r}.")
        self.share = share

    def value(self, squared_norm):
        return 0.5 * self.gamma * squared_norm

    def shared(self, images):
        """Return the first images of the batch, as many as `share` says."""
        if self.share == 1:
            return images
        # The number is counted in thousandths and rounded up, so that it is at least one. Integers
        # also work where a compiled step does not know the size of the batch.
        return images[: (ops.shape(images)[0] * round(1000 * self.share) + 999) // 1000]


@keras.saving.register_keras_serializable("zoo")
class R1(_ZeroCenteredPenalty):
    """The squared gradient norm on real images: gamma / 2 * |J(x)|^2.

    Equation 9 of Mescheder, Geiger and Nowozin 2018, https://arxiv.org/abs/1801.04406.

    Args:
        gamma: the weight of the penalty, for images in [-1, 1].
        share: the part of the batch, in [0.001, 1], that the penalty is taken over. The expectation
            is the same for any share. The cost, a second differentiation, falls with it. Where
            several processes or replicas share a batch, each takes this part of its own images.

    Differs from the paper: with `share` below 1 the penalty is taken over the first images of each
    batch. (StyleGAN2 saves the same work by taking it over every image of each sixteenth batch.)
    """

    name = "r1"

    @property
    def fused(self):
        """`("real",)`, if the penalty is taken over the complete batch."""
        return ("real",) if self.share == 1 else ()

    def images(self, real, fake, random):
        return self.shared(real)


@keras.saving.register_keras_serializable("zoo")
class R2(_ZeroCenteredPenalty):
    """The squared gradient norm on generated images: gamma / 2 * |J(G(z))|^2.

    Equation 10 of Mescheder, Geiger and Nowozin 2018, https://arxiv.org/abs/1801.04406.

    Args:
        gamma: see `R1`.
        share: see `R1`.

    Differs from the paper: see `R1`.
    """

    name = "r2"

    @property
    def fused(self):
        """`("fake",)`, if the penalty is taken over the complete batch."""
        return ("fake",) if self.share == 1 else ()

    def images(self, real, fake, random):
        return self.shared(fake)


@keras.saving.register_keras_serializable("zoo")
class R1R2(_ZeroCenteredPenalty):
    """The squared gradient norms on real and on generated images: gamma / 2 * (|J(x)|^2 +
    |J(G(z))|^2).

    With the loss `"relativistic"` it is the objective of R3GAN, Huang et al. 2024,
    https://arxiv.org/abs/2501.05441. Each term alone is of Mescheder, Geiger and Nowozin 2018,
    https://arxiv.org/abs/1801.04406.

    Args:
        gamma: see `R1`.
        share: see `R1`.

    Differs from the paper: see `R1`.
    """

    name = "r1_r2"

    @property
    def fused(self):
        """`("real", "fake")`, if the penalty is taken over the complete batch."""
        return ("real", "fake") if self.share == 1 else ()

    def __call__(self, discriminator, real, fake, random):
        grads = [engine.gradient(discriminator, self.shared(x)) for x in (real, fake)]
        return sum(self.value(_squared_norm(grad)) for grad in grads)


class _NormPenalty(_GradientPenalty):
    """The penalty weight * (|J| - target)^2."""

    def __init__(self, weight: float = 10.0, target: float = 1.0):
        self.weight = check_number("weight", weight)
        self.target = check_number("target", target)

    def value(self, squared_norm):
        # The square root has no derivative at 0; the bound makes the derivative 0 there.
        norm = ops.sqrt(scalars.clamp(squared_norm, 1e-12))
        return self.weight * ops.square(norm - self.target)


@keras.saving.register_keras_serializable("zoo")
class GradientPenalty(_NormPenalty):
    """The squared distance of the gradient norm from 1, between real and generated images.

    weight * (|J(x^)| - target)^2 at x^ = u x + (1 - u) G(z), with one u ~ U(0, 1) for each pair.
    Equation 3 of Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028, with target 1.

    Args:
        weight: the weight of the penalty, lambda in the paper.
        target: the gradient norm that is not punished.

    Differs from the paper: none.
    """

    name = "gradient_penalty"

    def images(self, real, fake, random):
        return fake + random.uniform(_one_for_each(real)) * (real - fake)


@keras.saving.register_keras_serializable("zoo")
class DRAGAN(_NormPenalty):
    """The squared distance of the gradient norm from 1, around real images.

    weight * (|J(x + u d)| - target)^2, with noise d of the shape of the images and one u ~ U(0, 1)
    for each image. Section 2.3 of Kodali et al. 2017, https://arxiv.org/abs/1705.07215.

    Args:
        weight: the weight of the penalty, lambda in the paper.
        target: the gradient norm that is not punished, k in the paper.
        spread: the range of d, in standard deviations of the batch.

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
    """A constraint: after each update, every weight is clipped to [-limit, limit].

    Algorithm 1 of Arjovsky, Chintala and Bottou 2017, https://arxiv.org/abs/1701.07875. Its term of
    the loss is 0.

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
            weights = ops.convert_to_tensor(variable)
            variable.assign(scalars.clamp(weights, -self.limit, self.limit))


def _squared_norm(grad):
    """Return |J|^2 of each image in float32, since squares underflow in half precision."""
    return per_sample(ops.square(ops.cast(grad, "float32")))


def _one_for_each(images) -> tuple:
    """Return the shape of one number for each image, which broadcasts over its pixels."""
    return (ops.shape(images)[0], *[1] * (images.ndim - 1))
