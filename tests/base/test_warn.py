"""Warnings point to the line of the user, whichever way led to them."""

import warnings

import numpy as np
import pytest

import zoo

IMAGES = np.zeros((8, 8, 8, 1), "float32")


def gan():
    model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=8)
    model.compile()
    return model


def with_labels(model):
    model.fit(IMAGES, np.zeros(8), verbose=0)


def in_another_range(model):
    model.evaluate(IMAGES + np.linspace(0, 1, 8)[:, None, None, None], verbose=0)


def of_batches(model):
    model.fit(iter([(IMAGES, np.zeros(8))] * 2), steps_per_epoch=2, verbose=0)


def frozen(model):
    model.generator.trainable = False
    model.fit(IMAGES, verbose=0)


def too_few(model):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, IMAGES.shape, dtype="uint8")
    zoo.evaluate(model, images, ["kid", "prdc"], n=8, seeds=1, extractor="pixels")


@pytest.mark.parametrize("cause", [with_labels, in_another_range, of_batches, frozen, too_few])
def test_the_line_is_the_users(cause):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        cause(gan())
    assert {warning.filename for warning in caught} == {__file__}
