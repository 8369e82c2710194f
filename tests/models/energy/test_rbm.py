"""The restricted Boltzmann machine: its distribution, its gradients and its chains."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops

import zoo
from zoo import engine
from zoo.engine import parallel
from zoo.errors import ArgumentError
from zoo.metrics import exact_log_partition

EVERY = ((np.arange(512)[:, None] >> np.arange(9)) & 1).astype("float32")
IMAGES = EVERY.reshape(-1, 3, 3, 1)


def small(hidden=4, visible="binary", spread=1.0, **options):
    """A machine of 3x3 pixels with weights of order one."""
    model = zoo.models.RBM((3, 3, 1), hidden, visible, **{"chains": 8, **options})
    rng = np.random.default_rng(0)
    machine = model.machine
    machine.kernel.assign(rng.normal(0, spread, (9, hidden)))
    machine.visible_bias.assign(rng.normal(0, 0.5, 9))
    machine.hidden_bias.assign(rng.normal(0, 0.5, hidden))
    machine.data_mean.assign(rng.uniform(0.2, 0.8, 9))
    machine.active_mean.assign(rng.uniform(0.2, 0.8, hidden))
    return model


def weights(model):
    return [array(weight) for weight in model.machine.plain()]


def data(n=64):
    rng = np.random.default_rng(1)
    return (rng.random((n, 3, 3, 1)) < np.linspace(0.1, 0.9, 9).reshape(3, 3, 1)).astype("float32")


def test_probabilities_of_all_images_sum_to_one():
    model = small()
    assert model.likelihood_is == "exact"
    log_probabilities = model.log_prob(IMAGES)
    assert np.exp(log_probabilities.astype("float64")).sum() == pytest.approx(1, abs=1e-5)
    kernel, b, c = (weight.astype("float64") for weight in weights(model))
    hidden = ((np.arange(16)[:, None] >> np.arange(4)) & 1).astype("float64")
    joint = EVERY @ b[:, None] + (hidden @ c)[None] + EVERY @ kernel @ hidden.T
    expected = np.log(np.exp(joint).sum(1) / np.exp(joint).sum())
    np.testing.assert_allclose(log_probabilities, expected, atol=1e-5)


def test_conditionals_and_ratios_are_those_of_the_energy():
    model = small()
    kernel, b, c = weights(model)
    hidden = model.encode(IMAGES[:5])
    np.testing.assert_allclose(hidden, 1 / (1 + np.exp(-(EVERY[:5] @ kernel + c))), atol=1e-5)
    decoded = model.decode(hidden).reshape(5, 9)
    np.testing.assert_allclose(decoded, 1 / (1 + np.exp(-(hidden @ kernel.T + b))), atol=1e-5)


@pytest.mark.parametrize("method", ["ais", "reverse_ais"])
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_annealing_agrees_with_the_sum(method, visible):
    model = small(visible=visible, spread=0.5)
    exact = model.log_partition("exact").value
    found = model.log_partition(method, seed=1, chains=100, temperatures=400)
    assert found.low < exact < found.high
    assert found.error < 0.1
    assert exact == exact_log_partition(*weights(model), gaussian=visible == "gaussian").value


def test_annealing_without_weights_is_exact():
    model = small(spread=0.0)
    model.machine.hidden_bias.assign(np.zeros(4))
    mean = array(model.machine.data_mean)
    model.machine.visible_bias.assign(np.log(mean / (1 - mean)))
    found = model.log_partition("ais", temperatures=10)
    assert found.error == pytest.approx(0, abs=1e-6)
    assert found.value == pytest.approx(model.log_partition("exact").value, abs=1e-5)


def flipped(model):
    """The same machine for images with 0 and 1 exchanged."""
    other = small()
    kernel, b, c = weights(model)
    for weight, value in zip(
        other.machine.trainable_variables, (-kernel, -b, c + kernel.sum(0)), strict=True
    ):
        weight.assign(value)
    other.machine.data_mean.assign(1 - array(model.machine.data_mean))
    other.machine.active_mean.assign(array(model.machine.active_mean))
    return other


@pytest.mark.parametrize("centred", [True, False])
def test_centred_learning_does_not_depend_on_what_is_called_white(centred):
    model = small()
    other = flipped(model)
    images, fantasies = data(8).reshape(-1, 9), data(16).reshape(-1, 9)[8:]
    for each, turn in ((model, lambda x: x), (other, lambda x: 1 - x)):
        each.compile(keras.optimizers.SGD(0.5), centred=centred)
        each.learn(*(ops.convert_to_tensor(turn(x)) for x in (images, fantasies)))
    difference = np.abs(other.log_prob(1 - IMAGES) - model.log_prob(IMAGES)).max()
    assert difference < 1e-4 if centred else difference > 0.01


def gradients(model, images, fantasies):
    variables = model.machine.trainable_variables
    (_, _), found = engine.value_and_grad(
        lambda: model.contrast(*map(ops.convert_to_tensor, (images, fantasies))), variables
    )
    return np.concatenate([array(gradient).ravel() for gradient in found])


def exact_gradients(model, images):
    """Those of -E_data[log p(v)], with the sum over all images in place of fantasies."""
    variables = model.machine.trainable_variables
    shares = np.exp(model.log_prob(IMAGES))

    def loss():
        data = ops.mean(model.machine.free_energy(ops.convert_to_tensor(images), centred=True))
        of_model = model.machine.free_energy(ops.convert_to_tensor(EVERY), centred=True)
        return data - ops.sum(ops.convert_to_tensor(shares) * of_model), {}

    found = engine.value_and_grad(loss, variables)[1]
    return np.concatenate([array(gradient).ravel() for gradient in found])


def test_gradient_goes_to_the_exact_one_as_k_grows():
    model = small(spread=1.5)
    images = data().reshape(-1, 9)
    exact = exact_gradients(model, images)
    many = np.tile(images, (100, 1))
    errors = []
    for k in (1, 30):
        noise = np.random.default_rng(2).random((len(many), k, 13), dtype="float32")
        fantasies = model.infer(
            "gibbs", lambda v, u: model.machine.gibbs(v, u)[0], (many, noise), 6400
        )
        errors.append(np.linalg.norm(gradients(model, images, fantasies) - exact))
    norm = np.linalg.norm(exact)
    assert errors[0] > 0.2 * norm
    assert errors[1] < 0.06 * norm


def test_gradient_is_that_of_centred_statistics():
    """Melchior, Fischer and Wiskott 2016: (v - μ)(h - λ) of the data less that of the model."""
    model = small()
    model.compile()
    images, fantasies = data(8).reshape(-1, 9), data(16).reshape(-1, 9)[8:]
    kernel, _, c = weights(model)
    mu, lam = array(model.machine.data_mean), array(model.machine.active_mean)

    def statistics(v):
        h = 1 / (1 + np.exp(-(v @ kernel + c)))
        return [(v - mu).T @ (h - lam) / len(v), v.mean(0), h.mean(0)]

    pairs = zip(statistics(fantasies), statistics(images), strict=True)
    expected = np.concatenate([(model - of_data).ravel() for model, of_data in pairs])
    np.testing.assert_allclose(gradients(model, images, fantasies), expected, atol=1e-5)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_it_learns_a_distribution(visible):
    """The data's log-likelihood, exact, rises beyond that of independent pixels."""
    rng = np.random.default_rng(0)
    images = np.zeros((64, 3, 3, 1), "float32")
    images[np.arange(64), rng.integers(3, size=64)] = 1 if visible == "binary" else 3  # a light row
    keras.utils.set_random_seed(0)
    model = zoo.models.RBM((3, 3, 1), 6, visible, chains=16)
    model.compile(keras.optimizers.SGD(0.2), k=2)
    model.fit(images, batch_size=64, verbose=0)
    before = model.log_prob(images).mean()
    model.fit(np.tile(images, (8, 1, 1, 1)), batch_size=64, epochs=25, verbose=0)
    assert model.log_prob(images).mean() > before + 1


def test_saved_chains_go_on_bit_for_bit_and_samples_move_none(tmp_path):
    model = zoo.models.RBM((3, 3, 1), 4, chains=6, sampling_steps=3)
    model.compile(k=2)
    model.fit(data(), batch_size=16, verbose=0)
    states = array(model.chains.states).copy()
    assert set(np.unique(states)) == {0.0, 1.0}
    model.sample(5, seed=0)
    model.sample(5, seed=0, steps=4, chains=2)
    model.evaluate(data(), verbose=0)
    model.log_partition("reverse_ais", chains=4, temperatures=5)
    np.testing.assert_array_equal(array(model.chains.states), states)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(data(), batch_size=16, verbose=0, shuffle=False)
    np.testing.assert_array_equal(array(loaded.chains.states), array(model.chains.states))
    assert (array(model.chains.states) != states).any()


def test_contrastive_divergence_begins_at_the_data_and_moves_no_chain():
    model = zoo.models.RBM((3, 3, 1), 4, chains=6)
    model.compile(persistent=False, centred=False, weight_decay=1e-3)
    model.fit(data(), batch_size=16, verbose=0)
    assert not array(model.chains.states).any()
    assert array(model.machine.data_mean).any()


def test_samples_in_parts_take_other_steps():
    model = small(sampling_steps=3)
    options = {"n": 5, "seed": 0, "batch_size": 2, "steps": 7}
    parts = [part for part, _ in model.sample_batches(**options)]
    expected = model.sample(5, seed=0, steps=7)
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-6)
    other = small(sampling_steps=7)
    noise = {key: ops.convert_to_tensor(x) for key, x in other.sample_noise(5, seed=0).items()}
    np.testing.assert_allclose(model.sample(noise=noise), expected, atol=1e-6)
    grey = np.random.default_rng(0).integers(0, 256, (60, 3, 3, 1), dtype="uint8")
    shared = {"n": 60, "seeds": 1, "extractor": "pixels", "cache": False, "progress": False}
    values = {
        steps: zoo.evaluate(model, grey, ["kid"], **shared, steps=steps)["kid"].value
        for steps in (1, 7)
    }
    assert values[1] != values[7]
    with pytest.raises(ValueError, match="Unknown argument of evaluate: 'chains'. Allowed: steps"):
        zoo.evaluate(model, grey, ["kid"], **shared, chains=3)


def test_gaussian_units_are_drawn():
    model = zoo.models.RBM((2,), 4, visible="gaussian")
    model.set_weights([0 * weight for weight in model.get_weights()])  # independent normal units
    samples = model.sample(4000, seed=0, steps=2, batch_size=4000)
    np.testing.assert_allclose(samples.mean(axis=0), 0, atol=0.08)
    np.testing.assert_allclose(np.cov(samples.T), np.eye(2), atol=0.12)


def test_samples_of_chains_that_run_on():
    model = small(sampling_steps=3)
    found = model.sample(5, seed=0, steps=3, chains=2)
    assert found.shape == (5, 3, 3, 1)
    np.testing.assert_array_equal(found[:2], model.sample(2, seed=0, steps=3, chains=2))
    np.testing.assert_allclose(found[:2], model.sample(2, seed=0), atol=1e-6)
    assert (found[2:4] != found[:2]).any()


def test_long_chains_have_the_distribution_of_the_model():
    model = small(spread=0.5)
    shares = np.exp(model.log_prob(IMAGES))
    expected = (shares[:, None] * EVERY).sum(0)
    means = model.sample(4000, seed=0, steps=30, batch_size=4000).reshape(-1, 9).mean(0)
    np.testing.assert_allclose(means, expected, atol=0.02)


class Part:
    """One of two replicas, whose mean of all replicas is computed apart."""

    def __init__(self, monkeypatch, index):
        self.sent = []
        monkeypatch.setattr(engine, "replicas", lambda: 2)
        monkeypatch.setattr(engine, "replica", lambda: index)
        monkeypatch.setattr(parallel, "replicas", lambda: 2)
        monkeypatch.setattr(engine, "all_reduce_mean", lambda x: self.sent.append(array(x)) or x)


def test_two_devices_move_the_chains_of_one(monkeypatch):
    noise = np.random.default_rng(0).random((8, 2, 13), dtype="float32")

    class Given:
        def __init__(self, numbers):
            self.numbers = numbers

        def uniform(self, shape):
            assert tuple(shape) == self.numbers.shape
            return ops.convert_to_tensor(self.numbers)

    model = small()
    whole = array(model.chains.moved(model.machine, Given(noise), 2)).copy()
    sent = []
    for index in (0, 1):
        model.chains.states.assign(np.zeros((8, 9)))
        part = Part(monkeypatch, index)
        rows = slice(4 * index, 4 * index + 4)
        own = model.chains.moved(model.machine, Given(noise[rows]), 2)
        np.testing.assert_array_equal(array(own), whole[rows])
        sent.append(part.sent[0].reshape(8, 9))
    np.testing.assert_array_equal(np.mean(sent, axis=0), whole)
    odd = zoo.models.RBM((3, 3, 1), 4, chains=3)
    with pytest.raises(
        ArgumentError, match="chains must be a multiple of the number of devices, 2"
    ):
        odd.chains.moved(odd.machine, Given(noise), 2)


def test_filters_are_pictured():
    model = small()
    picture = zoo.pictures.filters(array(model.machine.kernel), model.image_shape, n=3, scale=1)
    assert picture.width >= 3
    with pytest.raises(ArgumentError, match=r"kernel must have the shape \(pixels, units\)"):
        zoo.pictures.filters(np.zeros((8, 4)), (3, 3, 1))


def test_ais_is_a_metric():
    model = small()
    test = zoo.data.Source("examples", (255 * data(60)).astype("uint8"), None)
    report = zoo.evaluate(
        model,
        test,
        [zoo.evaluation.AIS(chains=50, temperatures=200), "log_likelihood"],
        seeds=1,
        cache=False,
        progress=False,
    )
    found = {m.name: m for m in report.measurements}
    exact = found["log_likelihood"].value
    assert found["ais"].value == pytest.approx(exact, abs=0.1)
    assert found["ais_reverse"].value == pytest.approx(exact, abs=0.1)
    forward = model.log_partition("ais", 0, 50, 200)
    assert found["ais_error"].value == pytest.approx(forward.error)
    own = found["log_likelihood"].standard_error
    assert found["ais"].standard_error == pytest.approx(np.hypot(own, forward.error), rel=1e-4)
    assert "draws" not in dict(found["ais"].protocol.settings)
    with pytest.raises(ArgumentError, match="is for models with log_partition"):
        zoo.evaluate(
            zoo.create("vae", image_shape=(3, 3, 1), latent_dim=2, hidden_units=(4,)),
            test,
            ["ais"],
            seeds=1,
            cache=False,
            progress=False,
        )


def test_ais_of_drawn_pixels_stands_beside_that_of_thresholded_ones():
    model = small()
    grey = np.random.default_rng(0).integers(0, 256, (60, 3, 3, 1), dtype="uint8")
    options = {"seeds": 1, "cache": False, "progress": False}

    def ais(pixels):
        metric = zoo.evaluation.AIS(chains=20, temperatures=50, pixels=pixels)
        return {m.name: m for m in zoo.evaluate(model, grey, [metric], **options).measurements}

    drawn, threshold = ais("sampled"), ais("threshold")
    metric = zoo.evaluation.ThresholdAIS(chains=20, temperatures=50)
    named = zoo.evaluate(model, grey, [metric], **options)["threshold_ais"]
    assert named.value == threshold["ais"].value != drawn["ais"].value
    assert dict(named.protocol.settings)["pixels"] == "threshold"


def test_metrics_with_equal_settings_share_log_z(monkeypatch):
    model = small()
    grey = np.random.default_rng(0).integers(0, 256, (60, 3, 3, 1), dtype="uint8")
    calls, estimate = [], model.log_partition
    monkeypatch.setattr(model, "log_partition", lambda *a: calls.append(a) or estimate(*a))
    of = {"chains": 20, "temperatures": 50}
    metrics = [
        zoo.evaluation.AIS(pixels="sampled", **of),
        zoo.evaluation.ThresholdAIS(**of),
    ]
    zoo.evaluate(model, grey, metrics, seeds=[0, 7], cache=False, progress=False)
    both = ("ais", "reverse_ais")
    assert calls == [(method, seed, 20, 50) for seed in (0, 7) for method in both]
    calls.clear()
    metrics[1] = zoo.evaluation.ThresholdAIS(chains=20, temperatures=60)
    zoo.evaluate(model, grey, metrics, seeds=[0], cache=False, progress=False)
    assert calls == [*((method, 0, 20, 50) for method in both), ("ais", 0, 20, 60)]


def test_log_z_is_estimated_once_for_all_draws_of_noise(monkeypatch):
    model = zoo.models.RBM((3, 3, 1), 25, visible="gaussian")
    grey = np.random.default_rng(0).integers(0, 256, (20, 3, 3, 1), dtype="uint8")
    calls, estimate = [], model.log_partition
    short = {"chains": 4, "temperatures": 5}
    monkeypatch.setattr(model, "log_partition", lambda *a: calls.append(a) or estimate(*a, **short))
    metric = zoo.evaluation.BitsPerDimension(draws=3)
    zoo.evaluate(model, grey, [metric], seeds=[5], cache=False, progress=False)
    assert calls == [(None, 5)]


def test_log_z_belongs_to_its_weights(tmp_path):
    """That of a copy is taken, and that of another machine, or of former weights, is an error."""
    model = small()
    partition = model.log_partition()
    model.save(tmp_path / "model.keras")
    expected = model.log_prob(IMAGES)
    for same in (model, keras.saving.load_model(tmp_path / "model.keras")):
        np.testing.assert_array_equal(same.log_prob(IMAGES, partition=partition), expected)
    numbers = exact_log_partition(*weights(model))  # of no model that is known
    np.testing.assert_array_equal(model.log_prob(IMAGES, partition=numbers), expected)
    model.machine.kernel.assign_add(0.1 * np.ones((9, 4)))
    with pytest.raises(ArgumentError, match="partition must belong to this machine with its pres"):
        model.log_prob(IMAGES, partition=partition)


def test_overfitting_is_measured_on_binary_images():
    model = small()
    grey = np.random.default_rng(0).integers(256, size=(120, 3, 3, 1)).astype("uint8")
    train, test = (zoo.data.Source("examples", part, None) for part in (grey[:60], grey[60:]))
    report = zoo.evaluate(
        model, test, ["overfitting"], seeds=1, train=train, cache=False, progress=False
    )
    assert abs({m.name: m.value for m in report.measurements}["overfitting"]) < 1


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda m: m.fit(np.full((8, 3, 3, 1), 0.5, "float32"), verbose=0),
            "zeros and ones alone.*0.5.*binarize='sampled'",
        ),
        (lambda m: m.log_prob(np.full((8, 3, 3, 1), 0.5, "float32")), "zeros and ones alone"),
        (lambda m: m.compile(k=0), "k must be a whole number of at least 1"),
        (lambda m: m.compile(k=1.5), "k must be"),
        (lambda m: m.compile(persistent="yes"), "persistent must be True or False"),
        (lambda m: m.compile(weight_decay=-1), "weight_decay must be"),
        (lambda m: m.sample(4, steps=0), "steps must be"),
        (lambda m: m.sample(4, chains=0), "chains must be"),
        (lambda m: m.sample(noise=m.sample_noise(2), steps=3), "either noise="),
        (lambda m: m.log_prob(IMAGES, partition=5.0), "a zoo.metrics.LogPartition. Received: 5.0"),
        (
            lambda m: m.sample(noise={"chain": [[0.5]], "steps": [[[1.0], [2.0, 3.0]]]}),
            r"noise\['steps'\] must",
        ),
        (
            lambda m: m.sample(noise={**m.sample_noise(1), "steps": np.ones((1, 0, 13))}),
            r"noise\['steps'\] must",
        ),
        (lambda m: next(m.sample_batches(2, 0, steps=10**9)), "steps must be as many as fit in"),
        (lambda m: m.log_partition("aiss"), "method.*Nearest|method.*Allowed"),
        (lambda m: m.log_partition("ais", chains=1), "chains must be"),
        (lambda m: m.log_partition("ais", temperatures=0), "temperatures must be"),
        (lambda m: m.decode(np.zeros((2, 3))), r"codes must have the shape \(n, 4\)"),
        (lambda m: zoo.models.RBM((3, 3, 1), 0), "hidden_units must be"),
        (lambda m: zoo.models.RBM((3, 3, 1), visible="real"), "visible: 'real'"),
        (lambda m: zoo.models.RBM((9,)), "image_shape must be.*visible='gaussian' takes"),
        (lambda m: zoo.models.RBM((3, 3, 1), chains=0), "chains must be"),
    ],
)
def test_bad_input(act, message):
    model = zoo.models.RBM((3, 3, 1), 4)
    model.compile()
    with pytest.raises(ValueError, match=message):
        act(model)
