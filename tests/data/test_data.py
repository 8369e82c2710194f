"""Data: sources, ranges, batches, grids."""

import logging
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data import named
from zoo.errors import ArgumentError, DataError

HERE = Path(__file__).parent.parent
RNG = np.random.default_rng(0)


def colours(n=10, size=6, channels=3):
    return RNG.integers(0, 256, (n, size, size, channels), dtype=np.uint8)


class TestRanges:
    def test_bytes_to_range(self):
        found = zoo.data.to_range(np.array([0, 51, 255], dtype="uint8"))
        np.testing.assert_allclose(found, [-1, -0.6, 1], rtol=1e-6)
        assert found.dtype == np.float32
        np.testing.assert_allclose(
            zoo.data.to_range(np.array([0, 51, 255], dtype="uint8"), (0, 1)), [0, 0.2, 1], rtol=1e-6
        )

    @pytest.mark.parametrize("value_range", [(-1, 1), (0, 1), (-2, 6)])
    def test_round_trip_is_exact(self, value_range):
        every = np.arange(256, dtype="uint8")
        there = zoo.data.to_range(every, value_range)
        np.testing.assert_array_equal(zoo.data.to_bytes(there, value_range), every)

    def test_values_outside_are_clipped(self):
        np.testing.assert_array_equal(zoo.data.to_bytes(np.array([-3.0, 3.0])), [0, 255])

    def test_bytes_of_a_range_that_the_array_shows(self):
        every = np.arange(256, dtype="uint8")
        unit = every / np.float32(255)
        overshooting = np.append(unit, [1.005])
        for images in (every, unit, 2 * unit - 1, overshooting):
            np.testing.assert_array_equal(zoo.data.to_bytes(images)[:256], every)
        assert zoo.data.to_bytes(unit, (-1, 1)).min() == 128  # a range that is named
        with pytest.raises(ValueError, match=r"value_range must be given for values from 0 to 9"):
            zoo.data.to_bytes(np.arange(10.0))


class TestNpz:
    def test_splits(self, slice_path):
        train, test = (zoo.data.read(slice_path, split) for split in ("train", "test"))
        assert train.images.shape == (1024, 28, 28, 1)
        assert test.images.shape == (256, 28, 28, 1)
        assert sorted(set(train.labels)) == list(range(10))
        assert train.name == "mnist_slice"

    def test_a_single_set(self, tmp_path):
        np.savez(tmp_path / "a.npz", x=colours(), y=np.arange(10))
        source = zoo.data.read(tmp_path / "a.npz")
        assert source.images.shape == (10, 6, 6, 3)
        np.testing.assert_array_equal(source.labels, np.arange(10))

    @pytest.mark.parametrize(
        ("arrays", "split", "message"),
        [
            (
                {"images": colours()},
                "train",
                r"as 'x_train' or 'x', .*'y_train' or 'y'\..*\['images'\]",
            ),
            ({"x": colours()}, "test", r"images as 'x_test', and may hold labels as 'y_test'\."),
            ({"x": colours() / 255}, "train", "8-bit .* float64"),
        ],
    )
    def test_errors(self, tmp_path, arrays, split, message):
        np.savez(tmp_path / "a.npz", **arrays)
        with pytest.raises(DataError, match=message):
            zoo.data.read(tmp_path / "a.npz", split)

    def test_no_pickled_code_is_run(self, tmp_path):
        np.savez(tmp_path / "a.npz", x=np.array([{"an": "object"}], dtype=object))
        with pytest.raises(DataError, match=r"a\.npz' holds object in 'x'"):
            zoo.data.read(tmp_path / "a.npz")

    def test_hash_names_the_content(self, slice_path):
        source = zoo.data.read(slice_path)
        other = source._replace(images=source.images[::-1])
        assert source.sha256 == zoo.data.read(slice_path).sha256 != other.sha256


class TestFolder:
    def write(self, folder, images, suffix="png"):
        folder.mkdir(parents=True, exist_ok=True)
        for i, pixels in enumerate(images):
            Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(
                folder / f"{i:03}.{suffix}"
            )

    def test_flat(self, tmp_path):
        images = colours()
        self.write(tmp_path, images)
        source = zoo.data.read(tmp_path)
        np.testing.assert_array_equal(source.images, images)
        assert source.labels is None

    def test_a_sub_folder_a_class(self, tmp_path):
        self.write(tmp_path / "cats", colours(3))
        self.write(tmp_path / "dogs" / "big", colours(2))
        source = zoo.data.read(tmp_path)
        np.testing.assert_array_equal(source.labels, [0, 0, 0, 1, 1])

    def test_splits(self, tmp_path):
        self.write(tmp_path / "train", colours(3))
        self.write(tmp_path / "test", colours(2))
        assert len(zoo.data.read(tmp_path).images) == 3
        assert len(zoo.data.read(tmp_path, "test").images) == 2
        with pytest.raises(DataError, match="holds no sub-folder 'validation'"):
            zoo.data.read(tmp_path, "validation")

    def test_crop_and_resize(self, tmp_path):
        tmp_path.joinpath("in").mkdir()
        wide = np.zeros((20, 60, 3), dtype="uint8")
        wide[:, 20:40] = 200  # the central square
        Image.fromarray(wide).save(tmp_path / "in" / "wide.png")
        source = zoo.data.read(tmp_path / "in", image_size=8)
        assert source.images.shape == (1, 8, 8, 3)
        assert source.images.min() > 150

    def test_grey_and_colour(self, tmp_path):
        self.write(tmp_path, colours(2, channels=1))
        assert zoo.data.read(tmp_path).images.shape == (2, 6, 6, 1)
        assert zoo.data.read(tmp_path, channels=3).images.shape == (2, 6, 6, 3)

    def test_sixteen_bits(self, tmp_path):
        deep = np.linspace(0, 65535, 36).astype("uint16").reshape(6, 6)
        Image.fromarray(deep).save(tmp_path / "deep.png")
        source = zoo.data.read(tmp_path)
        np.testing.assert_array_equal(source.images[0, ..., 0], np.rint(deep / 257))

    def test_transparency_is_laid_on_white(self, tmp_path):
        clear = np.zeros((4, 4, 4), dtype="uint8")
        clear[:2, :, 3] = 255  # opaque black above, transparent below
        Image.fromarray(clear).save(tmp_path / "clear.png")
        source = zoo.data.read(tmp_path)
        assert source.images.shape == (1, 4, 4, 3)
        assert source.images[0, :2].max() == 0
        assert source.images[0, 2:].min() == 255

    def test_a_test_split_is_held_out_where_there_is_none(self, tmp_path):
        images = colours(20)
        self.write(tmp_path, images)
        train, test = zoo.data.read_splits(tmp_path)
        np.testing.assert_array_equal(test.images, images[9::10])
        assert len(train.images) == 18

    def test_rotation_of_cameras_is_undone(self, tmp_path):
        picture = np.zeros((4, 4, 3), dtype="uint8")
        picture[0] = 255
        exif = Image.Exif()
        exif[0x0112] = 3  # upside down
        Image.fromarray(picture).save(tmp_path / "a.png", exif=exif)
        source = zoo.data.read(tmp_path)
        assert source.images[0, -1].min() == 255
        assert source.images[0, 0].max() == 0

    def test_unreadable_files_are_named_and_skipped(self, tmp_path, caplog):
        self.write(tmp_path, colours(3))
        (tmp_path / "broken.png").write_bytes(b"no picture")
        (tmp_path / "empty.jpg").touch()
        (tmp_path / "notes.txt").write_text("no picture either")
        with caplog.at_level(logging.WARNING):
            assert len(zoo.data.read(tmp_path).images) == 3
        (record,) = caplog.records
        assert "2 unreadable of 5" in record.message
        assert "broken.png" in record.message
        assert "empty.jpg" in record.message

    def test_nothing_there(self, tmp_path):
        with pytest.raises(
            DataError, match=r"holds no image, at any depth\. Looked for: .*\.png, "
        ):
            zoo.data.read(tmp_path)
        with pytest.raises(DataError, match="There is no folder"):
            zoo.data.read(tmp_path / "nowhere")
        with pytest.raises(DataError, match="There is no file"):
            zoo.data.read(tmp_path / "nowhere.npz")

    @pytest.mark.once
    @pytest.mark.parametrize("name", ["photo.png", "a/photos.tar.gz", "./set", "x.npy"])
    def test_a_file_of_another_kind(self, name, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
        for place in (name, Path(name)):
            with pytest.raises(DataError, match="is a file of another kind. Allowed: a folder or"):
                zoo.data.read(place)

    @pytest.mark.once
    def test_a_suffix_in_capitals(self, tmp_path):
        np.savez(tmp_path / "set.npz", x=colours())
        (tmp_path / "set.npz").rename(tmp_path / "SET.NPZ")
        assert len(zoo.data.read(tmp_path / "SET.NPZ").images) == 10
        with zipfile.ZipFile(tmp_path / "SET.ZIP", "w") as archive:
            Image.fromarray(colours()[0]).save(tmp_path / "a.png")
            archive.write(tmp_path / "a.png", "a.png")
        assert zoo.data.read(tmp_path / "SET.ZIP").name == "SET"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"image_size": -1}, "image_size must be a whole number of at least 1. Received: -1"),
            ({"image_size": 0}, "image_size must be"),
            ({"channels": 4}, "Unknown channels: 4. Allowed: 1, 3."),
        ],
    )
    def test_arguments(self, tmp_path, arguments, message):
        with pytest.raises(ValueError, match=message):
            zoo.data.read(tmp_path, **arguments)

    def test_different_shapes(self, tmp_path):
        self.write(tmp_path / "a", colours(2, size=6))
        self.write(tmp_path / "b", colours(2, size=5))
        with pytest.raises(DataError, match="have 2 shapes.*give image_size="):
            zoo.data.read(tmp_path)


class TestTFDS:
    def test_array_records(self, monkeypatch):
        """On JAX and PyTorch TensorFlow is absent here, and not missed."""
        monkeypatch.setenv("TFDS_DATA_DIR", str(HERE / "assets" / "tfds_array_record"))
        source = zoo.data.read("mnist")
        assert source.images.shape == (32, 28, 28, 1)
        assert source.labels.shape == (32,)
        assert source.name == "mnist"
        assert len(zoo.data.read("mnist", "test").images) == 32
        if keras.backend.backend() != "tensorflow":
            assert "tensorflow" not in sys.modules

    def test_records_decoded_as_needed(self, monkeypatch):
        monkeypatch.setenv("TFDS_DATA_DIR", str(HERE / "assets" / "tfds_array_record"))
        whole = zoo.data.read("mnist", image_size=28, channels=1)
        source = zoo.data.read("mnist", image_size=28, channels=1, memory_limit=0)
        assert not isinstance(source.images, np.ndarray)
        np.testing.assert_array_equal(source.images[np.arange(32)], whole.images)
        np.testing.assert_array_equal(source.labels, whole.labels)
        assert len(source.sha256) == 64

    @pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="TFRecord files are read by TensorFlow"
    )
    def test_tf_records_that_do_not_fit_in_memory(self, monkeypatch):
        monkeypatch.setenv("TFDS_DATA_DIR", str(HERE / "assets" / "tfds_tfrecord"))
        message = "read from start to end only, and 32 images .* zoo data prepare mnist"
        with pytest.raises(DataError, match=message):
            zoo.data.read("mnist", image_size=28, memory_limit=100)

    def test_resized(self, monkeypatch):
        monkeypatch.setenv("TFDS_DATA_DIR", str(HERE / "assets" / "tfds_array_record"))
        assert zoo.data.read("mnist", image_size=32, channels=3).images.shape == (32, 32, 32, 3)

    @pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="TFRecord files are read by TensorFlow"
    )
    def test_tf_records(self, monkeypatch):
        monkeypatch.setenv("TFDS_DATA_DIR", str(HERE / "assets" / "tfds_array_record"))
        expected = zoo.data.read("mnist")
        monkeypatch.setenv("TFDS_DATA_DIR", str(HERE / "assets" / "tfds_tfrecord"))
        source = zoo.data.read("mnist")
        np.testing.assert_array_equal(source.images, expected.images)

    def test_not_prepared_fails_at_once_and_says_how_to_prepare(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
        with pytest.raises(DataError, match="'mnist' is not prepared in .*zoo data prepare mnist"):
            zoo.data.read("mnist")

    def test_unknown_set(self):
        with pytest.raises(DataError, match="Unknown data set: 'mnits'"):
            zoo.data.read("mnits")

    def test_unknown_split(self, monkeypatch):
        monkeypatch.setenv("TFDS_DATA_DIR", str(HERE / "assets" / "tfds_array_record"))
        with pytest.raises(DataError, match=r"must be one of \['test', 'train'\]"):
            zoo.data.read("mnist", "valid")


class TestBatches:
    def test_an_epoch_holds_every_image_once(self):
        images = colours(10)
        batches = zoo.data.Batches(images, batch_size=4, seed=3)
        assert len(batches) == 3
        found = np.concatenate([batches[i] for i in range(3)])
        assert [len(batches[i]) for i in range(3)] == [4, 4, 2]
        order = [np.flatnonzero((zoo.data.to_range(images) == x).all((1, 2, 3)))[0] for x in found]
        assert sorted(order) == list(range(10))
        assert order != list(range(10))

    def test_every_epoch_has_another_order_and_every_run_the_same(self):
        one, two = (zoo.data.Batches(colours(10), batch_size=10, seed=3) for _ in range(2))
        first = one.order(0).copy()
        assert list(first) != list(one.order(1))
        np.testing.assert_array_equal(first, two.order(0))
        assert list(first) != list(zoo.data.Batches(colours(10), seed=4).order(0))
        # The order itself, so that it is known to be the same on each backend.
        np.testing.assert_array_equal(first, np.random.default_rng((3, 0)).permutation(10))

    def test_a_stream_can_be_entered_at_any_step(self):
        batches = zoo.data.Batches(colours(10), np.arange(10), batch_size=4)
        from_start = iter(batches.stream())
        steps = [next(from_start) for _ in range(7)]
        for start in (0, 1, 2, 5):
            images, labels = next(iter(batches.stream(start)))
            np.testing.assert_array_equal(images, steps[start][0])
            np.testing.assert_array_equal(labels, steps[start][1])
        assert {len(images) for images, _ in steps} == {4}

    def test_fit_takes_them(self, digits):
        model = zoo.create("dcgan", image_shape=(28, 28, 1), latent_dim=4, width=2)
        model.compile()
        batches = zoo.data.Batches(zoo.data.to_bytes(digits), np.zeros(64, "int64"), batch_size=24)
        with pytest.warns(UserWarning, match="DCGAN is not conditional: it ignores y"):
            model.fit(batches, epochs=2, verbose=0)
        # Two whole batches of 24 in each epoch of 64.
        assert int(model.optimizer.iterations.numpy()) == 4
        assert batches.position == 4

    @pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has no loader of its own")
    def test_fit_takes_the_backends_own_loader(self, digits):
        model = zoo.create("dcgan", image_shape=(28, 28, 1), latent_dim=4, width=2)
        model.compile()
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            loader = tf.data.Dataset.from_tensor_slices(digits).batch(24)
        else:
            import torch

            tensors = torch.utils.data.TensorDataset(torch.from_numpy(digits))
            loader = torch.utils.data.DataLoader(tensors, batch_size=24)
        model.fit(loader, shuffle=False, verbose=0)
        assert int(model.optimizer.iterations.numpy()) == 3

    def test_load(self, slice_path):
        with_labels = zoo.data.load(slice_path, batch_size=16)
        images, labels = with_labels[0]
        assert images.shape == (16, 28, 28, 1)
        assert labels.shape == (16,)
        assert images.min() == -1
        assert images.max() == 1
        assert zoo.data.load(slice_path, labels=False, value_range=(0, 1))[0].min() == 0
        small = zoo.data.load(slice_path, labels=False, image_size=8, channels=3, batch_size=4)
        assert small[0].shape == (4, 8, 8, 3)

    def test_errors(self, tmp_path):
        with pytest.raises(DataError, match="holds no image"):
            zoo.data.Batches(colours(0))
        with pytest.raises(DataError, match="must be 8-bit .* float64"):
            zoo.data.Batches(colours() / 255)
        with pytest.raises(DataError, match="labels must be 10 labels. Received: 3"):
            zoo.data.Batches(colours(), np.zeros(3, "int64"))
        with pytest.raises(DataError, match="batch_size must be at most .* 10. Received: 11"):
            next(zoo.data.Batches(colours(), batch_size=11).stream())
        np.savez(tmp_path / "a.npz", x=colours())
        with pytest.raises(DataError, match="labels=True, but .* has no labels"):
            zoo.data.load(tmp_path / "a.npz", labels=True)


class TestGrid:
    def test_places(self, tmp_path):
        images = zoo.data.to_range(colours(5, size=4))
        path = zoo.data.save_grid(images, tmp_path / "deep" / "grid.png", columns=3, scale=1)
        with Image.open(path) as picture:
            pixels = np.asarray(picture)
        assert pixels.shape == (2 * 6 + 2, 3 * 6 + 2, 3)
        np.testing.assert_array_equal(pixels[8:12, 8:12], zoo.data.to_bytes(images[4]))
        assert (pixels[8:12, 14:18] == 255).all()

    def test_errors(self):
        with pytest.raises(ValueError, match=r"images must have the shape .* \(28, 28, 1\)"):
            zoo.data.grid(np.zeros((28, 28, 1)))
        with pytest.raises(ValueError, match="1 or 3 channels"):
            zoo.data.grid(np.zeros((2, 28, 28, 4)))

    def test_grey(self):
        assert zoo.data.grid(np.zeros((4, 3, 3, 1))).mode == "L"

    def test_the_range_is_that_of_the_array(self, tmp_path):
        ramp = np.linspace(0, 1, 16, dtype="float32").reshape(1, 4, 4, 1)
        expected = np.rint(255 * ramp[0, ..., 0])
        shown = [
            zoo.data.grid(ramp, scale=1),
            zoo.data.grid(2 * ramp - 1, scale=1),
            zoo.data.grid(zoo.data.to_bytes(ramp, (0, 1)), scale=1),
            zoo.data.grid(255 * ramp, value_range=(0, 255), scale=1),
            zoo.data.grid(ramp.tolist(), scale=1),
            Image.open(zoo.data.save_grid(ramp, tmp_path / "a.png", scale=1)),
        ]
        for picture in shown:
            np.testing.assert_allclose(np.asarray(picture)[2:6, 2:6], expected, atol=1)
        half = np.asarray(zoo.data.grid(ramp, value_range=(-1, 1), scale=1))[2:6, 2:6]
        assert half.min() == 128  # of a model's range that is named
        with pytest.raises(ValueError, match=r"value_range must be given for values from 0 to 255"):
            zoo.data.grid(255 * ramp)


def test_points_need_no_preparation():
    with pytest.raises(DataError, match="'ring8' needs no preparation: its points are drawn"):
        named.prepare("ring8")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zoo.data.grid(np.zeros((0, 8, 8, 1), "uint8")), "images holds no image"),
        (lambda: zoo.data.grid(np.zeros((1, 8, 8, 1), "uint8"), columns=0), "columns must be"),
        (
            lambda: zoo.data.save_grid(np.zeros((1, 8, 8, 1), "uint8"), "a.picture"),
            "path must end in the suffix of a picture, such as .png. Received: a.picture",
        ),
        (
            lambda: zoo.data.to_range(np.zeros(3), (1, -1), (0, 1)),
            r"value_range must be the lowest and the highest value. Received: .1, -1.",
        ),
        (lambda: zoo.data.to_range(np.zeros(3), source=(1, 1)), "source must be the lowest"),
    ],
    ids=["no image", "no column", "suffix", "reversed range", "empty range"],
)
def test_what_no_picture_is_made_of(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=message):
        call()
    assert not list(tmp_path.iterdir())


def test_a_set_without_tensorflow_datasets(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)  # as if it were not installed
    with pytest.raises(DataError, match="needs the extra 'data'"):
        zoo.data.read("cifar10", "test")


def test_a_folder_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    (tmp_path / "photos").mkdir()
    for name in (f"{tmp_path}/fotos", f"{tmp_path}/fotos/"):
        with pytest.raises(DataError, match=r"There is no folder, .*fotos.* Nearest: photos.$"):
            zoo.data.read(name)
