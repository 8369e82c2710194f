"""MADE: masks that leave a distribution, for each order and for their mixture."""

import keras
import numpy as np
import pytest
from causality import all_binary, check_completions, randomized
from helpers import array
from keras import ops

import zoo

KINDS = [
    {"hidden_units": (7,)},
    {"hidden_units": (7,), "direct": False},
    {"hidden_units": (9, 8), "masks": 3, "order": "random"},
]


def made(side=3, **arguments):
    return randomized(zoo.models.MADE((side, side, 1), **arguments), scale=2.0)


@pytest.mark.step_by_step
@pytest.mark.parametrize("arguments", KINDS)
def test_the_probabilities_of_all_images_sum_to_one(arguments):
    model = made(**arguments)
    assert np.exp(model.log_prob(all_binary()).astype("float64")).sum() == pytest.approx(
        1, abs=1e-4
    )


@pytest.mark.step_by_step
def test_each_mask_is_a_distribution_and_several_are_their_mixture():
    model = made(**KINDS[-1])
    images = ops.convert_to_tensor(all_binary())
    each = [np.exp(array(model._by_mask(images, k)).astype("float64")) for k in range(3)]
    for probabilities in each:
        assert probabilities.sum() == pytest.approx(1, abs=1e-4)
    assert np.abs(each[0] - each[1]).max() > 1e-3
    found = np.exp(model.log_prob(all_binary()).astype("float64"))
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-3)


@pytest.mark.step_by_step
@pytest.mark.parametrize("order", ["raster", "random"])
def test_a_pixel_sees_those_before_it_in_its_order_alone(order):
    model = made(hidden_units=(64, 64), masks=2, order=order)
    image = ops.convert_to_tensor(np.random.default_rng(0).random((1, 3, 3, 1)), "float32")
    ranks = model._degrees[0]
    assert sorted(ranks[0]) == list(range(1, 10))
    assert (ranks[0] == np.arange(1, 10)).all() == (order == "raster")
    for mask in range(2):
        for pixel in range(9):

            def logit(x, mask=mask, pixel=pixel):
                return ops.reshape(model.logits(x, mask), (-1, 9))[:, pixel]

            gradient = array(zoo.engine.gradient(logit, image)).ravel()
            np.testing.assert_array_equal(gradient != 0, ranks[mask] < ranks[mask][pixel])


@pytest.mark.step_by_step
@pytest.mark.parametrize("arguments", KINDS)
def test_sampling_computes_the_logits_of_one_pass(arguments, monkeypatch):
    model = made(**arguments)
    noise = model.sample_noise(20, seed=0)
    nothing = np.zeros((20, 3, 3, 1), "float32")
    inputs = [ops.convert_to_tensor(x) for x in (noise, nothing, nothing)]
    drawn, draw = [], type(model.pixels).draw
    monkeypatch.setattr(
        type(model.pixels),
        "draw",
        lambda self, p, *args: drawn.append(array(p)) or draw(self, p, *args),
    )
    state = model.begin(*inputs)
    for position in model.positions():
        state = model.step(ops.convert_to_tensor(position), state, 1.0, *inputs)
    monkeypatch.undo()
    masks = np.minimum(np.floor(noise[:, -1] * model.mask_count), model.mask_count - 1).astype(int)
    assert set(masks) == set(range(model.mask_count))
    whole = np.stack(
        [array(model.logits(state[0], k)).reshape(20, 9) for k in range(model.mask_count)]
    )
    for rank, logits in enumerate(drawn, start=1):
        pixels = np.argmax(model._degrees[0][masks] == rank, axis=1)
        expected = whole[masks, np.arange(20), pixels]
        np.testing.assert_allclose(logits[:, 0], expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(model.sample(noise=noise), array(state[0]))


def test_sampling_compiles_nothing_for_a_pixel_and_tells_each_step(monkeypatch):
    model, steps, traced = made(**KINDS[-1]), [], []
    step = type(model).step
    monkeypatch.setattr(type(model), "step", lambda *args: traced.append(1) or step(*args))
    images = model.sample(5, seed=3, told=lambda: steps.append(1))
    assert len(steps) == len(model.positions()) == 9
    assert len(traced) <= 3  # PyTorch watches a function three times
    np.testing.assert_array_equal(model.sample(5, seed=3), images)


def test_samples_follow_the_distribution():
    model = made(side=2, **KINDS[-1])
    images = all_binary(2)
    probabilities = np.exp(model.log_prob(images).astype("float64"))
    drawn = model.sample(4000, seed=0, batch_size=4000).reshape(-1, 4) @ [8, 4, 2, 1]
    shares = np.bincount(drawn.astype(int), minlength=16) / 4000
    error = np.sqrt(probabilities * (1 - probabilities) / 4000)
    assert (np.abs(shares - probabilities) < 4.5 * error + 1e-3).all()


def test_completions_keep_what_is_known_and_one_loop_gives_the_samples():
    model = made(**KINDS[-1])
    images, mask = model.data.example(5), np.zeros((3, 3))
    mask[1] = 1
    found = model.complete(images, mask, seed=0)
    np.testing.assert_array_equal(found[:, 1], images[:, 1])
    noise = model.sample_noise(5, seed=0)
    generate = zoo.engine.compiled(model.generate, model)
    np.testing.assert_array_equal(np.asarray(generate(noise)), model.sample(noise=noise))


@pytest.mark.parametrize("masks", [1, 4])
def test_completions_follow_the_distribution(masks):
    # Weights so large that the masks disagree: they must be chosen by the known pixels.
    check_completions(
        randomized(zoo.models.MADE((2, 2, 1), hidden_units=(7,), masks=masks), scale=6.0)
    )


def test_known_pixels_choose_among_the_orders():
    """Of an order in which known pixels come later, too: a mask that finds them improbable is
    chosen rarely."""
    model = made(**KINDS[-1])
    images, known = np.repeat(model.data.example(1), 500, axis=0), np.zeros((3, 3))
    known[2] = 1
    noise = model.sample_noise(500, seed=0)
    full = np.broadcast_to(known[..., None], images.shape).astype("float32")
    each, probable = [], []
    for number in range(3):
        noise[:, -1] = (number + 0.5) / 3
        each.append(model._draw((noise, images * full, full), 1.0, 500, lambda: None))
        logits = array(model.logits(ops.convert_to_tensor(each[-1]), number))
        logs = -np.logaddexp(0, np.where(each[-1] == 1, -logits, logits))
        probable.append((full * logs).sum(axis=(1, 2, 3)))
    shares = np.exp(probable - np.logaddexp.reduce(probable, axis=0))
    found = model.complete(images, known, seed=0)
    rows = np.arange(500)
    chosen = (model.sample_noise(500, seed=0)[:, -1] >= shares.cumsum(axis=0)[:-1]).sum(axis=0)
    np.testing.assert_array_equal(found, np.stack(each)[chosen, rows])
    assert len(set(chosen)) > 1


def test_likelihoods_without_draws_are_computed_once(monkeypatch):
    made = zoo.create("made", image_shape=(8, 8, 1), hidden_units=(8,))
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), dtype="uint8")
    calls, log_prob = [], made.log_prob
    monkeypatch.setattr(made, "log_prob", lambda images: calls.append(1) or log_prob(images))
    for pixels, seeds in (("sampled", []), ("threshold", []), ("stochastic", [0, 4])):
        calls.clear()
        metric = zoo.evaluation.LogLikelihood(pixels=pixels)
        found = zoo.evaluate(made, images, [metric], seeds=[0, 4], cache=False, progress=False)
        found = found["log_likelihood"]
        assert (found.seeds, len(calls)) == (seeds, max(1, len(seeds)))
        assert found.standard_error > 0


def test_steps_take_the_masks_in_turn():
    model = made(**KINDS[-1])
    model.compile(keras.optimizers.SGD(0.0))
    images = np.repeat(model.data.example(1), 3, axis=0)
    losses = model.fit(images, batch_size=3, epochs=4, verbose=0).history["loss"]
    each = [-array(model._by_mask(ops.convert_to_tensor(images), k))[0] for k in range(3)]
    np.testing.assert_allclose(losses, [*each, each[0]], rtol=1e-4)
    whole = model.evaluate(images, verbose=0, return_dict=True)["loss"]
    assert whole == pytest.approx(-model.log_prob(images)[0], rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_units": 500}, "hidden_units must be a sequence"),
        ({"hidden_units": ()}, "hidden_units must be a sequence"),
        ({"masks": 0}, "masks must be a whole number of at least 1"),
        ({"order": "spiral"}, "Unknown order: 'spiral'. Allowed: random, raster"),
        ({"image_shape": (1, 1, 1)}, "image_shape must hold two pixels"),
        ({"image_shape": (4,)}, r"image_shape must be \(height, width, channels\)"),
    ],
)
def test_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.MADE(**{"image_shape": (3, 3, 1), **changes})
