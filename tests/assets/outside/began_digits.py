"""BEGAN on a few digits, a family from outside of the package. Run it: python began_digits.py"""

import dataclasses
import functools
from pathlib import Path
from typing import ClassVar

import keras
from keras import ops

import zoo


@zoo.register_family("began", package="outside")
class BEGAN(zoo.models.LatentModel):
    """A GAN whose discriminator D is an autoencoder, with a balance between its two errors.

    With the error e(v) = mean |v - D(v)| of one image, D minimises e(x) - k e(G(z)) and G minimises
    e(G(z)). After each step k becomes k + rate (gamma e(x) - e(G(z))), cut off to [0, 1] (section
    3.4 of Berthelot, Schumm and Metz 2017, https://arxiv.org/abs/1703.10717, with its equation 2
    for the balance). `fit` logs `convergence`, the paper's measure e(x) + |gamma e(x) - e(G(z))|.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [-1, 1].
        latent_dim: the number of latents, and of the numbers in a code of D.
        units: the units of the hidden layer of each of the three networks.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> zoo.create("began", image_shape=(8, 8, 1), latent_dim=4).sample(3, seed=0).shape
    (3, 8, 8, 1)

    Differs from the paper: networks are fully connected, and latents are normal.
    """

    paper = "Berthelot, Schumm and Metz 2017, BEGAN"
    paper_url = "https://arxiv.org/abs/1703.10717"
    loss_names = ("discriminator_loss", "generator_loss", "convergence", "k")
    compile_arguments: ClassVar = {
        "gamma": zoo.models.Argument("gamma", functools.partial(zoo.errors.check_number, "gamma")),
        "rate": zoo.models.Argument("rate", functools.partial(zoo.errors.check_number, "rate")),
    }

    def __init__(self, image_shape=(28, 28, 1), latent_dim=16, units=64, name=None):
        super().__init__(name=name)
        self.latent_dim = latent_dim
        self.data = zoo.engine.spaces.of_shape(image_shape, (-1.0, 1.0))
        networks = zoo.networks.MLP(units=units)
        self.generator = networks.generator(self.data, latent_dim)
        inputs = keras.Input(self.data.shape)
        x = keras.layers.Dense(units, activation="elu")(keras.layers.Flatten()(inputs))
        self.encoder = keras.Model(inputs, keras.layers.Dense(latent_dim)(x), name="encoder")
        self.decoder = networks.generator(self.data, latent_dim, name="decoder")
        self.k = self.add_weight(name="k", shape=(), initializer="zeros", trainable=False)
        self.built = True

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "units": 60}

    @classmethod
    def test_compile(cls):
        return {"gamma": 0.9, "rate": 0.1}

    @property
    def players(self):
        coders = [*self.encoder.trainable_variables, *self.decoder.trainable_variables]
        return {"discriminator": coders, "generator": self.generator.trainable_variables}

    def default_optimizers(self):
        return {player: keras.optimizers.Adam(1e-4, beta_1=0.5) for player in self.players}

    def compile(self, optimizer=None, gamma=0.5, rate=1e-3, **kwargs):
        super().compile(optimizer, gamma=gamma, rate=rate, **kwargs)
        self.k.assign(0.0)

    def error(self, images, training):
        """Return the mean absolute error of the autoencoder over a batch."""
        again = self.decoder(self.encoder(images, training=training), training=training)
        return ops.mean(ops.abs(images - ops.cast(again, "float32")))

    def fake(self, latents, training):
        return ops.cast(self.generator(latents, training=training), "float32")

    def discriminator_loss(self, real, fake, training):
        real, fake = self.error(real, training), self.error(fake, training)
        loss = real - self.k * fake
        balance = self.gamma * real - fake
        convergence = real + ops.abs(balance)
        return loss, {"discriminator_loss": loss, "convergence": convergence, "balance": balance}

    def generator_loss(self, latents, training):
        loss = self.error(self.fake(latents, training), training)
        return loss, {"generator_loss": loss}

    def update(self, batch):
        latents = self.draw_latents(ops.shape(batch.data)[0])
        fake = self.fake(latents, training=True)
        losses = functools.partial(self.discriminator_loss, batch.data, fake, True)
        logs = self.minimize(losses, "discriminator")
        logs |= self.minimize(lambda: self.generator_loss(latents, True), "generator")
        balance = zoo.engine.all_reduce_mean(logs.pop("balance"))
        self.k.assign(ops.clip(self.k + self.rate * balance, 0.0, 1.0))
        return {**logs, "k": ops.convert_to_tensor(self.k)}

    def validate(self, batch):
        latents = self.draw_latents(ops.shape(batch.data)[0])
        logs = self.discriminator_loss(batch.data, self.fake(latents, False), False)[1]
        logs |= self.generator_loss(latents, False)[1] | {"k": ops.convert_to_tensor(self.k)}
        return {name: logs[name] for name in self.loss_names}

    def generate(self, latents, labels=None):
        return self.generator(latents, training=False)

    def call(self, latents, training=False):
        return self.generator(latents, training=training)

    def call_signature(self):
        return self.signature_of(self.noise)


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = str(Path(__file__).parent.parent / "mnist_slice.npz")
    epochs: int = 20
    batch_size: int = 64
    units: int = 128
    gamma: float = 0.5


def build(config):
    return BEGAN(units=config.units)


def compile(model, config, steps):
    model.compile(keras.optimizers.Adam(zoo.LinearDecay(1e-3, steps)), gamma=config.gamma)


RECIPE = zoo.Recipe(
    preset="began_digits",
    family="began",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(title="A few digits from a BEGAN.", differs=[], limits=["Blurred digits."]),
    smoke={"epochs": 1, "units": 16},
    monitor="convergence",
    metrics=("kid", "prdc"),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
