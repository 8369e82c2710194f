"""Layers whose weights are divided by their largest singular value."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo.engine import scalars
from zoo.errors import ArgumentError, check_count
from zoo.layers.convolution import Conv2D


class _SpectrallyNormalized(layers.Layer):
    """A mixin for a layer with a `kernel`, which computes with kernel / sigma(kernel).

    sigma is estimated by power iteration from a vector u, which is state of the layer. Each call in
    training takes `iterations` steps and keeps u. The kernel itself is never rewritten. The
    gradient flows through sigma with u and v held constant.
    """

    def __init__(self, *args, iterations: int = 1, **kwargs):
        super().__init__(*args, **kwargs)
        self.iterations = check_count("iterations", iterations)

    def build(self, input_shape):
        self._check_not_quantized()
        super().build(input_shape)
        self._tracker.unlock()  # a low-rank adapter from the configuration locks it
        self.u = self.add_weight(
            name="u",
            shape=(self.kernel.shape[-1],),
            initializer="random_normal",
            trainable=False,
            dtype="float32",
            autocast=False,
        )

    def _check_not_quantized(self):
        if self.quantization_mode is not None:
            raise ArgumentError(
                f"{type(self).__name__} cannot be quantized: its kernel is normalized in each "
                f"call. Received: the dtype policy {self.dtype_policy.name!r}. Allowed: policies "
                "without quantization."
            )

    def quantized_call(self, *args, **kwargs):
        # Keras's layer would compute with its own kernel, without the norm.
        self._check_not_quantized()

    def quantize(self, mode=None, type_check=True, config=None):
        # `keras.Model.quantize` warns of the layer and goes on.
        raise NotImplementedError(
            f"Layer {self.name} of class {type(self).__name__} cannot be quantized, since its "
            "kernel is normalized in each call. It stays as it is."
        )

    def call(self, inputs, training=False):
        vars(self)["_normalized"] = self.normalized_kernel(training)
        try:
            return super().call(inputs)
        finally:
            del vars(self)["_normalized"]

    @property
    def kernel(self):
        """The normalized kernel during a call, and else the kernel itself."""
        return vars(self).get("_normalized", super().kernel)

    def normalized_kernel(self, training: bool = False):
        """Return kernel / sigma; in training, take `iterations` steps of power iteration first."""
        kernel = super().kernel
        # The matrix has the shape (inputs, outputs), and is float32 under any dtype policy.
        matrix = ops.cast(ops.reshape(kernel, (-1, kernel.shape[-1])), "float32")
        constant = ops.stop_gradient(matrix)
        u = _unit(ops.convert_to_tensor(self.u))
        for _ in range(self.iterations if training else 0):
            u = _unit(ops.matmul(_unit(ops.matmul(constant, u)), constant))
        v = _unit(ops.matmul(constant, u))
        if training:
            self.u.assign(u)
        sigma = ops.sum(v * ops.matmul(matrix, u))
        return kernel / ops.cast(scalars.clamp(sigma, 1e-12), kernel.dtype)

    def save_own_variables(self, store):
        # The methods of Dense and Conv2D only save and load kernel and bias.
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        layers.Layer.load_own_variables(self, store)

    def get_config(self):
        return {**super().get_config(), "iterations": self.iterations}


def _unit(x):
    """Return `x` divided by its norm."""
    return x / ops.sqrt(scalars.clamp(ops.sum(ops.square(x)), 1e-24))


_LAYER = """A `{layer}` that computes with W / sigma(W).

    W is the kernel as a matrix with one column for each output, and sigma(W) its largest singular
    value, estimated by power iteration: equation 8 and algorithm 1 of Miyato et al. 2018,
    https://arxiv.org/abs/1802.05957. A call in inference changes nothing. The vector u of the power
    iteration is random at first, and converges within some steps of training.

    Args:
        iterations: the number of steps of power iteration in each training call.
        *args: the positional arguments of `{layer}`, which also gets all other keyword arguments.

    Differs from the paper: v is computed once more after the last u, so that sigma is |W u| and
    not u W v of an older v; each call in training takes a step, and not each update, so that
    several calls of one update take several.
    """


@keras.saving.register_keras_serializable("zoo")
class SpectralDense(_SpectrallyNormalized, layers.Dense):
    __doc__ = _LAYER.format(layer="keras.layers.Dense")


@keras.saving.register_keras_serializable("zoo")
class SpectralConv2D(_SpectrallyNormalized, Conv2D):
    __doc__ = _LAYER.format(layer="keras.layers.Conv2D")
