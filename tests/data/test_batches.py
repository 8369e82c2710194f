"""Batches: their order, what is random about them, and where a stream is entered."""

import keras
import numpy as np
import pytest
from helpers import python

import zoo
from zoo.base.binarization import sampled_levels
from zoo.errors import ArgumentError, DataError


def grey(n=40, size=4):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 1), dtype=np.uint8)


def numbered(n):
    """Images that say which they are, up to 65,535."""
    images = np.zeros((n, 2, 2, 1), "uint8")
    images[:, 0, 0, 0], images[:, 0, 1, 0] = np.arange(n) // 256, np.arange(n) % 256
    return images


def numbers(images):
    images = np.rint(images).astype(int)
    return images[:, 0, 0, 0] * 256 + images[:, 0, 1, 0]


def first(batches, images):
    found = []
    for batch in batches.stream():
        found.extend(batch[0])
        if len(found) >= images:
            break
    return np.array(found[:images])


@pytest.fixture(params=["array", "npz", "folder", "zip", "named"])
def source(request, tmp_path, monkeypatch):
    """The same 1,100 images from each kind of place, in their order."""
    images = numbered(1_100)
    if request.param == "array":
        return images
    if request.param == "npz":
        np.savez(tmp_path / "set.npz", x=images)
        return tmp_path / "set.npz"
    if request.param == "named":
        named = pytest.importorskip("zoo.data.named")
        monkeypatch.setattr(named, "read", lambda name, *rest: (images, None))
        return "some_set"
    import zipfile

    from PIL import Image

    (tmp_path / "set").mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / "set" / f"{i:04}.png")
    if request.param == "folder":
        return tmp_path / "set"
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in (tmp_path / "set").iterdir():
            archive.write(file, file.name)
    return tmp_path / "set.zip"


def test_the_first_thousand_images_are_the_same_on_each_backend(source):
    """And the same from each kind of place: NumPy's permutation, whatever the backend."""
    batches = zoo.data.load(source, seed=5, value_range=(0, 255))
    expected = np.random.default_rng((5, 0)).permutation(1_100)[:1_000]
    np.testing.assert_array_equal(numbers(first(batches, 1_000)), expected)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("drawn", [{}, {"flip": True, "dequantize": True}])
@pytest.mark.parametrize("start", [0, 1, 17, 35])
def test_every_backend_is_fed_the_same(labelled, drawn, start):
    """Also across the end of an epoch, and where the backend puts the batches together itself."""
    images = grey(1_100)
    data = (images, np.arange(1_100) % 7) if labelled else images
    batches = zoo.data.load(data, batch_size=64, seed=5, **drawn)
    fed = iter(zoo.engine.feed(batches, start))
    for step in range(start, start + 20):
        found, expected = next(fed), batches.step(step)
        assert len(found) == len(expected) == 1 + labelled
        for one, other in zip(found, expected, strict=True):
            one = keras.ops.convert_to_numpy(one)
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_fit_sees_that_order():
    """Each epoch its own, the whole batches, on each backend and in a second call too."""
    seen = []

    class Recorder(zoo.models.VAE):
        def update(self, batch):
            seen.append(np.asarray(keras.ops.convert_to_numpy(batch.images)))
            return super().update(batch)

    model = Recorder(image_shape=(2, 2, 1), latent_dim=2, hidden_units=(4,))
    if keras.backend.backend() == "jax":
        pytest.skip("JAX traces its first step even where it runs eagerly")
    model.compile(run_eagerly=True)
    batches = zoo.data.load(numbered(100), batch_size=32, seed=1, value_range=(0, 1))
    model.fit(batches, epochs=2, verbose=0)
    model.fit(batches, epochs=1, verbose=0)
    found = np.concatenate([numbers(255 * images) for images in seen])
    orders = [np.random.default_rng((1, epoch)).permutation(100)[:96] for epoch in range(3)]
    np.testing.assert_array_equal(found, np.concatenate(orders))


def test_the_state_of_a_stream_is_its_position():
    batches = zoo.data.load(grey(), batch_size=8, flip=True, binarize="stochastic")
    stream = iter(batches.stream(start=3))
    for _ in range(4):
        next(stream)
    state = stream.get_state()
    expected = next(stream)
    again = iter(batches.stream(start=3))
    again.set_state(state)
    for found in (next(again), next(iter(batches.stream(7)))):
        np.testing.assert_array_equal(found[0], expected[0])


def test_flip():
    images = grey()
    batches = zoo.data.load(images, batch_size=40, shuffle=False, flip=True, value_range=(0, 255))
    found = batches[0]
    straight = (found == images).all((1, 2, 3))
    mirrored = (found == images[:, :, ::-1]).all((1, 2, 3))
    assert (straight | mirrored).all()
    assert 8 < mirrored.sum() < 32
    np.testing.assert_array_equal(found, batches[0])
    assert np.abs(found - batches.batch(1, 0)).max() > 0  # drawn anew in the next epoch
    np.testing.assert_array_equal(images, grey())  # the array itself is as it was


def test_dequantize():
    """x + u for u uniform in [0, 1), so that floor gives the grey level back."""
    images = np.repeat(grey(), 10, axis=0)
    batches = zoo.data.load(
        images, batch_size=400, shuffle=False, dequantize=True, value_range=(0, 256)
    )
    found = batches[0]
    np.testing.assert_array_equal(np.floor(found), images)
    rest = found - np.floor(found)
    assert rest.min() < 0.01
    assert rest.max() > 0.99
    assert rest.mean() == pytest.approx(0.5, abs=0.02)
    unit = zoo.data.load(images, batch_size=400, dequantize=True, value_range=(0, 1))[0]
    assert 0 <= unit.min() < unit.max() < 1


def test_binarize():
    images = np.repeat(np.array([0, 64, 128, 255], "uint8"), 5_000).reshape(-1, 1, 1, 1)
    options = {"batch_size": len(images), "shuffle": False, "value_range": (0, 1)}
    batches = zoo.data.load(images, binarize="stochastic", **options)
    found = batches[0].reshape(4, 5_000)
    assert set(np.unique(found)) == {0.0, 1.0}
    np.testing.assert_allclose(found.mean(axis=1), [0, 64 / 255, 128 / 255, 1], atol=0.03)
    assert found[0].max() == 0  # black stays black
    assert found[3].min() == 1  # and white white
    np.testing.assert_array_equal(batches[0].reshape(4, -1), found)
    assert (batches.batch(1, 0).reshape(4, -1) != found).any()
    threshold = zoo.data.load(images, binarize="threshold", **options)[0].reshape(4, -1)
    np.testing.assert_array_equal(threshold.mean(axis=1), [0, 0, 1, 1])
    both = zoo.data.load(images, binarize="threshold", **{**options, "value_range": (-1, 1)})[0]
    assert set(np.unique(both)) == {-1.0, 1.0}


def test_the_sampled_form_is_one_draw_which_the_image_alone_determines():
    images = grey()
    options = {"binarize": "sampled", "value_range": (0, 1), "shuffle": False}
    batches = zoo.data.load(images, batch_size=8, **options)
    first = batches.batch(0, 0)
    assert set(np.unique(first)) == {0.0, 1.0}
    np.testing.assert_array_equal(batches.batch(3, 0), first)
    others = zoo.data.load(images[::-1].copy(), batch_size=len(images), seed=9, **options)
    np.testing.assert_array_equal(others.batch(0, 0)[::-1][:8], first)
    many = np.random.default_rng(0).integers(0, 256, (400, 6, 6, 1), dtype="uint8")
    drawn = zoo.data.load(many, batch_size=400, **options).batch(0, 0)
    assert drawn.mean() == pytest.approx(many.mean() / 255, abs=0.02)
    assert np.corrcoef(drawn.ravel(), many.ravel())[0, 1] > 0.5
    space = zoo.engine.spaces.BinaryImages(6, 6, 1)
    np.testing.assert_array_equal(space.from_stored(many), drawn)
    np.testing.assert_array_equal(space.from_stored(space.to_stored(drawn)), drawn)
    assert (sampled_levels(many, seed=1) != sampled_levels(many)).any()


@pytest.mark.parametrize("given", [True, False])
def test_shards_are_the_rows_of_whole_batches(given):
    """With all that is random about them, from whatever place they are read."""
    options = {"batch_size": 20, "seed": 2, "flip": True, "dequantize": True}
    whole = zoo.data.load((grey(103, 6), np.arange(103)), **options)
    parts = [
        zoo.data.load((grey(103, 6), np.arange(103)), **options, shard=(i, 4))
        if given
        else whole.sharded(i, 4)
        for i in range(4)
    ]
    assert {(len(part), part.full_batches) for part in parts} == {(6, 5)}
    for step in (0, 4, 7):
        found = [np.concatenate(x) for x in zip(*(part.step(step) for part in parts), strict=True)]
        for one, other in zip(found, whole.step(step), strict=True):
            np.testing.assert_array_equal(one, other)
    rest = np.concatenate([part[5][1] for part in parts])
    np.testing.assert_array_equal(rest, whole[5][1])


def test_every_backend_is_fed_its_shard():
    whole = zoo.data.load(numbered(100), batch_size=12, seed=2)
    fed = [iter(zoo.engine.feed(whole.sharded(i, 3), 5)) for i in range(3)]
    for step in range(5, 12):
        found = np.concatenate([keras.ops.convert_to_numpy(next(part)[0]) for part in fed])
        np.testing.assert_array_equal(found, whole.step(step)[0])


def test_a_shard_of_a_shard():
    part = zoo.data.load(grey(), batch_size=8, shard=(1, 2))
    assert part.sharded(1, 2).shard == (1, 2)
    with pytest.raises(ArgumentError, match=r"that of this process, \(0, 2\).*Received: \(1, 2\)"):
        part.sharded(0, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"binarize": "dither"}, "Unknown binarize: 'dither'.*stochastic"),
        ({"binarize": "threshold", "dequantize": True}, "do not go together"),
        (
            {"shard": (1, 3)},
            "batch_size must be a multiple of the number of shards, 3. Received: 64",
        ),
        ({"shard": (2, 2)}, r"shard must be \(index, count\).*\(2, 2\)"),
        ({"crop": "middle"}, "Unknown crop: 'middle'"),
        ({"decoding_processes": -1}, "decoding_processes must be a whole number of at least 0"),
        ({"memory_limit": -1}, "memory_limit must be"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        zoo.data.load(grey(), **arguments)


def test_points_are_no_images():
    with pytest.raises(ArgumentError, match="are for images"):
        zoo.data.load("ring8", flip=True)


def test_a_stream_of_less_than_a_batch():
    with pytest.raises(DataError, match="batch_size must be at most the number of images, 40"):
        zoo.data.load(grey(), batch_size=41).stream()


class TestReadyMade:
    def datasets(self):
        yield zoo.data.load(grey())
        yield keras.utils.PyDataset()
        import grain

        yield grain.MapDataset.range(3)
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            yield tf.data.Dataset.range(3)
        if keras.backend.backend() == "torch":
            import torch

            yield torch.utils.data.DataLoader(range(3))

    def test_passed_on_as_they_are(self):
        for dataset in self.datasets():
            assert zoo.data.load(dataset) is dataset

    def test_with_anything_else_asked_for(self):
        for dataset in self.datasets():
            with pytest.raises(ArgumentError, match="as it is. Received beside it: image_size, se"):
                zoo.data.load(dataset, image_size=32, seed=3)

    @pytest.mark.parametrize("value", [None, 3, [1, 2], {"a": 1}])
    def test_other_things(self, value):
        with pytest.raises(ArgumentError, match="name_or_path must be a name, a path, an array"):
            zoo.data.load(value)


def test_a_stream_stops_with_its_reader():
    """No thread keeps a process alive."""
    done = python(
        "-c",
        "import itertools, numpy as np, zoo\n"
        "batches = zoo.data.load(np.zeros((64, 4, 4), 'uint8'), batch_size=8)\n"
        "print(len(list(itertools.islice(batches.stream(), 3))))",
    )
    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr


def test_evaluation_changes_nothing():
    """Neither where the next `fit` begins, nor what the next evaluation sees."""
    model = zoo.create("vae", image_shape=(4, 4, 1), latent_dim=2, hidden_units=(4,))
    model.compile()
    batches = zoo.data.load(grey(), batch_size=8, binarize="stochastic", value_range=(0, 1))
    first, second = (model.evaluate(batches, verbose=0) for _ in range(2))
    assert first == second
    assert (batches.epoch, batches.position) == (0, 0)
    model.fit(batches, steps_per_epoch=2, epochs=3, verbose=0)
    assert batches.position == 6
    model.fit(batches, initial_epoch=0, epochs=1, verbose=0)
    assert batches.position == 5


@pytest.mark.parametrize("data", ["my photos", "a.png", "mnist/zzz"])
def test_no_name_at_all(data):
    with pytest.raises(DataError, match="Unknown data set"):
        zoo.data.load(data)


def test_what_is_no_data(tmp_path):
    (tmp_path / "a.npz").write_text("garbage")
    with pytest.raises(DataError, match="a.npz. is no whole zip file"):
        zoo.data.load(tmp_path / "a.npz")
    with pytest.raises(DataError, match="two parts. Received: 3"):
        zoo.data.load((grey(), None, None))
    with pytest.raises(DataError, match="labels must be integer labels .* Received: float64"):
        zoo.data.load((grey(), np.zeros(40)))
    with pytest.raises(DataError, match="1, 3 or 4 channels can be resized. Received: 5"):
        zoo.data.load(np.zeros((3, 4, 4, 5), "uint8"), image_size=8)
