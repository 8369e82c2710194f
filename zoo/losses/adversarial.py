"""Pairs of adversarial losses, for the discriminator and the generator, on logits.

With the softplus s(x) = log(1 + exp(x)) and D(x) = sigmoid(logit), -log D = s(-logit) and -log(1 -
D) = s(logit). These forms take no logarithm of a number that rounds to zero.
"""

from __future__ import annotations

import inspect

import keras
from keras import ops

from zoo import engine
from zoo.base.named import Named
from zoo.errors import ArgumentError, check_number


class AdversarialLoss(Named):
    """A pair of losses for the discriminator and the generator.

    Subclass it, or pass any object with these two methods, to use another one. A generator's loss
    that compares with real images is a method `generator(self, fake, real)`.

    Example:

    >>> import zoo, keras
    >>> @keras.saving.register_keras_serializable("mine")
    ... class Difference(zoo.losses.AdversarialLoss):
    ...     def discriminator(self, real, fake):
    ...         return keras.ops.softplus(fake - real)
    ...     def generator(self, fake, real):
    ...         return keras.ops.softplus(real - fake)
    >>> zoo.create("gan", image_shape=(8, 8, 1), units=8).compile(loss=Difference())
    """

    kind = "loss"
    required = ("discriminator", "generator")

    def discriminator(self, real, fake):
        """Return the discriminator's loss.

        Args:
            real: logits of real images, of shape `(batch, 1)`.
            fake: logits of generated images, of shape `(batch, 1)`.

        Returns:
            One value per sample, of the shape of the logits.
        """
        raise NotImplementedError

    def generator(self, fake):
        """Return the generator's loss.

        A method with a second argument `real` also gets logits of real images.

        Args:
            fake: logits of generated images, of shape `(batch, 1)`.

        Returns:
            One value per sample, of the shape of the logits.
        """
        raise NotImplementedError

    @classmethod
    def _check_call(cls, name, value):
        if name != "generator" or not compares(value):
            super()._check_call(name, value)
            return
        try:
            inspect.signature(value.generator).bind("fake", real="real")
        except TypeError as error:
            raise ArgumentError(
                f"loss.generator is called with (fake, real=real). Received: {value!r}, {error}."
            ) from error


def compares(loss: AdversarialLoss) -> bool:
    """Return whether the generator's loss of `loss` compares with real images."""
    return "real" in inspect.signature(loss.generator).parameters


@keras.saving.register_keras_serializable("zoo")
class Minimax(AdversarialLoss):
    """The minimax game, in which the generator minimises what the discriminator maximises.

    Discriminator: -log D(x) - log(1 - D(G(z))). Generator: log(1 - D(G(z))). The generator's loss
    saturates: its gradient vanishes where the discriminator is sure. Equation 1 and algorithm 1 of
    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661.

    Args:
        label_smoothing: s in [0, 0.5), for real images only (one-sided). Their term becomes -(1 -
            s) log D(x) - s log(1 - D(x)), section 3.4 of Salimans et al. 2016,
            https://arxiv.org/abs/1606.03498.

    Differs from the paper: none, without label smoothing.
    """

    name = "minimax"

    def __init__(self, label_smoothing: float = 0.0):
        self.label_smoothing = _check_smoothing(label_smoothing)

    def discriminator(self, real, fake):
        # The smoothed term uses -log(1 - D) = s(logit) = s(-logit) + logit.
        return ops.softplus(-real) + self.label_smoothing * real + ops.softplus(fake)

    def generator(self, fake):
        return -ops.softplus(fake)


@keras.saving.register_keras_serializable("zoo")
class NonSaturating(Minimax):
    """The pair that practice trains: the generator maximises log D(G(z)).

    Discriminator: -log D(x) - log(1 - D(G(z))), as in `Minimax`. Generator: -log D(G(z)). It has
    the same fixed point, and its gradient does not vanish where the discriminator is sure. Section
    3 of Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661.

    Args:
        label_smoothing: see `Minimax`.

    Differs from the paper: none, without label smoothing.
    """

    name = "non_saturating"

    def generator(self, fake):
        return ops.softplus(-fake)


@keras.saving.register_keras_serializable("zoo")
class LeastSquares(AdversarialLoss):
    """Regression of logits, not of probabilities, to a target for each kind of image.

    Discriminator: 1/2 (D(x) - b)^2 + 1/2 (D(G(z)) - a)^2. Generator: 1/2 (D(G(z)) - c)^2. D is the
    logit. Equation 2 of Mao et al. 2017, https://arxiv.org/abs/1611.04076. With a = 0, b = c = 1 it
    is equation 9. With a = -1, b = 1, c = 0 it is equation 8, which minimises a Pearson divergence.

    Args:
        fake_target: a.
        real_target: b.
        generator_target: c.
        label_smoothing: s in [0, 0.5), for real images only. Their target becomes (1 - s) b + s a.

    Raises:
        ArgumentError: if a value is no finite number or out of range, or a = b.

    Differs from the paper: none, without label smoothing.
    """

    name = "least_squares"

    def __init__(
        self,
        fake_target: float = 0.0,
        real_target: float = 1.0,
        generator_target: float = 1.0,
        label_smoothing: float = 0.0,
    ):
        self.fake_target = check_number("fake_target", fake_target, minimum=None)
        self.real_target = check_number("real_target", real_target, minimum=None)
        self.generator_target = check_number("generator_target", generator_target, minimum=None)
        if fake_target == real_target:
            raise ArgumentError(
                f"fake_target and real_target must differ. Received: {fake_target!r} for both."
            )
        self.label_smoothing = _check_smoothing(label_smoothing)

    def discriminator(self, real, fake):
        share = self.label_smoothing
        target = (1 - share) * self.real_target + share * self.fake_target
        return 0.5 * ops.square(real - target) + 0.5 * ops.square(fake - self.fake_target)

    def generator(self, fake):
        return 0.5 * ops.square(fake - self.generator_target)


@keras.saving.register_keras_serializable("zoo")
class Hinge(AdversarialLoss):
    """The hinge loss, which asks for a margin and no more.

    Discriminator: max(0, 1 - D(x)) + max(0, 1 + D(G(z))). Generator: -D(G(z)). D is the logit.
    Equations 16 and 17 of Miyato et al. 2018, https://arxiv.org/abs/1802.05957.

    Differs from the paper: none.
    """

    name = "hinge"

    def discriminator(self, real, fake):
        return ops.relu(1.0 - real) + ops.relu(1.0 + fake)

    def generator(self, fake):
        return -fake


@keras.saving.register_keras_serializable("zoo")
class Wasserstein(AdversarialLoss):
    """The critic's estimate of the Wasserstein-1 distance.

    The slope of the critic f must be bounded by other means. Critic: -f(x) + f(G(z)). Generator:
    -f(G(z)). Equations 2 and 3 of Arjovsky, Chintala and Bottou 2017,
    https://arxiv.org/abs/1701.07875. A constant added to f changes nothing.

    Differs from the paper: none.
    """

    name = "wasserstein"

    def discriminator(self, real, fake):
        return fake - real

    def generator(self, fake):
        return -fake


@keras.saving.register_keras_serializable("zoo")
class Relativistic(AdversarialLoss):
    """The discriminator tells which of a real and a generated image is the real one.

    Discriminator: -log sigmoid(C(x) - C(G(z))). Generator: -log sigmoid(C(G(z)) - C(x)). C is the
    logit. A constant added to C changes nothing. It is the relativistic standard GAN of
    Jolicoeur-Martineau 2018, https://arxiv.org/abs/1807.00734. With the penalty `"r1_r2"` it is the
    objective of R3GAN, Huang et al. 2024, https://arxiv.org/abs/2501.05441.

    Differs from the paper: none.
    """

    name = "relativistic"

    def discriminator(self, real, fake):
        return ops.softplus(fake - real)

    def generator(self, fake, real):
        return ops.softplus(real - fake)


@keras.saving.register_keras_serializable("zoo")
class RelativisticAverage(AdversarialLoss):
    """The discriminator compares each image with the mean of the other kind.

    Discriminator: -log sigmoid(C(x) - m') - log(1 - sigmoid(C(G(z)) - m)), with the means m of C(x)
    and m' of C(G(z)) over the batch. Generator: -log sigmoid(C(G(z)) - m) - log(1 - sigmoid(C(x) -
    m')). C is the logit. It is RaSGAN of Jolicoeur-Martineau 2018,
    https://arxiv.org/abs/1807.00734, which ESRGAN trains.

    Differs from the paper: none.
    """

    name = "relativistic_average"

    def discriminator(self, real, fake):
        return ops.softplus(_mean(fake) - real) + ops.softplus(fake - _mean(real))

    def generator(self, fake, real):
        return self.discriminator(fake, real)


def _mean(logits):
    """Return the mean over the whole batch, of all devices."""
    return engine.all_reduce_mean(ops.mean(logits))


def _check_smoothing(share: float) -> float:
    """Return the smoothing, or raise an `ArgumentError` unless it lies in [0, 0.5)."""
    if check_number("label_smoothing", share) >= 0.5:
        raise ArgumentError(f"label_smoothing must be below 0.5. Received: {share!r}.")
    return share
