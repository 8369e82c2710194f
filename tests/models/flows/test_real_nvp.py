"""Real NVP: scales, factored-out latents, sizes."""

import numpy as np
import pytest

import zoo
from zoo.layers import AffineCoupling, BatchNorm, Checkerboard, Halves, Split

pytestmark = pytest.mark.step_by_step


def parts_of(chain):
    """The bijectors of a chain, with those after a split."""
    for part in chain.bijectors:
        yield part
        if isinstance(part, Split):
            yield from parts_of(part.rest)


def test_couplings_of_the_paper():
    """Three with checkerboards, three with channels, and four checkerboards at the last scale."""
    model = zoo.create("real_nvp", image_shape=(8, 8, 3), width=4, blocks=1)
    parts = list(parts_of(model.bijector))
    masks = [part.mask for part in parts if isinstance(part, AffineCoupling)]
    kinds = [Checkerboard] * 3 + [Halves] * 3 + [Checkerboard] * 4
    assert [type(mask) for mask in masks] == kinds
    assert [mask.flip for mask in masks] == [False, True, False] * 2 + [False, True] * 2
    assert sum(isinstance(part, BatchNorm) for part in parts) == len(masks)


def test_half_of_the_latents_is_factored_out():
    """The first half of the latents does not depend on the second scale."""
    model = zoo.create("real_nvp", image_shape=(8, 8, 1), couplings=1, width=4, blocks=1)
    images = np.random.default_rng(0).random((3, 8, 8, 1), dtype="float32")
    before = model.encode(images)
    (split,) = (part for part in parts_of(model.bijector) if isinstance(part, Split))
    for weight in split.rest.trainable_variables:
        weight.assign(weight + 0.3)
    after = model.encode(images)
    np.testing.assert_array_equal(after[:, :32], before[:, :32])
    assert (after[:, 32:] != before[:, 32:]).any(axis=1).all()


def test_errors_of_sizes():
    with pytest.raises(ValueError, match="multiples of 4. Received: images of shape"):
        zoo.create("real_nvp", image_shape=(6, 6, 1), scales=3)
    with pytest.raises(ValueError, match="margin must be"):
        zoo.create("real_nvp", image_shape=(4, 4, 1), logit=0.7)
    with pytest.raises(ValueError, match="at least two numbers of the last axis"):
        zoo.create("real_nvp", image_shape=(1,))
