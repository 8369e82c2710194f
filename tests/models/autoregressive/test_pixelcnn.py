"""PixelCNN: an exact distribution, causal masks with their blind spot, and samples by rows."""

import numpy as np
import pytest
from causality import all_binary, check_completions, later, randomized, sampled_parameters, sights
from helpers import array
from keras import ops

import zoo

SMALL = {"width": 6, "blocks": 2, "kernel": 3, "head": 6}


@pytest.fixture(scope="module")
def model():
    return randomized(zoo.models.PixelCNN((6, 6, 1), **SMALL))


@pytest.mark.step_by_step
def test_the_probabilities_of_all_images_sum_to_one():
    small = randomized(zoo.models.PixelCNN((3, 3, 1), **SMALL), scale=2.0)
    total = np.exp(small.log_prob(all_binary()).astype("float64")).sum()
    assert total == pytest.approx(1, abs=1e-4)


@pytest.mark.step_by_step
def test_no_pixel_sees_a_later_one_and_the_blind_spot_is_there():
    model = randomized(zoo.models.PixelCNN((7, 7, 1), **SMALL))
    height, width, _ = model.image_shape
    for (row, column, _), gradient in sights(model, [(5, 2, 0), (3, 3, 0), (6, 6, 0), (0, 0, 0)]):
        seen = gradient[..., 0] > 0
        assert not seen[later(model, row, column, 0)[..., 0]].any()
        # One 3x3 kernel with mask A and two with mask B see three rows up. To the right they see as
        # many columns as rows up: the rest is the blind spot.
        for i in range(height):
            for j in range(width):
                up, right = row - i, j - column
                inside = 0 <= up <= 3 and -3 <= right <= (up if up else -1)
                assert seen[i, j] == inside, (row, column, i, j)


@pytest.mark.step_by_step
def test_channels_are_in_order():
    small = {"width": 12, "blocks": 1, "kernel": 3, "head": 24}
    for pixels in ("bernoulli", "categorical", "logistic_mixture"):
        model = randomized(zoo.models.PixelCNN((3, 3, 3), pixels=pixels, **small))
        places = [(1, 1, channel) for channel in range(3)]
        for (row, column, channel), gradient in sights(model, places):
            assert not gradient[later(model, row, column, channel)].any()
            assert gradient[1, 0].all()
            assert gradient[0].all()
            earlier = 0 if model.pixels.joint else channel
            assert gradient[1, 1, :earlier].all()


@pytest.mark.step_by_step
@pytest.mark.parametrize("pixels", ["bernoulli", "categorical"])
def test_sampling_computes_the_parameters_of_one_pass(pixels):
    model = randomized(zoo.models.PixelCNN((4, 3, 2), pixels=pixels, **SMALL))
    noise = model.sample_noise(3, seed=0)
    images, drawn = sampled_parameters(model, noise)
    whole = array(model.parameters(ops.convert_to_tensor(images)))
    for (block, row, column, channel), parameters in zip(model.positions(), drawn, strict=True):
        if channel >= 0:
            expected = whole[:, block + row, column]
            own = slice(int(channel), None, 2)
            np.testing.assert_allclose(parameters[:, own], expected[:, own], rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(model.sample(noise=noise), images)


def test_one_loop_gives_the_samples(model):
    noise = model.sample_noise(3, seed=0)
    generate = zoo.engine.compiled(model.generate, model)
    np.testing.assert_array_equal(np.asarray(generate(noise)), model.sample(noise=noise))


def test_sampling_compiles_nothing_for_a_pixel_and_tells_each_step(model, monkeypatch):
    steps, traced = [], []
    network = type(model).network
    monkeypatch.setattr(type(model), "network", lambda *args: traced.append(1) or network(*args))
    images = model.sample(5, seed=3, told=lambda: steps.append(1))
    assert len(steps) == len(model.positions()) == 6 * 6 + 5
    assert len(traced) <= 5  # PyTorch watches a function three times
    np.testing.assert_array_equal(model.sample(5, seed=3), images)


def test_ctrl_c_ends_sampling_after_a_pixel(model):
    expected, steps = model.sample(2, seed=0), []

    def told():
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.sample(2, seed=0, told=told)
    assert len(steps) == 5
    np.testing.assert_array_equal(model.sample(2, seed=0), expected)


def test_samples_follow_the_distribution():
    small = randomized(zoo.models.PixelCNN((2, 2, 1), **SMALL), scale=2.0)
    images = all_binary(2)
    probabilities = np.exp(small.log_prob(images).astype("float64"))
    drawn = small.sample(4000, seed=0, batch_size=4000).reshape(-1, 4) @ [8, 4, 2, 1]
    shares = np.bincount(drawn.astype(int), minlength=16) / 4000
    error = np.sqrt(probabilities * (1 - probabilities) / 4000)
    assert (np.abs(shares - probabilities) < 4.5 * error + 1e-3).all()


def test_complete_keeps_what_is_known_and_follows_what_comes_before(model):
    images = model.data.example(4)
    half = np.zeros((6, 6))
    half[:3] = 1
    found = model.complete(images, half, seed=1)
    np.testing.assert_array_equal(found[:, :3], images[:, :3])
    assert (found[:, 3:] != images[:, 3:]).any()
    np.testing.assert_array_equal(model.complete(found, half, seed=1), found)
    # Known pixels below change nothing above.
    below = 1 - half
    upper = model.complete(images, below, seed=1)
    np.testing.assert_array_equal(upper[:, 3:], images[:, 3:])
    other = model.complete(1 - images, below, seed=1)
    np.testing.assert_array_equal(other[:, :3], upper[:, :3])
    broken = np.where(half[None, ..., None] == 1, images, np.float32(np.nan))
    np.testing.assert_array_equal(model.complete(broken, half, seed=1), found)
    skipped = model.positions(np.broadcast_to(half[..., None], (4, 6, 6, 1)))
    assert len(skipped) == 18 + 5  # pixels that are drawn, and rows that are kept


def test_completions_follow_the_distribution():
    check_completions(randomized(zoo.models.PixelCNN((2, 2, 1), **SMALL), scale=2.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: m.log_prob(0.5 * m.data.example(2)),
            "zeros and ones alone. Received: 0.5.*samp",
        ),
        (lambda m: m.log_prob(2 * m.data.example(2)), r"images must hold values in \[0.0, 1.0\]"),
        (lambda m: m.fit(0.5 * m.data.example(2)), "x must hold zeros and ones alone"),
        (lambda m: m.sample(2, temperature=0), "temperature must be a finite number above 0"),
        (lambda m: m.sample(2, temperature=-1.0), "temperature must be a finite number above 0"),
        (lambda m: m.complete(m.data.example(2), np.zeros((6, 6))), "mask must be 1, which means"),
        (lambda m: m.complete(m.data.example(2), 0.5 * np.ones((6, 6))), "zeros and ones, 1 where"),
        (lambda m: m.complete(m.data.example(2), np.ones((5, 6))), "mask must have one of the"),
    ],
)
def test_errors_of_use(model, call, message):
    model.compile()
    with pytest.raises(ValueError, match=message):
        call(model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_shape": None}, "PixelCNN needs image_shape"),
        ({"pixels": "gaussian"}, "Unknown pixels: 'gaussian'"),
        ({"kernel": 4}, "kernel must be odd. Received: 4"),
        ({"image_shape": (4, 4, 3), "width": 4}, "width must be a multiple of 3"),
        ({"blocks": 0}, "blocks must be a whole number of at least 1"),
    ],
)
def test_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.PixelCNN(**{"image_shape": (6, 6, 1), **SMALL, **changes})


def test_eight_bits_out_of_range():
    model = zoo.models.PixelCNN((4, 4, 1), pixels="categorical", **SMALL)
    with pytest.raises(ValueError, match=r"images must hold values in \[0.0, 1.0\]"):
        model.log_prob(np.full((1, 4, 4, 1), 255.0, "float32"))
