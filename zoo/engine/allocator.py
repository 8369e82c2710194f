"""The C library's memory allocator, told to keep what a training step gives back."""

from __future__ import annotations

import ctypes

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of `mallopt` in malloc.h
LARGEST = 2**31 - 1


def keep_memory() -> bool:
    """Keeps freed memory in this process for the next step; whether that was possible.

    Arrays of megabytes are otherwise given back to the system when a step frees them, and the next
    step has each of their pages mapped and cleared anew: on a CPU about a tenth of the time of a
    convolutional GAN on PyTorch and JAX. It is a setting of the whole process: `zoo train` makes
    it, and importing this package does not.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # of glibc alone
    return mallopt is not None and all(
        [mallopt(MMAP_THRESHOLD, 2**30), mallopt(TRIM_THRESHOLD, LARGEST)]
    )
