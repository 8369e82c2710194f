"""`Flow`, the mixin for normalizing flows."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from zoo.base.described import described_by
from zoo.engine import scalars
from zoo.engine.batch import Batch
from zoo.engine.latent import LatentModel
from zoo.engine.priors import Prior
from zoo.engine.spaces import of_image_shape
from zoo.engine.tasks import Encodes, Scores
from zoo.errors import ArgumentError, check_choice, check_number
from zoo.layers import Bijector, Chain, Flatten

RANGE = (0.0, 1.0)  # the value range of images
PRIORS = ("normal", "logistic", "mixture")


class Flow(Encodes, Scores):
    """A mixin of normalizing flows: an invertible map f from data to latents, and a prior of these.

    By the change of variables, log p(x) = log q(f(x)) + log |det df/dx|, with the prior q. `fit`
    maximises it, and logs `loss`, the mean of -log p(x) in nats. A subclass sets `data` and makes
    the bijector in `bijectors`.

    Attributes:
        bijector: the map f, a `zoo.layers.Bijector` from data to vectors.
    """

    loss_names = ("loss",)
    likelihood_is = "exact"
    density_of = "continuous"

    def make_flow(self, image_shape, prior: str | Prior) -> None:
        """Make the space of the data, the bijector and the prior."""
        if isinstance(prior, str):
            check_choice("prior", prior, PRIORS)
        self.data = of_image_shape(image_shape, RANGE)
        if self.data.size < 2:
            raise ArgumentError(
                "image_shape must hold at least two numbers, since couplings change some by the "
                f"others. Received: {image_shape!r}."
            )
        self.prior = Prior.get(prior)
        # Vectors of latents, whatever shape the flow's own bijectors end in.
        self.bijector = Chain([*self.bijectors(), Flatten()], name="bijector")
        self.bijector.build((None, *self.data.shape))
        self.latent_dim = self.data.size
        self.built = True

    def bijectors(self) -> list[Bijector]:
        """Return the bijectors of the flow, from data to latents, for the space `data`."""
        raise NotImplementedError

    # Training

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-3)}

    def log_density(self, data, training: bool = False):
        """Return log p(x) in nats, of shape `(batch,)`, for a batch of data."""
        latents, log_det = self.bijector.forward(ops.cast(data, "float32"), training)
        return self.prior.log_prob(latents) + log_det

    def objective(self, batch: Batch, training: bool):
        loss = -ops.mean(self.log_density(batch.data, training))
        return loss, {"loss": loss}

    # Use

    def call(self, inputs, training=False):
        return self.codes(inputs)

    def codes(self, data):
        """Return the latents of a batch of data."""
        return self.bijector.forward(ops.cast(data, "float32"))[0]

    def generate(self, latents, labels=None):
        data = self.bijector.inverse(latents)
        return data if self.data.range is None else scalars.clamp(data, *self.data.range)

    @described_by(LatentModel.sample)
    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        latents=None,
        labels=None,
        batch_size: int = 256,
        *,
        temperature: float = 1.0,
        noise=None,
        condition=None,
    ) -> np.ndarray:
        """Generate data from latents of the prior.

        Noise is drawn with NumPy, so that one seed gives the same samples on each backend and for
        any `batch_size`.

        Args:
            temperature: the number by which latents are multiplied, above 0. Below 1 samples are
                nearer to the most likely ones, and vary less.

        Returns:
            A float32 NumPy array of shape `(n, *data.shape)`; images lie in [0, 1].

        Raises:
            ValueError: if an argument has a wrong value.
        """
        check_number("temperature", temperature, above=True)
        labels = self._one_condition(condition, labels)
        (latents,) = self.latent_inputs(n, seed, latents, labels, noise, batch_size)
        latents = latents * np.float32(temperature)
        found = self.infer("sample", self.generate, (latents,), batch_size)
        check_finite(found, latents)
        return found

    def log_prob(self, data, batch_size: int = 256) -> np.ndarray:
        """Return the exact log-density of each datum, in nats.

        For images it is the density of continuous pixels in [0, 1]. For 8-bit images, give k / 256
        plus uniform noise in [0, 1 / 256); the density at k / 255 itself has no meaning
        (`zoo.data.load(..., dequantize=True)`): see `zoo.metrics.bits_per_dimension`.

        Args:
            data: images of shape `(n, height, width, channels)`, in [0, 1], or points.
            batch_size: the number of data that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if `data` has another shape, or values out of range.
        """
        return self.infer("log_prob", self.log_density, self.checked_inputs(data), batch_size)

    def encode(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the latents of each datum.

        Args:
            images: images of shape `(n, height, width, channels)`, in [0, 1], or points.
            batch_size: the number of data that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n, latent_dim)`.

        Raises:
            ValueError: if `images` has another shape, or values out of range.
        """
        return self.infer("encode", self.codes, self.checked_inputs(images), batch_size)

    def decode(self, codes, batch_size: int = 256) -> np.ndarray:
        """Return the datum of each row of latents, as `sample(latents=...)` does.

        Args:
            codes: latents, of shape `(n, latent_dim)`.
            batch_size: the number of data that are computed at once.
        """
        return self.sample(latents=codes, batch_size=batch_size)

    @described_by(encode)
    def reconstruct(self, images, batch_size: int = 256) -> np.ndarray:
        """Encode and decode each datum. The result equals `images` up to rounding."""
        return self.decode(self.encode(images, batch_size), batch_size)


def check_logit(margin: float) -> float:
    """Return the margin of a logit of pixels, or raise unless it lies between 0 and 0.5."""
    if check_number("logit", margin, above=True) >= 0.5:
        raise ArgumentError(f"logit must be below 0.5. Received: {margin!r}.")
    return margin


def check_finite(found: np.ndarray, latents: np.ndarray) -> None:
    """Raise if the data `found` for `latents` are not finite."""
    finite = np.isfinite(found.reshape(len(found), -1)).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ArgumentError(
            f"Latents must have finite data. Received: latents in row {row}, with numbers up to "
            f"{np.abs(latents[row]).max():.3g}, whose data are infinite or NaN. They may lie too "
            "far out, or weights of the model may not be finite."
        )


def check_images_even(data, times: int, argument: str) -> None:
    """Raise unless the rows and columns of images can be halved `times` times."""
    step = 2**times
    if data.height % step or data.width % step:
        raise ArgumentError(
            f"{argument} must fit the images: rows and columns are halved {times} times, so they "
            f"must be multiples of {step}. Received: images of shape {data.shape}."
        )
