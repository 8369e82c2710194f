"""ACGAN: what its discriminator says, and its two losses against NumPy."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import layers, ops

import zoo

pytestmark = pytest.mark.step_by_step

IMAGES = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 1)).astype("float32")
LABELS = np.arange(6) % 3


@pytest.fixture
def model():
    model = zoo.create("acgan", image_shape=(8, 8, 1), num_classes=3, latent_dim=4, width=2)
    model.compile()
    return model


def outputs(model, images):
    """The logit of each image, and beside it the logits of the classes."""
    both = model.judge(ops.convert_to_tensor(images), training=False)
    return np.concatenate([array(x) for x in both], axis=1)


def log_softmax(x):
    return x - np.logaddexp.reduce(x, axis=1, keepdims=True)


def test_the_losses_are_the_papers(model):
    """The discriminator: -L_S - L_C; the generator: -L_C and its own part of L_S."""
    fake = -IMAGES
    of_real, of_fake = (outputs(model, x) for x in (IMAGES, fake))
    assert of_real.shape == (6, 4)

    def class_loss(verdict):
        return -log_softmax(verdict[:, 1:])[np.arange(6), LABELS].mean()

    labels = ops.convert_to_tensor(LABELS, dtype="int32")
    loss, logs = model.discriminator_loss(
        *map(ops.convert_to_tensor, (IMAGES, fake)), labels, training=False
    )
    source = (np.logaddexp(0, -of_real[:, 0]) + np.logaddexp(0, of_fake[:, 0])).mean()
    assert float(array(logs["discriminator_loss"])) == pytest.approx(source, rel=1e-4)
    assert float(array(logs["real_class_loss"])) == pytest.approx(class_loss(of_real), rel=1e-4)
    total = source + class_loss(of_real) + class_loss(of_fake)
    assert float(array(loss)) == pytest.approx(total, rel=1e-4)

    latents = ops.convert_to_tensor(model.sample_latents(6, seed=0))
    loss, logs = model.generator_loss(latents, labels, training=False)
    made = model.generator([latents, labels], training=False)
    verdict = outputs(model, made)
    source = np.logaddexp(0, -verdict[:, 0]).mean()
    assert float(array(loss)) == pytest.approx(source + class_loss(verdict), rel=1e-4)


def test_classify(model):
    probabilities = model.probabilities(IMAGES)
    verdict = outputs(model, IMAGES)
    np.testing.assert_array_equal(model.classify(IMAGES), probabilities.argmax(axis=1))
    np.testing.assert_allclose(probabilities, np.exp(log_softmax(verdict[:, 1:])), rtol=1e-4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(model.discriminate(IMAGES), verdict[:, 0], rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="takes no labels here"):
        model.discriminate(IMAGES, LABELS)


def test_a_penalty_is_of_the_logit_alone(model):
    model.compile(penalty="r1")
    _, logs = model.discriminator_loss(
        *map(ops.convert_to_tensor, (IMAGES, -IMAGES)),
        ops.convert_to_tensor(LABELS, dtype="int32"),
        training=False,
    )
    grad = array(
        zoo.engine.gradient(
            lambda x: model.judge(x, training=False)[0], ops.convert_to_tensor(IMAGES)
        )
    )
    expected = 5.0 * np.square(grad).sum(axis=(1, 2, 3)).mean()
    assert float(array(logs["penalty"])) == pytest.approx(expected, rel=1e-4)


def test_own_bodies():
    latents, labels = keras.Input((4,)), keras.Input((), dtype="int32")
    joined = layers.Concatenate()([latents, layers.Embedding(3, 2)(labels)])
    generator = keras.Model(
        [latents, labels], layers.Reshape((8, 8, 1))(layers.Dense(64, "tanh")(joined))
    )
    images = keras.Input((8, 8, 1))
    features = layers.Flatten()(images)
    heads = [layers.Dense(1)(features), layers.Dense(3)(features)]
    model = zoo.models.ACGAN(
        num_classes=3,
        latent_dim=4,
        generator=generator,
        discriminator=keras.Model(images, heads),
    )
    model.compile()
    model.fit(IMAGES, LABELS, batch_size=3, verbose=0)
    assert model.sample(labels="all").shape == (3, 8, 8, 1)
    with pytest.raises(ValueError, match=r"a logit and 3 logits of classes .*\[\(None, 1\)\]"):
        zoo.models.ACGAN(
            num_classes=3,
            latent_dim=4,
            generator=generator,
            discriminator=keras.Model(images, heads[0]),
        )


def test_errors():
    with pytest.raises(ValueError, match="num_classes is needed, a whole number.*Received: None"):
        zoo.create("acgan", image_shape=(8, 8, 1))
