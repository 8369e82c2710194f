"""The forms of kernels, by backend and device.

On a CPU they are the fastest of those that `benchmarks/speed.py` timed. On an accelerator, where
none was timed, each operation takes the form that its library has a kernel for.
"""

from __future__ import annotations

from typing import NamedTuple


class Forms(NamedTuple):
    """The forms on one kind of device.

    Attributes:
        product: transposed convolutions to at most so many channels are one matrix product
            (`overlapping`).
        patches: the kernel's gradient for images of at most so many channels is a matrix product
            of patches.
    """

    product: int = 0
    patches: int = 0


ON_CPU = {"tensorflow": Forms(product=4), "jax": Forms(product=1, patches=4)}
ON_ACCELERATOR = {"tensorflow": Forms(), "jax": Forms()}


def forms(backend: str, on_cpu: bool) -> Forms:
    """Return the forms of `backend`."""
    return (ON_CPU if on_cpu else ON_ACCELERATOR)[backend]
