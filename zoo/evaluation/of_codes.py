"""Metrics of autoencoders: the information, sparsity and smoothness of codes, and denoising."""

from __future__ import annotations

import numpy as np
from keras import ops

from zoo.errors import ArgumentError, check_count, check_number
from zoo.evaluation.collected import spans
from zoo.evaluation.metric import Metric
from zoo.evaluation.of_images import parts, with_error
from zoo.losses.contraction import ClosedForm, Exact, one_sigmoid_layer
from zoo.metrics import inactivity, linear_classifier
from zoo.metrics.arrays import check_classes


class _OfCodes(Metric):
    """A metric of the codes that a model gives to images."""

    of_samples = False
    seeded = False
    baseline = None

    def check(self, model, test):
        if "encodes" not in model.tasks or model.condition is not None:
            raise ArgumentError(
                f"The metric {self.name!r} is for models that encode images alone. Received: "
                f"{type(model).__name__}."
            )


class LinearProbe(_OfCodes):
    """The error of a linear classifier on the codes of test images.

    It is fitted to the codes of training images, see `zoo.metrics.linear_classifier`. The codes of
    a VAE are the means of the posterior.
    """

    name = "linear_probe"
    outputs = {"probe_error": "lower"}
    trains = True

    def check(self, model, test):
        super().check(model, test)
        if test.labels is None:
            raise ArgumentError(
                f"The metric {self.name!r} needs images with labels. Received: {test.name!r}, "
                "which has none."
            )

        check_classes(f"the labels of {test.name!r}", test.labels)

    def check_training(self, train):
        if train.labels is None:
            raise ArgumentError(
                f"The metric {self.name!r} needs train with labels. Received: {train.name!r}, "
                "which has none."
            )
        check_classes(f"the labels of {train.name!r}", train.labels)

    def measure(self, samples, subject):
        codes = [codes_of(subject.model, source) for source in (subject.train, subject.test)]
        wrong = linear_classifier(codes[0], subject.train.labels, codes[1]) != subject.test.labels
        return {"probe_error": with_error(wrong)}


class InactiveUnits(_OfCodes):
    """The sparsity of the codes of test images, see `zoo.metrics.inactivity`.

    `inactive` is the mean share of units below a hundredth of their largest activation;
    `never_active` is the share of units that are at most 1e-6 in all images.
    """

    name = "inactive_units"
    outputs = {"inactive": None, "never_active": "lower"}

    def measure(self, samples, subject):
        shares = inactivity(codes_of(subject.model, subject.test))
        return {"inactive": shares.per_image, "never_active": shares.never}


class Contraction(_OfCodes):
    """The sensitivity of codes to changes of the image.

    `jacobian_norm` is the mean over test images of the Frobenius norm of the encoder's Jacobian
    dz/dx. `relative_jacobian_norm` is that mean divided by the standard deviation of the codes,
    the square root of the mean variance of a unit; a scaling of the codes does not change it.

    Args:
        images: the number of test images.
    """

    name = "contraction"
    outputs = {"jacobian_norm": "lower", "relative_jacobian_norm": "lower"}

    def __init__(self, images: int = 1000):
        self.images = check_count("images", images)

    def check(self, model, test):
        super().check(model, test)
        if model.encoding_network() is None:
            raise ArgumentError(
                f"The metric {self.name!r} is for autoencoders, whose codes are no distributions. "
                f"Received: {type(model).__name__}."
            )

    def measure(self, samples, subject):
        encoder, model = subject.model.encoding_network(), subject.model
        squared = Exact() if one_sigmoid_layer(encoder) is None else ClosedForm()

        def norm(x):
            """Return the Frobenius norm of the Jacobian at each of the images `x`."""
            codes = ops.cast(encoder(x, training=False), "float32")
            return ops.sqrt(squared(encoder, x, codes, model.random))

        first = subject.test.select(slice(self.images))
        images = model.data.from_stored(first.images[:])
        norms = model.infer("jacobian norm", norm, (images,), batch_size=50)
        deviation = float(np.sqrt(codes_of(model, subject.test).var(axis=0).mean()))
        mean, error = with_error(norms)
        values = {"jacobian_norm": (mean, error)}
        if deviation > 0:  # otherwise all codes are equal
            values["relative_jacobian_norm"] = (mean / deviation, error / deviation)
        return values


class Denoising(_OfCodes):
    """The peak signal-to-noise ratio of noisy test images before and after denoising.

    The noise is Gaussian, and noisy images are not clipped. The two ratios and their difference,
    the gain, are means over images, in decibels.

    Args:
        sigma: the standard deviation of the noise, for pixels in [0, 1].
    """

    name = "denoising"
    outputs = {"noisy_psnr": None, "denoised_psnr": "higher", "denoising_gain": "higher"}

    def __init__(self, sigma: float = 0.5):
        self.sigma = check_number("sigma", sigma, above=True)

    def check(self, model, test):
        if "denoises" not in model.tasks:
            raise ArgumentError(
                f"The metric {self.name!r} is for models with denoise. Received: "
                f"{type(model).__name__}."
            )

    def measure(self, samples, subject):
        low, high = subject.model.data.range
        rng = np.random.default_rng(0)
        before, after = [], []
        for images, _ in parts(subject, spans(len(subject.test.images))):
            noise = rng.standard_normal(images.shape, dtype="float32")
            noisy = images + self.sigma * (high - low) * noise
            for ratios, outputs in ((before, noisy), (after, subject.model.denoise(noisy))):
                error = np.square((outputs - images).astype("float64") / (high - low))
                ratios.append(-10 * np.log10(np.maximum(error.mean(axis=(1, 2, 3)), 1e-12)))
        before, after = np.concatenate(before), np.concatenate(after)
        return {
            "noisy_psnr": with_error(before),
            "denoised_psnr": with_error(after),
            "denoising_gain": with_error(after - before),
        }


def codes_of(model, source) -> np.ndarray:
    """Return the codes of all images of `source`, an array of shape `(n, units)`.

    A conditional model encodes them with their labels.
    """
    rows = []
    for start in range(0, len(source.images), 4096):
        part = slice(start, start + 4096)
        inputs = [model.data.from_stored(source.images[part])]
        if model.condition is not None:
            inputs.append(model.condition.from_stored(source.labels[part]))
        rows.append(model.mean_codes(*inputs))
    return np.concatenate(rows)
