"""`EncodesUnits`, the mixin for codes that are probabilities of binary units."""

from __future__ import annotations

from keras import ops

from zoo.engine.encoding import OneCode


class EncodesUnits(OneCode):
    """A mixin of models whose code is the probability of each unit of their upper layer.

    `decode` takes states of units as well as probabilities. A subclass defines `encoded` and
    `decoded`, from images to codes and back, and `latent_dim`.
    """

    @property
    def code_shape(self):
        return (self.latent_dim,)

    def call(self, images, training=False):
        return self.decoded(self.encoded(images))

    def reconstruction_error(self, images):
        """Return the squared error per image of the reconstructions of a batch, a scalar."""
        differences = self.flat(images) - self.flat(self.call(images))
        return ops.mean(ops.sum(ops.square(differences), axis=-1))
