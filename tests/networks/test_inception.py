"""The FID's network: with equal random weights it gives the features of torch-fidelity's, from
images of several sizes, on each backend."""

import keras
import numpy as np
import pytest
from helpers import array
from inception import EACH, GOLDEN, GOLDEN_SIZES, SIZES, images, random_tensors, theirs

from zoo.engine.unset import unset_weights
from zoo.errors import IntegrityError
from zoo.networks import inception as ours_module
from zoo.networks.inception import load_tensors

# After these layers torch-fidelity taps features too.
TAPS = {"64": "MaxPool_1", "192": "MaxPool_2", "768": "Mixed_6e"}


@pytest.fixture(scope="module")
def ours():
    with unset_weights():
        network = ours_module.inception()
    tensors = random_tensors(network)
    load_tensors(network, tensors)
    return network, tensors


def features(network, size):
    return network.predict_on_batch(images(size).astype("float32"))


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="torch-fidelity needs PyTorch")
@pytest.mark.once
def test_gives_the_features_of_torch_fidelity(ours):
    network, tensors = ours
    names = [*TAPS, "2048", "logits_unbiased"]
    reference = theirs(tensors, names)
    tapped = keras.Model(
        network.input,
        [
            *(
                keras.layers.GlobalAveragePooling2D(data_format="channels_last")(
                    network.get_layer(name).output
                )
                for name in TAPS.values()
            ),
            *network.outputs,
        ],
    )
    for size in SIZES:
        found, expected = features(tapped, size), reference(images(size))
        for name, mine, its in zip(names, found, expected, strict=True):
            # Beside what tells two images apart, also where that is little.
            error = np.linalg.norm(mine - its) / np.linalg.norm(its[0] - its[1])
            assert error < 1e-3, (size, name, error)


@pytest.mark.parametrize("size", GOLDEN_SIZES)
def test_gives_the_same_on_each_backend(ours, size):
    """Against what torch-fidelity gave, see `make_goldens.py`; it is compared anew on PyTorch."""
    with np.load(GOLDEN) as golden:
        for found, name in zip(features(ours[0], size), ("features", "logits"), strict=True):
            expected = golden[f"{name}_{size[0]}"]
            found = found[:, ::EACH]
            assert np.linalg.norm(found - expected) / np.linalg.norm(expected) < 1e-3


def test_other_tensors_are_refused(ours):
    network, tensors = ours
    before = array(network.get_layer("Conv2d_1a_3x3-conv").kernel).copy()
    wrong = {name: 2 * value for name, value in tensors.items()}
    del wrong["fc.weight"]
    with pytest.raises(IntegrityError, match="fc.weight must have the shape .* Received: none"):
        load_tensors(network, wrong)
    wrong["fc.weight"] = np.zeros((1000, 2048))
    with pytest.raises(IntegrityError, match=r"fc.weight must .* Received: \(2048, 1000\)"):
        load_tensors(network, wrong)
    after = array(network.get_layer("Conv2d_1a_3x3-conv").kernel)
    np.testing.assert_array_equal(before, after)
