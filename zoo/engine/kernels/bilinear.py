"""Convolutions as three bilinear maps whose derivatives are each other.

A is the convolution of images x with a kernel k, T its transpose in x, and W its transpose in k.
All three are linear in each argument, and

    dA(x, k): x <- T(v, k),  k <- W(x, v)        v: the gradient at the output
    dT(y, k): y <- A(v, k),  k <- W(v, y)
    dW(x, y): x <- T(y, v),  y <- A(x, v)

Each backend gives its three fastest implementations. Derivatives of any order consist of these, and
not of the backend's own derivatives.
"""

from __future__ import annotations

from collections.abc import Callable

from keras import ops


class Convolutions:
    """The maps A, T and W of one backend, closed under differentiation.

    Args:
        convolve: A, `(x, kernel, strides)`.
        transpose: T, `(y, kernel, strides, size)`, where `size` is the height and width of x.
        correlate: W, `(x, y, strides, kernel_size)`.
        custom_gradient: a decorator as `keras.ops.custom_gradient`.
    """

    def __init__(
        self,
        convolve: Callable,
        transpose: Callable,
        correlate: Callable,
        custom_gradient: Callable = ops.custom_gradient,
    ):
        self._convolve, self._transpose, self._correlate = convolve, transpose, correlate
        self._custom_gradient = custom_gradient

    def convolve(self, x, kernel, strides):
        """Return A(x, kernel)."""
        size, kernel_size = x.shape[1:3], kernel.shape[:2]
        return self._with_gradients(
            lambda x, k: self._convolve(x, k, strides),
            lambda x, k, v: self.transpose(v, k, strides, size),
            lambda x, k, v: self.correlate(x, v, strides, kernel_size),
        )(x, kernel)

    def transpose(self, y, kernel, strides, size):
        """Return T(y, kernel), with the height and width `size`."""
        kernel_size = kernel.shape[:2]
        return self._with_gradients(
            lambda y, k: self._transpose(y, k, strides, size),
            lambda y, k, v: self.convolve(v, k, strides),
            lambda y, k, v: self.correlate(v, y, strides, kernel_size),
        )(y, kernel)

    def correlate(self, x, y, strides, kernel_size):
        """Return W(x, y), with the height and width `kernel_size`."""
        size = x.shape[1:3]
        return self._with_gradients(
            lambda x, y: self._correlate(x, y, strides, kernel_size),
            lambda x, y, v: self.transpose(y, v, strides, size),
            lambda x, y, v: self.convolve(x, v, strides),
        )(x, y)

    def _with_gradients(self, function: Callable, first: Callable, second: Callable) -> Callable:
        """Return `function(a, b)` with the gradients `first(a, b, v)` and `second(a, b, v)`.

        v is the gradient at the output.
        """

        @self._custom_gradient
        def apply(a, b):
            def gradient(*args, upstream=None):
                v = args[0] if upstream is None else upstream
                return first(a, b, v), second(a, b, v)

            return function(a, b), gradient

        return apply


def overlaps(kernel, strides, size, y) -> bool:
    """Return whether `overlapping` computes T here, where every output is a sum of equally many
    terms.
    """
    return all(
        k % s == 0 and (k - s) % 2 == 0 and n == s * m
        for k, s, n, m in zip(kernel.shape[:2], strides, size, y.shape[1:3], strict=True)
    )


def overlapping(y, kernel, strides):
    """Return the transposed convolution of `y`: one matrix product, whose rows are added to the
    image at their places.

    It is the fast way for images of few channels, for which general implementations are not made.
    The kernel is `(height, width, outputs, inputs)`; its height and width are multiples of the
    strides.
    """
    height, width, channels, _ = kernel.shape
    vertical_shifts, horizontal_shifts = height // strides[0], width // strides[1]
    block = strides[0] * strides[1] * channels
    # The kernel is sorted into (shifts by whole strides, pixels of a stride, channels).
    matrix = ops.reshape(
        kernel, (vertical_shifts, strides[0], horizontal_shifts, strides[1], channels, -1)
    )
    matrix = ops.reshape(
        ops.transpose(matrix, (5, 0, 2, 1, 3, 4)), (-1, vertical_shifts * horizontal_shifts * block)
    )
    products = ops.matmul(y, matrix)
    total = 0
    for i in range(vertical_shifts):
        for j in range(horizontal_shifts):
            product = products[..., (i * horizontal_shifts + j) * block :][..., :block]
            padding = ((0, 0), (i, vertical_shifts - 1 - i), (j, horizontal_shifts - 1 - j), (0, 0))
            total = total + ops.pad(product, padding)
    rows, columns = total.shape[1:3]
    total = ops.reshape(total, (-1, rows, columns, strides[0], strides[1], channels))
    total = ops.reshape(
        ops.transpose(total, (0, 1, 3, 2, 4, 5)),
        (-1, rows * strides[0], columns * strides[1], channels),
    )
    top, left = (height - strides[0]) // 2, (width - strides[1]) // 2
    return total[:, top : total.shape[1] - top, left : total.shape[2] - left]
