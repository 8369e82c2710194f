"""The variational autoencoder of Kingma and Welling 2014."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from zoo.base.described import described_by
from zoo.base.extends import extends
from zoo.engine import scalars
from zoo.engine.batch import Batch, paired
from zoo.engine.compilation import Argument
from zoo.engine.latent import LatentModel
from zoo.engine.priors import Prior
from zoo.engine.sampler import Sampler
from zoo.engine.spaces import Images, classes_or_none
from zoo.engine.tasks import Encodes
from zoo.errors import ArgumentError, check_count
from zoo.losses import Likelihood
from zoo.models.families import register_family
from zoo.models.vaes.bounds import Bounds, reparameterized
from zoo.networks import Coders, Posterior
from zoo.networks.choosing import TakesCoders

RANGE = (0.0, 1.0)  # the value range of images


@register_family("vae", package="zoo")
class VAE(TakesCoders, Bounds, Encodes, LatentModel):
    """A decoder p(x | z) with prior p(z) = N(0, I), and an encoder q(z | x) = N(mu, diag sigma^2)
    that approximates its posterior.

    Both maximise the evidence lower bound ELBO(x) = E_q[log p(x | z)] - KL(q(z | x) || p(z)),
    equation 3 of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114, with one sample
    z = mu + sigma * e, e ~ N(0, I), for each image (equation 10), and
    KL = 1/2 sum(mu^2 + sigma^2 - 1 - log sigma^2). `fit` logs `loss`, which is -ELBO (after the
    warm-up, if there is one), `reconstruction`, which is -log p(x | z), and `kl`, all in nats per
    image.

    `call` and `predict` map images to their reconstruction.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [0, 1]. It is
            needed unless both `encoder` and `decoder` are given.
        latent_dim: the number of latent variables.
        likelihood: `"bernoulli"`, `"gaussian"`, `"discretized_logistic"`, or a
            `zoo.losses.Likelihood`.
        architecture: the architecture, by name or as an object with its settings, such as
            `zoo.networks.MLPCoders(hidden_units=(400,))`: `"mlp"`, the paper's, or
            `"convolutional"`, for square images of 28 pixels or a power of two from 8.
        hidden_units: the units of each dense hidden layer of the encoder, as a setting of a named
            architecture; the decoder has them in reverse. `None` means `(500,)`, if an architecture
            as an object does not say. The paper has `(500,)` and `(400,)`, and the IWAE paper
            `(200, 200)`.
        width: the channels of the largest feature maps of `"convolutional"`; `None` for its
            default, 32.
        encoder: a Keras model from images to two outputs of shape `(batch, latent_dim)`, the mean
            and the log-variance of q, in place of the architecture's.
        decoder: a Keras model from latents to the parameters of the likelihood, of shape
            `(batch, height, width, outputs * channels)`, such as logits for `"bernoulli"`.
        num_classes: the number of classes of a conditional model, whose networks take labels as a
            second input, or `None`.
        prior: the distribution of latents, `"normal"`, `"mixture"`, `"vamp"`, `"flow"`,
            `"logistic"`, or a `zoo.layers.Prior`.
        name: the name of the model.
        **settings: other settings of an architecture that is given by name, such as `activation`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2, hidden_units=(16,))
    >>> images = np.zeros((3, 8, 8, 1), "float32")
    >>> mean, log_variance = model.encode(images)
    >>> mean.shape, model.elbo(images).shape, model.sample(5, seed=0).shape
    ((3, 2), (3,), (5, 8, 8, 1))

    Differs from the paper: Adam with rate 1e-3 and not Adagrad; Glorot's initial weights; no prior
    on the weights.
    """

    idea = (
        "A variational autoencoder encodes an image as a distribution of codes, and decodes "
        "codes to images. Codes are held close to a normal distribution, so that random codes "
        "decode to new images and near codes to similar ones. It gives samples, codes and a "
        "bound of the likelihood from one stable training; its images are smoother than those of "
        "a GAN."
    )
    paper = "Kingma and Welling 2014, Auto-Encoding Variational Bayes"
    paper_url = "https://arxiv.org/abs/1312.6114"
    loss_names = ("loss", "reconstruction", "kl")
    default_hidden_units: ClassVar[tuple[int, ...]] = (500,)
    warmup_steps = 0  # until `compile` sets it

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 20,
        likelihood: str | Likelihood = "bernoulli",
        architecture: str | Coders = "mlp",
        hidden_units: Sequence[int] | None = None,
        width: int | None = None,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        num_classes: int | None = None,
        prior: str | Prior = "normal",
        name: str | None = None,
        **settings,
    ):
        super().__init__(name=name)
        self.prior = Prior.get(prior)
        check_count("latent_dim", latent_dim)
        self.likelihood = Likelihood.get(likelihood)
        self.condition = classes_or_none(num_classes)
        settings = {"hidden_units": hidden_units, "width": width, **settings}
        coders, data = self.choose_coders(image_shape, architecture, settings, encoder, decoder)
        coding = Posterior(latent_dim, self.default_hidden_units)
        if encoder is None:
            encoder = coders.encoder(data, coding, self.condition)
        if decoder is None:
            decoder = coders.decoder(data, coding, self.condition, self.likelihood.outputs)
        self.encoder = encoder
        self.decoder = decoder
        self.data = self._fit_together(image_shape, latent_dim)
        self.prior.join(self)
        self.latent_dim = latent_dim
        self.built = True

    def _fit_together(self, image_shape, latent_dim: int) -> Images:
        """Build the networks, check that they fit together, and return the space of the images."""
        labels = None if self.condition is None else self.condition.symbolic()
        latents = keras.KerasTensor((None, latent_dim))
        parameters = tuple(self.decoder(paired(latents, labels)).shape)
        try:
            _, *size, channels = parameters
            height, width = size
        except ValueError:
            raise ArgumentError(
                "decoder must give parameters of shape (batch, height, width, channels). "
                f"Received: one that gives {parameters}."
            ) from None
        shape = (height, width, channels // self.likelihood.outputs)
        if channels % self.likelihood.outputs or shape != tuple(image_shape or shape):
            raise ArgumentError(
                f"decoder must give {self.likelihood.outputs} numbers for each pixel and channel "
                f"of images of shape {tuple(image_shape or shape)}. Received: one that gives "
                f"{parameters[1:]}."
            )
        posterior = self.encoder(paired(keras.KerasTensor((None, *shape)), labels))
        shapes = [tuple(x.shape) for x in keras.tree.flatten(posterior)]
        if shapes != [(None, latent_dim)] * 2:
            raise ArgumentError(
                "encoder must give a mean and a log-variance, each of shape "
                f"(batch, {latent_dim}). Received: one that gives {shapes}."
            )
        return Images(*shape, RANGE)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "hidden_units": (16,)}

    # Training

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-3)}

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "warmup_steps": Argument(
            "warmup_steps", functools.partial(check_count, "warmup_steps", minimum=0)
        )
    }

    @extends(LatentModel)
    def compile(self, optimizer=None, warmup_steps: int = 0, **kwargs):
        """Configure training.

        Args:
            warmup_steps: the number of steps of `fit` in which the weight of the KL in the training
                loss rises linearly from 0 to 1. This is the warm-up of Sønderby et al. 2016,
                https://arxiv.org/abs/1602.02282, which keeps more latents in use. With 0, and in
                validation, the loss is the paper's.

        Raises:
            ValueError: if `warmup_steps` is no whole number of at least 0.
        """
        super().compile(optimizer, warmup_steps=warmup_steps, **kwargs)

    def progress(self, steps: int):
        """Return the number of steps since `compile` divided by `steps`, at most 1."""
        taken = ops.cast(self.optimizer.iterations, "float32")
        return scalars.clamp(taken / steps, high=1.0)

    def posterior(self, images, labels=None, training: bool = False):
        """Return the mean and the log-variance of q(z | x), each `(batch, latent_dim)`."""
        mean, log_variance = self.encoder(paired(images, labels), training=training)
        return ops.cast(mean, "float32"), ops.cast(log_variance, "float32")

    def log_likelihood(self, images, latents, labels=None, training: bool = False):
        """Return log p(x | z) of shape `(k, batch)`, for latents of shape `(k, batch, latent_dim)`
        with k rows for each image."""
        k, batch = ops.shape(latents)[:2]
        rows = ops.reshape(latents, (-1, self.latent_dim))
        if labels is not None:
            labels = ops.tile(labels, (k,))
        parameters = self.decoder(paired(rows, labels), training=training)
        shape = (k, batch, *parameters.shape[1:])
        parameters = ops.cast(ops.reshape(parameters, shape), "float32")
        return self.likelihood.log_prob(images, parameters)

    def objective(self, batch: Batch, training: bool):
        images, labels = batch
        mean, log_variance = self.posterior(images, labels, training)
        noise = self.random.normal(ops.shape(mean))
        latents = reparameterized(mean, log_variance, noise)[None]
        reconstruction = -ops.mean(self.log_likelihood(images, latents, labels, training))
        kl = ops.mean(self.prior.kl(mean, log_variance, latents, labels))
        loss = self.weighted_loss(reconstruction, kl, training)
        return loss, {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    def weighted_loss(self, reconstruction, kl, training: bool):
        """Return the loss: the sum of its two terms, with the weight of the KL in training."""
        if training and self.warmup_steps:
            kl = self.progress(self.warmup_steps) * kl
        return reconstruction + kl

    # Use

    def call(self, inputs, training=False):
        images, labels = self.unpaired(inputs)
        mean, _ = self.posterior(images, labels, training)
        return self.generate(mean, labels)

    def sampling_network(self):
        return self.decoder

    def generate(self, latents, labels=None):
        return self.likelihood.mean(self.decoder(paired(latents, labels), training=False))

    def components(self):
        return {"decoder": self.sampler()}

    def sampler(self, prior: Prior | None = None) -> Sampler:
        return Sampler.of(self, self.decoder, self.likelihood, prior)

    def encode(self, images, labels=None, batch_size: int = 256) -> tuple[np.ndarray, np.ndarray]:
        """Return the posterior q(z | x) of each image.

        Args:
            images: of shape `(n, height, width, channels)`, in [0, 1].
            labels: the classes of the images, of shape `(n,)`, for conditional models.
            batch_size: the number of images that are computed at once.

        Returns:
            Mean and log-variance, float32 NumPy arrays of shape `(n, latent_dim)`.

        Raises:
            ValueError: if `images` has another shape, or `labels` are missing or out of range.
        """
        inputs = self.checked_inputs(images, labels)
        return self.infer("posterior", self.posterior, inputs, batch_size)

    def decode(self, latents, labels=None, batch_size: int = 256) -> np.ndarray:
        """Return the mean image of each row of `latents`, as `sample(latents=...)` does.

        A conditional model needs `labels`.
        """
        if self.condition is not None and labels is None:
            raise ArgumentError(f"{type(self).__name__} needs labels, one for each row of latents.")
        return self.sample(latents=latents, labels=labels, batch_size=batch_size)

    @described_by(encode)
    def reconstruct(self, images, labels=None, batch_size: int = 256) -> np.ndarray:
        """Encode and decode each image, by the mean of q(z | x).

        The result has the shape of `images`.
        """
        mean, _ = self.encode(images, labels, batch_size)
        return self.decode(mean, labels, batch_size)

    def golden_inputs(self, n):
        return {**super().golden_inputs(n), "images": self.data.example(n, seed=1)}

    def golden_outputs(self, inputs):
        inputs = dict(inputs)
        images = inputs.pop("images")
        reconstructions = self.reconstruct(images, inputs.get("labels"))
        return np.concatenate([super().golden_outputs(inputs), reconstructions])
