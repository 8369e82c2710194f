"""Images of two levels: bool is black and white, and 8-bit images of 0 and 1 alone are refused."""

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.engine.spaces import Images
from zoo.networks.features import Pixels

pytestmark = pytest.mark.once
MASKS = np.random.default_rng(0).random((6, 8, 8, 1)) > 0.5
BITS = MASKS.astype("uint8")


def of_npz(images, folder):
    np.savez(folder / "a.npz", x=images)
    return zoo.data.load(folder / "a.npz", batch_size=6, shuffle=False)


def stored(images, folder):
    space = Images(8, 8, 1, (-1, 1))
    values = space.stored_from_array("data", images)
    space.check_stored("data", values)
    return space.from_stored(values)


# Each is a function from images and a folder to images in [-1, 1], or their batches.
WAYS = {
    "arrays": lambda x, _: zoo.data.load(x, batch_size=6, shuffle=False),
    "with labels": lambda x, _: zoo.data.load((x, np.arange(6)), batch_size=6, labels=False),
    "resized": lambda x, _: zoo.data.load(x, image_size=8, batch_size=6, shuffle=False),
    "Batches": lambda x, _: zoo.data.Batches(x, batch_size=6, shuffle=False),
    "npz": of_npz,
    "to_range": lambda x, _: zoo.data.to_range(x),
    "evaluation": stored,
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_in(way, tmp_path):
    with pytest.raises(ValueError, match="Received: values up to 1 alone.*give 255 in place"):
        WAYS[way](BITS, tmp_path)
    images = WAYS[way](MASKS, tmp_path)
    images = images if isinstance(images, np.ndarray) else images[0]
    assert set(np.unique(images)) == {-1.0, 1.0}
    if way != "with labels":  # in another order
        np.testing.assert_array_equal(images > 0, MASKS)


def test_other_libraries_give_arrays():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return MASKS

    assert zoo.data.load(Tensor(), image_size=4, batch_size=2)[0].shape == (2, 4, 4, 1)
    assert zoo.data.read(Tensor(), "train, one in ten").images.shape == (1, 8, 8, 1)


@pytest.mark.parametrize("limit", [2**31, 0], ids=["memory", "lazy"])
def test_files(tmp_path, limit):
    for i, mask in enumerate(BITS[..., 0]):
        Image.fromarray(mask).save(tmp_path / f"{i}.png")
    with pytest.raises(zoo.errors.DataError, match="values up to 1 alone"):
        zoo.data.load(tmp_path, image_size=8, memory_limit=limit)
    for i, mask in enumerate(MASKS[..., 0]):
        Image.fromarray(mask).save(tmp_path / f"{i}.png")  # of one bit
    assert set(np.unique(zoo.data.load(tmp_path, image_size=8, memory_limit=limit)[0])) == {-1, 1}


def test_pairs(tmp_path):
    for name, pixels in (("photos", 200 * BITS[0]), ("masks", BITS[0])):
        (tmp_path / name).mkdir()
        Image.fromarray(pixels[..., 0]).save(tmp_path / name / "a.png")
    with pytest.raises(zoo.errors.DataError, match="targets must hold .* values up to 1 alone"):
        zoo.data.load_pairs((tmp_path / "photos", tmp_path / "masks"), batch_size=1)


def test_pictures():
    with pytest.raises(ValueError, match="values up to 1 alone"):
        zoo.data.grid(BITS)
    levels = {value for _, value in zoo.data.grid(MASKS).getcolors()}
    assert levels == {0, 255}


def test_dark_batches_of_a_set_are_no_masks():
    images = np.zeros((3, 8, 8, 1), "uint8")
    assert zoo.data.Batches(images)[0].max() == -1
    images[1:, 0, 0] = [[1], [255]]
    batches = zoo.data.Batches(images, batch_size=1, shuffle=False)
    assert [batches[i].max() for i in range(3)] == [-1, pytest.approx(-1 + 2 / 255), 1]
    assert Pixels()(images[:2]).features.max() == pytest.approx(1 / 255)  # such as of samples


def test_fit_names_the_conversion():
    model = zoo.create("vae", image_shape=(8, 8, 1), hidden_units=(4,))
    model.compile()
    for images in (BITS, MASKS):
        with pytest.raises(ValueError, match=r"zoo.data.to_range\(images, \(0.0, 1.0\)\) conv"):
            model.fit(images)
