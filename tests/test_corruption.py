"""Corruptions: their shares, moments and what they leave alone."""

import numpy as np
import pytest
from helpers import array
from keras import ops

from zoo.corruption import Corruption, GaussianNoise, Masking, SaltAndPepper
from zoo.engine.random import Fixed

IMAGES = np.random.default_rng(0).uniform(0.2, 0.8, (20, 10, 10, 1)).astype("float32")
N = IMAGES.size


def corrupted(corruption):
    return array(corruption(ops.convert_to_tensor(IMAGES), Fixed()))


def test_gaussian():
    noise = corrupted(GaussianNoise(0.5)) - IMAGES
    assert abs(noise.mean()) < 5 * 0.5 / np.sqrt(N)
    assert noise.std() == pytest.approx(0.5, rel=5 / np.sqrt(2 * N))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_masking(share):
    found = corrupted(Masking(share))
    masked = found == 0
    assert masked.mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / N))
    np.testing.assert_array_equal(found[~masked], IMAGES[~masked])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_salt_and_pepper(share):
    found = corrupted(SaltAndPepper(share))
    salt, pepper = found == 1, found == 0
    bound = 5 * np.sqrt(0.25 / N)
    assert salt.mean() == pytest.approx(share / 2, abs=bound)
    assert pepper.mean() == pytest.approx(share / 2, abs=bound)
    np.testing.assert_array_equal(found[~salt & ~pepper], IMAGES[~salt & ~pepper])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianNoise(-1), "sigma must be .* of at least 0. Received: -1"),
        (lambda: Masking(1.5), "share must be at most 1. Received: 1.5"),
        (lambda: Corruption.get("blur"), "Unknown corruption: 'blur'. Allowed: gaussian, masking"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
