"""Aligned pairs of images."""

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.errors import ArgumentError, DataError


def image(seed, width=16, height=16):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def sides(tmp_path):
    """Three files of two images each, side by side."""
    root = tmp_path / "sides"
    (root / "train").mkdir(parents=True)
    for i in range(3):
        both = np.concatenate([image(i), image(100 + i)], axis=1)
        Image.fromarray(both).save(root / "train" / f"{i}.png")
    return root


@pytest.fixture
def folders(tmp_path):
    """Three pairs in two folders, with other suffixes."""
    for side, suffix, offset in (("photos", "png", 0), ("maps", "bmp", 100)):
        (tmp_path / side).mkdir()
        for i in range(3):
            Image.fromarray(image(offset + i)).save(tmp_path / side / f"{i}.{suffix}")
    return tmp_path / "photos", tmp_path / "maps"


def test_side_by_side(sides):
    inputs, targets = zoo.data.read_pairs(sides)
    np.testing.assert_array_equal(targets.images, [image(i) for i in range(3)])
    np.testing.assert_array_equal(inputs.images, [image(100 + i) for i in range(3)])
    inputs, _ = zoo.data.read_pairs(sides, inputs="left", channels=1, image_size=8)
    assert inputs.images.shape == (3, 8, 8, 1)


def test_two_folders(folders):
    inputs, targets = zoo.data.read_pairs(folders)
    np.testing.assert_array_equal(inputs.images, [image(i) for i in range(3)])
    np.testing.assert_array_equal(targets.images, [image(100 + i) for i in range(3)])


@pytest.mark.parametrize("limit", [2**31, 0])
def test_pairs_stay_together(folders, limit):
    batches = zoo.data.load_pairs(
        folders, image_size=16, batch_size=3, flip=True, value_range=(0, 255), memory_limit=limit
    )
    for epoch in range(4):
        inputs, targets = batches.batch(epoch, 0)
        for row, i in enumerate(batches.order(epoch)):
            ways = [(image(i), image(100 + i)), (image(i)[:, ::-1], image(100 + i)[:, ::-1])]
            assert any((inputs[row] == a).all() and (targets[row] == b).all() for a, b in ways)


def test_a_broken_file_takes_its_partner_along(folders, sides):
    (folders[1] / "1.bmp").write_bytes(b"no")
    for source in zoo.data.read_pairs(folders):
        assert len(source.images) == 2
    (sides / "train" / "1.png").write_bytes(b"no")
    for source in zoo.data.read_pairs(sides):
        assert len(source.images) == 2


def test_errors(folders, sides):
    with pytest.raises(ArgumentError, match="Unknown inputs: 'up'"):
        zoo.data.read_pairs(sides, inputs="up")
    with pytest.raises(ArgumentError, match="one path or two. Received: 3"):
        zoo.data.read_pairs((sides, sides, sides))
    (folders[0] / "2.png").unlink()
    with pytest.raises(DataError, match="1 images of .* have no partner of the same name: 2"):
        zoo.data.read_pairs(folders)
    Image.fromarray(image(0, width=15)).save(sides / "train" / "0.png")
    with pytest.raises(DataError, match="15 columns are not two halves"):
        zoo.data.read_pairs(sides, strict=True)
    with pytest.raises(DataError, match="holds no sub-folder 'val'"):
        zoo.data.read_pairs(sides, "val")


def test_lazy_pairs_stay_together_when_one_breaks(folders):
    (folders[1] / "1.bmp").unlink()
    Image.fromarray(image(101)).save(folders[1] / "1.png")
    batches = zoo.data.load_pairs(
        folders, image_size=16, batch_size=3, shuffle=False, value_range=(0, 255), memory_limit=0
    )
    file = folders[1] / "1.png"
    file.write_bytes(file.read_bytes()[:200])
    inputs, targets = batches[0]
    for row, i in enumerate([0, 2, 2]):
        np.testing.assert_array_equal(inputs[row], image(i))
        np.testing.assert_array_equal(targets[row], image(100 + i))
