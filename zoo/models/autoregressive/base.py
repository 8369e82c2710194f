"""`Autoregressive`, the mixin of models that make an image pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.base.arrays import as_array
from zoo.engine.batch import Batch
from zoo.engine.forks import check_can_compute
from zoo.engine.inference import batched
from zoo.engine.inversion import check_mask
from zoo.engine.spaces import (
    BinaryImages,
    Draws,
    LevelImages,
    Uniform,
    classes_or_none,
    of_image_shape,
)
from zoo.engine.tasks import Samples, Scores
from zoo.errors import ArgumentError, check_number
from zoo.losses import PixelDistribution

RANGE = (0.0, 1.0)  # the value range of images


class Autoregressive(Samples, Scores):
    """A mixin of models p(x) = prod_i p(x_i | x_1, ..., x_{i-1}) of the pixels x_i of an image.

    One pass of the network gives all factors of a given image, so that the log-likelihood is exact.
    A sample takes a step for each pixel. Steps are one compiled function of the number of the step
    and of the numbers that pixels are drawn from, which are drawn with NumPy before the first step:
    nothing is compiled for each pixel.

    A subclass calls `state_data`, and defines `parameters`, `positions`, `begin` and `step`.

    Attributes:
        pixels: the distribution of a pixel, a `zoo.losses.PixelDistribution`.
    """

    likelihood_is = "exact"
    loss_names = ("loss",)
    pixels: PixelDistribution

    def state_data(self, image_shape, pixels: str | PixelDistribution, num_classes=None) -> None:
        """Set the distribution of the pixels and the spaces, for the arguments of a constructor."""
        if image_shape is None:
            raise ArgumentError(
                f"{type(self).__name__} needs image_shape=(height, width, channels). Received: "
                "None."
            )
        self.pixels = PixelDistribution.get(pixels)
        data = of_image_shape(image_shape, RANGE, points=False, others="")
        binary = self.pixels.pixels == "binary"
        self.data = BinaryImages(*data.shape) if binary else LevelImages(*data.shape)
        self.condition = classes_or_none(num_classes)
        height, width, channels = self.image_shape
        self.noise = Uniform((height, width, self.pixels.draws(channels)))

    @property
    def density_of(self) -> str:
        """The values of the pixels in the density, which their distribution states."""
        return self.pixels.pixels

    # Training

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-3)}

    def objective(self, batch: Batch, training: bool):
        loss = -ops.mean(self.log_likelihood(*batch))
        return loss, {"loss": loss}

    def log_likelihood(self, images, condition=None):
        """Return log p(x) of each image in nats, float32 of shape `(batch,)`."""
        each = self.pixels.log_prob(images, self.parameters(images, condition))
        return ops.sum(each, axis=(1, 2))

    def parameters(self, images, condition=None):
        """Return the parameters of the distribution of each pixel, given the pixels before it.

        They have the shape `(batch, height, width, pixels.size(channels))`.
        """
        raise NotImplementedError

    # Use

    def call(self, inputs, training=False):
        return self.parameters(*self.unpaired(inputs))

    def log_prob(self, images, labels=None, batch_size: int = 256) -> np.ndarray:
        """Return log p(x) of each image, or log p(x | y) of a conditional model, in nats.

        Args:
            images: of shape `(n, height, width, channels)`, in [0, 1]: zeros and ones for binary
                pixels, else k / 255.
            labels: the classes of the images, of shape `(n,)`, for conditional models.
            batch_size: the number of images that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        inputs = self.checked_inputs(images, labels)
        return self.infer("log_prob", self.log_likelihood, inputs, batch_size)

    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        *,
        noise=None,
        condition=None,
        labels=None,
        temperature: float = 1.0,
        batch_size: int = 256,
        told: Callable[[], None] = lambda: None,
    ) -> np.ndarray:
        """Generate images, pixel by pixel.

        The numbers that pixels are drawn from are drawn with NumPy, so that one seed gives the same
        images on one backend, and on another all but those few in which rounding flips a pixel.
        Ctrl-C ends it after any pixel.

        Args:
            n: the number of images; by default the number of conditions, else 1.
            seed: the seed of the noise; `None` draws other noise at each call.
            noise: the noise itself, of shape `(n, ...)`, in place of `n` and `seed`.
            condition: for conditional models, a class for each image, one for all, `"all"` for
                equally many of each class in their order, or `None` for random classes.
            labels: another name of `condition`.
            temperature: a positive number. Below 1, probable values are drawn more often, and at
                1 images are samples of the model.
            batch_size: the number of images that are computed at once.
            told: a function that is called after each step of each batch, of which there are
                `len(model.positions())`.

        Returns:
            A float32 NumPy array of shape `(n, height, width, channels)`, in [0, 1].

        Raises:
            ValueError: if an argument has a wrong value.
        """
        condition = self._one_condition(condition, labels)
        check_number("temperature", temperature, above=True)
        noise, *conditions = self.sampling_inputs(n, seed, noise, condition)
        nothing = np.zeros((len(noise), *self.image_shape), "float32")
        inputs = (noise, nothing, nothing, *conditions)
        return self._draw(inputs, temperature, batch_size, told)

    def complete(
        self,
        images,
        mask,
        labels=None,
        seed: int | None = 0,
        temperature: float = 1.0,
        batch_size: int = 256,
        told: Callable[[], None] = lambda: None,
    ) -> np.ndarray:
        """Draw the unknown pixels of images, each given the pixels before it.

        Known pixels are kept. A pixel is drawn given those that come before it in the order of the
        model, drawn or known, and not given known pixels that come later: in raster order, a lower
        half is completed exactly, and an upper half is drawn without a look at the lower.

        Args:
            images: of shape `(n, height, width, channels)`, in [0, 1]: zeros and ones for binary
                pixels, else k / 255. Unknown pixels may have any value.
            mask: 1 or True where a pixel is known, 0 or False elsewhere, of shape
                `(height, width)`, or with channels, or for each image. Channels that are drawn
                jointly, as those of a logistic mixture, are known together.
            labels: the classes of the images, of shape `(n,)`, for conditional models.
            seed: the seed of the noise; `None` draws other noise at each call.
            temperature: a positive number. Below 1, probable values are drawn more often.
            batch_size: the number of images that are computed at once.
            told: a function that is called after each step of each batch.

        Returns:
            A float32 NumPy array of the shape of `images`.

        Raises:
            ValueError: if an argument has a wrong value, or the mask knows nothing of an image.
        """
        check_number("temperature", temperature, above=True)
        images, *conditions = self.checked_inputs(images, labels, in_range=False)
        known = check_mask(as_array("mask", mask), images) * np.ones_like(images)
        if not np.isin(known, (0, 1)).all():
            raise ArgumentError(
                "mask must hold zeros and ones, 1 where a pixel is known. Received: others."
            )
        if self.pixels.joint and (known != known[..., :1]).any():
            raise ArgumentError(
                "mask must know all channels of a pixel or none, since "
                f"{type(self.pixels).__name__} draws them jointly. Received: a pixel with some "
                "known channels."
            )
        given = np.where(known == 1, images, np.float32(0))
        self.data.check_values("images", given, in_training=False)
        noise = Draws(self.noise, seed).next(len(images))
        inputs = (noise, given, known, *conditions)
        return self._complete(inputs, temperature, batch_size, told)

    def _complete(self, inputs: tuple, temperature: float, batch_size: int, told) -> np.ndarray:
        """Return completed images for noise, given pixels, a mask of them and conditions."""
        return self._draw(inputs, temperature, batch_size, told)

    # Ancestral sampling

    def positions(self, known: np.ndarray | None = None) -> np.ndarray:
        """Return the steps that make images, each a row of whole numbers for `step`.

        Args:
            known: 1 where a pixel is given, for each image: steps that no image needs may be left
                out. `None` if nothing is.
        """
        raise NotImplementedError

    def begin(self, noise, given, known, condition=None) -> list:
        """Return the state before the first step: a list of tensors, the images first."""
        raise NotImplementedError

    def step(self, position, state: list, temperature, noise, given, known, condition=None) -> list:
        """Return the state after the step `position`.

        Args:
            position: a row of `positions()`.
            state: the state before it.
            temperature: the temperature.
            noise: the numbers that pixels are drawn from.
            given: images that hold the known pixels, and zeros elsewhere.
            known: 1 where a pixel is known, of the shape of `given`.
            condition: the conditions of a conditional model.
        """
        raise NotImplementedError

    def _draw(self, inputs: tuple, temperature: float, batch_size: int, told) -> np.ndarray:
        """Return images for noise, given pixels, a mask of them and conditions, in batches."""
        check_can_compute()
        with self.turns:
            engine.synchronize(self)
            begin = self.kept("begin", lambda: engine.compiled(self.begin, self))
            step = self.kept("step", lambda: engine.compiled(self.step, self))

            def of_batch(*arrays):
                positions = self.positions(arrays[2])
                tensors = [ops.convert_to_tensor(array) for array in arrays]
                state = begin(*tensors)
                for position in positions:
                    state = step(position, state, np.float32(temperature), *tensors)
                    told()
                return state[0]

            return batched(of_batch, inputs, batch_size)

    def generate(self, noise, condition=None):
        """Return images for noise, and conditions of a conditional model: all steps in one loop."""
        nothing = ops.zeros_like(noise[..., : self.image_shape[-1]])
        conditions = () if condition is None else (condition,)
        return self._loop((noise, nothing, nothing, *conditions))

    def _loop(self, inputs: tuple):
        """Return images for noise, given pixels, a mask of them and conditions, as tensors."""
        positions = ops.convert_to_tensor(self.positions())

        def body(number, state):
            position = ops.take(positions, number, axis=0)
            return self.step(position, list(state), 1.0, *inputs)

        return ops.fori_loop(0, len(positions), body, self.begin(*inputs))[0]

    def golden_inputs(self, n):
        inputs = super().golden_inputs(n)
        return {name: inputs[name] for name in ("data", "condition") if name in inputs}

    def golden_outputs(self, inputs):
        # Rounding may flip a pixel of a sample, and then all that come after it.
        return self.log_prob(inputs["data"], inputs.get("condition"))
