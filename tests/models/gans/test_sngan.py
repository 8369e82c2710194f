"""SNGAN: its bodies, and layers of slope one."""

import numpy as np
import pytest
from helpers import array

import zoo
from zoo.layers import SpectralConv2D, SpectralDense


@pytest.fixture(scope="module")
def model():
    return zoo.create("sngan", image_shape=(32, 32, 3))


def shapes(network):
    return [tuple(layer.output.shape[1:]) for layer in network.layers]


def test_the_papers_bodies_at_32_pixels(model):
    found = shapes(model.generator)
    for expected in ((4, 4, 512), (8, 8, 256), (16, 16, 128), (32, 32, 64), (32, 32, 3)):
        assert expected in found
    convolutions = [x for x in model.discriminator.layers if isinstance(x, SpectralConv2D)]
    assert [(x.filters, x.kernel_size[0], x.strides[0]) for x in convolutions] == [
        (64, 3, 1),
        (64, 4, 2),
        (128, 3, 1),
        (128, 4, 2),
        (256, 3, 1),
        (256, 4, 2),
        (512, 3, 1),
    ]
    assert isinstance(model.discriminator.layers[-1], SpectralDense)


def test_every_weight_of_the_discriminator_is_normalized(model):
    kernels = [w for w in model.discriminator.trainable_weights if w.path.endswith("kernel")]
    normalized = [x for x in model.discriminator.layers if hasattr(x, "normalized_kernel")]
    assert len(kernels) == len(normalized) == 8


def test_defaults(model):
    model.compile()
    assert model.adversarial_loss.name == "hinge"
    assert model.penalty is None


def test_training_keeps_the_layers_at_slope_one():
    model = zoo.create("sngan", image_shape=(8, 8, 1), latent_dim=4, width=4)
    model.compile()
    images = np.random.default_rng(0).uniform(-1, 1, (240, 8, 8, 1)).astype("float32")
    model.fit(images, batch_size=8, verbose=0)
    for layer in model.discriminator.layers:
        if hasattr(layer, "normalized_kernel"):
            kernel = array(layer.normalized_kernel())
            matrix = kernel.reshape(-1, kernel.shape[-1])
            largest = np.linalg.svd(matrix, compute_uv=False)[0]
            assert largest == pytest.approx(1.0, rel=0.15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (30, 30, 1)}, "28 pixels or of a power of two from 8"),
        ({"width": 0}, "width must be a whole number of at least 1. Received: 0"),
        ({"image_shape": None}, "SNGAN needs image_shape"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.SNGAN(**{"image_shape": (8, 8, 1), **arguments})
