"""`LatentModel`: what the rules share that make images from latent variables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import ops

from zoo.engine.labels import choose_labels
from zoo.engine.model import GenerativeModel
from zoo.errors import ArgumentError, check_count


class LatentModel(GenerativeModel):
    """Base class of the rules that map latents z ~ N(0, I), and labels where they are conditional,
    to images.

    A rule says in `generate` how.
    """

    latent_dim: int

    def generate(self, latents, labels=None):
        """Images for latents `(batch, latent_dim)` and labels `(batch,)`, in inference mode."""
        raise NotImplementedError

    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        latents=None,
        labels=None,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Generates images.

        Latents are drawn with NumPy, so that one seed gives the same images on each backend and for
        any `batch_size`, and `sample(10, seed=0)` is the first ten of `sample(64, seed=0)` (with
        `labels="all"`, whose order depends on `n`, their latents are).

        Args:
            n: how many images; by default as many as there are `labels`, else 1.
            seed: the seed of the latents; `None` draws other ones at each call.
            latents: the latents themselves, of shape `(n, latent_dim)`, in place of `n` and `seed`.
            labels: for conditional models, an integer for each image, one integer for all,
                `"all"` for equally many of each class, in their order, or `None` for random
                classes.
            batch_size: how many images are computed at once.

        Returns:
            Images in the model's value range, a float32 NumPy array of shape `(n, height, width,
            channels)`.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        inputs = self.sampling_inputs(n, seed, latents, labels)
        return self.infer("sample", self.generate, inputs, batch_size)

    def sample_batches(
        self,
        n: int,
        seed: int | None = None,
        labels=None,
        batch_size: int = 256,
        **options,
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """The images of `sample(n, seed, labels=labels, **options)` and their labels, `None` where
        the model is not conditional, in parts of `batch_size`: memory does not grow with `n`."""
        check_count("batch_size", batch_size)
        if self.num_classes is not None:
            of_labels = np.random.default_rng(None if seed is None else (seed, 1))
            labels = choose_labels(labels, n, self.num_classes, of_labels)
        rng = np.random.default_rng(seed)
        for start in range(0, n, batch_size):
            shape = (min(batch_size, n - start), self.latent_dim)
            latents = rng.standard_normal(shape, dtype="float32")
            part = None if labels is None else labels[start : start + batch_size]
            options |= {"latents": latents, "labels": part, "batch_size": batch_size}
            yield self.sample(**options), part

    def sample_latents(self, n: int | None = None, seed: int | None = None) -> np.ndarray:
        """The latents that `sample(n, seed)` uses, a float32 NumPy array of shape `(n,
        latent_dim)`."""
        n = 1 if n is None else check_count("n", n)
        if seed is not None:
            check_count("seed", seed, minimum=0)
        return np.random.default_rng(seed).standard_normal((n, self.latent_dim), dtype="float32")

    def sampling_inputs(self, n, seed, latents, labels) -> tuple[np.ndarray, ...]:
        """What `sample` gives to `generate`: latents, and labels where the model is conditional."""
        if latents is not None:
            if n is not None or seed is not None:
                raise ArgumentError(
                    "sample takes either latents=, or n= and seed=. Received: both."
                )
            latents = self.check_latents(latents)
            n = len(latents)
        if self.num_classes is None:
            if labels is not None:
                raise ArgumentError(
                    f"{type(self).__name__} is not conditional and takes no labels. Received: "
                    f"labels={labels!r}."
                )
            return (self.sample_latents(n, seed) if latents is None else latents,)
        if seed is not None:
            check_count("seed", seed, minimum=0)
        rng = np.random.default_rng(None if seed is None else (seed, 1))
        labels = choose_labels(labels, n, self.num_classes, rng)
        return self.sample_latents(len(labels), seed) if latents is None else latents, labels

    def check_latents(self, latents) -> np.ndarray:
        """`latents` as a float32 array of shape `(n, latent_dim)`, or an error."""
        latents = ops.convert_to_numpy(latents).astype("float32")
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim or not len(latents):
            raise ArgumentError(
                f"latents must have the shape (n, {self.latent_dim}) with n at least 1. "
                f"Received: shape {latents.shape}."
            )
        if not np.isfinite(latents).all():
            raise ArgumentError("latents must be finite. Received: NaN or infinite values.")
        return latents

    def contract(self) -> dict[str, Any]:
        return {
            **super().contract(),
            "latent_law": f"normal, N(0, I) in {self.latent_dim} dimensions",
            "latent_shape": [self.latent_dim],
        }

    def golden_inputs(self, n: int) -> dict[str, np.ndarray]:
        inputs = {"latents": self.sample_latents(n, seed=0)}
        if self.num_classes is not None:
            inputs["labels"] = np.arange(n, dtype="int32") % self.num_classes
        return inputs

    def golden_outputs(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        return self.sample(**inputs)
