"""A setting of the C library's allocator that keeps the memory of a training step."""

from __future__ import annotations

import ctypes
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # parameters of `mallopt`, from malloc.h
LARGEST = 2**31 - 1


def keep_memory() -> bool:
    """Keep freed memory in this process for the next step, and return whether that is possible.

    By default a step returns arrays of megabytes to the system, and the next step has each of their
    pages mapped and cleared anew. That takes about a tenth of the time of a convolutional GAN on a
    CPU, on PyTorch and JAX. The setting applies to the complete process. `zoo train` makes it, and
    importing this package does not.
    """
    if sys.platform != "linux":  # only glibc has it, and Windows opens no library without a name
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(
        [mallopt(MMAP_THRESHOLD, 2**30), mallopt(TRIM_THRESHOLD, LARGEST)]
    )
