"""`LatentModel`, the base class of models that make data from latent variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.engine.descent import Rule
from zoo.engine.golden import inputs_for
from zoo.engine.inversion import Inversion, invert
from zoo.engine.model import GenerativeModel
from zoo.engine.priors import Prior, StandardNormal
from zoo.engine.spaces import Noise, Normal, check_noise
from zoo.engine.tasks import Inverts, Samples
from zoo.errors import ArgumentError


class LatentModel(Samples, Inverts, GenerativeModel):
    """Base class of models that map latents z of a prior p(z), and labels of conditional models,
    to data.

    A subclass defines `generate(latents, labels=None)`. Setting `latent_dim` sets the prior
    N(0, I), unless the subclass has set another one before.

    Attributes:
        latent_dim: the number of latent variables.
        prior: the distribution of latents, a `zoo.layers.Prior`.
    """

    has_latents = True
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

    def invert(
        self,
        images,
        labels=None,
        *,
        steps: int = 100,
        loss: str | dict[str, float] = "pixel",
        features: Callable | None = None,
        mask=None,
        start="best_of",
        restarts: int = 1,
        rule: str | Rule = "lbfgs",
        hold: float = 0.0,
        seed: int | None = 0,
        batch_size: int = 256,
        told: Callable[[], None] = lambda: None,
        stops: Callable[[], bool] = lambda: False,
    ) -> Inversion:
        """Search for the latents whose images are nearest to given images.

        For each image x it minimises, over the latent z, the sum of a pixel term, sum m (G(z) -
        x)^2 / sum m, with the mask m and images scaled to [0, 1]; a feature term, the mean over
        layers of |f(G(z)) - f(x)|^2 / |f(x)|^2; and `hold` times the mean of (z - z_0)^2. Images
        share nothing: n images at once give what n calls give. No weight changes.

        The search is that of Zhu et al. 2016, https://arxiv.org/abs/1609.03552.

        Args:
            images: images in the model's value range.
            labels: for conditional models, the class of each image, or one for all.
            steps: the number of evaluations for each start.
            loss: `"pixel"`, `"features"`, `"both"`, or a dict with the weights of `"pixel"` and
                `"features"`.
            features: a function from images in the model's value range to a tensor of features, or
                a list of them, such as those of `zoo.latents.features`.
            mask: 1 or True where an image is known, of shape `(height, width)`, or with channels,
                or for each image; numbers between weigh. `None` if all is known.
            start: `"best_of"` for the nearest of 1,000 samples; `"mean"` for the mean of the
                prior, around which the images of some models do not change; `"encoder"` for the
                model's own codes; a model that encodes, such as a `latent_encoder`; or latents of
                shape `(n, latent_dim)`.
            restarts: the number of searches for each image, of which the best counts. The first
                begins at `start`, the others at the nearest samples. All take a quarter of the
                steps, and the best quarter of them the rest.
            rule: `"lbfgs"` or `"adam"`, or an object with its settings, such as
                `zoo.latents.Adam(rate=0.05)`.
            hold: the weight of the distance from the start.
            seed: the seed of the samples for starts; `None` draws others at each call.
            batch_size: the number of searches that are computed at once.
            told: a function that is called after each step of each batch.
            stops: a function that is asked after each step whether to end now.

        Returns:
            The latents, their images, and the loss of each.

        Raises:
            ValueError: if an argument has a wrong value.

        Differs from the paper: L-BFGS is our own, without bounds; starts are the nearest samples.
        """
        return invert(
            self,
            images,
            labels,
            steps=steps,
            loss=loss,
            features=features,
            mask=mask,
            start=start,
            restarts=restarts,
            rule=rule,
            hold=hold,
            seed=seed,
            batch_size=batch_size,
            told=told,
            stops=stops,
        )

    def sampling_network(self) -> keras.Model | None:
        """Return the network from latents, or `[latents, labels]`, by which `generate` makes data
        or the parameters of their distribution; `None` if there is no single one."""
        return None

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
