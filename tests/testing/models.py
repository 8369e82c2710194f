"""Models that the package has never seen, for the tests of the contract."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from zoo.engine.inversion import Inversion
from zoo.engine.model import GenerativeModel
from zoo.engine.spaces import BinaryVectors, Classes, Frames, Images, Normal, Points, Uniform
from zoo.engine.tasks import Encodes, Inverts, Samples, Scores, Translates

registered = keras.saving.register_keras_serializable("tests")


@registered
class Translator(Translates, GenerativeModel):
    """A generator from an image to another, and a discriminator of patches of pairs of both.

    Its loss sees the target: cross-entropy of the patches, and the distance of pixels.
    """

    loss_names = ("generator_loss", "discriminator_loss", "distance")

    def __init__(self, size: int = 8, width: int = 4, weight: float = 10.0, name=None):
        super().__init__(name=name)
        self.data = Images(size, size, 3, (-1.0, 1.0))
        self.condition = Images(size, size, 1, (0.0, 1.0))
        self.weight = weight
        options = {"padding": "same", "data_format": "channels_last"}
        inputs = keras.Input(self.condition.shape)
        x = layers.Conv2D(width, 3, activation="relu", **options)(inputs)
        outputs = layers.Conv2D(3, 3, activation="tanh", dtype="float32", **options)(x)
        self.generator = keras.Model(inputs, outputs)
        pair = [keras.Input(self.condition.shape), keras.Input(self.data.shape)]
        x = layers.Concatenate()(pair)
        x = layers.Conv2D(width, 4, strides=2, activation="relu", **options)(x)
        patches = layers.Conv2D(1, 3, dtype="float32", **options)(x)
        self.discriminator = keras.Model(pair, patches)
        self.built = True

    @classmethod
    def test_config(cls):
        return {"size": 8, "width": 2}

    @property
    def players(self):
        return {
            "generator": self.generator.trainable_variables,
            "discriminator": self.discriminator.trainable_variables,
        }

    def default_optimizers(self):
        return {player: keras.optimizers.Adam(1e-2, beta_1=0.5) for player in self.players}

    def discriminator_loss(self, inputs, fake, target, training):
        real = self.discriminator([inputs, target], training=training)
        fake = self.discriminator([inputs, fake], training=training)
        loss = ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))
        return loss, {"discriminator_loss": loss}

    def generator_loss(self, inputs, target, training):
        fake = self.generator(inputs, training=training)
        logits = self.discriminator([inputs, fake], training=training)
        distance = ops.mean(ops.abs(fake - target))
        loss = ops.mean(ops.softplus(-logits)) + self.weight * distance
        return loss, {"generator_loss": loss, "distance": distance}

    def update(self, batch):
        target, inputs = batch
        fake = self.generator(inputs, training=True)
        logs = self.minimize(
            lambda: self.discriminator_loss(inputs, fake, target, True), "discriminator"
        )
        return logs | self.minimize(lambda: self.generator_loss(inputs, target, True), "generator")

    def validate(self, batch):
        target, inputs = batch
        fake = self.generator(inputs, training=False)
        logs = self.discriminator_loss(inputs, fake, target, False)[1]
        return logs | self.generator_loss(inputs, target, False)[1]

    def call(self, inputs, training=False):
        return self.generator(inputs, training=training)

    def translate(self, inputs, seed=0, batch_size=256):
        inputs = self.condition.checked("inputs", inputs)
        return self.infer("translate", self.call, (inputs,), batch_size)


@registered
class AffineFlow(Samples, Scores, Inverts, GenerativeModel):
    """A flow of one layer, x = z exp(s) + m over points, with its exact log-likelihood."""

    loss_names = ("loss",)
    likelihood_is = "exact"

    def __init__(self, n: int = 2, name=None):
        super().__init__(name=name)
        self.data, self.noise = Points(n), Normal((n,))
        self.shift = self.add_weight(name="shift", shape=(n,), initializer="zeros")
        self.log_scale = self.add_weight(name="log_scale", shape=(n,), initializer="zeros")
        self.built = True

    @classmethod
    def test_config(cls):
        return {"n": 2}

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-2)}

    def log_density(self, points):
        noise = self.inverse(points)
        normal = -0.5 * ops.sum(ops.square(noise) + np.log(2 * np.pi), axis=-1)
        return normal - ops.sum(self.log_scale)

    def inverse(self, points):
        return (points - self.shift) * ops.exp(-self.log_scale)

    def objective(self, batch, training):
        loss = -ops.mean(self.log_density(batch.data))
        return loss, {"loss": loss}

    def call(self, points, training=False):
        return self.log_density(points)

    def generate(self, noise, condition=None):
        return noise * ops.exp(self.log_scale) + self.shift

    def log_prob(self, data, batch_size=256):
        return self.infer("log_prob", self.log_density, self.checked_inputs(data), batch_size)

    def invert(self, data, batch_size=256):
        (data,) = self.checked_inputs(data)
        noise = self.infer("invert", self.inverse, (data,), batch_size)
        made = self.sample(noise=noise)
        losses = np.square(made - data).mean(axis=1)
        return Inversion(noise, made, losses, losses[:, None])


@registered
class Bernoullis(Samples, Scores, GenerativeModel):
    """A product of Bernoulli distributions over binary vectors, with weights and no layer."""

    loss_names = ("loss",)
    likelihood_is = "exact"
    density_of = "binary"

    def __init__(self, n: int = 12, name=None):
        super().__init__(name=name)
        self.data, self.noise = BinaryVectors(n), Uniform((n,))
        self.logits = self.add_weight(name="logits", shape=(n,), initializer="zeros")
        self.built = True

    @classmethod
    def test_config(cls):
        return {"n": 12}

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-2)}

    def log_density(self, vectors):
        return ops.sum(vectors * self.logits - ops.softplus(self.logits), axis=-1)

    def objective(self, batch, training):
        loss = -ops.mean(self.log_density(batch.data))
        return loss, {"loss": loss}

    def call(self, vectors, training=False):
        return self.log_density(vectors)

    def generate(self, noise, condition=None):
        return ops.cast(noise < ops.sigmoid(self.logits), "float32")

    def log_prob(self, data, batch_size=256):
        return self.infer("log_prob", self.log_density, self.checked_inputs(data), batch_size)


SPACES = {
    "bytes": Images(4, 4, 1, (0.0, 255.0)),
    "any": Images(4, 4, 3),
    "points": Points(3),
    "bits": BinaryVectors(6),
    "frames": Frames(3, 4, 4, 1, (-0.5, 0.5)),
    "classes": Classes(3),
}


class OfAnySpace(GenerativeModel):
    """Data as a linear function of a code, or of noise and of a condition."""

    loss_names = ("loss",)

    def __init__(self, space: str = "any", condition: str | None = None, name=None):
        super().__init__(name=name)
        self.data = SPACES[space]
        self.condition = None if condition is None else SPACES[condition]
        self.last = layers.Dense(self.data.size, dtype="float32")

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-2)}

    def condition_vectors(self, condition):
        if isinstance(self.condition, Classes):
            return ops.one_hot(condition, self.condition.n)
        return ops.reshape(condition, (-1, self.condition.size))

    def made_of(self, vectors):
        """Return data of a batch of vectors, in the range of the space."""
        x = ops.reshape(self.last(vectors), (-1, *self.data.shape))
        if self.data.range is None:
            return x
        low, high = self.data.range
        x = low + (high - low) * ops.sigmoid(x)
        return ops.cast(x > 0.5, "float32") if self.data.name == "binary_vectors" else x

    def error(self, data, vectors):
        x = ops.reshape(self.last(vectors), (-1, *self.data.shape))
        loss = ops.mean(ops.square(data - x))
        return loss, {"loss": loss}


@registered
class Sampling(Samples, OfAnySpace):
    """Data of noise of two kinds, and of a condition."""

    def __init__(self, space: str = "any", condition: str | None = None, name=None):
        super().__init__(space, condition, name)
        self.noise = {"z": Normal((2,)), "u": Uniform((2, 2))}
        extra = 0
        if self.condition is not None:
            extra = self.condition.n if condition == "classes" else self.condition.size
        self.last.build((None, 6 + extra))
        self.built = True

    def vectors(self, noise, condition):
        parts = [noise["z"], ops.reshape(noise["u"], (-1, 4))]
        parts += [] if condition is None else [self.condition_vectors(condition)]
        return ops.concatenate(parts, axis=-1)

    def objective(self, batch, training):
        n = ops.shape(batch.data)[0]
        noise = {name: space.draw_in_step(self.random, n) for name, space in self.noise.items()}
        return self.error(batch.data, self.vectors(noise, batch.condition))

    def generate(self, noise, condition=None):
        return self.made_of(self.vectors(noise, condition))


@registered
class Encoding(Encodes, OfAnySpace):
    """A code of two numbers for each datum."""

    def __init__(self, space: str = "any", condition: str | None = None, name=None):
        super().__init__(space, condition, name)
        self.first = layers.Dense(2, dtype="float32")
        self.first.build((None, self.data.size))
        extra = 0 if self.condition is None else self.condition.n
        self.last.build((None, 2 + extra))
        self.built = True

    def code(self, data, condition=None):
        return self.first(ops.reshape(data, (-1, self.data.size)))

    def datum(self, code, condition=None):
        return self.made_of(self.vectors(code, condition))

    def vectors(self, code, condition):
        if condition is None:
            return code
        return ops.concatenate([code, self.condition_vectors(condition)], axis=-1)

    def objective(self, batch, training):
        return self.error(batch.data, self.vectors(self.code(*batch), batch.condition))

    def encode(self, data, *condition, batch_size=256):
        return self.infer("encode", self.code, self.checked_inputs(data, *condition), batch_size)

    def decode(self, codes, *condition, batch_size=256):
        return self.infer("decode", self.datum, (codes, *condition), batch_size)

    def reconstruct(self, data, *condition, batch_size=256):
        codes = self.encode(data, *condition, batch_size=batch_size)
        return self.decode(codes, *condition, batch_size=batch_size)
