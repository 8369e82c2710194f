"""The invertible 1x1 convolution of Glow."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from zoo.layers.bijectors.base import Bijector, for_each


@keras.saving.register_keras_serializable("zoo")
class InvertibleLinear(Bijector):
    """An invertible matrix W on the channels of each pixel: the invertible 1x1 convolution by its
    LU decomposition, section 3.2 of Kingma and Dhariwal 2018, https://arxiv.org/abs/1807.03039.

    W = P L (U + diag(s)), equation 10, with a fixed permutation P, a unit lower triangular L, a
    strictly upper triangular U, and s, whose signs are fixed. The log-determinant is the number of
    pixels times the sum of log |s|. W starts as a random rotation, with log-determinant 0.
    """

    def build(self, input_shape):
        *outer, size = input_shape[1:]
        self._pixels = math.prod(outer)
        rotation = keras.initializers.Orthogonal()((size, size), self.dtype)
        permutation, lower, upper = lu(np.asarray(ops.convert_to_numpy(rotation), "float64"))
        diagonal = np.diag(upper)

        def weight(name, value, trainable):
            return self.add_weight(
                shape=value.shape,
                initializer=lambda shape, dtype=None: ops.convert_to_tensor(value, dtype),
                trainable=trainable,
                name=name,
            )

        self.permutation = weight("permutation", permutation, False)
        self.signs = weight("signs", np.sign(diagonal), False)
        self.lower = weight("lower", np.tril(lower, -1), True)
        self.upper = weight("upper", np.triu(upper, 1), True)
        self.log_diagonal = weight("log_diagonal", np.log(np.abs(diagonal)), True)

    def _triangular(self):
        """Return L and U + diag(s)."""
        identity = ops.eye(self.signs.shape[0], dtype=self.dtype)
        diagonal = ops.convert_to_tensor(self.signs) * ops.exp(
            ops.convert_to_tensor(self.log_diagonal)
        )
        lower = ops.tril(ops.convert_to_tensor(self.lower), -1) + identity
        return lower, ops.triu(ops.convert_to_tensor(self.upper), 1) + identity * diagonal

    def forward(self, x, training=False):
        lower, upper = self._triangular()
        permutation = ops.convert_to_tensor(self.permutation)
        # On PyTorch `ops.matmul` would compute float64 in float32.
        matrix = ops.einsum("ij,jk->ik", permutation, ops.einsum("ij,jk->ik", lower, upper))
        log_det = ops.sum(ops.convert_to_tensor(self.log_diagonal)) * self._pixels
        return _on_channels(x, matrix), for_each(log_det, x)

    def inverse(self, y):
        lower, upper = self._triangular()
        permuted = ops.transpose(ops.convert_to_tensor(self.permutation))
        solved = ops.linalg.solve_triangular(lower, permuted, lower=True)
        return _on_channels(y, ops.linalg.solve_triangular(upper, solved, lower=False))


def _on_channels(x, matrix):
    """Return `matrix` times the vector of channels of each pixel."""
    size = x.shape[-1]
    rows = ops.einsum("bi,oi->bo", ops.reshape(x, (-1, size)), matrix)
    return ops.reshape(rows, (-1, *x.shape[1:]))


def lu(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P, L and U with `matrix` = P L U, by Gaussian elimination with partial pivoting."""
    size = len(matrix)
    upper, lower, rows = matrix.copy(), np.eye(size), np.arange(size)
    for column in range(size - 1):
        pivot = column + int(np.argmax(np.abs(upper[column:, column])))
        swap = [pivot, column]
        upper[[column, pivot]], rows[[column, pivot]] = upper[swap], rows[swap]
        lower[[column, pivot], :column] = lower[swap, :column]
        factors = upper[column + 1 :, column] / upper[column, column]
        lower[column + 1 :, column] = factors
        upper[column + 1 :] -= factors[:, None] * upper[column]
    permutation = np.zeros((size, size))
    permutation[rows, np.arange(size)] = 1.0
    return permutation, lower, np.triu(upper)
