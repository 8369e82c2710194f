"""The generative adversarial network of Goodfellow et al. 2014."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.augmentation import Augmentation
from zoo.base.described import described_by
from zoo.base.extends import extends
from zoo.engine.averaging import copy
from zoo.engine.batch import Batch, minibatch, paired
from zoo.engine.compilation import Argument, optional
from zoo.engine.latent import LatentModel
from zoo.engine.sampler import Sampler
from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.losses import AdversarialLoss, Penalty
from zoo.models.families import register_family
from zoo.models.gans.players import Players
from zoo.networks import Architecture


@register_family("gan", package="zoo")
class GAN(Players, LatentModel):
    """A generator G and a discriminator D that play against each other.

    The objective is min_G max_D V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))], equation 1 of
    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, with z ~ N(0, I) and D(x) =
    sigmoid(discriminator(x)). One step of `fit` is `critic_steps` updates of the discriminator and
    then one of the generator (algorithm 1), each on new latents. Nothing is computed twice: the
    generated images of a discriminator's update are made outside of the differentiation, and a
    penalty on the gradient at the real, or the generated, images shares its pass with the loss.

    With `num_classes` both players take the class of the image, and `fit` takes images and integer
    labels; generated images have the labels of the batch.

    `call` and `predict` map latents to images by the averaged generator.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [-1, 1], or
            `(features,)` for points of any value. It is needed unless both `generator` and
            `discriminator` are given.
        latent_dim: the number of latent variables.
        num_classes: the number of classes of a conditional model, or `None`.
        architecture: the networks of both players, by name or as an object with its settings:
            `"mlp"`, `"dcgan"`, `"sngan"`, `"resnet"`, `"points"`, or a
            `zoo.networks.Architecture`. `None` means the default of the model for images, `"mlp"`
            for this one, and `"points"` for points.
        generator: a Keras model from latents `(batch, latent_dim)`, or `[latents, labels]`, to
            images `(batch, height, width, channels)` in [-1, 1], in place of the architecture's.
        discriminator: a Keras model from images, or `[images, labels]`, to one logit for each
            image, `(batch, 1)`, or one for each patch of it, `(batch, rows, columns, 1)`.
        ema_half_life_images: the number of training images after which the weight of an old
            generator in the averaged one is halved. It is limited to a twentieth of the images
            since `compile`, so that a short training, or fine-tuning, is averaged over a short
            time.
        name: the name of the model.
        **settings: settings of the architecture that `architecture` names, such as `units=600` or
            `width=32`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo, keras
    >>> generator = keras.Sequential(
    ...     [keras.Input((8,)), keras.layers.Dense(4), keras.layers.Reshape((2, 2, 1))]
    ... )
    >>> discriminator = keras.Sequential(
    ...     [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    ... )
    >>> model = zoo.models.GAN(generator=generator, discriminator=discriminator, latent_dim=8)
    >>> model.sample(3, seed=0).shape
    (3, 2, 2, 1)
    >>> zoo.create("gan", image_shape=(8, 8, 1), architecture="dcgan", width=2).image_shape
    (8, 8, 1)

    Differs from the paper: images lie in [-1, 1], so that the generator ends in tanh and not in a
    sigmoid; the generator is trained on the non-saturating loss that the paper recommends in
    section 3, without dropout in the discriminator; latents are normal and not uniform; Adam with
    rate 2e-4 and beta_1 0.5 takes the place of stochastic gradient descent with momentum; samples
    come from an average of the generator over training (`weights="raw"` gives the last one).
    """

    idea = (
        "A GAN is a game: a generator makes data from random numbers, and a discriminator tells "
        "them from real data. Each learns from the errors of the other. Samples are sharp and need "
        "one quick pass; there is no likelihood, and a part of the data may be left out."
    )
    paper = "Goodfellow et al. 2014, Generative Adversarial Networks"
    paper_url = "https://arxiv.org/abs/1406.2661"
    averages = ("ema_generator",)
    penalty: Penalty | None = None  # until `compile` sets it
    augmentation: Augmentation | None = None

    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        latent_dim: int = 100,
        num_classes: int | None = None,
        architecture: str | Architecture | None = None,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        ema_half_life_images: float = 10_000,
        name: str | None = None,
        **settings,
    ):
        super().__init__(name=name)
        self.latent_dim = check_count("latent_dim", latent_dim)
        self.ema_half_life_images = check_number(
            "ema_half_life_images", ema_half_life_images, above=True
        )
        source = self.make_players(
            image_shape, num_classes, architecture, settings, generator, discriminator
        )
        self.ema_generator = copy(self.generator, source, name="ema_generator")
        self.images_seen = self.add_weight(  # since `compile`
            name="images_seen", shape=(), dtype="float32", initializer="zeros", trainable=False
        )
        self.built = True

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "units": 60}

    # The objective, which subclasses change

    def discriminator_objective(self, real, fake, labels):
        """Return the discriminator's loss without penalty, a scalar, and a dict of logs.

        `real` and `fake` are its outputs on real and on generated images with the same `labels`.
        """
        real, fake = self.logits(real), self.logits(fake)
        loss = ops.mean(self.adversarial_loss.discriminator(real, fake))
        logs = {
            "discriminator_loss": loss,
            "real_logit": ops.mean(real),
            "fake_logit": ops.mean(fake),
        }
        return loss, logs

    def generator_objective(self, fake, labels, real=None):
        """Return the generator's loss, a scalar, and a dict of logs.

        `fake` are the discriminator's outputs on generated images with `labels`, and `real` those
        on real images, for a loss that compares both.
        """
        compared = {} if real is None else {"real": self.logits(real)}
        loss = ops.mean(self.adversarial_loss.generator(self.logits(fake), **compared))
        return loss, {"generator_loss": loss}

    # Training

    @property
    def loss_names(self):
        penalty = () if self.penalty is None else ("penalty",)
        return ("discriminator_loss", "generator_loss", "real_logit", "fake_logit", *penalty)

    @property
    def players(self):
        return {
            "generator": self.generator.trainable_variables,
            "discriminator": self.discriminator.trainable_variables,
        }

    def default_optimizers(self):
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8) for player in self.players
        }

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "loss": Argument("adversarial_loss", AdversarialLoss.get),
        "penalty": Argument("penalty", optional(Penalty.get)),
        "critic_steps": Argument("critic_steps", functools.partial(check_count, "critic_steps")),
        "augmentation": Argument("augmentation", optional(Augmentation.get)),
    }

    @extends(LatentModel)
    def compile(
        self,
        optimizer=None,
        loss: str | AdversarialLoss = "non_saturating",
        penalty: str | Penalty | None = None,
        critic_steps: int = 1,
        augmentation: str | Augmentation | None = None,
        **kwargs,
    ):
        """Configure training; without arguments, as in the paper.

        Args:
            optimizer: `None` for the paper's optimizers; one optimizer, of which both players get a
                copy; or `{"generator": ..., "discriminator": ...}`.
            loss: the name of an adversarial loss (`"minimax"`, `"non_saturating"`,
                `"least_squares"`, `"hinge"`, `"wasserstein"`, `"relativistic"`,
                `"relativistic_average"`), or a `zoo.losses.AdversarialLoss`.
            penalty: the name of a penalty (`"gradient_penalty"`, `"r1"`, `"r2"`, `"r1_r2"`,
                `"dragan"`, `"weight_clipping"`), or a `zoo.losses.Penalty`, which is added to the
                discriminator's loss; `None` for no penalty.
            critic_steps: the number of discriminator updates for each generator update, each with
                new latents. The batch of real images is divided into this many minibatches if its
                size is a multiple; else each update takes the whole batch. Schedules count the
                updates of their own player.
            augmentation: `"diffaugment"`, or an `Augmentation`, for all inputs of the discriminator
                in training; `None` for none. The gradient of a penalty is taken through it.

        Raises:
            ValueError: if a name is unknown, or a number is out of range.
        """
        objective = {"loss": loss, "penalty": penalty, "critic_steps": critic_steps}
        super().compile(optimizer, augmentation=augmentation, **objective, **kwargs)
        self.images_seen.assign(0.0)

    def complete_objective(self, attributes: dict[str, Any]) -> None:
        if attributes.get("augmentation") is not None and self.data.name != "images":
            raise ArgumentError(
                f"augmentation is for images. Received: {attributes['augmentation']!r} for "
                f"{self.data.noun} of shape {self.data.shape}."
            )

    def update(self, batch: Batch):
        for step in range(self.critic_steps):
            real, labels = (minibatch(part, step, self.critic_steps) for part in batch)
            # Made outside of the loss, so that its gradient does not reach the generator.
            latents = self.draw_latents(ops.shape(real)[0])
            fake = self.fake(latents, labels, training=True)
            logs = self.minimize(
                lambda inputs=(real, fake, labels): self.discriminator_loss(*inputs),
                "discriminator",
            )
            if hasattr(self.penalty, "constrain"):
                self.penalty.constrain(self.players["discriminator"])
        # The generator's batch is as large as the batch of each discriminator update.
        latents = self.draw_latents(ops.shape(real)[0])
        seen = self.seen_by_generator(real)
        logs |= self.minimize(lambda: self.generator_loss(latents, labels, **seen), "generator")
        self.average_generator(engine.replicas() * ops.shape(batch.data)[0])
        return logs

    def discriminator_loss(self, real, fake, labels=None, training: bool = True):
        """Return the discriminator's loss with its penalty, a scalar, and a dict of logs.

        The logged `discriminator_loss` is without the penalty.
        """

        def judge(images):
            """Return the discriminator's outputs on `images`."""
            return self.judge(images, labels, training)

        if self.penalty is None:
            return self.discriminator_objective(judge(real), judge(fake), labels)
        # A plain function as penalty has no method `with_outputs`.
        default = functools.partial(Penalty.with_outputs, self.penalty)
        with_outputs = getattr(self.penalty, "with_outputs", default)
        real_outputs, fake_outputs, penalty = with_outputs(
            judge, self.image_logits, real, fake, self.random
        )
        loss, logs = self.discriminator_objective(real_outputs, fake_outputs, labels)
        penalty = ops.mean(penalty)
        return loss + penalty, {**logs, "penalty": penalty}

    def generator_loss(self, latents, labels=None, training: bool = True, real=None):
        """Return the generator's loss on `latents`, a scalar, and a dict of logs.

        A loss that compares gets `real`, real images with the same `labels`.
        """
        fake = self.fake(latents, labels, training)
        compared = {} if real is None else {"real": self.judge(real, labels, training)}
        return self.generator_objective(self.judge(fake, labels, training), labels, **compared)

    def validate(self, batch: Batch):
        real, labels = batch
        latents = self.draw_latents(ops.shape(real)[0])
        fake = self.fake(latents, labels, training=False)
        _, discriminator_logs = self.discriminator_loss(real, fake, labels, training=False)
        seen = self.seen_by_generator(real)
        _, generator_logs = self.generator_loss(latents, labels, training=False, **seen)
        return {**discriminator_logs, **generator_logs}

    # Use

    def call(self, inputs, training=False):
        return self.ema_generator(inputs, training=training)

    def call_signature(self):
        return self.signature_of(self.noise)

    def generate(self, latents, labels=None):
        return self.ema_generator(paired(latents, labels), training=False)

    @described_by(LatentModel.sample)
    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        latents=None,
        labels=None,
        weights: str = "ema",
        batch_size: int = 256,
        *,
        noise=None,
        condition=None,
    ) -> np.ndarray:
        """Generate images, as every `LatentModel` does.

        Args:
            weights: `"ema"` for the averaged generator, or `"raw"` for the last one.
        """
        check_choice("weights", weights, ("ema", "raw"))
        labels = self._one_condition(condition, labels)
        inputs = self.latent_inputs(n, seed, latents, labels, noise, batch_size)
        if weights == "ema":
            return self.infer("sample", self.generate, inputs, batch_size)
        return self.infer(
            "raw",
            lambda *inputs: self.generator(paired(*inputs), training=False),
            inputs,
            batch_size,
        )

    def components(self):
        return {"generator": Sampler.of(self, self.ema_generator)}
