"""`LatentModel`, the base class of models that make data from latent variables."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from zoo.engine.golden import inputs_for
from zoo.engine.model import GenerativeModel
from zoo.engine.priors import Prior, StandardNormal
from zoo.engine.spaces import Noise, Normal, check_noise
from zoo.engine.tasks import Samples
from zoo.errors import ArgumentError


class LatentModel(Samples, GenerativeModel):
    """Base class of models that map latents z of a prior p(z), and labels of conditional models,
    to data.

    A subclass defines `generate(latents, labels=None)`. Setting `latent_dim` sets the prior
    N(0, I), unless the subclass has set another one before.

    Attributes:
        latent_dim: the number of latent variables.
        prior: the distribution of latents, a `zoo.layers.Prior`.
    """

    prior: Prior  # a value here would hide the layer on PyTorch

    @property
    def latent_dim(self) -> int:
        return self.prior.latent_shape[0]

    @latent_dim.setter
    def latent_dim(self, size: int) -> None:
        if getattr(self, "prior", None) is None:
            self.prior = StandardNormal(name="prior")
        if not self.prior.built:
            self.prior.build((None, size))
        if self.prior.latent_shape != (size,):
            raise ArgumentError(
                f"prior must be one of latents of shape {(size,)}. Received: one that was built "
                f"for {self.prior.latent_shape}."
            )
        if not self.prior.is_identity:
            self._check_prior(size)

    def _check_prior(self, size: int) -> None:
        """Raise unless the prior maps two draws of noise to latents, and these to densities."""
        condition = None if self.condition is None else self.condition.tensor(np.zeros(2, "int32"))
        noise = ops.convert_to_tensor(self.prior.noise.example(2))
        latents = self.prior.sample(noise, condition)
        densities = self.prior.log_prob(ops.zeros((2, size)), condition)
        for method, result, shape, text in (
            ("sample", latents, (2, size), f"latents of shape (batch, {size})"),
            ("log_prob", densities, (2,), "a number for each latent, of shape (batch,)"),
        ):
            if tuple(ops.shape(result)) != shape:
                raise ArgumentError(
                    f"prior.{method} must give {text}. Received: {self.prior!r}, which gives "
                    f"{tuple(ops.shape(result))} for a batch of 2."
                )

    @property
    def noise(self) -> Noise | None:
        """The space of the base noise of the prior; `None` before there is a prior."""
        # Not set beside `latent_dim`: TensorFlow skips a setter whose attribute has the value.
        prior = getattr(self, "prior", None)
        return prior.noise if prior is not None and prior.built else None

    def generate(self, latents, labels=None):
        """Return data for latents `(batch, latent_dim)` and labels `(batch,)`, in inference
        mode."""
        raise NotImplementedError

    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        latents=None,
        labels=None,
        batch_size: int = 256,
        *,
        noise=None,
        condition=None,
    ) -> np.ndarray:
        """Generate images.

        Noise is drawn with NumPy, so that one seed gives the same images on each backend and for
        any `batch_size`. The images of `sample(10, seed=0)` are the first ten of
        `sample(64, seed=0)`; with `labels="all"`, whose order depends on `n`, this holds for their
        latents alone.

        Args:
            n: the number of images; by default the number of `labels`, else 1.
            seed: the seed of the latents; `None` draws other latents at each call.
            latents: the latents themselves, of shape `(n, latent_dim)`, in place of `n` and `seed`.
            labels: for conditional models, an integer for each image, one integer for all,
                `"all"` for equally many of each class, in their order, or `None` for random
                classes.
            batch_size: the number of images that are computed at once.
            noise: the base noise of the prior, in place of `n` and `seed`.
            condition: another name of `labels`.

        Returns:
            Images in the model's value range, a float32 NumPy array of shape `(n, height, width,
            channels)`.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        inputs = self.latent_inputs(
            n, seed, latents, self._one_condition(condition, labels), noise, batch_size
        )
        return self.infer("sample", self.generate, inputs, batch_size)

    def sample_latents(self, n: int | None = None, seed: int | None = None) -> np.ndarray:
        """Return the latents of `sample(n, seed)`, a float32 array of shape `(n, latent_dim)`.

        For a prior that depends on the condition, use `sample_noise`.
        """
        return self._through_the_prior(self.sample_noise(n, seed), (), 256)

    def latent_inputs(
        self, n, seed, latents, labels, noise=None, batch_size: int = 256
    ) -> tuple[np.ndarray, ...]:
        """Return the arguments of `generate` for a call of `sample`: latents, and labels if the
        model is conditional."""
        if latents is None:
            noise, *labels = self.sampling_inputs(n, seed, noise, labels)
            return (self._through_the_prior(noise, tuple(labels), batch_size), *labels)
        if n is not None or seed is not None or noise is not None:
            raise ArgumentError("sample takes either latents=, or n= and seed=. Received: both.")
        latents = self.check_latents(latents)
        labels = self.choose_condition(labels, len(latents), None)
        return (latents,) if labels is None else (latents, labels)

    def _through_the_prior(self, noise, labels: tuple, batch_size: int) -> np.ndarray:
        """Return the latents that the prior makes of base noise."""
        if self.prior.is_identity:
            return noise
        return self.infer("prior", self.prior.sample, (noise, *labels), batch_size)

    def draw_latents(self, n, labels=None):
        """Draw `n` latents from the prior in a training step, of shape `(n, latent_dim)`."""
        return self.prior.sample(self.noise.draw_in_step(self.random, n), labels)

    def check_latents(self, latents) -> np.ndarray:
        """Return `latents` as a float32 array of shape `(n, latent_dim)`, or raise."""
        return check_noise("latents", Normal(self.prior.latent_shape), latents)

    def golden_inputs(self, n: int) -> dict[str, np.ndarray]:
        inputs: dict[str, Any] = {"latents": self.sample_latents(n, seed=0)}
        if self.condition is not None:
            inputs["labels"] = inputs_for(self, n)["condition"]
        return inputs

    def golden_outputs(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        return self.sample(**inputs)
