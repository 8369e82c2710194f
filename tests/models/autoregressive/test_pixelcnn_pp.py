"""PixelCNN++: shifted convolutions at several sizes stay causal, and are sampled by blocks."""

import numpy as np
import pytest
from causality import all_binary, later, randomized, sampled_parameters, sights
from helpers import array
from keras import ops

import zoo

SMALL = {"filters": 4, "resnets": 1, "mixtures": 2}


@pytest.mark.step_by_step
def test_the_probabilities_of_all_binary_images_sum_to_one():
    small = zoo.models.PixelCNNPlusPlus((3, 3, 1), pixels="bernoulli", levels=1, **SMALL)
    total = np.exp(randomized(small).log_prob(all_binary()).astype("float64")).sum()
    assert total == pytest.approx(1, abs=1e-4)


@pytest.mark.step_by_step
def test_a_pixel_sees_all_earlier_ones_and_no_later_one():
    model = randomized(zoo.models.PixelCNNPlusPlus((8, 4, 1), levels=3, **SMALL))
    for (row, column, _), gradient in sights(model, [(4, 2, 0), (7, 3, 0), (5, 1, 0), (0, 0, 0)]):
        seen, after = gradient[..., 0] > 0, later(model, row, column, 0)[..., 0]
        assert not seen[after].any()
        assert seen[~after].all()


@pytest.mark.step_by_step
def test_no_channel_of_a_pixel_is_seen_by_its_parameters():
    model = randomized(zoo.models.PixelCNNPlusPlus((4, 4, 3), levels=2, **SMALL))
    assert model.pixels.size(3) == 20
    ((_, gradient),) = sights(model, [(2, 2, 0)])
    assert not gradient[later(model, 2, 2, 0)].any()
    assert gradient[~later(model, 2, 2, 0)].all()


@pytest.mark.step_by_step
def test_sampling_computes_the_parameters_of_one_pass():
    shape = (4, 4, 3)
    model = randomized(zoo.models.PixelCNNPlusPlus(shape, levels=2, **SMALL))
    noise = model.sample_noise(2, seed=0)
    images, drawn = sampled_parameters(model, noise)
    whole = array(model.parameters(ops.convert_to_tensor(images)))
    assert len(model.positions()) == shape[0] * shape[1] + shape[0] // model.block - 1
    for (block, row, column, channel), parameters in zip(model.positions(), drawn, strict=True):
        if channel >= 0:
            expected = whole[:, block * model.block + row, column]
            np.testing.assert_allclose(parameters, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(model.sample(noise=noise), images)


def test_completions_and_levels():
    model = randomized(zoo.models.PixelCNNPlusPlus((4, 4, 1), levels=2, **SMALL))
    images = model.data.example(3)
    mask = np.zeros((4, 4))
    mask[:3, :2] = 1
    found = model.complete(images, mask, seed=1)
    np.testing.assert_array_equal(found[:, :3, :2], images[:, :3, :2])
    new = found[:, 3]
    np.testing.assert_allclose(np.rint(255 * new) / 255, new, atol=1e-6)


def test_values_between_levels_are_refused():
    model = zoo.models.PixelCNNPlusPlus((4, 4, 1), **SMALL)
    model.compile()
    images = model.data.example(4)
    np.testing.assert_array_equal(np.rint(255 * images) / np.float32(255), images)
    np.testing.assert_array_equal(
        model.log_prob(images.astype("float16").astype("float32")),
        model.log_prob(images.astype("float16")),
    )
    message = "must hold k / 255 alone, for whole numbers k from 0 to 255. Received: "
    for act in (
        model.log_prob,
        lambda x: model.complete(x, np.ones((4, 4))),
        lambda x: model.fit(x, verbose=0),
    ):
        with pytest.raises(ValueError, match=message):
            act(0 * images + np.float32(0.5))
        with pytest.raises(ValueError, match=message):
            act(0 * images - np.float32(1 / 255))


def test_channels_that_are_drawn_jointly_are_known_together():
    model = zoo.models.PixelCNNPlusPlus((4, 4, 3), **SMALL)
    mask = np.ones((4, 4, 3))
    mask[2, 1, 1:] = 0
    with pytest.raises(ValueError, match="all channels of a pixel or none, since LogisticMixture"):
        model.complete(model.data.example(2), mask)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_shape": (6, 6, 1), "levels": 3}, "multiples of 4, for levels=3"),
        ({"image_shape": (4, 4, 3), "pixels": "categorical"}, "pixels must draw the 3 channels"),
        ({"mixtures": 0}, "mixtures must be a whole number of at least 1"),
        ({"filters": 0}, "filters must be a whole number of at least 1"),
        ({"levels": 0}, "levels must be a whole number of at least 1"),
    ],
)
def test_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.PixelCNNPlusPlus(**{"image_shape": (4, 4, 1), **SMALL, **changes})
