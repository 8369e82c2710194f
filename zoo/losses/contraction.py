"""The squared Frobenius norm of an encoder's Jacobian, |dz/dx|^2, computed in three ways."""

from __future__ import annotations

import math

import keras
from keras import layers, ops

from zoo import engine
from zoo.base.named import Named
from zoo.engine.attached import full_kernel
from zoo.errors import ArgumentError, check_count
from zoo.losses.per_sample import per_sample


class Contraction(Named):
    """The sum of squares of dz_j / dx_i over all code units j and pixels i.

    Equation 1 of Rifai et al. 2011, Contractive Auto-Encoders,
    https://icml.cc/2011/papers/455_icmlpaper.pdf. Subclass it, or pass any callable of this
    signature, to compute it in another way.
    """

    kind = "contraction"
    required = ("__call__",)

    def __call__(self, encoder: keras.Model, images, codes, random):
        """Return the squared norm for each image, of shape `(batch,)`.

        Args:
            encoder: a model from images to codes `(batch, units)`, where a code depends on its own
                image alone.
            images: images of shape `(batch, height, width, channels)`.
            codes: the codes of `images`.
            random: a `zoo.engine.random.Random`.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class Exact(Contraction):
    """The exact squared norm of the Jacobian, from one pass over `units` copies of the batch.

    Each copy is differentiated for one code unit. Cost and memory grow with the number of units.
    Equation 1 of Rifai et al. 2011, https://icml.cc/2011/papers/455_icmlpaper.pdf.

    Differs from the paper: none.
    """

    name = "exact"

    def __call__(self, encoder, images, codes, random):
        units = math.prod(codes.shape[1:])
        copies = ops.repeat(images, units, axis=0)
        one_hot = ops.tile(ops.eye(units), (ops.shape(images)[0], 1))
        grad = engine.gradient(
            lambda x: ops.cast(ops.reshape(encoder(x), (-1, units)), "float32") * one_hot, copies
        )
        squares = ops.square(ops.cast(grad, "float32"))
        return ops.sum(ops.reshape(per_sample(squares), (-1, units)), axis=-1)


@keras.saving.register_keras_serializable("zoo")
class ClosedForm(Contraction):
    """The closed form for one layer of sigmoid units: sum_j (z_j (1 - z_j))^2 sum_i W_ij^2.

    It only needs the codes of the forward pass. Section 3 of Rifai et al. 2011 derives it from its
    equation 1, https://icml.cc/2011/papers/455_icmlpaper.pdf.

    Raises:
        ArgumentError: if the encoder is not one dense layer of sigmoid units.

    Differs from the paper: none.
    """

    name = "closed_form"

    def __call__(self, encoder, images, codes, random):
        kernel = ops.cast(full_kernel(self.check(encoder)), codes.dtype)
        weights = ops.sum(ops.square(kernel), axis=0)
        return ops.sum(ops.square(codes * (1.0 - codes)) * weights, axis=-1)

    def check(self, encoder: keras.Model) -> layers.Dense:
        """Return the one layer of `encoder`.

        Raises:
            ArgumentError: if the encoder is not one dense layer of sigmoid units.
        """
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
    """An estimate for large codes, which costs one differentiation for each probe.

    The estimate is the mean of |v^T dz/dx|^2 over random v with entries -1 and 1, whose expectation
    is the squared norm (Hutchinson 1990, https://doi.org/10.1080/03610919008812866).

    Args:
        probes: the number of v for each image.

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
    """Return the layer of an encoder that is one dense layer of sigmoid units on the complete
    image.

    `None` is returned for any other encoder.
    """
    if isinstance(encoder, keras.Sequential):
        operations = encoder.layers
    elif hasattr(encoder, "operations"):
        operations = encoder.operations  # a functional model also has operations without a layer
    else:
        return None
    *before, last = [x for x in operations if not isinstance(x, layers.InputLayer)]
    if not isinstance(last, layers.Dense) or last.activation is not keras.activations.sigmoid:
        return None
    only_reshapes = all(isinstance(x, layers.Flatten | layers.Reshape) for x in before)
    sees_all = last.kernel.shape[0] == math.prod(encoder.input_shape[1:])
    return last if only_reshapes and sees_all else None
