"""The deep belief net: its bound, its greedy training and the classifier made of it."""

import hashlib

import numpy as np
import pytest
from helpers import array

import zoo
from zoo.errors import ArgumentError
from zoo.models.energy.transposed import begin_transposed

EVERY = ((np.arange(512)[:, None] >> np.arange(9)) & 1).astype("float32").reshape(-1, 3, 3, 1)


def data(n=64):
    rng = np.random.default_rng(1)
    return (rng.random((n, 3, 3, 1)) < np.linspace(0.1, 0.9, 9).reshape(3, 3, 1)).astype("float32")


def net(hidden_units=(4, 9), seed=0, **options):
    """A net of 3x3 pixels with weights of order one in its lower machines."""
    model = zoo.models.DeepBeliefNet((3, 3, 1), hidden_units, **{"chains": 8, **options})
    rng = np.random.default_rng(seed)
    for machine, _ in model.stack():
        for weight in machine.trainable_variables:
            weight.assign(rng.normal(0, 0.7, weight.shape))
    return model


def test_the_bound_is_the_likelihood_of_the_machine_below_at_the_transposed_start():
    model = net(transposed=True)
    (below, _), (top, _) = model.stack()
    rbm = zoo.models.RBM((3, 3, 1), 4)
    for mine, other in zip(rbm.machine.trainable_variables, below.trainable_variables, strict=True):
        mine.assign(array(other))
    assert np.abs(model.log_prob(EVERY, draws=2) - rbm.log_prob(EVERY)).mean() > 0.1
    top.start_transposed(below)
    np.testing.assert_allclose(model.log_prob(EVERY, draws=2), rbm.log_prob(EVERY), atol=1e-4)


def test_the_bound_lies_below_the_likelihood():
    """log p(v) by the sum over h1, with the exact distribution of the upper machine."""
    model = net((4, 5))
    (below, _), (top, _) = model.stack()
    hidden = ((np.arange(16)[:, None] >> np.arange(4)) & 1).astype("float32")
    kernel, b, _ = (array(weight).astype("float64") for weight in below.plain())
    upper, visible, bias = (array(weight).astype("float64") for weight in top.plain())
    log_hidden = hidden @ visible + np.logaddexp(0, hidden @ upper + bias).sum(1)
    log_hidden -= np.log(np.exp(log_hidden).sum())
    logits = hidden @ kernel.T + b
    log_joint = EVERY.reshape(-1, 9) @ logits.T - np.logaddexp(0, logits).sum(1) + log_hidden
    exact = np.log(np.exp(log_joint).sum(1))
    assert np.exp(exact).sum() == pytest.approx(1)
    gap = exact - model.log_prob(EVERY, draws=200)
    assert gap.min() > -0.2
    assert 0 < gap.mean() < 5


def test_layers_are_trained_one_after_the_other():
    model = zoo.models.DeepBeliefNet((3, 3, 1), (4, 5), chains=4)
    model.compile(layer_steps=4)
    (below, _), (top, _) = model.stack()
    before = [array(m.kernel).copy() for m in (below, top)]
    options = {"batch_size": 16, "verbose": 0, "shuffle": False}
    history = model.fit(data(), **options).history  # four steps
    assert (array(below.kernel) != before[0]).any()
    np.testing.assert_array_equal(array(top.kernel), before[1])
    assert history["loss_2"] == [0.0]
    middle = [array(m.kernel).copy() for m in (below, top)]
    model.fit(data(), epochs=2, **options)
    np.testing.assert_array_equal(array(below.kernel), middle[0])
    assert (array(top.kernel) != middle[1]).any()


def test_the_stage_changes_within_one_fit():
    model = zoo.models.DeepBeliefNet((3, 3, 1), (4, 5), chains=4)
    model.compile(layer_steps=4)
    history = model.fit(data(), batch_size=16, epochs=3, verbose=0).history
    assert [loss == 0 for loss in history["loss_1"]] == [False, True, True]
    assert [loss == 0 for loss in history["loss_2"]] == [True, False, False]


@pytest.mark.parametrize("units", [9, 12])
def test_a_transposed_machine_begins_as_the_one_below(units):
    model = zoo.models.DeepBeliefNet((3, 3, 1), (4, units), transposed=True, chains=4)
    model.compile("sgd", layer_steps=4)
    model.optimizers["layer_2"].learning_rate = 0.0
    (below, _), (top, _) = model.stack()
    start = [array(w).copy() for w in top.plain()]
    model.fit(data(), batch_size=16, epochs=2, verbose=0)
    lower, upper = ([array(w) for w in m.plain()] for m in (below, top))
    np.testing.assert_allclose(upper[0][:, :9], lower[0].T, atol=1e-6)
    np.testing.assert_allclose(upper[1], lower[2], atol=1e-5)
    np.testing.assert_allclose(upper[2][:9], lower[1], atol=1e-5)
    np.testing.assert_allclose(upper[0][:, 9:], start[0][:, 9:], atol=1e-6)
    np.testing.assert_allclose(upper[2][9:], start[2][9:], atol=1e-5)


def test_further_units_of_a_transposed_machine_leave_the_bound():
    model = net((4, 12), transposed=True)
    (below, _), (top, _) = model.stack()
    top.start_transposed(below)
    kernel = array(top.kernel)
    bound = []
    for weights in (0.0, 0.01):
        kernel[:, 9:] = weights * np.random.default_rng(0).normal(size=(4, 3))
        top.kernel.assign(kernel)
        bound.append(model.log_prob(EVERY, draws=2))
    rbm = zoo.models.RBM((3, 3, 1), 4)
    for mine, other in zip(rbm.machine.trainable_variables, below.trainable_variables, strict=True):
        mine.assign(array(other))
    np.testing.assert_allclose(bound[0], rbm.log_prob(EVERY), atol=1e-4)
    np.testing.assert_allclose(bound[1], bound[0], atol=0.05)


def test_chains_of_a_transposed_machine_begin_at_units_drawn_given_those_below():
    model = zoo.models.DeepBeliefNet((3, 3, 1), (4, 9), transposed=True, chains=64)
    (below, lower), (top, upper) = model.stack()
    below.hidden_bias.assign([9.0, -9.0, 0.0, 0.0])
    below.kernel.assign(np.zeros((9, 4)))
    begin_transposed((top, upper), (below, lower), model.random)
    states = array(upper.states)
    np.testing.assert_array_equal(states[:, :2], np.tile([1.0, 0.0], (64, 1)))
    assert 10 < states[:, 2].sum() < 54
    top.seen.assign(1.0)
    upper.states.assign(np.zeros((64, 4)))
    begin_transposed((top, upper), (below, lower), model.random)
    assert not array(upper.states).any()


def test_the_draws_of_the_bound_are_in_the_protocol():
    model = net((4, 5))
    images = (255 * data(20)).astype("uint8")
    metric = zoo.evaluation.AIS(chains=10, temperatures=20, draws=3)
    options = {"cache": False, "progress": False}
    reports = [zoo.evaluate(model, images, [metric], seeds=[s], **options) for s in (0, 1)]
    settings = dict(reports[0]["ais"].protocol.settings)
    assert (settings["draws"], settings["likelihood"]) == (3, "estimate")
    order = sorted(images, key=lambda image: hashlib.sha256(image.tobytes()).digest())
    x = model.data.from_stored(np.array(order))
    given = {"draws": 3, "seed": 1, "partition": model.log_partition("ais", 1, 10, 20)}
    assert reports[1]["ais"].value == pytest.approx(model.log_prob(x, **given).mean(), abs=1e-4)


def test_a_classifier_begins_with_its_weights():
    model = net((4, 5))
    classifier = model.to_classifier(num_classes=3)
    np.testing.assert_allclose(classifier.features(EVERY), model.encode(EVERY), atol=1e-5)
    classifier.compile()
    before = array(classifier.body.layers[1].kernel).copy()
    classifier.fit(data(), np.arange(64) % 3, batch_size=16, verbose=0)
    assert (array(classifier.body.layers[1].kernel) != before).any()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: zoo.models.DeepBeliefNet((3, 3, 1), (4,)), "at least two layers.*zoo.models.RBM"),
        (lambda: zoo.models.DeepBeliefNet((3, 3, 1), 4), "at least two layers"),
        (lambda: zoo.models.DeepBeliefNet((3, 3, 1), (4, 0)), "hidden_units must be"),
        (
            lambda: zoo.models.DeepBeliefNet((3, 3, 1), (4, 5), transposed=True),
            r"at least as many units in each layer.*\(4, 5\) above 9 pixels",
        ),
        (lambda: net(transposed=True).compile(), "layer_steps must be at least 1.*transposed"),
        (lambda: net().compile(layer_steps=-1), "layer_steps must be"),
        (lambda: net().compile(k=0), "k must be"),
        (lambda: net().to_classifier(1), "num_classes must be"),
        (lambda: net().log_prob(EVERY + 0.25), "must hold"),
        (lambda: net().log_prob(EVERY, draws=0), "draws must be"),
    ],
)
def test_bad_input(act, message):
    with pytest.raises(ArgumentError, match=message):
        act()
