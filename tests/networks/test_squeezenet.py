"""SqueezeNet against NumPy, its pools that round up, and its files of weights."""

import zipfile

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo.errors import DataError
from zoo.networks import squeezenet


def correlate(x, kernel, bias, stride=1, pad=0):
    """Rectified convolution of one image, in float64."""
    x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    size = kernel.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (0, 1))
    made = np.einsum("hwcij,ijco->hwo", windows[::stride, ::stride], kernel.astype("float64"))
    return np.maximum(made + bias, 0)


def ceil_pool(x):
    """Maxima of 3x3 windows in steps of 2, of which the last one may be a part."""
    height, width = (int(np.ceil((side - 3) / 2)) + 1 for side in x.shape[:2])
    return np.array(
        [
            [x[2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max((0, 1)) for j in range(width)]
            for i in range(height)
        ]
    )


@pytest.fixture(scope="module")
def network():
    return squeezenet.squeezenet()


def of(network, name):
    return [np.asarray(zoo.engine.to_numpy(w.value)) for w in network.get_layer(name).weights]


@pytest.mark.parametrize("size", [(16, 17), (18, 19)])  # maps of each remainder by 4
def test_activations_are_numpys(network, size):
    rng = np.random.default_rng(0)
    image = rng.normal(size=(*size, 3)).astype("float32")
    names = ["conv1", "pool1", "fire2", "fire3", "pool3"]
    part = keras.Model(network.inputs[0], [network.get_layer(name).output for name in names])
    found = [zoo.engine.to_numpy(x)[0] for x in part(image[None], training=False)]
    x = correlate(image.astype("float64"), *of(network, "conv1"), stride=2)
    wanted = {"conv1": x, "pool1": (x := ceil_pool(x))}
    for fire in ("fire2", "fire3"):
        squeezed = correlate(x, *of(network, f"{fire}_squeeze1x1"))
        ones = correlate(squeezed, *of(network, f"{fire}_expand1x1"))
        threes = correlate(squeezed, *of(network, f"{fire}_expand3x3"), pad=1)
        wanted[fire] = x = np.concatenate([ones, threes], axis=-1)
    wanted["pool3"] = ceil_pool(x)
    for name, maps in zip(names, found, strict=True):
        assert maps.shape == wanted[name].shape, name
        np.testing.assert_allclose(maps, wanted[name], rtol=1e-4, atol=1e-5)


@pytest.mark.once
@pytest.mark.parametrize("side", range(180, 196))
def test_pools_round_up(network, side):
    size = (side - 3) // 2 + 1
    for _ in range(3):
        size = int(np.ceil((size - 3) / 2)) + 1
    assert network.compute_output_shape((1, side, side, 3)) == (1, size, size, 512)


def test_images_are_prepared():
    images = np.zeros((1, 1, 1, 3), "float32")
    images[..., 0] = 1.0  # red
    made = zoo.engine.to_numpy(squeezenet.prepared(ops.convert_to_tensor(images)))
    np.testing.assert_allclose(made[0, 0, 0], [-104.006, -116.669, 255 - 122.679], rtol=1e-6)


@pytest.mark.once
class TestWeights:
    def write(self, network, path, change=lambda arrays: arrays):
        arrays = {
            f"{layer.name.replace('_', '/')}/{weight.name}": zoo.engine.to_numpy(weight.value)
            for layer in network.layers
            for weight in layer.weights
        }
        np.savez(path, **change(arrays))
        return path

    def test_a_file_is_read(self, network, tmp_path):
        path = self.write(network, tmp_path / "w.npz")
        other = squeezenet.squeezenet()
        squeezenet.load_weights(other, path)
        for one, two in zip(network.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)

    def test_a_file_packed_by_lzma_is_read(self, network, tmp_path):
        path, packed = self.write(network, tmp_path / "w.npz"), tmp_path / "p.npz"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as new:
            for name in old.namelist()[::-1]:
                new.writestr(name, old.read(name))
        other = squeezenet.squeezenet()
        squeezenet.load_weights(other, packed)
        np.testing.assert_array_equal(other.get_weights()[0], network.get_weights()[0])
        with (
            pytest.raises(zoo.errors.DataError, match="method 14"),
            zoo.files.arrays.opened(packed, most=2**24),
        ):
            pass

    def test_bad_files(self, network, tmp_path):
        with pytest.raises(DataError, match="no file of weights"):
            squeezenet.load_weights(network, tmp_path / "none.npz")
        path = self.write(network, tmp_path / "w.npz", lambda a: {**a, "conv1/bias": np.zeros(3)})
        before = network.get_weights()
        with pytest.raises(DataError, match=r"'conv1/bias' of shape \(64,\). Received: \(3,\)"):
            squeezenet.load_weights(network, path)
        path = self.write(
            network, tmp_path / "v.npz", lambda a: {k: v for k, v in a.items() if "fire9" not in k}
        )
        with pytest.raises(DataError, match="fire9/squeeze1x1/kernel"):
            squeezenet.load_weights(network, path)
        for one, two in zip(before, network.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
