"""The precision on JAX, a setting of the thread that is a part of each compiled function."""

from __future__ import annotations

import contextlib

import jax

ROUNDING = (None, "default", "tensorfloat32", "high")


def exact_float32() -> contextlib.AbstractContextManager:
    if jax.default_backend() == "cpu":  # where it would only compile functions anew
        return contextlib.nullcontext()
    return jax.default_matmul_precision("highest")


def uses_tf32() -> bool:
    if jax.default_backend() not in ("gpu", "cuda"):
        return False
    capability = getattr(jax.devices()[0], "compute_capability", "0")  # AMD's have another name
    can = capability.replace(".", "").isdigit() and float(capability) >= 8
    return can and jax.config.jax_default_matmul_precision in ROUNDING
