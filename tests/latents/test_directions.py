"""Directions of linear generators with known answers; first layers of the families."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import layers
from linear_generators import cosine, linear

import zoo
from zoo.latents import activations
from zoo.latents.principal import principal_coordinates

pytestmark = pytest.mark.step_by_step
RNG = np.random.default_rng(0)
W = np.array([3.0, 0.0, -4.0, 0.0, 0.0]) / 5


def mean_in_range(images):
    return np.clip((images.mean(axis=(1, 2, 3)) + 1) / 2, 0, 1)


def is_bright(images):
    return images.mean(axis=(1, 2, 3)) > 0


@pytest.fixture(scope="module")
def bright():
    """A generator of four equal pixels, 0.3 w z with w of norm 1."""
    return linear(0.3 * np.outer(W, np.ones(4)), (2, 2, 1))


class TestGroups:
    pytestmark = pytest.mark.once

    def test_means(self):
        latents, labels = RNG.normal(size=(9, 4)), np.array([0, 0, 1, 1, 1, 2, 2, 2, 2])
        mean = zoo.latents.group_mean(latents, labels, 1)
        np.testing.assert_allclose(mean, latents[2:5].mean(0), rtol=1e-6)
        means = zoo.latents.class_means(latents, labels)
        assert list(means) == [0, 1, 2]
        np.testing.assert_array_equal(means[1], mean)
        with pytest.raises(ValueError, match="label must be one of 0, 1, 2. Received: 3"):
            zoo.latents.group_mean(latents, labels, 3)
        with pytest.raises(ValueError, match="labels must be 9 labels"):
            zoo.latents.group_mean(latents, labels[1:], 0)

    def test_analogy(self):
        a, b, c = (RNG.normal(size=(k, 4)) for k in (2, 3, 4))
        found = zoo.latents.analogy(a, b, c)
        np.testing.assert_allclose(found, a.mean(0) - b.mean(0) + c.mean(0), rtol=1e-5)
        assert found.dtype == "float32"
        with pytest.raises(ValueError, match="latents of one size. Received: 4, 3, 4"):
            zoo.latents.analogy(a, b[:, 1:], c)


class TestEffect:
    def test_against_the_exact_mean(self, bright):
        latents = bright.sample_latents(7, seed=0)
        amounts = (-0.5, 0.0, 1.0)
        found = zoo.latents.effect(bright, latents, W, mean_in_range, amounts)
        values = [(0.3 * (latents @ W + a) + 1) / 2 for a in amounts]
        np.testing.assert_allclose(found.means, np.mean(np.clip(values, 0, 1), axis=1), atol=1e-6)
        error = np.std(np.clip(values, 0, 1), axis=1, ddof=1) / np.sqrt(7)
        np.testing.assert_allclose(found.standard_errors, error, atol=1e-6)
        np.testing.assert_allclose(found.changes, 0.3 * np.abs(amounts) / 2, atol=1e-6)

    def test_without_an_attribute_the_distance(self, bright):
        latents = bright.sample_latents(3, seed=0)
        across = np.array([4.0, 0.0, 3.0, 0.0, 0.0])
        found = zoo.latents.effect(bright, latents, across, amounts=(-1, 2))
        np.testing.assert_allclose(found.means, 0, atol=1e-6)
        found = zoo.latents.effect(bright, latents, 2 * W, amounts=(-1, 2))
        np.testing.assert_allclose(found.means, [0.3, 0.6], atol=1e-6)
        np.testing.assert_array_equal(found.means, found.changes)

    @pytest.mark.once
    def test_of_codes_of_an_autoencoder_and_of_a_conditional_model(self):
        model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=3, width=2)
        codes = RNG.normal(size=(4, 3)).astype("float32")
        found = zoo.latents.effect(model, codes, [1.0, 0.0, 0.0], amounts=(2,))
        moved = model.decode(codes + np.float32([2, 0, 0])) - model.decode(codes)
        expected = np.sqrt((moved.reshape(4, -1) ** 2).mean(axis=1)).mean()
        np.testing.assert_allclose(found.means, [expected], rtol=1e-5)
        model = zoo.create("conditional_gan", **zoo.models.ConditionalGAN.test_config())
        latents = model.sample_latents(4, seed=0)
        vector = np.eye(4)[0]
        drawn = zoo.latents.effect(model, latents, vector, amounts=(1,))
        again = zoo.latents.effect(model, latents, vector, amounts=(1,))
        np.testing.assert_array_equal(drawn.means, again.means)  # random classes, but the same
        labels = model.choose_condition(None, 4, 0)
        given = zoo.latents.effect(model, latents, vector, amounts=(1,), labels=labels)
        np.testing.assert_array_equal(drawn.means, given.means)

    @pytest.mark.once
    def test_errors(self, bright):
        latents = bright.sample_latents(3, seed=0)
        for arguments, message in (
            ((latents[0], W), "latents must have the shape"),
            ((latents, W[1:]), r"vector of shape \(5,\). Received: shape \(4,\)"),
            ((latents, W, None, ()), "amounts must be finite numbers"),
            ((latents, W, None, (np.nan,)), "amounts must be finite numbers"),
            ((latents, W, None, (1,), 0), "takes no labels"),
        ):
            with pytest.raises(ValueError, match=message):
                zoo.latents.effect(bright, *arguments)


class TestAttributes:
    def test_finds_the_vector_of_a_linear_generator(self, bright):
        found = zoo.latents.attribute_direction(bright, is_bright, n=1000, trials=300)
        assert cosine(found.vector, W) > 0.98
        assert found.vector.dtype == "float32"
        assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-5)
        assert found.name == "is_bright"
        assert found.share > 0.95
        assert (np.diff(found.effect.means) > 0).all()
        assert found.effect.means[0] < 0.02
        assert found.effect.means[-1] > 0.98
        moved = found.move(bright.sample_latents(2, seed=0), 3.0)
        np.testing.assert_allclose(
            moved, bright.sample_latents(2, seed=0) + 3 * found.vector, rtol=1e-6
        )

    @pytest.mark.once
    def test_soft_values_seeds_and_errors(self, bright):
        options = {"n": 200, "trials": 20, "amounts": (-1, 1)}
        first = zoo.latents.attribute_direction(bright, mean_in_range, **options)
        assert cosine(first.vector, W) > 0.98
        again = zoo.latents.attribute_direction(bright, mean_in_range, **options)
        np.testing.assert_array_equal(first.vector, again.vector)
        other = zoo.latents.attribute_direction(bright, mean_in_range, seed=1, **options)
        assert not np.array_equal(first.vector, other.vector)
        zoo.latents.attribute_direction(bright, mean_in_range, seed=None, **options)

        def always(images):
            return np.ones(len(images))

        with pytest.raises(ValueError, match="'always', in 200 and not in 0 of 200 samples"):
            zoo.latents.attribute_direction(bright, always, **options)
        autoencoder = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=3, width=2)
        with pytest.raises(ValueError, match=r"Received: Autoencoder. zoo.latents.fit_prior"):
            zoo.latents.attribute_direction(autoencoder, is_bright)


def decaying(size=5, outputs=12):
    """A matrix with the singular values 2^-i, and its right singular vectors as rows."""
    rng = np.random.default_rng(3)
    left, _ = np.linalg.qr(rng.normal(size=(outputs, size)))
    right, _ = np.linalg.qr(rng.normal(size=(size, size)))
    return (left * 2.0 ** -np.arange(size)) @ right.T, right.T


class TestPrincipal:
    def test_of_a_linear_generator(self):
        matrix, expected = decaying()
        model = linear(matrix.T)
        found = zoo.latents.principal_directions(model, k=3, n=1500, trials=5, amounts=(-1, 2))
        for i, direction in enumerate(found):
            assert abs(cosine(direction.vector, expected[i])) > 0.99
            assert direction.name == f"component {i}"
            change = np.linalg.norm(matrix @ direction.vector) / np.sqrt(12)
            np.testing.assert_allclose(direction.effect.means, [change, 2 * change], rtol=1e-3)
        squares = 4.0 ** -np.arange(5)
        np.testing.assert_allclose(
            [direction.share for direction in found], squares[:3] / squares.sum(), atol=0.03
        )

    def test_is_the_regression_of_the_paper(self):
        """With a network, whose activations are no linear function of the latents."""
        model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=60)
        (found,) = zoo.latents.principal_directions(model, k=1, n=40, trials=3, amounts=(1,))
        latents = model.sample_latents(40, seed=0).astype("float64")
        kernel, bias = (array(w).astype("float64") for w in model.ema_generator.weights[:2])
        features = np.maximum(latents @ kernel + bias, 0)
        centred = features - features.mean(axis=0)
        coordinates = centred @ np.linalg.svd(centred, full_matrices=False)[2][:1].T
        solved = np.linalg.lstsq(coordinates, latents - latents.mean(axis=0), rcond=None)[0]
        assert abs(cosine(found.vector, solved[0])) == pytest.approx(1, abs=1e-5)
        assert found.vector[np.abs(found.vector).argmax()] > 0

    @pytest.mark.once
    @pytest.mark.parametrize("shape", [(30, 8), (8, 30)])
    def test_coordinates(self, shape):
        features = RNG.normal(size=shape) * np.linspace(1, 3, shape[1])
        coordinates, shares = principal_coordinates(features, 4)
        centred = features - features.mean(axis=0)
        u, s, _ = np.linalg.svd(centred, full_matrices=False)
        np.testing.assert_allclose(np.abs(coordinates), np.abs(u * s)[:, :4], atol=1e-8)
        np.testing.assert_allclose(shares, s[:4] ** 2 / (s**2).sum(), rtol=1e-8)
        with pytest.raises(ValueError, match="k must be at most 7"):
            principal_coordinates(features[:8, :8], 8)

    @pytest.mark.once
    def test_of_a_named_layer(self):
        matrix, expected = decaying()
        model = linear(matrix.T)
        (found,) = zoo.latents.principal_directions(
            model, k=1, n=500, layer="first", trials=2, amounts=(1,)
        )
        assert abs(cosine(found.vector, expected[0])) > 0.99
        with pytest.raises(ValueError, match="Unknown layer: 'frist'.*first"):
            zoo.latents.principal_directions(model, layer="frist")


class TestClosedForm:
    def test_of_a_linear_generator(self):
        matrix, expected = decaying()
        found = zoo.latents.closed_form_directions(linear(matrix.T), k=5, trials=2, amounts=(1,))
        squares = 4.0 ** -np.arange(5)
        for i, direction in enumerate(found):
            assert abs(cosine(direction.vector, expected[i])) == pytest.approx(1, abs=1e-5)
            assert direction.share == pytest.approx(squares[i] / squares.sum(), abs=1e-5)
            assert direction.vector[np.abs(direction.vector).argmax()] > 0
        with pytest.raises(ValueError, match="k must be at most 5"):
            zoo.latents.closed_form_directions(linear(matrix.T), k=6)


def transposed():
    """A user's generator that begins with a transposed convolution of 1x1 latents."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Reshape((1, 1, 4)),
            layers.Conv2DTranspose(3, 2, name="up"),
            layers.Conv2D(1, 1, name="colours"),
        ]
    )


def only_once(*values):
    return pytest.param(*values, marks=pytest.mark.once)


class TestFirstLayers:
    @pytest.mark.parametrize(
        ("family", "config"),
        [
            ("gan", {"units": 60}),
            only_once("dcgan", {"width": 2}),
            only_once("dcgan", {"width": 2, "hidden_units": 6}),
            only_once("sngan", {"width": 2}),
            only_once("conditional_gan", {"num_classes": 3, "units": 60}),
            ("conditional_gan", {"num_classes": 3, "architecture": "dcgan", "width": 2}),
            only_once("vae", {"hidden_units": (5,)}),
            only_once("conditional_vae", {"num_classes": 3, "hidden_units": (5,)}),
        ],
    )
    def test_of_the_families(self, family, config):
        model = zoo.create(family, image_shape=(8, 8, 1), latent_dim=4, **config)
        first = activations.first_layers(model)
        kernels = [w for w in model.sampling_network().weights if "kernel" in w.path]
        expected = next(w for w in kernels if w.shape[0] in (4, 4 + 3))
        np.testing.assert_array_equal(first.weights, array(expected)[:4].reshape(4, -1))
        assert first.second is not None
        assert first.second is not first.layer
        assert "call" not in vars(first.layer)
        latents, *labels = model.latent_inputs(5, 0, None, None)
        features = activations.activations(model, first.second, "inputs", latents, *labels)
        assert features.shape[0] == 5
        assert np.ptp(features, axis=0).max() > 0
        zoo.latents.closed_form_directions(model, k=1, trials=2, amounts=(1,))

    @pytest.mark.once
    def test_of_a_convolution(self):
        network = transposed()
        model = zoo.models.Sampler(network, 4, (2, 2, 1), (-1.0, 1.0))
        first = activations.first_layers(model)
        kernel = array(network.get_layer("up").kernel)  # (2, 2, 3, 4)
        expected = np.moveaxis(kernel, -1, 0).reshape(4, -1)
        np.testing.assert_array_equal(first.weights, expected)
        assert first.second is network.get_layer("colours")

    @pytest.mark.once
    def test_errors(self):
        squared = keras.Sequential([keras.Input((4,)), layers.Rescaling(2.0)])
        with pytest.raises(ValueError, match="dense or convolutional layer that sees the latents"):
            activations.first_layers(zoo.models.Sampler(squared, 4, (4,)))
        joined = keras.Input((4,))
        twice = layers.Dense(2)(layers.Concatenate()([-joined, joined]))
        with pytest.raises(ValueError, match="takes 8 numbers for 4 latents"):
            activations.first_layers(zoo.models.Sampler(keras.Model(joined, twice), 4, (2,)))

        class Own(zoo.models.LatentModel):
            def __init__(self):
                super().__init__()
                self.data = zoo.engine.spaces.Points(2)
                self.latent_dim = 2
                self.built = True

            def generate(self, latents, labels=None):
                return latents

        with pytest.raises(ValueError, match="sampling_network.*Received: Own"):
            zoo.latents.closed_form_directions(Own())
        with pytest.raises(ValueError, match="latents of a prior.*Received: Classifier"):
            zoo.latents.closed_form_directions(zoo.load("classifier_mnist"))
