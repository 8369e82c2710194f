"""Every family takes images of many sizes and channels."""

import numpy as np
import pytest

import zoo
from zoo.models import families

SHAPES = [(28, 28, 1), (32, 32, 3), (64, 64, 3), (128, 128, 1)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("family", zoo.families())
def test_a_step_and_a_sample(family, shape):
    config = families.family(family).cls.test_config()
    model = zoo.create(family, **{**config, "image_shape": shape})
    model.compile()
    low, high = model.value_range
    rng = np.random.default_rng(0)
    images = low + (high - low) * rng.random((5, *shape), dtype="float32")
    labels = None if model.num_classes is None else np.arange(5) % model.num_classes
    history = model.fit(images, labels, batch_size=5, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    if not hasattr(model, "sample") and not hasattr(model, "reconstruct"):
        return  # it makes no images
    samples = hasattr(model, "sample")
    made = model.sample(2, seed=0) if samples else model.reconstruct(images[:2])
    assert made.shape == (2, *shape)
    assert low <= made.min() <= made.max() <= high
