"""The squared Frobenius norm of an encoder's Jacobian, |dz/dx|^2, three ways."""

from __future__ import annotations

import math

import keras
from keras import layers, ops

from zoo import engine
from zoo.base.named import Named
from zoo.errors import ArgumentError, check_count
from zoo.losses.per_sample import per_sample


class Contraction(Named):
    """The sum of squares of dz_j / dx_i over all code units j and pixels i. Subclass it, or pass
    any callable of this signature, to use another way.

    Equation 1 of Rifai et al. 2011, Contractive Auto-Encoders,
    https://icml.cc/2011/papers/455_icmlpaper.pdf.
    """

    kind = "contraction"
    required = ("__call__",)

    def __call__(self, encoder: keras.Model, images, codes, random):
        """The squared norm of each image, of shape `(batch,)`.

        Args:
            encoder: from images to codes `(batch, units)`, each from its own image alone.
            images: of shape `(batch, height, width, channels)`.
            codes: what `encoder` gives for `images`.
            random: `zoo.engine.random.Random`.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class Exact(Contraction):
    """The whole Jacobian: one pass over `units` copies of the batch, each differentiated for one
    code unit. Its cost and memory grow with the number of units.

    Equation 1 of Rifai et al. 2011, https://icml.cc/2011/papers/455_icmlpaper.pdf.

    Differs from the paper: none.
    """

    name = "exact"

    def __call__(self, encoder, images, codes, random):
        units = math.prod(codes.shape[1:])
        copies = ops.repeat(images, units, axis=0)
        which = ops.tile(ops.eye(units), (ops.shape(images)[0], 1))
        grad = engine.gradient(
            lambda x: ops.cast(ops.reshape(encoder(x), (-1, units)), "float32") * which, copies
        )
        squares = ops.square(ops.cast(grad, "float32"))
        return ops.sum(ops.reshape(per_sample(squares), (-1, units)), axis=-1)


@keras.saving.register_keras_serializable("zoo")
class ClosedForm(Contraction):
    """For one layer of sigmoid units: sum_j (z_j (1 - z_j))^2 sum_i W_ij^2, from the codes that the
    forward pass has made.

    The form that section 3 of Rifai et al. 2011 derives from its equation 1, https://icml.cc/2011/papers/455_icmlpaper.pdf.

    Differs from the paper: none.
    """

    name = "closed_form"

    def __call__(self, encoder, images, codes, random):
        kernel = ops.convert_to_tensor(self.check(encoder).kernel)
        weights = ops.sum(ops.square(kernel), axis=0)
        return ops.sum(ops.square(codes * (1.0 - codes)) * weights, axis=-1)

    def check(self, encoder: keras.Model) -> layers.Dense:
        """The layer of `encoder`, or an error if the closed form does not hold for it."""
        layer = one_sigmoid_layer(encoder)
        if layer is None:
            raise ArgumentError(
                "contraction 'closed_form' is for an encoder of one dense layer of sigmoid units. "
                f"Received: {encoder.name!r} with the layers "
                f"{[type(layer).__name__ for layer in encoder.layers]}. Allowed: 'exact', "
                "'hutchinson'."
            )
        return layer


@keras.saving.register_keras_serializable("zoo")
class Hutchinson(Contraction):
    """An estimate of one differentiation for each probe, for large codes: the mean of |v^T dz/dx|^2
    over v with entries -1 and 1, whose expectation is the norm (Hutchinson 1990,
    https://doi.org/10.1080/03610919008812866).

    Args:
        probes: how many v for each image.

    Differs from the paper: none.
    """

    name = "hutchinson"

    def __init__(self, probes: int = 1):
        self.probes = check_count("probes", probes)

    def __call__(self, encoder, images, codes, random):
        total = 0.0
        for _ in range(self.probes):
            signs = ops.cast(random.uniform(ops.shape(codes)) < 0.5, "float32") * 2.0 - 1.0
            grad = engine.gradient(
                lambda x, signs=signs: ops.cast(encoder(x), "float32") * signs, images
            )
            total = total + per_sample(ops.square(ops.cast(grad, "float32")))
        return total / self.probes


def one_sigmoid_layer(encoder: keras.Model) -> layers.Dense | None:
    """The layer of an encoder that is one dense layer of sigmoid units on the whole image, else
    `None`."""
    if isinstance(encoder, keras.Sequential):
        steps = encoder.layers
    elif hasattr(encoder, "operations"):
        steps = encoder.operations  # of a functional model, also those that are no layers
    else:
        return None
    *before, last = [x for x in steps if not isinstance(x, layers.InputLayer)]
    if not isinstance(last, layers.Dense) or last.activation is not keras.activations.sigmoid:
        return None
    shaping = all(isinstance(x, layers.Flatten | layers.Reshape) for x in before)
    whole = last.kernel.shape[0] == math.prod(encoder.input_shape[1:])
    return last if shaping and whole else None
