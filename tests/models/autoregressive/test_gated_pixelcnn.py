"""The gated PixelCNN: an exact distribution for each class, without a blind spot."""

import numpy as np
import pytest
from causality import all_binary, check_completions, later, randomized, sampled_parameters, sights
from helpers import array
from keras import ops

import zoo

SMALL = {"width": 6, "layers": 3, "first_kernel": 3, "head": 6}


@pytest.mark.step_by_step
def test_the_probabilities_of_all_images_sum_to_one_for_each_class():
    small = randomized(zoo.models.GatedPixelCNN((3, 3, 1), num_classes=2, **SMALL), scale=2.0)
    images = all_binary()
    each = [small.log_prob(images, np.full(512, y)).astype("float64") for y in (0, 1)]
    assert np.exp(each[0]).sum() == pytest.approx(1, abs=1e-4)
    assert np.exp(each[1]).sum() == pytest.approx(1, abs=1e-4)
    assert np.abs(each[0] - each[1]).max() > 0.1


@pytest.mark.step_by_step
def test_a_pixel_sees_all_earlier_ones_within_reach_and_no_later_one():
    """Where PixelCNN with kernels of the same size has its blind spot."""
    model = randomized(zoo.models.GatedPixelCNN((6, 7, 1), **SMALL))
    rows, columns = np.indices((6, 7))
    for (row, column, _), gradient in sights(model, [(3, 3, 0), (5, 1, 0), (4, 6, 0), (0, 0, 0)]):
        seen = gradient[..., 0] > 0
        # Vertical stacks see two rows up by the first kernel and one more by each of the others.
        # By three kernels they see three columns on each side, as those of the row itself do.
        up, right = row - rows, columns - column
        inside = (up > 0) & (up <= 4) & (np.abs(right) <= 3)
        inside |= (up == 0) & (right < 0) & (right >= -3)
        np.testing.assert_array_equal(seen, inside)


@pytest.mark.step_by_step
def test_channels_are_in_order():
    sizes = {**SMALL, "width": 12, "head": 24}
    model = randomized(zoo.models.GatedPixelCNN((3, 3, 3), pixels="categorical", **sizes))
    places = [(1, 1, channel) for channel in range(3)]
    for (row, column, channel), gradient in sights(model, places):
        assert not gradient[later(model, row, column, channel)].any()
        assert gradient[0].all()
        assert gradient[1, 0].all()
        assert gradient[1, 1, :channel].all()


@pytest.mark.step_by_step
def test_sampling_computes_the_parameters_of_one_pass():
    model = randomized(zoo.models.GatedPixelCNN((4, 4, 1), num_classes=2, **SMALL))
    noise, labels = model.sample_noise(3, seed=0), np.array([0, 1, 1], "int32")
    images, drawn = sampled_parameters(model, noise, labels)
    whole = array(model.parameters(ops.convert_to_tensor(images), ops.convert_to_tensor(labels)))
    for (block, row, column, channel), parameters in zip(model.positions(), drawn, strict=True):
        if channel >= 0:
            np.testing.assert_allclose(
                parameters, whole[:, block + row, column], rtol=1e-3, atol=1e-4
            )
    np.testing.assert_array_equal(model.sample(noise=noise, labels=labels), images)


def test_completions_follow_the_distribution_of_the_class():
    small = zoo.models.GatedPixelCNN((2, 2, 1), num_classes=2, **SMALL)
    check_completions(randomized(small, scale=2.0), 1)


def test_labels_of_completions():
    model = randomized(zoo.models.GatedPixelCNN((4, 4, 1), num_classes=2, **SMALL))
    images, half = model.data.example(4), np.zeros((4, 4))
    half[:2] = 1
    found = model.complete(images, half, labels=[0, 1, 0, 1], seed=1)
    np.testing.assert_array_equal(found[:, :2], images[:, :2])
    with pytest.raises(ValueError, match="needs labels"):
        model.complete(images, half)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_classes": 0}, "must be a whole number of at least 1"),
        ({"kernel": 2}, "kernel must be a whole number of at least 3"),
        ({"layers": 0}, "layers must be a whole number of at least 1"),
    ],
)
def test_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.GatedPixelCNN(**{"image_shape": (4, 4, 1), **SMALL, **changes})
