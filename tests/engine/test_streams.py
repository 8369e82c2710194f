"""Streams of batches: their beginning, their end, and what is said of wrong ones."""

import gc
import itertools
import weakref

import keras
import numpy as np
import pytest

import zoo
from zoo.engine.stream import Stream

BACKEND = keras.backend.backend()
SMALL = {"image_shape": (8, 8, 1), "latent_dim": 2, "hidden_units": (4,)}
IMAGES = np.random.default_rng(0).random((20, 8, 8, 1), dtype="float32")
LABELS = np.arange(20) % 3
# Keras says it at the end of data of unknown length.
pytestmark = pytest.mark.filterwarnings("ignore:Your input ran out of data")


def vae(optimizer="sgd", num_classes=None, **options):
    name = "vae" if num_classes is None else "conditional_vae"
    classes = {} if num_classes is None else {"num_classes": num_classes}
    model = zoo.create(name, **SMALL, **classes)
    model.compile(optimizer, **options)
    return model


def steps(model):
    return int(keras.ops.convert_to_numpy(model.optimizer.iterations))


class Batches(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


class Iterable:
    """Batches of which nothing is known, such as of a loader."""

    def __init__(self, batches):
        self.batches, self.reads = batches, 0

    def __iter__(self):
        self.reads += 1
        return iter(self.batches)


def thirds(*arrays):
    return [tuple(x[start : start + 5] for x in arrays) for start in (0, 5, 10)]


# Every batch is looked at


def test_a_later_batch_is_looked_at_before_its_step():
    batches = thirds(IMAGES)
    batches[2] = (batches[2][0] * 255,)
    for method, kind in (
        ("fit", Batches),
        ("fit", Iterable),
        ("evaluate", iter),
        ("predict", iter),
    ):
        model = vae()
        options = {"shuffle": False} if method == "fit" else {}
        with pytest.raises(ValueError, match=r"must hold values in \[0.0, 1.0\]"):
            getattr(model, method)(kind(batches), verbose=0, **options)
        assert steps(model) == 2 * (method == "fit")
    later = thirds(IMAGES, LABELS)
    later[1] = (later[1][0], later[1][1] + 7)
    with pytest.raises(ValueError, match="labels of x must lie in 0 to 2.*Received: "):
        vae(num_classes=3).fit(Iterable(later), verbose=0)


@pytest.mark.skipif(BACKEND != "torch", reason="of PyTorch")
def test_batches_of_worker_processes_are_looked_at():
    import torch

    for images, labels in ((IMAGES * 255, LABELS), (IMAGES, LABELS + 1)):
        data = torch.utils.data.TensorDataset(torch.tensor(images), torch.tensor(labels))
        loader = torch.utils.data.DataLoader(data, 5, num_workers=1)
        with pytest.raises(ValueError, match="must hold values in|must lie in 0 to 2"):
            vae(num_classes=3).fit(loader, verbose=0)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of TensorFlow")
def test_pipelines_of_unknown_shape_train():
    import tensorflow as tf

    for known in ((None, None, None, 1), None):
        data = tf.data.Dataset.from_generator(
            lambda: iter(x for (x,) in thirds(IMAGES)), output_signature=tf.TensorSpec(known)
        )
        for eager in (False, True):
            model = vae(run_eagerly=eager)
            model.fit(data, verbose=0)
            assert steps(model) == 3
            assert model.predict(data, verbose=0).shape == (15, 8, 8, 1)


# The end


def test_the_end_of_data_is_no_step():
    rate = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.5)
    counted = []
    for source in (Batches(thirds(IMAGES)), Iterable(thirds(IMAGES))):
        model = vae(keras.optimizers.Adam(rate), warmup_steps=20)
        seed = keras.ops.convert_to_numpy(model.seed_generator.state)[-1]
        model.fit(source, epochs=3, verbose=0, shuffle=False)
        assert steps(model) == int(model.optimizers["model"].iterations) == 9
        drawn = keras.ops.convert_to_numpy(model.seed_generator.state)[-1] - seed
        counted.append((int(drawn), float(keras.ops.convert_to_numpy(model.progress(20)))))
    assert counted[0] == counted[1]


def test_batches_of_unknown_number_are_read_once_an_epoch():
    source = Iterable(thirds(IMAGES))
    vae().fit(source, epochs=2, verbose=0)
    assert source.reads == 2


def test_an_iterator_that_is_spent():
    with pytest.raises(ValueError, match="x holds no batch any more. An iterator is read once"):
        vae().fit(iter(thirds(IMAGES)), epochs=2, verbose=0, shuffle=False)
    with pytest.raises(ValueError, match="validation_data holds .* once: give validation_steps"):
        vae().fit(IMAGES, validation_data=iter(thirds(IMAGES)), epochs=2, verbose=0)


@pytest.mark.parametrize("batches", [2, 3])
def test_an_iterator_with_too_few_batches(batches):
    """Epochs without a batch were reported as losses of zero, or as those of the epoch before."""
    model = vae()
    with pytest.raises(ValueError, match=f"x ended after {batches} batches. .* asks for 6"):
        model.fit(iter(thirds(IMAGES)[:batches]), steps_per_epoch=3, epochs=2, verbose=0)
    assert steps(model) == batches
    model.fit(iter(2 * thirds(IMAGES)), steps_per_epoch=3, epochs=2, verbose=0)
    assert steps(model) == batches + 6


def test_no_batch_at_all():
    for empty in (Batches([]), Iterable([]), iter([])):
        for method in ("fit", "evaluate", "predict"):
            with pytest.raises(ValueError, match="x holds no batch"):
                getattr(vae(), method)(empty, verbose=0)
    with pytest.raises(ValueError, match="validation_data holds no batch"):
        vae().fit(IMAGES, validation_data=Iterable([]), verbose=0)


# Validation data


KINDS = {
    "array": np.asarray,
    "PyDataset": lambda x: Batches([(x,)]),
    "iterable": lambda x: Iterable([(x,)]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_validation_data_are_refused_before_the_first_step(kind):
    model = vae()
    message = "validation_data must hold values in"
    with pytest.raises(ValueError, match=message):
        model.fit(IMAGES, validation_data=KINDS[kind](IMAGES * 255), verbose=0)
    assert steps(model) == 0
    model = vae(num_classes=3)
    with pytest.raises(ValueError, match="labels of validation_data must be"):
        model.fit(IMAGES, LABELS, validation_data=(IMAGES, np.eye(3)[LABELS]), verbose=0)
    assert steps(model) == 0


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


def test_validation_data_of_an_earlier_call_are_forgotten():
    model = vae(keras.optimizers.SGD(0.0))
    with pytest.raises(KeyboardInterrupt):
        model.fit(IMAGES, validation_data=IMAGES, verbose=0, callbacks=[Stop()])
    black = np.zeros_like(IMAGES)
    history = model.fit(IMAGES, validation_data=black, verbose=0).history
    losses = model.evaluate(black, verbose=0, return_dict=True)
    assert history["val_loss"][0] == pytest.approx(losses["loss"], rel=1e-4)


@pytest.mark.parametrize("kind", [np.ndarray.tolist, keras.ops.convert_to_tensor])
def test_validation_split(kind):
    options = {"batch_size": 5, "verbose": 0, "shuffle": False}
    outcomes = []
    for x, y, held_out in (
        (kind(IMAGES), LABELS.tolist(), {"validation_split": 0.25}),
        (IMAGES[:15], LABELS[:15], {"validation_data": (IMAGES[15:], LABELS[15:])}),
    ):
        keras.utils.set_random_seed(0)
        model = vae(num_classes=3)
        history = model.fit(x, y, **held_out, **options).history
        outcomes.append([*model.get_weights(), *map(np.array, history.values())])
        assert steps(model) == 3
    for one, other in zip(*outcomes, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_validation_split_of_what_cannot_be_split():
    with pytest.raises(ValueError, match="validation_split is for arrays: give validation_data"):
        vae().fit(Batches(thirds(IMAGES)), validation_split=0.5, verbose=0)
    for fraction in (0.999, 1.5):
        with pytest.raises(ValueError, match="validation_split must leave data on both sides"):
            vae().fit(IMAGES, validation_split=fraction, verbose=0)


# The beginning


def test_a_restored_epoch_has_its_own_batches(tmp_path):
    """`BackupAndRestore` chooses the epoch in `on_train_begin`, when the stream is made already."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype="uint8")

    class Crash(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise RuntimeError("the machine went away")

    def data():
        return zoo.data.load(pixels, batch_size=5, value_range=(0, 1))

    def model():
        keras.utils.set_random_seed(1)
        return vae()

    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(RuntimeError):
        model().fit(data(), epochs=4, verbose=0, callbacks=[backup, Crash()])
    again, batches, whole = model(), data(), model()
    history = again.fit(batches, epochs=4, verbose=0, callbacks=[backup])
    whole.fit(data(), epochs=4, verbose=0)
    assert (history.epoch, batches.position) == ([2, 3], 16)
    for one, other in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    # Keras would begin each later `fit` at the restored epoch.
    assert again.fit(IMAGES, epochs=2, verbose=0).epoch == [0, 1]


# One batch


def test_one_batch_is_looked_at():
    model = vae(num_classes=3)
    for method in (model.train_on_batch, model.test_on_batch):
        for wrong, message in (
            (LABELS.astype(str), "y must be integer labels.*texts"),
            (np.eye(3)[LABELS], "y must be integer labels.*one-hot"),
            (LABELS[:4], "y must be 20 labels. Received: 4"),
            (LABELS + 1, "y must lie in 0 to 2"),
            (None, "needs integer labels"),
        ):
            with pytest.raises(ValueError, match=message):
                method(IMAGES, wrong)
        with pytest.raises(ValueError, match="x must hold values in"):
            method(IMAGES * 255, LABELS)
        with pytest.raises(ValueError, match="x must be one batch, an array. Received: Iterable"):
            method(Iterable(thirds(IMAGES, LABELS)))
        with pytest.raises(ValueError, match="takes no sample_weight"):
            method(IMAGES, LABELS, sample_weight=np.ones(20))
    assert steps(model) == 0


# Predictions


def test_wrong_inputs_of_predict():
    model = vae(num_classes=3)
    for method in (model.predict_on_batch, lambda x: model.predict(x, verbose=0)):
        for wrong, message in (
            (IMAGES, "is called with two inputs"),
            ([IMAGES, LABELS + 1], "labels of x must lie in 0 to 2"),
            ([IMAGES, LABELS[:3]], "labels of x must be 20 labels"),
            ([IMAGES * 255, LABELS], "x must hold values in"),
            ([IMAGES[:, :4], LABELS], "x must hold images of shape"),
        ):
            with pytest.raises(ValueError, match=message):
                method(wrong)
    with pytest.raises(ValueError, match="x must be one batch"):
        model.predict_on_batch(Iterable(thirds(IMAGES, LABELS)))
    with pytest.raises(ValueError, match="x must be images, or what gives batches"):
        model.predict("images", verbose=0)
    gan = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=2, units=5)
    assert gan.predict([[0.5, 1.0]], verbose=0).shape == (1, 8, 8, 1)
    with pytest.raises(ValueError, match="x must hold draws of shape .batch, 2."):
        gan.predict(IMAGES, verbose=0)


def test_predictions_of_batches_are_those_of_arrays():
    model = vae(num_classes=3)
    expected = model.predict([IMAGES[:15], LABELS[:15]], verbose=0)
    for batches in (
        thirds(IMAGES, LABELS),
        [(list(batch),) for batch in thirds(IMAGES, LABELS)],
        [(list(batch), batch[1]) for batch in thirds(IMAGES, LABELS)],  # what follows is ignored
    ):
        for source in (Batches(batches), Iterable(batches)):
            outputs = model.predict(source, verbose=0)
            np.testing.assert_allclose(outputs, expected, atol=1e-6)


def test_noise_out_of_the_range_of_images_is_denoised():
    model = zoo.create("denoising_autoencoder", image_shape=(8, 8, 1), latent_dim=2)
    assert model.predict(IMAGES + 0.5, verbose=0).shape == IMAGES.shape


def test_a_stream_gives_its_first_batch_again():
    stream = Stream(Iterable([1, 2]), lambda batch: (batch,), lambda x: (x,), (None,), "x")
    assert [list(stream), list(stream)] == [[(1,), (2,)]] * 2
    assert stream.source.reads == 2


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow has such pipelines")
@pytest.mark.parametrize("kind", ["arrays", "flipped", "PyDataset", "iterable"])
def test_data_are_fed_without_a_generator(kind):
    """A data set over a generator makes all later steps of its process map their memory anew."""
    import tensorflow as tf

    images = np.zeros((16, 8, 8, 1), "uint8")
    data = {
        "arrays": lambda: zoo.data.Batches(images, batch_size=8),
        "flipped": lambda: zoo.data.Batches(images, batch_size=8, flip=True),
        "PyDataset": lambda: Stream(Batches([(images[:8],)]), *looks()),
        "iterable": lambda: Stream(Iterable([(images[:8],)]), *looks()),
    }[kind]()
    dataset = zoo.engine.batches(data) if isinstance(data, Stream) else zoo.engine.feed(data)
    graph = tf.raw_ops.DatasetToGraphV2(
        input_dataset=dataset._variant_tensor, external_state_policy=1
    )
    assert b"GeneratorDataset" not in graph.numpy()
    assert len(next(iter(dataset))[0]) == 8


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow has such pipelines")
def test_a_stream_ends_with_its_data_set():
    ended = []

    class Endless:
        def __iter__(self):
            try:
                yield from itertools.repeat((IMAGES,))
            finally:
                ended.append(True)

    iterator = iter(dataset := zoo.engine.batches(Stream(Endless(), *looks())))
    next(iterator)
    assert not ended
    del iterator, dataset
    gc.collect()
    assert ended


FORGOTTEN = {
    "array": lambda pixels: pixels / np.float32(255),
    "batches": lambda pixels: zoo.data.Batches(pixels, batch_size=5, value_range=(0, 1)),
    "flipped": lambda pixels: zoo.data.Batches(pixels, batch_size=5, value_range=(0, 1), flip=True),
    "PyDataset": lambda pixels: Batches(thirds(pixels / np.float32(255))),
    "iterable": lambda pixels: Iterable(thirds(pixels / np.float32(255))),
}


def test_data_are_forgotten_after_training():
    model, alive = vae(), {}
    for kind, data_of in FORGOTTEN.items():
        data = data_of(np.zeros((20, 8, 8, 1), "uint8"))
        model.fit(data, validation_data=data, verbose=0)
        alive[kind] = weakref.ref(data)
    del data
    gc.collect()
    assert [kind for kind, data in alive.items() if data() is not None] == []


def looks():
    return (lambda batch: batch), (lambda x: (x,)), (None,), "x"


class Breaks(Batches):
    def __getitem__(self, index):
        if index == 2:
            raise OSError("the disk is gone")
        return super().__getitem__(index)


class Fails(keras.callbacks.Callback):
    def on_predict_batch_end(self, batch, logs=None):
        raise ValueError("wrong in the first step")


def test_an_error_of_reading_the_data_is_raised_itself_and_leaves_the_model(monkeypatch):
    """TensorFlow makes an error of its own of it, and JAX has taken the weights."""
    model = vae()
    model.train_on_batch(IMAGES)
    model.set_weights([w + 1 for w in model.get_weights()])
    changed = model.get_weights()
    with pytest.raises(ValueError, match="wrong in the first step"):
        model.predict(IMAGES, callbacks=[Fails()], verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), changed, strict=True))
    with pytest.raises(OSError, match=r"^the disk is gone$"):
        model.fit(Breaks(thirds(IMAGES)), shuffle=False, verbose=0)
    with pytest.raises(OSError, match=r"^the disk is gone$"):
        model.evaluate(Breaks(thirds(IMAGES)), verbose=0)
    images = np.zeros((20, 8, 8, 1), "uint8")
    batches = zoo.data.Batches(images, batch_size=5, value_range=(0.0, 1.0), dequantize=True)

    def stream(start):
        yield batches.step(start)
        raise zoo.errors.DataError("the picture 'a.png' cannot be read")

    monkeypatch.setattr(batches, "stream", stream)
    with pytest.raises(zoo.errors.DataError, match=r"^the picture 'a\.png' cannot be read$"):
        model.fit(batches, verbose=0)
