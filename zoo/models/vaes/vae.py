"""The variational autoencoder of Kingma and Welling 2014."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from zoo.base.extends import extends
from zoo.engine.batch import Batch, check_body, paired
from zoo.engine.latent import LatentModel
from zoo.engine.sampler import Sampler
from zoo.errors import ArgumentError, check_choice, check_count
from zoo.losses import Likelihood
from zoo.models.families import register_family
from zoo.networks import coders

SAMPLES_AT_ONCE = 4096  # of the decoder, in estimates by many samples of each image


@register_family("vae", package="zoo")
class VAE(LatentModel):
    """A decoder p(x | z) with prior p(z) = N(0, I), and an encoder q(z | x) = N(mu, diag sigma^2)
    that approximates its posterior.

    Both maximise the evidence lower bound ELBO(x) = E_q[log p(x | z)] - KL(q(z | x) || p(z)),
    equation 3 of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114, with one sample
    z = mu + sigma * e, e ~ N(0, I), for each image (equation 10), and
    KL = 1/2 sum(mu^2 + sigma^2 - 1 - log sigma^2). `fit` logs `loss`, which is -ELBO (after
    the warm-up, if `compile` is given one), `reconstruction`, which is -log p(x | z), and `kl`, all
    in nats per image.

    `call` and `predict` map images to their reconstruction.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [0, 1]. Needed
            where `encoder` or `decoder` is not given.
        latent_dim: the number of latent variables.
        likelihood: `"bernoulli"`, `"gaussian"`, `"discretized_logistic"`, or a
            `zoo.losses.Likelihood`.
        architecture: `"mlp"`, the paper's, or `"convolutional"`, for square images of 28 pixels or
            a power of two from 8.
        hidden_units: the units of each dense hidden layer of the encoder; the decoder has them in
            reverse. The paper's are `(500,)` and `(400,)`, those of the IWAE paper `(200, 200)`.
        width: the channels of the largest feature maps of a convolutional body.
        encoder: a Keras model from images to two outputs of shape `(batch, latent_dim)`, the mean
            and the log-variance of q, in place of the above.
        decoder: a Keras model from latents to the parameters of the likelihood, of shape
            `(batch, height, width, outputs * channels)`, such as logits for `"bernoulli"`.
        name: the name of the model.

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

    paper = "Kingma and Welling 2014, Auto-Encoding Variational Bayes"
    paper_url = "https://arxiv.org/abs/1312.6114"
    value_range = (0.0, 1.0)
    loss_names = ("loss", "reconstruction", "kl")
    warmup_steps = 0  # of a model that is not compiled

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 20,
        likelihood: str | Likelihood = "bernoulli",
        architecture: str = "mlp",
        hidden_units: Sequence[int] = (500,),
        width: int = 32,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.latent_dim = check_count("latent_dim", latent_dim)
        self.likelihood = Likelihood.get(likelihood)
        for body, network in (("encoder", encoder), ("decoder", decoder)):
            check_body(body, network)
        if image_shape is None and (encoder is None or decoder is None):
            raise ArgumentError(
                f"{type(self).__name__} needs image_shape=(height, width, channels), or both "
                "encoder= and decoder=."
            )
        body = (image_shape, latent_dim, architecture, hidden_units, width, self.num_classes)
        self.encoder = coders.encoder(*body) if encoder is None else encoder
        outputs = self.likelihood.outputs
        self.decoder = coders.decoder(*body, outputs) if decoder is None else decoder
        self.image_shape = self._fit_together(image_shape)
        self.built = True

    def _fit_together(self, image_shape) -> tuple[int, ...]:
        """Builds bodies that are not built yet, and checks that they fit; returns the shape of an
        image."""
        labels = None if self.num_classes is None else keras.KerasTensor((None,), dtype="int32")
        latents = keras.KerasTensor((None, self.latent_dim))
        found = tuple(self.decoder(paired(latents, labels)).shape)
        if len(found) != 4:
            raise ArgumentError(
                "decoder must give parameters of shape (batch, height, width, channels). "
                f"Received: one that gives {found}."
            )
        *size, channels = found[1:]
        shape = (*size, channels // self.likelihood.outputs)
        if channels % self.likelihood.outputs or shape != tuple(image_shape or shape):
            raise ArgumentError(
                f"decoder must give {self.likelihood.outputs} numbers for each pixel and channel "
                f"of images of shape {tuple(image_shape or shape)}. Received: one that gives "
                f"{(*size, channels)}."
            )
        posterior = self.encoder(paired(keras.KerasTensor((None, *shape)), labels))
        shapes = [tuple(x.shape) for x in keras.tree.flatten(posterior)]
        if shapes != [(None, self.latent_dim)] * 2:
            raise ArgumentError(
                "encoder must give a mean and a log-variance, each of shape "
                f"(batch, {self.latent_dim}). Received: one that gives {shapes}."
            )
        return shape

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "hidden_units": (16,)}

    # Training

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-3)}

    @extends(LatentModel)
    def compile(self, optimizer=None, warmup_steps: int = 0, **kwargs):
        """Configures training.

        Args:
            warmup_steps: over how many steps of `fit` the weight of the KL in the training loss
                rises linearly from 0 to 1, which keeps more latents in use: the warm-up of
                Sønderby et al. 2016, https://arxiv.org/abs/1602.02282. With 0, and in validation,
                the loss is the paper's.

        Raises:
            ValueError: if `warmup_steps` is no whole number of at least 0.
        """
        check_count("warmup_steps", warmup_steps, minimum=0)
        super().compile(optimizer, warmup_steps=warmup_steps, **kwargs)
        self.warmup_steps = warmup_steps

    def progress(self, steps: int):
        """The share of `steps` of `fit` that are done since `compile`, at most 1."""
        done = ops.cast(self.optimizer.iterations, "float32")
        return ops.minimum(done / steps, 1.0)

    def posterior(self, images, labels=None, training: bool = False):
        """The mean and the log-variance of q(z | x), each `(batch, latent_dim)`."""
        mean, log_variance = self.encoder(paired(images, labels), training=training)
        return ops.cast(mean, "float32"), ops.cast(log_variance, "float32")

    def log_likelihood(self, images, latents, labels=None, training: bool = False):
        """log p(x | z) of shape `(k, batch)` for latents `(k, batch, latent_dim)`, k for each
        image."""
        k, batch = ops.shape(latents)[:2]
        rows = ops.reshape(latents, (-1, self.latent_dim))
        if labels is not None:
            labels = ops.tile(labels, (k,))
        found = self.decoder(paired(rows, labels), training=training)
        found = ops.cast(ops.reshape(found, (k, batch, *found.shape[1:])), "float32")
        return self.likelihood.log_prob(images, found)

    def objective(self, batch: Batch, training: bool):
        """The loss, a scalar, and what is logged of it."""
        mean, log_variance = self.posterior(batch.images, batch.labels, training)
        noise = self.random.normal(ops.shape(mean))
        latents = reparameterized(mean, log_variance, noise)[None]
        fits = self.log_likelihood(batch.images, latents, batch.labels, training)
        reconstruction = -ops.mean(fits)
        kl = ops.mean(kl_to_prior(mean, log_variance))
        loss = self.weighed(reconstruction, kl, training)
        return loss, {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    def weighed(self, reconstruction, kl, training: bool):
        """The loss, from its two terms."""
        if training and self.warmup_steps:
            kl = self.progress(self.warmup_steps) * kl
        return reconstruction + kl

    def update(self, batch: Batch):
        return self.minimize(lambda: self.objective(batch, training=True), "model")

    def validate(self, batch: Batch):
        return self.objective(batch, training=False)[1]

    # Use

    def call(self, inputs, training=False):
        images, labels = self.unpaired(inputs)
        mean, _ = self.posterior(images, labels, training)
        return self.generate(mean, labels)

    def generate(self, latents, labels=None):
        return self.likelihood.mean(self.decoder(paired(latents, labels), training=False))

    def components(self):
        return {"decoder": Sampler.of(self, self.decoder, self.likelihood)}

    def encode(self, images, labels=None, batch_size: int = 256) -> tuple[np.ndarray, np.ndarray]:
        """The posterior q(z | x) of each image.

        Args:
            images: of shape `(n, height, width, channels)`, in [0, 1].
            labels: their classes, of shape `(n,)`, for conditional models.
            batch_size: how many images are computed at once.

        Returns:
            Mean and log-variance, float32 NumPy arrays of shape `(n, latent_dim)`.

        Raises:
            ValueError: if `images` has another shape, or `labels` are missing or out of range.
        """
        inputs = self.checked_inputs(images, labels)
        return self.infer("posterior", self.posterior, inputs, batch_size)

    def decode(self, latents, labels=None, batch_size: int = 256) -> np.ndarray:
        """The mean image of each row of `latents`, as `sample(latents=...)`; a conditional model
        needs `labels`."""
        if self.num_classes is not None and labels is None:
            raise ArgumentError(f"{type(self).__name__} needs labels, one for each row of latents.")
        return self.sample(latents=latents, labels=labels, batch_size=batch_size)

    def reconstruct(self, images, labels=None, batch_size: int = 256) -> np.ndarray:
        """Each image through encoder and decoder, by the mean of q(z | x), as an array of the shape
        of `images`; arguments as for `encode`."""
        mean, _ = self.encode(images, labels, batch_size)
        return self.decode(mean, labels, batch_size)

    def elbo(
        self, images, labels=None, k: int = 1, seed: int = 0, batch_size: int = 64
    ) -> np.ndarray:
        """The evidence lower bound of each image, in nats, with the exact KL.

        Args:
            images: as for `encode`, and `labels`.
            k: how many samples of q estimate E_q[log p(x | z)].
            seed: the seed of the samples.
            batch_size: how many images are computed at once.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        fits = self._accumulated(np.add, self._fits, images, labels, k, seed, batch_size)
        mean, log_variance = self.encode(images, labels, batch_size)
        kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)
        return (fits / k - kl).astype("float32")

    def log_prob(
        self,
        images,
        labels=None,
        method: str = "iwae",
        k: int = 5000,
        seed: int = 0,
        batch_size: int = 64,
    ) -> np.ndarray:
        """A lower bound of log p(x) of each image, in nats.

        `"iwae"` is log 1/k sum_i p(x, z_i) / q(z_i | x), equation 8 of Burda, Grosse and
        Salakhutdinov 2016, https://arxiv.org/abs/1509.00519, which rises to log p(x) with k;
        `"elbo"` is `elbo`. Samples go through in chunks: memory does not grow with k.

        Args:
            images: as for `encode`, and `labels`.
            method: `"iwae"` or `"elbo"`.
            k: how many samples for each image.
            seed: the seed of the samples.
            batch_size: how many images are computed at once.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        check_choice("method", method, ("iwae", "elbo"))
        if method == "elbo":
            return self.elbo(images, labels, k, seed, batch_size)
        total = self._accumulated(np.logaddexp, self._weights, images, labels, k, seed, batch_size)
        return (total - math.log(k)).astype("float32")

    def _accumulated(self, combine, fn, images, labels, k, seed, batch_size) -> np.ndarray:
        """`fn` of `k` samples of q for each image, chunk by chunk, put together by `combine`."""
        check_count("k", k)
        check_count("seed", seed, minimum=0)
        check_count("batch_size", batch_size)
        inputs = (*self.checked_inputs(images, labels), *self.encode(images, labels, batch_size))
        chunk = max(1, SAMPLES_AT_ONCE // batch_size)
        found = []
        for start in range(0, len(inputs[0]), batch_size):
            rows = [x[start : start + batch_size] for x in inputs]
            # One generator for each image: what it draws depends neither on its batch nor on the
            # chunks.
            generators = [np.random.default_rng((seed, start + i)) for i in range(len(rows[0]))]
            total = None
            for done in range(0, k, chunk):
                shape = (min(chunk, k - done), self.latent_dim)
                noise = np.stack([g.standard_normal(shape, dtype="float32") for g in generators])
                part = self.infer(fn.__name__, fn, (*rows, noise), batch_size).astype("float64")
                total = part if total is None else combine(total, part)
            found.append(total)
        return np.concatenate(found)

    def _fits(self, images, *rest):
        """The sum over a chunk of samples of log p(x | z), of shape `(batch,)`."""
        *labels, mean, log_variance, noise = rest
        latents = reparameterized(mean, log_variance, ops.transpose(noise, (1, 0, 2)))
        return ops.sum(self.log_likelihood(images, latents, *labels), axis=0)

    def _weights(self, images, *rest):
        """The logarithm of the sum over a chunk of samples of p(x, z) / q(z | x)."""
        *labels, mean, log_variance, noise = rest
        noise = ops.transpose(noise, (1, 0, 2))
        weights, _ = self.log_weights(images, mean, log_variance, noise, *labels)
        return ops.logsumexp(weights, axis=0)

    def log_weights(self, images, mean, log_variance, noise, labels=None, training: bool = False):
        """log p(x, z) - log q(z | x) and log p(x | z) at z = mu + sigma * e, each of shape
        `(k, batch)`, for noise e of shape `(k, batch, latent_dim)`."""
        latents = reparameterized(mean, log_variance, noise)
        fits = self.log_likelihood(images, latents, labels, training)
        # The constants of both normal densities cancel.
        prior = -0.5 * ops.sum(ops.square(latents), axis=-1)
        posterior = -0.5 * ops.sum(ops.square(noise) + log_variance, axis=-1)
        return fits + prior - posterior, fits

    def golden_inputs(self, n):
        rng = np.random.default_rng(1)
        images = rng.random((n, *self.image_shape), dtype="float32")
        return {**super().golden_inputs(n), "images": images}

    def golden_outputs(self, inputs):
        inputs = dict(inputs)
        images = inputs.pop("images")
        again = self.reconstruct(images, inputs.get("labels"))
        return np.concatenate([super().golden_outputs(inputs), again])


def reparameterized(mean, log_variance, noise):
    """z = mu + sigma * e."""
    return mean + ops.exp(0.5 * log_variance) * noise


def kl_to_prior(mean, log_variance):
    """KL(N(mean, diag exp(log_variance)) || N(0, I)), appendix B, of shape `(batch,)`."""
    terms = ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance
    return 0.5 * ops.sum(terms, axis=-1)
