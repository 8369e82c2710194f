"""Metrics during `fit`: in the logs, seen by other callbacks, and the best model kept."""

import keras
import numpy as np
import pytest

import zoo

REAL = np.random.default_rng(0).integers(0, 256, (96, 8, 8, 1), dtype="uint8")


def model():
    made = zoo.create("dcgan", image_shape=(8, 8, 1), width=2)
    made.compile()
    return made


def fit(made, *callbacks, epochs=3):
    x = zoo.data.to_range(REAL)
    return made.fit(x, batch_size=48, epochs=epochs, verbose=0, callbacks=[*callbacks]).history


def test_numbers_join_the_logs_and_the_best_is_kept(tmp_path):
    made = model()
    options = {"n": 96, "extractor": "pixels"}
    measured = zoo.callbacks.Evaluation(
        REAL, ["fid", "prdc"], best=tmp_path / "best.keras", **options
    )
    kept = keras.callbacks.ModelCheckpoint(
        tmp_path / "theirs.keras", monitor="fid", mode="min", save_best_only=True
    )
    history = fit(made, measured, kept)
    assert len(history["fid"]) == len(history["coverage"]) == 3
    assert measured.best_value == min(history["fid"])
    assert history["fid"][-1] == zoo.evaluate(made, REAL, "fid", seeds=1, **options)["fid"].value
    for name in ("best", "theirs"):
        best = keras.saving.load_model(tmp_path / f"{name}.keras")
        value = zoo.evaluate(best, REAL, "fid", seeds=1, **options)["fid"].value
        assert value == pytest.approx(min(history["fid"]), rel=1e-4)
        assert best.optimizers
    assert measured.reports[1]["fid"].protocol.n_fake == 96


def test_the_split_of_a_set_by_its_name(slice_path):
    """As for `zoo.evaluate`: the test images, unless another split is named."""
    made = zoo.create("dcgan", image_shape=(28, 28, 1), width=2)
    made.compile()
    for given, split in ((None, "test"), ("train", "train")):
        measured = zoo.callbacks.Evaluation(
            slice_path, "kid", n=20, extractor="pixels", split=given
        )
        fit_on = zoo.data.to_range(zoo.data.read(slice_path).images[:16])
        made.fit(fit_on, batch_size=16, verbose=0, callbacks=[measured])
        assert measured.reports[1]["kid"].protocol.split == split


def test_high_is_best_where_it_is_better_and_epochs_are_left_out():
    measured = zoo.callbacks.Evaluation(
        REAL, "prdc", n=96, every=2, monitor="density", extractor="pixels"
    )
    history = fit(model(), measured, epochs=5)
    assert list(measured.reports) == [2, 4]
    second, fourth = (measured.reports[i]["density"].value for i in (2, 4))
    np.testing.assert_equal(history["density"], [np.nan, second, second, fourth, fourth])
    assert measured.best_value == max(r["density"].value for r in measured.reports.values())


def test_training_goes_on_as_without_it():
    weights = []
    for callbacks in ([], [zoo.callbacks.Evaluation(REAL, "kid", n=40, extractor="pixels")]):
        keras.utils.set_random_seed(1)
        made = model()
        fit(made, *callbacks)
        weights.append(made.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_unknown_arguments_are_refused_before_the_training():
    for kwargs, message in (
        ({"seedz": 3, "extractor": "pixels"}, "Unknown argument of Evaluation: 'seedz'"),
        ({}, "No extractor was trained on the data 'arrays': the argument extractor"),
        ({"metrics": "mmd", "extractor": "pixels"}, r"MMDTest\(size=...\) takes another"),
        ({"metrics": "modes", "extractor": "pixels"}, "need an extractor with classes"),
    ):
        made, epochs = model(), []
        counting = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs, epochs=epochs: epochs.append(epoch)
        )
        with pytest.raises(ValueError, match=message):
            fit(made, zoo.callbacks.Evaluation(REAL, **kwargs), counting)
        assert not epochs
    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    plain.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Evaluation is for models of this package"):
        plain.fit(np.ones((4, 3)), np.ones(4), callbacks=[zoo.callbacks.Evaluation(REAL)])


@pytest.mark.once
def test_too_few_images_are_refused_before_the_training():
    with pytest.raises(ValueError, match="fid is left out: from fewer than 50 .* Received: 40"):
        fit(model(), zoo.callbacks.Evaluation(REAL[:40], "fid", extractor="pixels"))
    with pytest.raises(ValueError, match="fid is left out: from fewer than 50 .* Received: 20"):
        fit(model(), zoo.callbacks.Evaluation(REAL, "fid", extractor="pixels", samples=20))


def test_wrong_arguments_are_refused():
    for kwargs, message in (
        ({"metrics": "fidd"}, "Unknown metric: 'fidd'"),
        ({"monitor": "kid"}, "Unknown monitor: 'kid'. Allowed: fid"),
        ({"metrics": "memorisation"}, "monitor must be a number that is better high or low"),
        ({"best": "best.h5"}, "best must end in .keras. Received: 'best.h5'"),
        ({"every": 0}, "every must be a whole number of at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            zoo.callbacks.Evaluation(REAL, **kwargs)
