"""Distributions of one pixel given those before it, for autoregressive models."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.base.named import Named
from zoo.engine import scalars
from zoo.errors import check_count
from zoo.losses.likelihoods import bin_log_probability

LEVELS = 256
LOWEST_LOG_SCALE = -7.0  # for pixels in [-1, 1], as in the code of Salimans et al. 2017
MARGIN = 1e-6  # keeps numbers of U(0, 1) away from 0 and 1, where a logistic is infinite


class PixelDistribution(Named):
    """The distribution of the channels of one pixel, given the parameters that a network computes
    from the pixels before it.

    Subclass it, or pass any object with these methods and attributes, to use another one.

    Attributes:
        pixels: the kind of pixel values, `"binary"`, or `"levels"` for k / 255.
        joint: whether all channels of a pixel are drawn from one set of parameters. If not, the
            parameters of a channel depend on the channels before it.
    """

    kind = "pixels"
    required = ("size", "draws", "log_prob", "draw")
    pixels = "levels"
    joint = False

    def size(self, channels: int) -> int:
        """Return the number of parameters of a pixel with `channels` channels.

        If the channels are not drawn jointly, parameter i belongs to the channel i % channels.
        """
        raise NotImplementedError

    def draws(self, channels: int) -> int:
        """Return how many numbers of U(0, 1) one pixel is drawn from."""
        return channels

    def log_prob(self, images, parameters):
        """Return the log-probability of each pixel in nats, the sum over its channels, float32.

        Args:
            images: values in [0, 1], of shape `(..., channels)`.
            parameters: of shape `(..., size(channels))`.
        """
        raise NotImplementedError

    def draw(self, parameters, numbers, temperature):
        """Return a value for each channel, of shape `(..., channels)`, in [0, 1].

        It is the inverse of the cumulative distribution at `numbers`.

        Args:
            parameters: of shape `(..., size(channels))`.
            numbers: numbers of U(0, 1), of shape `(..., draws(channels))`.
            temperature: a positive number. Below 1, probable values are drawn more often.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class BernoulliPixels(PixelDistribution):
    """Binary pixels: p(1) = sigmoid(l / T), with a logit l for each channel and the temperature T.

    Equation 1 of Germain et al. 2015, https://arxiv.org/abs/1502.03509.

    Differs from the paper: none.
    """

    name = "bernoulli"
    pixels = "binary"

    def size(self, channels):
        return channels

    def log_prob(self, images, parameters):
        logits = ops.cast(parameters, "float32")
        return ops.sum(images * logits - ops.softplus(logits), axis=-1)

    def draw(self, parameters, numbers, temperature):
        probabilities = ops.sigmoid(ops.cast(parameters, "float32") / temperature)
        return ops.cast(numbers < probabilities, "float32")


@keras.saving.register_keras_serializable("zoo")
class CategoricalPixels(PixelDistribution):
    """8-bit pixels: a softmax over the 256 values of each channel.

    Section 3.2 of van den Oord, Kalchbrenner and Kavukcuoglu 2016,
    https://arxiv.org/abs/1601.06759. Values are rounded to the nearest k / 255. A temperature
    divides the logits.

    Differs from the paper: none.
    """

    name = "categorical"

    def size(self, channels):
        return LEVELS * channels

    def _log_probabilities(self, parameters, temperature=1.0):
        """Return log-probabilities of shape `(..., channels, 256)`."""
        *shape, size = ops.shape(parameters)
        logits = ops.reshape(parameters, (*shape, LEVELS, size // LEVELS))
        logits = ops.moveaxis(ops.cast(logits, "float32") / temperature, -2, -1)
        return ops.log_softmax(logits, axis=-1)

    def log_prob(self, images, parameters):
        levels = ops.cast(ops.round(images * (LEVELS - 1)), "int32")[..., None]
        chosen = ops.take_along_axis(self._log_probabilities(parameters), levels, axis=-1)
        return ops.sum(chosen[..., 0], axis=-1)

    def draw(self, parameters, numbers, temperature):
        probabilities = ops.exp(self._log_probabilities(parameters, temperature))
        below = ops.cumsum(probabilities, axis=-1)[..., :-1]  # the last of them is 1
        levels = ops.sum(ops.cast(numbers[..., None] >= below, "float32"), axis=-1)
        return levels / (LEVELS - 1)


@keras.saving.register_keras_serializable("zoo")
class LogisticMixture(PixelDistribution):
    """8-bit pixels from a mixture of discretized logistic distributions, whose channels are
    coupled.

    A component gives the value k / 255 of a channel the probability F((x + 1/255 - m) / s) -
    F((x - 1/255 - m) / s), where F is the sigmoid and x = 2 k / 255 - 1; the first and the last bin
    reach to infinity. The mean m of a channel depends linearly on the channels of the same pixel
    before it, with the coefficients tanh(c). Sections 2.1 and 2.2 of Salimans et al. 2017,
    https://arxiv.org/abs/1701.05517. Values are rounded to the nearest k / 255. A temperature
    divides the logits of the components and multiplies s.

    Args:
        mixtures: the number of components.

    Differs from the paper: the logarithm of a bin's probability is computed in a stable form, and
    not by the density where it is small.
    """

    name = "logistic_mixture"
    joint = True

    def __init__(self, mixtures: int = 5):
        self.mixtures = check_count("mixtures", mixtures)

    def size(self, channels):
        return self.mixtures * (1 + 2 * channels + channels * (channels - 1) // 2)

    def draws(self, channels):
        return channels + 1  # the first chooses the component

    def _split(self, parameters, channels: int) -> tuple:
        """Return the logits, and lists of the means, the log-scales and the coefficients, each of
        shape `(..., mixtures)`."""
        parts = ops.split(
            ops.cast(parameters, "float32"), parameters.shape[-1] // self.mixtures, axis=-1
        )
        means, rest = parts[1 : 1 + channels], parts[1 + channels :]
        scales = [scalars.clamp(part, LOWEST_LOG_SCALE) for part in rest[:channels]]
        return parts[0], means, scales, [ops.tanh(part) for part in rest[channels:]]

    def log_prob(self, images, parameters):
        channels = images.shape[-1]
        values = ops.round(images * (LEVELS - 1)) / (LEVELS - 1)
        logits, means, scales, coefficients = self._split(parameters, channels)
        total = ops.log_softmax(logits, axis=-1)
        for channel in range(channels):
            value = values[..., channel : channel + 1]
            before = [2.0 * values[..., c : c + 1] - 1.0 for c in range(channel)]
            mean = _coupled(means[channel], coefficients, before)
            log_scale = scales[channel] - math.log(2.0)
            total = total + bin_log_probability(value, 0.5 + 0.5 * mean, log_scale)
        return ops.logsumexp(total, axis=-1)

    def draw(self, parameters, numbers, temperature):
        channels = numbers.shape[-1] - 1
        logits, means, scales, coefficients = self._split(parameters, channels)
        weights = ops.exp(ops.log_softmax(logits / temperature, axis=-1))
        weights = ops.cumsum(weights, axis=-1)[..., :-1]
        chosen = ops.sum(ops.cast(numbers[..., :1] >= weights, "int32"), axis=-1)
        one = ops.one_hot(chosen, self.mixtures, dtype="float32")

        def of_component(part):
            return ops.sum(one * part, axis=-1)

        coefficients = [of_component(part) for part in coefficients]
        before, values = [], []
        for channel in range(channels):
            number = scalars.clamp(numbers[..., 1 + channel], MARGIN, 1.0 - MARGIN)
            logistic = ops.log(number) - ops.log1p(-number)
            mean = _coupled(of_component(means[channel]), coefficients, before)
            value = mean + temperature * ops.exp(of_component(scales[channel])) * logistic
            level = ops.round((LEVELS - 1) * scalars.clamp(0.5 + 0.5 * value, 0.0, 1.0))
            values.append(level / (LEVELS - 1))
            before.append(2.0 * values[-1] - 1.0)
        return ops.stack(values, axis=-1)


def _coupled(mean, coefficients: list, before: list):
    """Return the mean of a channel, given the values in [-1, 1] of those `before` it."""
    first = len(before) * (len(before) - 1) // 2
    for coefficient, value in zip(coefficients[first:], before, strict=False):
        mean = mean + coefficient * value
    return mean
