"""What the contract suite is run with: small models of every family, and data for them."""

import numpy as np
import pytest

import zoo
from zoo.models import families

MODELS = {name: families.family(name).cls for name in zoo.families()}
BATCH = 8


def sampling_only(model):
    if not hasattr(model, "sample"):
        pytest.skip(f"{type(model).__name__} does not sample")


def images_for(model, n=BATCH, seed=0):
    low, high = model.value_range
    uniform = np.random.default_rng(seed).random((n, *model.image_shape), dtype="float32")
    return low + (high - low) * uniform


def data_for(model, n=BATCH, seed=0):
    """What `fit` and `evaluate` are given: images, and labels where they are needed."""
    images = images_for(model, n, seed)
    if model.num_classes is None:
        return (images,)
    return images, np.arange(n) % model.num_classes
