"""The generative adversarial network of Goodfellow et al. 2014."""

from __future__ import annotations

import functools
import math

import keras
import numpy as np
from keras import layers, ops

from zoo.engine.averaging import average, copy
from zoo.engine.batch import Batch, check_body, check_image_shape, check_images, minibatch
from zoo.engine.model import GenerativeModel
from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.layers import Maxout
from zoo.losses import AdversarialLoss, Penalty


@keras.saving.register_keras_serializable("zoo")
class GAN(GenerativeModel):
    """A generator G and a discriminator D that play against each other.

    min_G max_D V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))], equation 1 of Goodfellow et al.
    2014, https://arxiv.org/abs/1406.2661, with z ~ N(0, I) and D(x) = sigmoid(discriminator(x)).
    One `fit` step is `critic_steps` updates of the discriminator and then one of the generator
    (algorithm 1).

    `call` and `predict` map latents to images by the averaged generator. `fit` and `evaluate` take
    images, or images and labels, which are ignored.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [-1, 1]. Needed
            where `generator` or `discriminator` is not given.
        latent_dim: the number of latent variables.
        generator: a Keras model from latents `(batch, latent_dim)` to images `(batch, height,
            width, channels)` in [-1, 1]; by default the paper's.
        discriminator: a Keras model from images to logits `(batch, 1)`; by default the paper's.
        ema_half_life_images: how many training images halve the weight of an old generator in the
            averaged one; at most a twentieth of the images seen since `compile`, so that a short
            training, or fine-tuning, is averaged over a short time.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import keras, zoo
    >>> generator = keras.Sequential(
    ...     [keras.Input((8,)), keras.layers.Dense(4), keras.layers.Reshape((2, 2, 1))]
    ... )
    >>> discriminator = keras.Sequential(
    ...     [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    ... )
    >>> model = zoo.models.GAN(generator=generator, discriminator=discriminator, latent_dim=8)
    >>> model.sample(3, seed=0).shape
    (3, 2, 2, 1)

    Differs from the paper: images lie in [-1, 1], so that the generator ends in tanh and not in a
    sigmoid; the generator is trained on the non-saturating loss that the paper recommends in
    section 3, without dropout in the discriminator; latents are normal and not uniform; Adam with
    rate 2e-4 and beta_1 0.5 takes the place of stochastic gradient descent with momentum; samples
    come from an average of the generator over training (`weights="raw"` gives the last one).
    """

    paper = "Goodfellow et al. 2014, Generative Adversarial Networks"
    paper_url = "https://arxiv.org/abs/1406.2661"
    value_range = (-1.0, 1.0)

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 100,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        ema_half_life_images: float = 10_000,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.latent_dim = check_count("latent_dim", latent_dim)
        self.ema_half_life_images = check_number(
            "ema_half_life_images", ema_half_life_images, above=True
        )
        self.penalty = None  # until `compile` says otherwise
        for body in ("generator", "discriminator"):
            # What the user gave; a rule derived from this one may pass on a function in its place.
            check_body(body, self.constructor_argument(body))
        if image_shape is not None:
            image_shape = check_image_shape(image_shape)
        elif generator is None or discriminator is None:
            raise ArgumentError(
                f"{type(self).__name__} needs image_shape=(height, width, channels), or both "
                "generator= and "
                "discriminator=."
            )
        if generator is None:
            generator = functools.partial(mlp_generator, image_shape, latent_dim)
        self.generator = (
            generator if isinstance(generator, keras.Model) else generator(name="generator")
        )
        self.discriminator = (
            mlp_discriminator(image_shape) if discriminator is None else discriminator
        )
        self.image_shape = self._fit_together(image_shape)
        self.ema_generator = copy(self.generator, generator, name="ema_generator")
        self.images_seen = self.add_weight(  # since `compile`
            name="images_seen", shape=(), dtype="float32", initializer="zeros", trainable=False
        )
        self.built = True

    def _fit_together(self, image_shape) -> tuple[int, int, int]:
        """Builds bodies that are not built yet, and checks that they fit; returns the shape of an
        image."""
        latents = keras.KerasTensor((None, self.latent_dim))
        images = _output("generator", self.generator, latents)
        shape = tuple(images.shape[1:])
        if image_shape is not None and shape != image_shape:
            raise ArgumentError(
                f"generator must give images of image_shape={image_shape}. Received: one that "
                f"gives {shape}."
            )
        logits = _output("discriminator", self.discriminator, images)
        if tuple(logits.shape) != (None, 1):
            raise ArgumentError(
                "discriminator must give one logit per image, of shape (batch, 1). Received: "
                "one that gives "
                f"{tuple(logits.shape)}."
            )
        return shape

    def contract(self):
        return {
            "latent_law": f"normal, N(0, I) in {self.latent_dim} dimensions",
            "latent_shape": [self.latent_dim],
            "output_shape": list(self.image_shape),
            "output_range": self.value_range,
        }

    def golden_inputs(self, n):
        return {"latents": self.sample_latents(n, seed=0)}

    def golden_outputs(self, inputs):
        return self.sample(latents=inputs["latents"])

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4}

    # Training

    @property
    def loss_names(self):
        penalty = () if self.penalty is None else ("penalty",)
        return ("discriminator_loss", "generator_loss", "real_logit", "fake_logit", *penalty)

    @property
    def players(self):
        return {"generator": self.generator, "discriminator": self.discriminator}

    def default_optimizers(self):
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8) for player in self.players
        }

    def compile(
        self,
        optimizer=None,
        loss: str | AdversarialLoss = "non_saturating",
        penalty: str | Penalty | None = None,
        critic_steps: int = 1,
        **kwargs,
    ):
        """Configures training; without arguments, as in the paper.

        Args:
            optimizer: `None`, one optimizer, of which both players get a copy, or
                `{"generator": ..., "discriminator": ...}`.
            loss: `"non_saturating"`, `"minimax"`, or an `AdversarialLoss`.
            penalty: `None`, `"r1"`, or a `Penalty`, added to the discriminator's loss.
            critic_steps: discriminator updates for each generator update. Latents are fresh for
                each. The batch of real images is cut into this many minibatches where its size is a
                multiple, else each update sees the whole batch. Schedules count the updates of
                their own player.
            **kwargs: `jit_compile`, `run_eagerly`, `steps_per_execution`, see
                `GenerativeModel.compile`.

        Raises:
            ValueError: if a name is unknown, or a number is out of range.
        """
        # Everything is resolved before anything is changed: a refused call leaves no trace.
        adversarial_loss = AdversarialLoss.get(loss)
        penalty_term = None if penalty is None else Penalty.get(penalty)
        critic_steps = check_count("critic_steps", critic_steps)
        optimizers = self.resolve_optimizers(optimizer)
        self.adversarial_loss = adversarial_loss
        self.penalty = penalty_term
        self.critic_steps = critic_steps
        self.images_seen.assign(0.0)
        objective = {"loss": loss, "penalty": penalty, "critic_steps": critic_steps}
        super().compile(optimizers, objective=objective, **kwargs)

    def draw_latents(self, n):
        """`n` fresh latents for training, of shape `(n, latent_dim)`, from N(0, I)."""
        return keras.random.normal((n, self.latent_dim), seed=self.seed_generator)

    def update(self, batch: Batch):
        for step in range(self.critic_steps):
            images = minibatch(batch.images, step, self.critic_steps)
            # Made outside of the loss, whose gradient therefore does not reach the generator.
            fake = self.generator(self.draw_latents(ops.shape(images)[0]), training=True)
            logs = self.minimize(
                lambda real=images, fake=fake: self.discriminator_loss(real, fake), "discriminator"
            )
        # As many as in each of the discriminator's updates.
        latents = self.draw_latents(ops.shape(images)[0])
        logs |= self.minimize(lambda: self.generator_loss(latents), "generator")
        self._average(ops.shape(batch.images)[0])
        return logs

    def discriminator_loss(self, real, fake, training: bool = True):
        """The discriminator's loss with its penalty, a scalar, and what is logged of it; the loss
        without penalty."""
        real_logits = ops.cast(self.discriminator(real, training=training), "float32")
        fake_logits = ops.cast(self.discriminator(fake, training=training), "float32")
        loss = ops.mean(self.adversarial_loss.discriminator(real_logits, fake_logits))
        logs = {
            "discriminator_loss": loss,
            "real_logit": ops.mean(real_logits),
            "fake_logit": ops.mean(fake_logits),
        }
        if self.penalty is None:
            return loss, logs
        penalty = ops.mean(
            self.penalty(lambda x: self.discriminator(x, training=training), real, fake)
        )
        return loss + penalty, {**logs, "penalty": penalty}

    def generator_loss(self, latents, training: bool = True):
        """The generator's loss on `latents`, a scalar, and what is logged of it."""
        fake = self.generator(latents, training=training)
        logits = ops.cast(self.discriminator(fake, training=training), "float32")
        loss = ops.mean(self.adversarial_loss.generator(logits))
        return loss, {"generator_loss": loss}

    def validate(self, batch: Batch):
        # The same latents for each batch and each evaluation: its numbers can be compared, and the
        # training's random numbers do not depend on whether, or how often, it is evaluated.
        latents = keras.random.normal((ops.shape(batch.images)[0], self.latent_dim), seed=0)
        fake = self.generator(latents, training=False)
        _, discriminator_logs = self.discriminator_loss(batch.images, fake, training=False)
        _, generator_logs = self.generator_loss(latents, training=False)
        return {**discriminator_logs, **generator_logs}

    def _average(self, images):
        images = ops.cast(images, "float32")
        seen = self.images_seen.assign_add(images)
        half_life = ops.minimum(self.ema_half_life_images, 0.05 * seen)
        average(self.ema_generator, self.generator, decay=0.5 ** (images / half_life))

    # Use

    def call(self, latents, training=False):
        return self.ema_generator(latents, training=training)

    def export(
        self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs
    ):
        """As `keras.Model.export`, of the averaged generator; latents are the default input."""
        if input_signature is None:
            input_signature = [keras.InputSpec(shape=(None, self.latent_dim), dtype="float32")]
        return super().export(filepath, format, verbose, input_signature, **kwargs)

    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        latents=None,
        weights: str = "ema",
        batch_size: int = 256,
    ) -> np.ndarray:
        """Generates images.

        Latents are drawn with NumPy, so that one seed gives the same images on each backend and for
        any `batch_size`, and `sample(10, seed=0)` is the first ten of `sample(64, seed=0)`.

        Args:
            n: how many images; 1 when neither `n` nor `latents` is given.
            seed: the seed of the latents; `None` draws other ones at each call.
            latents: the latents themselves, of shape `(n, latent_dim)`, in place of `n` and `seed`.
            weights: `"ema"` for the averaged generator or `"raw"` for the one that is trained.
            batch_size: how many images are computed at once.

        Returns:
            Images in [-1, 1], a float32 NumPy array of shape `(n, height, width, channels)`.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        check_choice("weights", weights, ("ema", "raw"))
        batch_size = check_count("batch_size", batch_size)
        latents = (
            self.sample_latents(n, seed)
            if latents is None
            else self._check_latents(latents, n, seed)
        )
        network = self.ema_generator if weights == "ema" else self.generator
        return self.infer(weights, lambda z: network(z, training=False), latents, batch_size)

    def discriminate(self, images, batch_size: int = 256) -> np.ndarray:
        """The discriminator's logits: positive where it takes an image for a real one.

        Args:
            images: of shape `(n, height, width, channels)`, in [-1, 1].
            batch_size: how many images are looked at once.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if `images` has another shape.
        """
        images = ops.convert_to_numpy(images)
        check_images("images", images, self.image_shape)
        check_count("batch_size", batch_size)
        logits = self.infer(
            "logits", lambda x: self.discriminator(x, training=False), images, batch_size
        )
        return logits[:, 0]

    def sample_latents(self, n: int | None = None, seed: int | None = None) -> np.ndarray:
        """The latents that `sample(n, seed)` uses, a float32 NumPy array of shape `(n,
        latent_dim)`."""
        n = 1 if n is None else check_count("n", n)
        if seed is not None:
            check_count("seed", seed, minimum=0)
        return np.random.default_rng(seed).standard_normal((n, self.latent_dim), dtype="float32")

    def _check_latents(self, latents, n, seed) -> np.ndarray:
        if n is not None or seed is not None:
            raise ArgumentError("sample takes either latents=, or n= and seed=. Received: both.")
        latents = ops.convert_to_numpy(latents).astype("float32")
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim or not len(latents):
            raise ArgumentError(
                f"latents must have the shape (n, {self.latent_dim}) with n at least 1. "
                f"Received: shape {latents.shape}."
            )
        if not np.isfinite(latents).all():
            raise ArgumentError("latents must be finite. Received: NaN or infinite values.")
        return latents


def mlp_generator(image_shape: tuple[int, int, int], latent_dim: int, name: str) -> keras.Model:
    """The paper's body for MNIST: two hidden layers of 1,200 rectified linear units."""
    hidden = [layers.Dense(1200, activation="relu") for _ in range(2)]
    image = [layers.Dense(math.prod(image_shape), activation="tanh"), layers.Reshape(image_shape)]
    return keras.Sequential([keras.Input((latent_dim,)), *hidden, *image], name=name)


def mlp_discriminator(image_shape: tuple[int, int, int]) -> keras.Model:
    """The paper's body for MNIST: two hidden layers of 240 maxout units of 5 pieces."""
    hidden = [layers.Flatten(), Maxout(240, pieces=5), Maxout(240, pieces=5)]
    return keras.Sequential(
        [keras.Input(image_shape), *hidden, layers.Dense(1)], name="discriminator"
    )


def _output(name: str, network, inputs):
    """The symbolic output of the body `network`, which is built by the way."""
    try:
        return network(inputs)
    except ValueError as error:
        raise ArgumentError(
            f"{name} does not take inputs of shape {tuple(inputs.shape)}. It says: {error}"
        ) from error
