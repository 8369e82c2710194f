"""Hashes of weights, by which models are told apart."""

from __future__ import annotations

import hashlib

import keras
import numpy as np
from keras import ops


def add_weights(digest, model: keras.Model) -> None:
    """Add the shapes, types and values of the weights of `model` to a digest of `hashlib`."""
    for variable in model.variables:
        values = ops.convert_to_numpy(variable)
        digest.update(f"{values.shape} {values.dtype}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())


def weights_sha256(model: keras.Model) -> str:
    """Return the hash of the weights of `model`, which is the same on each backend."""
    digest = hashlib.sha256()
    add_weights(digest, model)
    return digest.hexdigest()
