"""Trainings on pixels with uniform noise of one grey level."""

import dataclasses

import numpy as np
import pytest
from small import TINY

from zoo.data import Source
from zoo.runs.training import Keeping, Trainer

pytestmark = pytest.mark.once


def test_noise_of_one_grey_level_anew_in_each_epoch(recipe, tmp_path):
    config = recipe.config.replace(**TINY)
    model = recipe.build(config)
    images = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), dtype="uint8")
    source = Source("pixels", images, None)
    noisy = dataclasses.replace(config, dequantize=True)
    plain, drawn = (
        Trainer(model, source, each, tmp_path, Keeping(), print)._batches(0)
        for each in (config, noisy)
    )
    low, high = model.value_range
    levels = np.rint((plain.batch(0, 0) - low) / (high - low) * 255)
    values = (drawn.batch(0, 0) - low) / (high - low) * 256
    assert (np.floor(values) == levels).mean() > 0.999  # float32 rounds a few to the next level
    assert 0.4 < (values - levels).mean() < 0.6
    assert (drawn.batch(0, 0) != drawn.batch(1, 0)).any()
