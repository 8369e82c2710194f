"""Adversarial loss pairs on logits: what the discriminator and what the generator minimise.

Written with s(x) = log(1 + exp(x)), the softplus, and D(x) = sigmoid(logit): -log D = s(-logit) and
-log(1 - D) = s(logit), without a logarithm of a number that rounds to zero.
"""

from __future__ import annotations

import keras
from keras import ops

from zoo.losses.lookup import Named


class AdversarialLoss(Named):
    """A pair of losses. Subclass it, or pass any object with these two methods, to use another."""

    kind = "loss"
    required = ("discriminator", "generator")

    def discriminator(self, real, fake):
        """The discriminator's loss.

        Args:
            real: logits of real images, of shape `(batch, 1)`.
            fake: logits of generated images, of the same shape.

        Returns:
            One value per sample, of the shape of the logits.
        """
        raise NotImplementedError

    def generator(self, fake):
        """The generator's loss, one value per sample, from the logits of its images, of shape
        `(batch, 1)`."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class Minimax(AdversarialLoss):
    """The minimax game, in which the generator minimises what the discriminator maximises.

    Discriminator: -log D(x) - log(1 - D(G(z))). Generator: log(1 - D(G(z))), which saturates: its
    gradient vanishes where the discriminator is sure. Equation 1 and algorithm 1 of Goodfellow et
    al. 2014, https://arxiv.org/abs/1406.2661.

    Differs from the paper: none.
    """

    name = "minimax"

    def discriminator(self, real, fake):
        return ops.softplus(-real) + ops.softplus(fake)

    def generator(self, fake):
        return -ops.softplus(fake)


@keras.saving.register_keras_serializable("zoo")
class NonSaturating(Minimax):
    """The pair that is trained in practice: the generator maximises log D(G(z)).

    Discriminator: -log D(x) - log(1 - D(G(z))), as in `Minimax`. Generator: -log D(G(z)), of the
    same fixed point and with a gradient where the discriminator is sure. Section 3 of Goodfellow et
    al. 2014, https://arxiv.org/abs/1406.2661.

    Differs from the paper: none.
    """

    name = "non_saturating"

    def generator(self, fake):
        return ops.softplus(-fake)
