"""Functions are compiled for each model, and nobody is told that this is too often."""

import logging

import keras
import pytest

import zoo


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow counts")
def test_several_models_sample_in_silence(caplog):
    logger = logging.getLogger("tensorflow")
    logger.addHandler(caplog.handler)
    try:
        for units in range(1, 9):
            model = zoo.create("gan", image_shape=(2,), latent_dim=2, units=units)
            for count in (1, 5):
                model.sample(count, seed=0)
    finally:
        logger.removeHandler(caplog.handler)
    assert not [
        record.getMessage() for record in caplog.records if "tracing" in record.getMessage()
    ]
