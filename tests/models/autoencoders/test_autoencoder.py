"""Autoencoders: the textbook's formula, bodies, tied weights, training, errors."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import layers

import zoo

pytestmark = pytest.mark.step_by_step

IMAGES = np.random.default_rng(0).random((6, 8, 8, 1), dtype="float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("tied", [False, True])
def test_one_layer_is_the_textbooks(tied):
    model = zoo.create(
        "ae", image_shape=(8, 8, 1), latent_dim=5, architecture="one_layer", tied=tied
    )
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    named = {w.path: array(w).astype("float64") for w in model.weights}
    kernels = [w for path, w in named.items() if path.endswith("kernel")]
    assert len(kernels) == (1 if tied else 2)
    w = kernels[0]
    bias, back_bias = (w for path, w in named.items() if path.endswith("bias"))
    back = w.T if tied else kernels[1]
    flat = IMAGES.reshape(6, 64)
    codes = sigmoid(flat @ w + bias)
    np.testing.assert_allclose(model.encode(IMAGES), codes, rtol=1e-4, atol=1e-5)
    expected = sigmoid(codes @ back + back_bias)
    np.testing.assert_allclose(
        model.reconstruct(IMAGES).reshape(6, 64), expected, rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(model.decode(codes), model.reconstruct(IMAGES), atol=1e-5)
    np.testing.assert_allclose(
        model.predict(IMAGES, verbose=0), model.reconstruct(IMAGES), atol=1e-5
    )


def test_tied_weights_stay_tied_in_training_and_saving(tmp_path):
    model = zoo.create(
        "ae", image_shape=(8, 8, 1), latent_dim=5, architecture="one_layer", tied=True
    )
    assert len(model.trainable_variables) == 3  # one kernel, two biases
    model.compile()
    model.fit(IMAGES, batch_size=3, verbose=0)
    codes = model.encode(IMAGES)
    kernel = array(model.encoder.get_layer("code").kernel)
    bias = [array(w) for w in model.decoder.weights if w.shape == (64,)]
    assert len(bias) == 1
    np.testing.assert_allclose(
        model.decode(codes).reshape(6, 64),
        sigmoid(codes @ kernel.T + bias[0]),
        rtol=1e-4,
        atol=1e-5,
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.reconstruct(IMAGES), model.reconstruct(IMAGES))
    for each in (model, loaded):
        each.fit(IMAGES, batch_size=3, verbose=0, shuffle=False)
    np.testing.assert_array_equal(loaded.reconstruct(IMAGES), model.reconstruct(IMAGES))


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_the_loss_is_that_of_the_reconstruction(loss):
    model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=5, width=2)
    model.compile(loss=loss)
    logs = model.evaluate(IMAGES, batch_size=6, verbose=0, return_dict=True)
    x, r = IMAGES.astype("float64"), model.reconstruct(IMAGES).astype("float64")
    terms = {
        "cross_entropy": -x * np.log(r) - (1 - x) * np.log(1 - r),
        "squared_error": 0.5 * (x - r) ** 2,
    }
    assert logs["loss"] == pytest.approx(terms[loss].sum(axis=(1, 2, 3)).mean(), rel=1e-3)
    assert logs["loss"] == logs["reconstruction"]


def test_the_default_loss_is_the_papers():
    model = zoo.create("autoencoder", image_shape=(8, 8, 1), width=2)
    model.compile()
    assert model.reconstruction_loss.name == "cross_entropy"


@pytest.mark.parametrize("upsampling", ["transposed", "interpolation"])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (64, 64, 1)])
def test_the_convolutional_body(shape, upsampling):
    model = zoo.create(
        "autoencoder", image_shape=shape, latent_dim=5, width=2, upsampling=upsampling
    )
    strides = [x.strides for x in model.encoder.layers if isinstance(x, layers.Conv2D)]
    assert set(strides) == {(2, 2)}
    kinds = {"transposed": layers.Conv2DTranspose, "interpolation": layers.UpSampling2D}
    for name, kind in kinds.items():
        found = any(isinstance(layer, kind) for layer in model.decoder.layers)
        assert found == (name == upsampling)
    assert model.reconstruct(np.zeros((2, *shape), "float32")).shape == (2, *shape)


def test_code_activations():
    def least(**options):
        model = zoo.create("ae", image_shape=(8, 8, 1), latent_dim=50, **options)
        return model.encode(IMAGES).min()

    assert least() < 0
    assert least(code_activation="relu") == 0
    assert 0 < least(architecture="one_layer") < 1


def test_own_bodies_with_codes_that_are_maps():
    encoder = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(3, 4, strides=4)])
    decoder = keras.Sequential([keras.Input((2, 2, 3)), layers.Conv2DTranspose(1, 4, strides=4)])
    model = zoo.models.Autoencoder(encoder=encoder, decoder=decoder)
    model.compile()
    model.fit(IMAGES, batch_size=3, verbose=0)
    assert model.encode(IMAGES).shape == (6, 2, 2, 3)
    assert model.decode(model.encode(IMAGES)).shape == IMAGES.shape


@pytest.mark.compiled
def test_reconstruction_beats_the_mean_image(digits):
    images = (digits + 1) / 2
    model = zoo.create("ae", image_shape=(28, 28, 1), latent_dim=16, width=8)
    model.compile(keras.optimizers.Adam(3e-3))
    model.fit(np.tile(images, (8, 1, 1, 1)), batch_size=32, epochs=10, verbose=0)
    error = np.square(model.reconstruct(images) - images).mean()
    assert error < 0.5 * np.square(images.mean(axis=0) - images).mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Autoencoder needs image_shape"),
        ({"image_shape": (8, 8)}, "image_shape must be .* Received: "),
        ({"image_shape": (8,)}, r"image_shape must be \(height, width, channels\), positive whole"),
        ({"image_shape": (30, 30, 1)}, "28 pixels or of a power of two from 8"),
        ({"image_shape": (8, 8, 1), "latent_dim": 0}, "latent_dim must be a whole number"),
        ({"image_shape": (8, 8, 1), "architecture": "unet"}, "Unknown architecture: 'unet'"),
        ({"image_shape": (8, 8, 1), "tied": True}, "tied=True is for architecture='one_layer'"),
        ({"image_shape": (8, 8, 1), "upsampling": "nearest"}, "Unknown upsampling: 'nearest'"),
        ({"encoder": "mine"}, "encoder must be a keras.Model"),
        (
            {"image_shape": (8, 8, 1), "architecture": "one_layer", "hidden_units": (5,)},
            "setting of the architecture one_layer: 'hidden_units'",
        ),
        ({"image_shape": (8, 8, 1), "hidden_units": 50}, "hidden_units must be a sequence"),
        (
            {
                "encoder": keras.Sequential([layers.Flatten()]),
                "decoder": keras.Sequential([layers.Reshape((8, 8, 1))]),
            },
            "needs image_shape=.* beside an encoder that is not built",
        ),
        (
            {
                "tied": True,
                "encoder": keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()]),
                "decoder": keras.Sequential([keras.Input((64,)), layers.Reshape((8, 8, 1))]),
            },
            "tied=True needs encoder and decoder of the model's own",
        ),
        (
            {
                "encoder": keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()]),
                "decoder": keras.Sequential([keras.Input((64,)), layers.Reshape((4, 16, 1))]),
            },
            r"decoder must give logits of images of shape \(8, 8, 1\). Received: .*\(4, 16, 1\)",
        ),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.models.Autoencoder(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.decode(np.zeros((2, 4))), r"codes must have the shape \(n, 5\).*\(2, 4\)"),
        (lambda m: m.decode(np.full((2, 5), np.inf)), "codes .* numbers that are not finite"),
        (lambda m: m.encode(IMAGES[:, 1:]), "images must hold images of shape"),
        (lambda m: m.compile(loss="l3"), "Unknown loss: 'l3'. Allowed: cross_entropy, squared"),
    ],
)
def test_errors_of_use(call, message):
    model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=5, width=2)
    with pytest.raises(ValueError, match=message):
        call(model)
