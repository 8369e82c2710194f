"""Every family takes images of many sizes and channels."""

import numpy as np
import pytest

import zoo
from zoo.models import families
from zoo.testing import data_for

SHAPES = [(28, 28, 1), (32, 32, 3), (64, 64, 3), (128, 128, 1)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("family", zoo.families())
def test_a_step_and_its_outputs(family, shape):
    config = families.family(family).cls.test_config()
    model = zoo.create(family, **{**config, "image_shape": shape})
    model.compile()
    images, *labels = data_for(model, 5)
    history = model.fit(images, *labels, batch_size=5, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    if "samples" in model.tasks:
        outputs = model.sample(2, seed=0)
    elif "encodes" in model.tasks:
        outputs = model.reconstruct(images[:2])
    else:
        assert model.classify(images[:2]).shape == (2,)
        return
    assert outputs.shape == (2, *shape)
    model.data.check_values("outputs", outputs, in_training=False)
