"""The generative adversarial network of Goodfellow et al. 2014."""

from __future__ import annotations

import functools

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.augmentation import Augmentation
from zoo.base.extends import extends
from zoo.engine.averaging import average, copy
from zoo.engine.batch import Batch, check_body, check_image_shape, check_logits, minibatch, paired
from zoo.engine.latent import LatentModel
from zoo.engine.sampler import Sampler
from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.losses import AdversarialLoss, Penalty
from zoo.models.families import register_family
from zoo.networks import mlp, points


@register_family("gan", package="zoo")
class GAN(LatentModel):
    """A generator G and a discriminator D that play against each other.

    min_G max_D V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))], equation 1 of Goodfellow et al.
    2014, https://arxiv.org/abs/1406.2661, with z ~ N(0, I) and D(x) = sigmoid(discriminator(x)).
    One `fit` step is `critic_steps` updates of the discriminator and then one of the generator
    (algorithm 1), each on latents of its own. What can be computed once is: the generated images
    of a discriminator's update are made outside of the differentiation, and a penalty on the
    gradient at exactly the real, or the generated, images shares its pass with the loss.

    `call` and `predict` map latents to images by the averaged generator. `fit` and `evaluate` take
    images, or images and labels, which are ignored.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [-1, 1], or
            `(features,)` for points of any value. Needed where `generator` or `discriminator` is
            not given.
        latent_dim: the number of latent variables.
        units: of each hidden layer of the default generator; by default the paper's 1,200, of which
            the discriminator has a fifth, of 5 pieces; for points 128 in both.
        generator: a Keras model from latents `(batch, latent_dim)` to images `(batch, height,
            width, channels)` in [-1, 1]; by default the paper's, and for points that of
            `zoo.networks.points`.
        discriminator: a Keras model from images to logits `(batch, 1)`; by default as above.
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
        image_shape: tuple[int, ...] | None = None,
        latent_dim: int = 100,
        units: int | None = None,
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
        self.augmentation = None
        for body in ("generator", "discriminator"):
            # What the user gave; a rule derived from this one may pass on a function in its place.
            check_body(body, self.constructor_argument(body))
        if image_shape is not None:
            image_shape = check_image_shape(image_shape, points=True)
        elif generator is None or discriminator is None:
            raise ArgumentError(
                f"{type(self).__name__} needs image_shape=(height, width, channels), or both "
                "generator= and "
                "discriminator=."
            )
        if units is not None:
            check_count("units", units, minimum=5)
        default = functools.partial(_default_body, image_shape, units)
        generator = default("generator", latent_dim) if generator is None else generator
        self.generator = _made(generator, "generator")
        self.discriminator = _made(
            default("discriminator") if discriminator is None else discriminator, "discriminator"
        )
        self.image_shape = self._fit_together(image_shape)
        if len(self.image_shape) == 1:
            self.value_range = None
        self.ema_generator = copy(self.generator, generator, name="ema_generator")
        self.images_seen = self.add_weight(  # since `compile`
            name="images_seen", shape=(), dtype="float32", initializer="zeros", trainable=False
        )
        self.built = True

    def _fit_together(self, image_shape) -> tuple[int, ...]:
        """Builds bodies that are not built yet, and checks that they fit; returns the shape of an
        image."""
        latents = keras.KerasTensor((None, self.latent_dim))
        labels = None if self.num_classes is None else keras.KerasTensor((None,), dtype="int32")
        images = _output("generator", self.generator, paired(latents, labels))
        shape = tuple(images.shape[1:])
        if image_shape is not None and shape != image_shape:
            raise ArgumentError(
                f"generator must give images of image_shape={image_shape}. Received: one that "
                f"gives {shape}."
            )
        seen = paired(images, labels if self.discriminator_sees_labels else None)
        check_logits("discriminator", self.discriminator)
        self.check_verdict(_output("discriminator", self.discriminator, seen))
        return shape

    # What conditional rules and those with more to their verdict change

    discriminator_sees_labels = False

    def check_verdict(self, outputs) -> None:
        """Raises unless the discriminator's symbolic `outputs` are what this rule needs."""
        if not hasattr(outputs, "shape") or tuple(outputs.shape) != (None, 1):
            raise ArgumentError(
                "discriminator must give one logit per image, of shape (batch, 1). Received: "
                f"one that gives {keras.tree.map_structure(lambda x: tuple(x.shape), outputs)}."
            )

    def verdict(self, outputs):
        """The discriminator's outputs as one array `(batch, columns)`, the logit first."""
        return outputs

    def discriminator_objective(self, real, fake, labels):
        """The discriminator's loss without penalty, a scalar, and what is logged, from its
        verdicts on real and on generated images."""
        loss = ops.mean(self.adversarial_loss.discriminator(real, fake))
        logs = {
            "discriminator_loss": loss,
            "real_logit": ops.mean(real),
            "fake_logit": ops.mean(fake),
        }
        return loss, logs

    def generator_objective(self, fake, labels):
        """The generator's loss, a scalar, and what is logged, from the verdict on its images."""
        loss = ops.mean(self.adversarial_loss.generator(fake))
        return loss, {"generator_loss": loss}

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "units": 60}

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
        """Configures training; without arguments, as in the paper.

        Args:
            optimizer: `None`, one optimizer, of which both players get a copy, or
                `{"generator": ..., "discriminator": ...}`.
            loss: the name of a pair in `zoo.losses` (`"minimax"`, `"non_saturating"`,
                `"least_squares"`, `"hinge"`, `"wasserstein"`), or an `AdversarialLoss`.
            penalty: `None`, the name of a penalty in `zoo.losses` (`"gradient_penalty"`, `"r1"`,
                `"r2"`, `"dragan"`, `"weight_clipping"`), or a `Penalty`, added to the
                discriminator's loss.
            critic_steps: discriminator updates for each generator update. Latents are fresh for
                each. The batch of real images is cut into this many minibatches where its size is a
                multiple, else each update sees the whole batch. Schedules count the updates of
                their own player.
            augmentation: `None`, `"diffaugment"`, or an `Augmentation`, of all images that the
                discriminator sees in training; a penalty's gradient is taken through it.

        Raises:
            ValueError: if a name is unknown, or a number is out of range.
        """
        # Everything is resolved before anything is changed: a refused call leaves no trace.
        adversarial_loss = AdversarialLoss.get(loss)
        penalty_term = None if penalty is None else Penalty.get(penalty)
        augment = None if augmentation is None else Augmentation.get(augmentation)
        if augment is not None and len(self.image_shape) != 3:
            raise ArgumentError(
                f"augmentation is for images. Received: {augmentation!r} for points of shape "
                f"{self.image_shape}."
            )
        critic_steps = check_count("critic_steps", critic_steps)
        optimizers = self.resolve_optimizers(optimizer)
        resolved = {
            "adversarial_loss": adversarial_loss,
            "penalty": penalty_term,
            "augmentation": augment,
            "critic_steps": critic_steps,
        }
        earlier = {name: getattr(self, name, None) for name in resolved}
        self._set(resolved)  # of which `loss_names` depends on one
        objective = {
            "loss": loss,
            "penalty": penalty,
            "critic_steps": critic_steps,
            "augmentation": augmentation,
        }
        try:
            super().compile(optimizers, **objective, **kwargs)
        except BaseException:
            self._set(earlier)
            raise
        self.images_seen.assign(0.0)

    def _set(self, attributes: dict) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)

    def draw_latents(self, n):
        """`n` fresh latents for training, of shape `(n, latent_dim)`, from N(0, I)."""
        return self.random.normal((n, self.latent_dim))

    def update(self, batch: Batch):
        for step in range(self.critic_steps):
            real, labels = (minibatch(part, step, self.critic_steps) for part in batch)
            # Made outside of the loss, whose gradient therefore does not reach the generator.
            latents = self.draw_latents(ops.shape(real)[0])
            fake = self.fake(latents, labels, training=True)
            logs = self.minimize(
                lambda seen=(real, fake, labels): self.discriminator_loss(*seen), "discriminator"
            )
            if hasattr(self.penalty, "constrain"):
                self.penalty.constrain(self.players["discriminator"])
        # As many as in each of the discriminator's updates.
        latents = self.draw_latents(ops.shape(real)[0])
        logs |= self.minimize(lambda: self.generator_loss(latents, labels), "generator")
        self._average(engine.replicas() * ops.shape(batch.images)[0])
        return logs

    def fake(self, latents, labels, training: bool):
        """The generator's images for `latents`, in float32 whatever its layers compute in."""
        return ops.cast(self.generator(paired(latents, labels), training=training), "float32")

    def judge(self, images, labels=None, training: bool = True):
        """The verdict on `images`, of shape `(batch, columns)` in float32, the logit first."""
        if training and self.augmentation is not None:
            images = self.augmentation(images, self.random)
        if labels is not None:
            labels = labels[: ops.shape(images)[0]]  # a penalty may look at the first images only
        seen = paired(images, labels if self.discriminator_sees_labels else None)
        return ops.cast(self.verdict(self.discriminator(seen, training=training)), "float32")

    def discriminator_loss(self, real, fake, labels=None, training: bool = True):
        """The discriminator's loss with its penalty, a scalar, and what is logged of it; the loss
        without penalty."""

        def judge(images):
            return self.judge(images, labels, training)

        if self.penalty is None:
            return self.discriminator_objective(judge(real), judge(fake), labels)
        # A plain function cannot share a pass itself.
        with_outputs = getattr(
            self.penalty, "with_outputs", functools.partial(Penalty.with_outputs, self.penalty)
        )
        real_verdict, fake_verdict, penalty = with_outputs(
            judge, lambda outputs: outputs[:, :1], real, fake, self.random
        )
        loss, logs = self.discriminator_objective(real_verdict, fake_verdict, labels)
        penalty = ops.mean(penalty)
        return loss + penalty, {**logs, "penalty": penalty}

    def generator_loss(self, latents, labels=None, training: bool = True):
        """The generator's loss on `latents`, a scalar, and what is logged of it."""
        fake = self.fake(latents, labels, training)
        return self.generator_objective(self.judge(fake, labels, training), labels)

    def validate(self, batch: Batch):
        latents = self.draw_latents(ops.shape(batch.images)[0])
        fake = self.fake(latents, batch.labels, training=False)
        _, discriminator_logs = self.discriminator_loss(
            batch.images, fake, batch.labels, training=False
        )
        _, generator_logs = self.generator_loss(latents, batch.labels, training=False)
        return {**discriminator_logs, **generator_logs}

    def _average(self, images):
        images = ops.cast(images, "float32")
        seen = self.images_seen.assign_add(images)
        half_life = ops.minimum(self.ema_half_life_images, 0.05 * seen)
        average(self.ema_generator, self.generator, decay=0.5 ** (images / half_life))

    # Use

    def call(self, inputs, training=False):
        return self.ema_generator(inputs, training=training)

    def call_signature(self):
        latents = keras.InputSpec(shape=(None, self.latent_dim), dtype="float32")
        if self.num_classes is None:
            return [latents]
        return [[latents, keras.InputSpec(shape=(None,), dtype="int32")]]

    def generate(self, latents, labels=None):
        return self.ema_generator(paired(latents, labels), training=False)

    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        latents=None,
        labels=None,
        weights: str = "ema",
        batch_size: int = 256,
    ) -> np.ndarray:
        """Generates images, as `LatentModel.sample`.

        Args:
            n: as for `LatentModel.sample`, and `seed`, `latents`, `labels` and `batch_size`.
            weights: `"ema"` for the averaged generator or `"raw"` for the one that is trained.
        """
        check_choice("weights", weights, ("ema", "raw"))
        if weights == "ema":
            return super().sample(n, seed, latents, labels, batch_size)
        return self.infer(
            "raw",
            lambda *inputs: self.generator(paired(*inputs), training=False),
            self.sampling_inputs(n, seed, latents, labels),
            batch_size,
        )

    def components(self):
        return {"generator": Sampler.of(self, self.ema_generator)}

    def discriminate(self, images, labels=None, batch_size: int = 256) -> np.ndarray:
        """The discriminator's logits: positive where it takes an image for a real one.

        Args:
            images: of shape `(n, height, width, channels)`, in [-1, 1].
            labels: their classes, of shape `(n,)`, where the discriminator sees them.
            batch_size: how many images are looked at once.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if `images` has another shape, or `labels` are missing or out of range.
        """
        return self.judged(images, labels, batch_size)[:, 0]

    def judged(self, images, labels=None, batch_size: int = 256) -> np.ndarray:
        """The whole verdict on `images`, in inference mode, as a NumPy array."""
        inputs = self.checked_inputs(images, labels, labelled=self.discriminator_sees_labels)
        return self.infer(
            "verdict",
            lambda images, labels=None: self.judge(images, labels, training=False),
            inputs,
            batch_size,
        )


def _default_body(image_shape, units: int | None, player: str, *arguments):
    """The function that makes the body of `player` for images, or points, of `image_shape`."""
    if len(image_shape) == 3:
        body = functools.partial(getattr(mlp, player), image_shape, *arguments)
    else:
        body = functools.partial(getattr(points, player), *arguments, features=image_shape[0])
    return body if units is None else functools.partial(body, units=units)


def _made(body, name: str) -> keras.Model:
    return body if isinstance(body, keras.Model) else body(name=name)


def _output(name: str, network, inputs):
    """The symbolic output of the body `network`, which is built by the way."""
    try:
        return network(inputs)
    except ValueError as error:
        shapes = keras.tree.map_structure(lambda x: tuple(x.shape), inputs)
        raise ArgumentError(
            f"{name} does not take inputs of shape {shapes}. It says: {error}"
        ) from error
