"""Tasks: the abilities of a model, as mixins.

Pictures, metrics, pages, the command line, cards and the contract suite look up their behaviour by
the names of tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import keras
import numpy as np

from zoo.base.memory import check_memory
from zoo.engine.spaces import Classes, Draws, NoiseSpace, Space, check_noise
from zoo.errors import ArgumentError, ModelError, check_count


class Task:
    """Base class of the tasks of models.

    Attributes:
        task: the name of the task.
        promises: the names of the methods that a model with this task must define.
    """

    task: ClassVar[str]
    promises: ClassVar[tuple[str, ...]] = ()


def named() -> dict[str, type[Task]]:
    """Return the tasks by name, in the order of their definition."""
    return {cls.task: cls for cls in Task.__subclasses__()}


def tasks_of(cls: type) -> tuple[str, ...]:
    """Return the names of the tasks of a class of models."""
    return tuple(name for name, task in named().items() if issubclass(cls, task))


def check_tasks(cls: type) -> None:
    """Raise unless `cls`, a class of models, has a task and the methods that its tasks promise.

    Raises:
        ModelError: if it has no task, or lacks a method, with the name of the method.
    """
    names = tasks_of(cls)
    if not names:
        raise ModelError(
            f"{cls.__name__} has no task: it must inherit one of the mixins "
            f"{', '.join(task.__name__ for task in named().values())} of zoo.engine.tasks."
        )
    for name in names:
        task = named()[name]
        for method in task.promises:
            if getattr(cls, method) is getattr(task, method):
                raise ModelError(
                    f"{cls.__name__} has the task {name!r} and no method {method!r}, which "
                    f"zoo.engine.tasks.{task.__name__} promises."
                )


class Samples(Task):
    """A model that makes new data from noise, and from conditions if it is conditional.

    It defines `generate(noise, condition=None)`, from a batch of `model.noise` and a batch of
    `model.condition` to a batch of `model.data`, in inference mode.

    Attributes:
        has_latents: whether data are made from latents of a prior, as a
            `zoo.engine.latent.LatentModel` makes them.
    """

    task = "samples"
    promises = ("generate",)
    has_latents: bool = False

    def generate(self, noise, condition=None):
        """Return data for a batch of noise, and of conditions if the model has any."""
        raise NotImplementedError

    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        *,
        noise=None,
        condition=None,
        labels=None,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Generate samples.

        Noise is drawn with NumPy, so that one seed gives the same samples on each backend and for
        any `batch_size`, and `sample(10, seed=0)` are the first ten of `sample(64, seed=0)`.

        Args:
            n: the number of samples; by default the number of conditions, else 1.
            seed: the seed of the noise; `None` draws other noise at each call.
            noise: the noise itself, of shape `(n, ...)`, in place of `n` and `seed`.
            condition: for conditional models, a condition for each sample; for classes also one
                integer for all, `"all"` for equally many of each class in their order, or `None`
                for random classes.
            labels: another name of `condition`, for classes.
            batch_size: the number of samples that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n, *data.shape)`, in the range of the data.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        condition = self._one_condition(condition, labels)
        inputs = self.sampling_inputs(n, seed, noise, condition)
        return self.infer("sample", self.generate, inputs, batch_size)

    def sample_batches(
        self,
        n: int,
        seed: int | None = None,
        labels=None,
        batch_size: int = 256,
        condition=None,
        spans: Iterable[range] | None = None,
        **options,
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield the samples of `sample(n, seed, ...)` in parts of `batch_size`, with their
        conditions.

        Memory does not grow with `n`. The conditions are `None` if the model has none. `spans` are
        the ranges of the samples to make, in their order; by default all. A part lies in one span.
        """
        check_count("batch_size", batch_size)
        check_memory("n", check_count("n", n), 1)
        condition = self._one_condition(condition, labels)
        condition = self.choose_condition(condition, n, seed)
        draws, drawn = Draws(self.noise_for(options), seed), 0
        for span in [range(n)] if spans is None else spans:
            draws.skip(span.start - drawn)
            drawn = span.stop
            for start in range(span.start, span.stop, batch_size):
                stop = min(start + batch_size, span.stop)
                noise = draws.next(stop - start)
                part = None if condition is None else condition[start:stop]
                options |= {"noise": noise, "condition": part, "batch_size": batch_size}
                yield self.sample(**options), part

    def noise_for(self, options: dict) -> NoiseSpace:
        """Return the space of the noise for `options`, more arguments of `sample`.

        It removes those that take no noise beside them, since the noise settles them.
        """
        del options
        return self.noise

    def space_of(self, noise) -> NoiseSpace:
        """Return the space in which `noise`, an argument of `sample`, must lie."""
        del noise
        return self.noise

    def sample_noise(self, n: int | None = None, seed: int | None = None):
        """Return the noise of `sample(n, seed)`, a float32 NumPy array of shape
        `(n, *noise.shape)`, or a dict of such arrays."""
        n = 1 if n is None else check_count("n", n)
        check_memory("n", n, self._noise_size)
        if seed is not None:
            check_count("seed", seed, minimum=0)
        return Draws(self.noise, seed).next(n)

    @property
    def _noise_size(self) -> int:
        """The number of numbers in the noise of one sample."""
        spaces = [self.noise] if isinstance(self.noise, Space) else self.noise.values()
        return sum(space.size for space in spaces)

    def sampling_inputs(self, n, seed, noise, condition, argument: str = "noise") -> tuple:
        """Return the arguments of `generate` for a call of `sample`: noise, and conditions if the
        model has any.

        `argument` is the name of the noise in errors.
        """
        if noise is not None:
            if n is not None or seed is not None:
                raise ArgumentError(
                    f"sample takes either {argument}=, or n= and seed=. Received: both."
                )
            noise = check_noise(argument, self.space_of(noise), noise)
            n = len(next(iter(noise.values())) if isinstance(noise, dict) else noise)
        elif n is not None:
            size = self._noise_size + self.data.size
            check_memory("n", check_count("n", n), size, "fewer, or sample_batches for parts")
        condition = self.choose_condition(condition, n, seed)
        if condition is None:
            return (self.sample_noise(n, seed) if noise is None else noise,)
        return self.sample_noise(len(condition), seed) if noise is None else noise, condition

    def choose_condition(self, condition, n: int | None, seed: int | None) -> np.ndarray | None:
        """Return the conditions of `n` samples, for the argument `condition` of `sample`.

        Random classes are drawn by `seed`, from a generator of their own.
        """
        if self.condition is None:
            if condition is not None:
                raise ArgumentError(
                    f"{type(self).__name__} is not conditional and takes no labels. Received: "
                    f"labels={condition!r}."
                )
            return None
        if seed is not None:
            check_count("seed", seed, minimum=0)
        if isinstance(self.condition, Classes):
            rng = np.random.default_rng(None if seed is None else (seed, 1))
            return self.condition.choose(condition, n, rng)
        if condition is None:
            raise ArgumentError(
                f"{type(self).__name__} needs condition=, {self.condition.noun} of shape "
                f"(n, {', '.join(map(str, self.condition.shape))})."
            )
        return self.condition.checked("condition", condition, rows=n)

    def _one_condition(self, condition, labels):
        """Return `condition`, or `labels` under its other name, or raise if both are given."""
        if condition is not None and labels is not None:
            raise ArgumentError("labels is another name of condition. Received: both.")
        return labels if condition is None else condition


class Encodes(Task):
    """A model that encodes a datum as a code, and decodes the code to an approximation of it."""

    task = "encodes"
    promises = ("encode", "decode", "reconstruct")

    def encode(self, images, batch_size: int = 256):
        """Return the code of each datum, or the parameters of its distribution, the mean first."""
        raise NotImplementedError

    def decode(self, codes, batch_size: int = 256) -> np.ndarray:
        """Return the datum of each code."""
        raise NotImplementedError

    def reconstruct(self, images, batch_size: int = 256) -> np.ndarray:
        """Encode and decode each datum, and return the results."""
        raise NotImplementedError

    def encoding_network(self) -> keras.Model | None:
        """Return the network from data to codes, or `None` if no network gives the codes alone."""
        return None

    def encodes_for(self, model) -> bool:
        """Return whether the codes suit `model`, another one that decodes or samples."""
        del model
        return True

    def mean_codes(self, images, *condition, batch_size: int = 256) -> np.ndarray:
        """Return the code of each datum as a vector, float32 of shape `(n, latent_dim)`.

        Where a code has a distribution, it is the mean.
        """
        codes = self.encode(images, *condition, batch_size=batch_size)
        codes = codes[0] if isinstance(codes, tuple) else codes
        return codes.reshape(len(codes), -1)

    def sampler(self, prior) -> Any:
        """Return a `zoo.models.Sampler` that decodes the latents of `prior`, with the weights of
        this model, or `None` if no network decodes vectors."""
        del prior
        return None


class Scores(Task):
    """A model with a log-likelihood of data, or an estimate of it.

    Attributes:
        likelihood_is: `"exact"`, `"bound"` for a lower bound, or `"estimate"`.
        density_of: the values of the pixels in its density: `"binary"` for zeros and ones,
            `"levels"` for 8-bit values k / 255, or `"continuous"`.
        estimators: the values of the argument `method` of `log_prob`, which then has an argument
            `k` for the number of draws too; empty if it has no such arguments.
    """

    task = "scores"
    promises = ("log_prob",)
    likelihood_is: str = "exact"
    density_of: str = "continuous"
    estimators: tuple[str, ...] = ()
    has_partition: bool = False

    def log_prob(self, data, *condition, batch_size: int = 256) -> np.ndarray:
        """Return the log-likelihood of each datum in nats, float32 of shape `(n,)`.

        A conditional model returns the log-likelihood given the condition. A model with a random
        estimate takes `seed` too.
        """
        raise NotImplementedError


class Classifies(Task):
    """A model that predicts the class of data."""

    task = "classifies"
    promises = ("classify", "probabilities")

    def classify(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the most probable class of each datum, int64 of shape `(n,)`."""
        raise NotImplementedError

    def probabilities(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the probability of each class, float32 of shape `(n, classes)`."""
        raise NotImplementedError

    def feature_network(self) -> keras.Model | None:
        """Return a network from data to a list of their features and logits, or `None` if there is
        none."""
        return None


class Denoises(Task):
    """A model that removes noise from data."""

    task = "denoises"
    promises = ("denoise",)

    def denoise(self, images, batch_size: int = 256) -> np.ndarray:
        """Return a clean datum for each noisy one."""
        raise NotImplementedError


class Translates(Task):
    """A model that maps a condition, such as an image, to data, such as another image.

    `fit(inputs, targets)` takes the condition first, and so do streams of pairs.
    """

    task = "translates"
    promises = ("translate",)

    def translate(self, inputs, seed: int | None = 0, batch_size: int = 256) -> np.ndarray:
        """Return the datum for each of `inputs`, a batch of `model.condition`.

        Noise is drawn by `seed` if the model has any.
        """
        raise NotImplementedError


class Inverts(Task):
    """A model that finds the noise from which it makes data as near as it can to given data."""

    task = "inverts"
    promises = ("invert",)

    def invert(self, data, *condition, batch_size: int = 256) -> Any:
        """Return the noise that was found for each datum, what the model makes of it, and how far
        it lies from the datum, as a `zoo.engine.inversion.Inversion`."""
        raise NotImplementedError
