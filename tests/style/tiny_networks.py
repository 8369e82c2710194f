"""A small smooth network, the same on each backend, and pictures for it."""

import keras
import numpy as np
from keras import layers

import zoo

LAYERS = {"content_layers": ["second"], "style_layers": {"first": 1.0, "second": 2.0}}


def network(channels=3, size=(None, None)):
    """Two convolutions with an average pool between, with weights from NumPy."""
    model = keras.Sequential(
        [
            keras.Input((*size, channels)),
            layers.Conv2D(5, 3, padding="same", activation="softplus", name="first"),
            layers.AveragePooling2D(2, name="pool"),
            layers.Conv2D(6, 3, padding="same", activation="softplus", name="second"),
            layers.Conv2D(4, 1, activation="softplus", name="third"),
        ],
        name="tiny",
    )
    rng = np.random.default_rng(7)
    model.set_weights([rng.normal(size=w.shape, scale=0.6) for w in model.get_weights()])
    return model


def transfer(**options):
    return zoo.style.StyleTransfer(network(), **{**LAYERS, **options})


def pictures(n, side=8, seed=0, channels=3):
    """Smooth pictures of different colours, in [0, 1]."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((n, side // 4, side // 4, channels)).repeat(4, 1).repeat(4, 2)
    return (0.8 * coarse + 0.2 * rng.random(coarse.shape)).astype("float32")
