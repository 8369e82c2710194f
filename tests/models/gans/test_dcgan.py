"""DCGAN's bodies."""

import itertools

import keras
import numpy as np
import pytest
from helpers import array

import zoo

pytestmark = pytest.mark.step_by_step


@pytest.mark.parametrize(
    ("size", "channels"), [(8, 4), (16, 1), (28, 1), (28, 3), (32, 3), (64, 1), (64, 3), (128, 3)]
)
def test_sizes_and_channels(size, channels):
    model = zoo.create("dcgan", image_shape=(size, size, channels), latent_dim=4, width=2)
    assert model.sample(2, seed=0).shape == (2, size, size, channels)
    model.compile()
    images = np.zeros((4, size, size, channels), "float32")
    history = model.fit(images, batch_size=4, verbose=0).history
    assert np.isfinite(list(history.values())).all()


def shapes(network):
    return [tuple(layer.output.shape[1:]) for layer in network.layers]


def test_the_body_at_28_pixels():
    model = zoo.models.DCGAN(image_shape=(28, 28, 1))
    found = shapes(model.generator)
    for expected in ((6272,), (7, 7, 128), (14, 14, 64), (28, 28, 1)):
        assert expected in found
    assert (4, 4) not in {shape[:2] for shape in found}
    # Kernels of 4x4, no bias before a batch norm, a bias before tanh.
    assert [v.shape for v in model.generator.trainable_variables] == [
        (100, 6272),
        (6272,),
        (6272,),
        (4, 4, 64, 128),
        (64,),
        (64,),
        (4, 4, 1, 64),
        (1,),
    ]
    assert [v.shape for v in model.discriminator.trainable_variables] == [
        (4, 4, 1, 64),
        (64,),
        (4, 4, 64, 128),
        (128,),
        (128,),
        (6272, 1),
        (1,),
    ]


def test_the_body_at_64_pixels_is_the_papers():
    found = shapes(zoo.models.DCGAN(image_shape=(64, 64, 3), width=128).generator)
    for expected in ((4, 4, 1024), (8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 3)):
        assert expected in found


def test_initial_weights_are_the_papers():
    model = zoo.models.DCGAN(image_shape=(28, 28, 1))
    for network in (model.generator, model.discriminator):
        for variable in network.trainable_variables:
            if variable.path.endswith("kernel"):
                deviation = array(variable).std()
                # Of the smallest kernel, 1,024 numbers, within five standard errors.
                assert deviation == pytest.approx(0.02, rel=0.12), variable.path


def test_hidden_units_and_no_normalization():
    model = zoo.models.DCGAN(
        image_shape=(28, 28, 1), width=4, hidden_units=16, discriminator_normalization=None
    )
    assert (16,) in shapes(model.generator)
    assert (16,) in shapes(model.discriminator)
    names = [type(layer).__name__ for layer in model.discriminator.layers]
    assert "BatchNormalization" not in names
    for network in (model.generator, model.discriminator):
        layers = network.layers
        for layer, after in itertools.pairwise(layers):
            if type(after).__name__ == "BatchNormalization":
                assert not layer.use_bias


def test_images_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = zoo.models.DCGAN(**zoo.models.DCGAN.test_config())
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.generator.output.dtype == "float32"
    assert model.discriminator.output.dtype == "float32"
    assert model.sample(2, seed=0).dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"image_shape": (30, 30, 1)},
            r"\(30, 30, 1\).*28 pixels.* power of two from 8.*'mlp'",
        ),
        ({"image_shape": (4, 4, 1)}, "a power of two from 8"),
        ({"image_shape": (32, 16, 1)}, "it is for square images"),
        ({"image_shape": (28, 28)}, r"image_shape must be \(height, width, channels\)"),
        ({"image_shape": None}, "DCGAN needs image_shape"),
        ({"width": None}, "width is needed, a whole number of at least 1. Received: None"),
        ({"width": 0}, "width must be a whole number of at least 1. Received: 0"),
        ({"hidden_units": -1}, "hidden_units must be a whole number of at least 1"),
        (
            {"discriminator_normalization": "layer"},
            "Unknown discriminator_normalization: 'layer'. Allowed: None, auto, batch, spectral.",
        ),
        ({"latent_dim": 1.5}, "latent_dim must be a whole number of at least 1. Received: 1.5"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.DCGAN(**{"image_shape": (28, 28, 1), **arguments})
