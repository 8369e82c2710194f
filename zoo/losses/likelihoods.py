"""Likelihoods log p(x | z) of images, given the decoder's parameters for each pixel."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.base.named import Named
from zoo.engine import scalars
from zoo.errors import check_number

LOWEST_LOG_VARIANCE = 2.0 * math.log(1 / 510)


class Likelihood(Named):
    """A distribution of independent pixels.

    Subclass it, or pass any object with these methods and `outputs`, to use another one.
    """

    kind = "likelihood"
    required = ("log_prob", "mean")
    outputs = 1  # the number of parameters for each pixel and channel
    pixels = "levels"  # the kind of pixel values: "binary", "levels" of 8 bits, or "continuous"

    def log_prob(self, images, parameters):
        """Return log p(x | z) in nats, the sum over pixels and channels.

        Args:
            images: images of shape `(batch, height, width, channels)`, in [0, 1].
            parameters: the decoder's parameters, of shape
                `(..., batch, height, width, outputs * channels)`. Leading axes hold several
                decodings of one image.

        Returns:
            A float32 tensor of shape `(..., batch)`.
        """
        raise NotImplementedError

    def mean(self, parameters):
        """Return the mean image, or the location of its distribution, in [0, 1].

        Args:
            parameters: the decoder's parameters, of shape
                `(batch, height, width, outputs * channels)`.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class Bernoulli(Likelihood):
    """Binary pixels: x log p + (1 - x) log(1 - p) with p = sigmoid(logit).

    Appendix C.1, equation 11, of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114. For grey
    pixels between 0 and 1 it is a cross-entropy and no log-probability.

    Differs from the paper: none.
    """

    name = "bernoulli"
    pixels = "binary"

    def log_prob(self, images, parameters):
        images, logits = _flat(images), _flat(parameters)
        return ops.sum(ops.cast(images * logits - ops.softplus(logits), "float32"), axis=-1)

    def mean(self, parameters):
        return ops.sigmoid(parameters)


@keras.saving.register_keras_serializable("zoo")
class Gaussian(Likelihood):
    """Continuous pixels from N(mean, sigma^2), with a mean in (0, 1).

    Appendix C.2, equation 12, of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114.

    Args:
        sigma: the standard deviation. `None` learns it: the decoder then gives log sigma^2 for each
            pixel.

    Differs from the paper: a learned sigma stays above 1/510, half the step of 8 bits, by log
    sigma^2 = b + log(1 + exp(v - b)) for the decoder's v. Without a bound, the likelihood of a
    pixel that never changes would grow for ever. The means go through a sigmoid, as in section 5 of
    the paper.
    """

    name = "gaussian"
    pixels = "continuous"

    def __init__(self, sigma: float | None = None):
        self.sigma = None if sigma is None else check_number("sigma", sigma, above=True)
        self.outputs = 2 if sigma is None else 1

    def log_prob(self, images, parameters):
        if self.sigma is None:
            mean, raw = ops.split(parameters, 2, axis=-1)
            log_variance = LOWEST_LOG_VARIANCE + ops.softplus(raw - LOWEST_LOG_VARIANCE)
        else:
            mean, log_variance = parameters, 2.0 * math.log(self.sigma)
        error = ops.square(images - ops.sigmoid(mean))
        squared = error * ops.exp(-log_variance) if self.sigma is None else error / self.sigma**2
        return _total(-0.5 * (squared + log_variance + math.log(2 * math.pi)))

    def mean(self, parameters):
        return ops.sigmoid(parameters if self.sigma is not None else _first(parameters))


@keras.saving.register_keras_serializable("zoo")
class DiscretizedLogistic(Likelihood):
    """8-bit pixels, with the probability that a logistic distribution gives to the bin of each
    value.

    The probability is F((x + b - mean) / s) - F((x - b - mean) / s), where F is the sigmoid and b
    is half a bin. The first and the last bin reach to infinity, so that the 256 probabilities sum
    to 1. Images hold k / 255. Section 5.1 of Kingma et al. 2016, https://arxiv.org/abs/1606.04934,
    and section 2.1 of Salimans et al. 2017, https://arxiv.org/abs/1701.05517.

    Differs from the paper: log s is at least -7 - log 2, which for images in [-1, 1] is -7, as in
    the second paper's code. The mean is 1/2 at 0 and may leave [0, 1], so that the first or the
    last value can be certain.
    """

    name = "discretized_logistic"
    outputs = 2

    def log_prob(self, images, parameters):
        mean, log_scale = ops.split(parameters, 2, axis=-1)
        log_scale = scalars.clamp(log_scale, -7.0 - math.log(2))
        return _total(bin_log_probability(images, mean + 0.5, log_scale))

    def mean(self, parameters):
        return scalars.clamp(_first(parameters) + 0.5, 0.0, 1.0)


def bin_log_probability(values, mean, log_scale):
    """Return the log-probability of the bin of each of `values`, k / 255, under a logistic
    distribution. The first and the last bin reach to infinity."""
    centred = (values - mean) * ops.exp(-log_scale)
    half = ops.exp(-log_scale) / 510.0
    upper, lower = centred + half, centred - half
    # Each factor of F(u) - F(l) = F(u) F(-l) (1 - exp(l - u)) has a stable logarithm.
    inside = -ops.softplus(-upper) - ops.softplus(lower) + ops.log(-ops.expm1(-2.0 * half))
    first = values < 0.5 / 255.0
    last = values > 1.0 - 0.5 / 255.0
    edges = ops.where(first, -ops.softplus(-upper), -ops.softplus(lower))
    return ops.where(ops.logical_or(first, last), edges, inside)


def _first(parameters):
    """Return the first half of the parameters of each pixel."""
    return ops.split(parameters, 2, axis=-1)[0]


def _flat(x):
    """Join pixels and channels into one axis.

    XLA vectorizes over the last axis, which has length 1 for grey images.
    """
    return ops.reshape(x, (*ops.shape(x)[:-3], math.prod(x.shape[-3:])))


def _total(x):
    """Return the sum over pixels and channels, in float32."""
    return ops.sum(ops.cast(x, "float32"), axis=(-3, -2, -1))
