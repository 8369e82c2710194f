"""Pictures of another aspect ratio, and grey ones beside colour ones: what is done, and said."""

import hashlib

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data.image_format import ImageFormat, Shape, changes
from zoo.errors import ArgumentError, DataError, UnknownNameError

pytestmark = pytest.mark.once
RAMP = np.tile(np.arange(60, dtype="uint8")[None, :, None], (20, 1, 3))  # columns 0 to 59
LIMITS = pytest.mark.parametrize("limit", [2**31, 0], ids=["memory", "lazy"])


@pytest.fixture
def ramps(tmp_path):
    """Three wide pictures whose pixels tell their column."""
    for i in range(3):
        Image.fromarray(RAMP + i).save(tmp_path / f"{i}.png")
    return tmp_path


def lines(caplog):
    return [r.message for r in caplog.records if r.name.startswith("zoo")]


@LIMITS
def test_centre_is_the_largest_part_in_the_middle(ramps, limit):
    source = zoo.data.read(ramps, image_size=20, memory_limit=limit)
    np.testing.assert_array_equal(source.images[:][0, 0, :, 0], np.arange(20, 40))


@LIMITS
def test_none_squeezes_the_whole_picture(ramps, limit):
    source = zoo.data.read(ramps, image_size=20, crop="none", memory_limit=limit)
    row = source.images[:][0, 0, :, 0].astype(float)
    expected = RAMP[0, :, 0].reshape(20, 3).mean(axis=-1)
    assert source.images.shape == (3, 20, 20, 3)
    assert np.abs(row - expected).max() <= 1


@LIMITS
def test_random_takes_another_place_each_time_by_the_seed(ramps, limit):
    def starts(seed):
        batches = zoo.data.load(
            ramps, image_size=20, crop="random", seed=seed, shuffle=False, value_range=(0, 255),
            memory_limit=limit,
        )  # fmt: skip
        return [tuple(batches.batch(epoch, 0)[:, 0, 0, 0]) for epoch in range(8)]

    assert len(set(starts(0))) == 8
    assert starts(0) == starts(0) != starts(1)


@LIMITS
def test_sizes_of_any_aspect_ratio(ramps, limit):
    source = zoo.data.read(ramps, image_size=(10, 20), memory_limit=limit)
    assert source.images.shape == (3, 10, 20, 3)
    row = source.images[:][0, 0, :, 0].astype(int)
    assert (row[0], row[-1]) == (10, 48)  # 40 of 60 columns, by two together
    tall = zoo.data.read(ramps, image_size=(20, 5), memory_limit=limit).images[:]
    assert tall[0, 0, 0, 0] == 28
    whole = zoo.data.read(ramps, image_size=(20, 60), memory_limit=limit).images[:]
    np.testing.assert_array_equal(whole[0], RAMP)


def test_earlier_spelling_and_hashes(ramps):
    """Of earlier versions, whose cards and checkpoints hold them."""
    sources = [zoo.data.read(ramps, image_size=20, crop=c) for c in ("center", "centre")]
    assert sources[0].sha256 == sources[1].sha256
    lazy = zoo.data.read(ramps, image_size=20, memory_limit=0)
    digest = hashlib.sha256(repr((3, 20, 20, 3, "center")).encode())
    for name in ("0.png", "1.png", "2.png"):
        digest.update(hashlib.sha256(name.encode()).digest())
        digest.update(hashlib.sha256((ramps / name).read_bytes()).digest())
    assert lazy.images.sha256() == digest.hexdigest()


@LIMITS
def test_test_images_of_random_crops_are_centres(ramps, limit, monkeypatch):
    monkeypatch.setattr(zoo.data.sources.read, "__defaults__", _with_limit(limit))
    train, test = zoo.data.read_splits(ramps, image_size=20, crop="random")
    assert (len(train.images), len(test.images)) == (2, 1)
    assert type(train.images).__name__ == ("Lazy" if limit == 0 else "Ragged")
    centre = zoo.data.read(ramps, "train, one in ten", image_size=20)
    np.testing.assert_array_equal(test.images[:], centre.images[:])
    assert test.sha256 == centre.sha256


def _with_limit(limit):
    return (*zoo.data.sources.read.__defaults__[:-1], limit)


def test_a_camera_on_its_side(tmp_path, caplog):
    """Its pictures have the aspect ratio that they are shown with, also where heads alone are read;
    a JPEG file may be decoded at a part of its size."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((200, 400, 3), "uint8")).save(tmp_path / "a.jpg", exif=exif)
    for limit in (2**31, 0):
        caplog.clear()
        source = zoo.data.read(tmp_path, image_size=(40, 20), memory_limit=limit)
        assert (source.images.shape, lines(caplog)) == ((1, 40, 20, 3), [])
        zoo.data.read(tmp_path, image_size=(20, 40), memory_limit=limit)
        assert lines(caplog)[0].endswith(": 1 cropped to 20x40 at the centre")


@LIMITS
def test_grey_beside_colour_becomes_colour(tmp_path, caplog, limit):
    Image.fromarray(RAMP[:, :20]).save(tmp_path / "a.png")
    grey = Image.fromarray(RAMP[:, 20:40, 0])
    grey.save(tmp_path / "b.png")
    Image.fromarray(np.asarray(grey).astype("uint16") * 257).save(tmp_path / "c.png")
    source = zoo.data.read(tmp_path, image_size=20, memory_limit=limit)
    np.testing.assert_array_equal(source.images[:][1], RAMP[:, 20:40])
    np.testing.assert_array_equal(source.images[:][2], RAMP[:, 20:40])
    assert lines(caplog) == [f"Of 3 images of {str(tmp_path)!r}: 2 grey made colour"]
    caplog.clear()
    zoo.data.read(tmp_path, image_size=20, channels=1, memory_limit=limit)
    assert lines(caplog) == [f"Of 3 images of {str(tmp_path)!r}: 1 in colour made grey"]


def test_what_is_done_is_said_in_one_line(ramps, caplog):
    for crop, words in (
        ("centre", "3 cropped to 24x24 at the centre"),
        ("random", "3 cropped to 24x24, each time at another place"),
        ("none", "3 squeezed to 24x24"),
    ):
        caplog.clear()
        zoo.data.read(ramps, image_size=24, channels=1, crop=crop)
        place = f"Of 3 images of {str(ramps)!r}: "
        assert lines(caplog) == [f"{place}3 in colour made grey; {words}; 3 enlarged"]
    caplog.clear()
    zoo.data.read(ramps)
    zoo.data.read(ramps, image_size=(10, 30))
    assert lines(caplog) == []  # a smaller size alone is what was asked for


def test_arrays_and_records_are_said_too(caplog):
    zoo.data.read(np.stack([RAMP] * 2), image_size=20)
    assert lines(caplog) == ["Of 2 images of arrays: 2 cropped to 20x20 at the centre"]


def test_rounding_to_whole_pixels_is_no_crop():
    for shape in (Shape(99, 100, 3), Shape(480, 641, 3)):
        size = (round(shape.height / 8), round(shape.width / 8))
        assert changes([shape], ImageFormat(size, 3), 3) == []
    assert changes([Shape(480, 640, 3)], ImageFormat((64, 64), 3), 3) != []


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"crop": "middle"}, "Unknown crop: 'middle'. Allowed: centre, none, random."),
        ({"crop": None}, "Unknown crop: None. Allowed: centre, none, random."),
        ({"image_size": (8, 8, 3)}, r"one number, or a height and a width. Received: \(8, 8, 3\)"),
        ({"image_size": (8, 0)}, "image_size must be a whole number of at least 1. Received: 0."),
        ({"image_size": 0}, "image_size must be a whole number of at least 1. Received: 0."),
    ],
)
def test_wrong_arguments(argument, message, ramps):
    for fn in (zoo.data.read, zoo.data.load, zoo.data.read_pairs):
        with pytest.raises(ArgumentError, match=message):
            fn(ramps, **argument)


def test_points_have_no_aspect_ratio():
    with pytest.raises(DataError, match="image_size, channels and crop are for images. 'ring8' is"):
        zoo.data.read("ring8", crop="random")
    with pytest.raises(UnknownNameError, match="Unknown crop: 'top'"):
        zoo.data.Batches(RAMP[None], crop="top")


def test_pairs_are_cropped_alike(tmp_path):
    for name in ("a", "b"):
        Image.fromarray(np.concatenate([RAMP, RAMP], axis=1)).save(tmp_path / f"{name}.png")
    options = {"image_size": 20, "batch_size": 2, "value_range": (0, 255)}
    batches = zoo.data.load_pairs(tmp_path, crop="random", **options)
    starts = set()
    for epoch in range(8):
        inputs, targets = batches.batch(epoch, 0)
        np.testing.assert_array_equal(inputs, targets)
        starts |= {*inputs[:, 0, 0, 0]}
    assert len(starts) > 8
    inputs, _ = zoo.data.load_pairs(tmp_path, crop="none", **options)[0]
    assert inputs[0, 0, 0, 0] < 3
    assert inputs[0, 0, -1, 0] > 56
