"""Image files of all kinds, in folders and zip files, in memory and decoded as they are needed."""

import io
import logging
import resource
import zipfile

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.errors import DataError

SIZE = 16


def picture(seed, height=20, width=20, mode="RGB"):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Ten readable images in two classes, of two shapes."""
    for i in range(10):
        place = tmp_path / "set" / ("one", "two")[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        picture(i, width=20 + 10 * (i % 3)).save(place / f"{i}.png")
    return tmp_path / "set"


@pytest.fixture
def zipped(folder):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
        archive.writestr("__MACOSX/one/._0.png", b"no image")
        archive.writestr("readme.txt", "not one either")
    return path


@pytest.fixture
def hostile(folder):
    """The same folder, with all that can go wrong in it."""
    jpeg = encoded(picture(1, 64, 64), "JPEG")
    broken = {
        "one/truncated.jpg": jpeg[: len(jpeg) // 2],
        "one/text.png": b"this is no picture",
        "two/zero.jpg": b"",
    }
    for name, content in broken.items():
        (folder / name).write_bytes(content)
    Image.new("1", (20_000, 20_000)).save(folder / "two" / "huge.png")
    (folder / "one" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "two" / "gone.png").symlink_to(folder / "nowhere.png")
    picture(20).save(folder / "one" / "日本語 und ümläute.png")
    for mode in ("L", "LA", "P", "RGBA", "1", "CMYK"):
        picture(21, mode=mode).save(
            folder / "two" / f"mode {mode}.{'jpg' if mode == 'CMYK' else 'png'}"
        )
    Image.fromarray(np.full((20, 20), 2**15, "uint16")).save(folder / "two" / "sixteen.png")
    picture(22).save(folder / "two" / "first.gif", save_all=True, append_images=[picture(23)])
    picture(24).save(folder / "two" / "ampel.webp")
    return folder


def test_a_hostile_folder_trains(hostile, caplog):
    with caplog.at_level(logging.WARNING):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        batches = zoo.data.load(hostile, image_size=SIZE, channels=1, batch_size=7, flip=True)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    record, changed, animated = [r for r in caplog.records if r.name.startswith("zoo")]
    assert changed.message.endswith(": 16 in colour made grey; 6 cropped to 16x16 at the centre")
    assert animated.message.endswith("but for the first picture of each (two/first.gif)")
    assert record.message.startswith("Skipped 5 unreadable of 25 images: ")
    for name in (
        "one/truncated.jpg",
        "one/text.png",
        "two/zero.jpg",
        "two/huge.png",
        "two/gone.png",
    ):
        assert name in record.message
    assert len(batches.images) == 20
    assert grown < 200 * 1024  # KiB; the huge image alone would take 400 MB as grey levels
    model = zoo.create("dcgan", image_shape=(SIZE, SIZE, 1), latent_dim=4, width=2)
    model.compile()
    with pytest.warns(UserWarning, match="DCGAN is not conditional: it ignores y"):
        history = model.fit(batches, verbose=0).history
    assert np.isfinite(list(history.values())).all()


def test_strict(hostile):
    with pytest.raises(DataError, match="strict=True, and 5 of 25 images cannot be read.*text.png"):
        zoo.data.load(hostile, image_size=SIZE, channels=1, strict=True)


def test_a_linked_folder_is_a_class_like_any_other(folder, tmp_path):
    (tmp_path / "links").mkdir()
    for name in ("one", "two"):
        (tmp_path / "links" / name).symlink_to(folder / name, target_is_directory=True)
    source = zoo.data.read(tmp_path / "links", image_size=SIZE)
    np.testing.assert_array_equal(source.images, zoo.data.read(folder, image_size=SIZE).images)
    np.testing.assert_array_equal(np.bincount(source.labels), [5, 5])


def test_a_zip_file_is_a_folder(folder, zipped):
    one, other = (zoo.data.read(path, image_size=SIZE) for path in (folder, zipped))
    assert one.name == other.name == "set"
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert one.sha256 == other.sha256


def test_splits_of_a_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for i, name in enumerate(["train/a.png", "train/b.png", "test/a.png"]):
            archive.writestr(name, encoded(picture(i)))
    assert len(zoo.data.read(tmp_path / "set.zip").images) == 2
    assert len(zoo.data.read(tmp_path / "set.zip", "test").images) == 1
    with pytest.raises(DataError, match="holds no sub-folder 'validation'"):
        zoo.data.read(tmp_path / "set.zip", "validation")
    (tmp_path / "no.zip").write_text("text")
    with pytest.raises(DataError, match="no.zip' is no whole zip file"):
        zoo.data.read(tmp_path / "no.zip")
    with pytest.raises(DataError, match="There is no file"):
        zoo.data.read(tmp_path / "nowhere.zip")


@pytest.mark.parametrize("crop", ["centre", "random", "none"])
@pytest.mark.parametrize("kind", ["folder", "zipped"])
def test_decoded_as_needed_gives_the_same(kind, crop, request):
    path = request.getfixturevalue(kind)
    ways = [
        zoo.data.load(path, image_size=SIZE, crop=crop, batch_size=4, memory_limit=limit)
        for limit in (2**31, 0)
    ]
    assert type(ways[1].images).__name__ == "Lazy"
    for epoch in (0, 1):
        for index in range(3):
            for one, other in zip(*(way.batch(epoch, index) for way in ways), strict=True):
                np.testing.assert_array_equal(one, other)


def test_windows_move_where_crops_are_random(tmp_path):
    ramp = np.tile(np.arange(60, dtype="uint8")[None, :, None], (20, 1, 3))
    Image.fromarray(ramp).save(tmp_path / "a.png")
    batches = zoo.data.load(tmp_path, image_size=20, crop="random", value_range=(0, 255))
    starts = [batches.batch(epoch, 0)[0, 0, 0, 0] for epoch in range(200)]
    assert min(starts) == 0
    assert max(starts) == 40
    assert len(set(starts)) > 35
    assert zoo.data.load(tmp_path, image_size=20, value_range=(0, 255))[0][0, 0, 0, 0] == 20


def test_a_file_that_breaks_later_is_replaced_by_the_next(folder, caplog):
    source = zoo.data.read(folder, image_size=SIZE, memory_limit=0)
    expected = source.images[np.arange(10)]
    file = folder / source.images.items.names[3]
    file.write_bytes(file.read_bytes()[:-200])
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            found = source.images[np.arange(10)]
    np.testing.assert_array_equal(found[3], expected[4])
    np.testing.assert_array_equal(np.delete(found, 3, 0), np.delete(expected, 3, 0))
    assert [r.message.startswith("Skipped: one/6.png") for r in caplog.records] == [True]


def test_only_the_heads_of_a_large_set_are_read_at_first(folder, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda image: pytest.fail("decoded"))
    source = zoo.data.read(folder, image_size=SIZE, memory_limit=0)
    assert source.images.shape == (10, SIZE, SIZE, 3)


def test_the_hash_of_a_large_set_is_that_of_its_files(folder):
    first = zoo.data.read(folder, image_size=SIZE, memory_limit=0).sha256
    assert zoo.data.read(folder, image_size=SIZE, memory_limit=0).sha256 == first
    picture(99).save(folder / "one" / "0.png")
    assert zoo.data.read(folder, image_size=SIZE, memory_limit=0).sha256 != first


def test_processes_decode_the_same(folder):
    """In processes of their own, each of which opens the files anew."""
    options = {"image_size": SIZE, "memory_limit": 0, "batch_size": 4}
    here = iter(zoo.data.load(folder, **options).stream())
    there = iter(zoo.data.load(folder, **options, decoding_processes=1).stream())
    for _ in range(5):
        for one, other in zip(next(here), next(there), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_long_image_does_not_take_much_memory(tmp_path):
    Image.new("RGB", (40_000, 4), "red").save(tmp_path / "a.png")
    Image.new("RGB", (4, 4), "red").save(tmp_path / "b.png")
    source = zoo.data.read(tmp_path, image_size=SIZE, crop="random")
    assert [image.shape for image in source.images.images] == [(16, 64, 3), (16, 16, 3)]


def test_a_large_jpeg_is_antialiased(tmp_path):
    """Also where it is decoded at a part of its size."""
    stripes = np.zeros((512, 512, 3), "uint8")
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "a.jpg", quality=95)
    found = zoo.data.read(tmp_path, image_size=32).images
    assert np.abs(found.astype(int) - 128).max() < 12


def test_nothing_readable(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(DataError, match="holds no readable image"):
        zoo.data.read(tmp_path)


def test_labels_follow_the_image_that_takes_the_place(tmp_path):
    for i, name in enumerate(["cat", "cat", "dog"]):
        (tmp_path / name).mkdir(exist_ok=True)
        picture(i).save(tmp_path / name / f"{i}.png")
    batches = zoo.data.load(tmp_path, image_size=SIZE, batch_size=3, shuffle=False, memory_limit=0)
    _, labels = batches[0]
    np.testing.assert_array_equal(labels, [0, 0, 1])
    file = tmp_path / "cat" / "1.png"
    file.write_bytes(file.read_bytes()[:200])
    images, labels = batches[0]
    np.testing.assert_array_equal(labels, [0, 1, 1])
    np.testing.assert_array_equal(images[1], images[2])
    strict = zoo.data.read(tmp_path, image_size=SIZE, memory_limit=0, strict=True)
    with pytest.raises(DataError, match="strict=True, and cat/1.png cannot be read"):
        strict.images[np.arange(3)]


def test_heads_tell_of_images_that_are_too_large(hostile):
    source = zoo.data.read(hostile, image_size=SIZE, channels=1, memory_limit=0)
    assert not {"two/huge.png", "one/text.png", "two/gone.png"} & set(source.images.items.names)


def test_classes_mean_the_same_in_each_split(tmp_path):
    for split, names in (("train", "abc"), ("test", "ac")):
        for name in names:
            (tmp_path / split / name).mkdir(parents=True)
            picture(1).save(tmp_path / split / name / "0.png")
    train, test = zoo.data.read_splits(tmp_path)
    assert train.classes == test.classes == ("a", "b", "c")
    np.testing.assert_array_equal(train.labels, [0, 1, 2])
    np.testing.assert_array_equal(test.labels, [0, 2])


def test_test_images_are_not_trained_on(tmp_path):
    (tmp_path / "test").mkdir()
    for i in range(3):
        picture(i).save(tmp_path / f"{i}.png")
    picture(9).save(tmp_path / "test" / "9.png")
    train, test = zoo.data.read_splits(tmp_path)
    assert (len(train.images), len(test.images)) == (3, 1)


@pytest.mark.parametrize(("n", "held"), [(2, 1), (5, 1), (10, 1), (25, 2)])
def test_some_images_are_held_out(n, held):
    images = np.zeros((n, 4, 4, 1), "uint8")
    train, test = zoo.data.read_splits(images)
    assert (len(train.images), len(test.images)) == (n - held, held)
    for part in (train, test):
        named = zoo.data.read(images, part.split)
        assert (len(named.images), named.split) == (len(part.images), part.split)
    with pytest.raises(
        DataError, match="no split 'test'. Allowed: 'train', 'train, nine in ten', 't"
    ):
        zoo.data.read(images, "test")
    with pytest.raises(DataError, match="holds one image"):
        zoo.data.read_splits(images[:1])


def test_a_damaged_zip_file(zipped, caplog):
    content = bytearray(zipped.read_bytes())
    place = content.index(b"IDAT", content.index(b"one/2.png"))
    content[place + 10] ^= 255
    zipped.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert len(zoo.data.read(zipped, image_size=SIZE).images) == 9
    assert "one/2.png" in caplog.text


def test_a_zip_file_of_one_folder(folder, tmp_path):
    """As `zip -r set.zip set` makes it."""
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, f"set/{file.relative_to(folder)}")
    source = zoo.data.read(tmp_path / "one.zip", image_size=SIZE)
    np.testing.assert_array_equal(np.bincount(source.labels), [5, 5])


def test_what_would_not_fit_in_memory_at_its_own_size(folder):
    with pytest.raises(DataError, match=r"10 images of 20x20 pixels.*image_size="):
        zoo.data.read(folder, memory_limit=1_000)
