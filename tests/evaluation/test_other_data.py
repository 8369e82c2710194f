"""Numbers of other data than those of a preset's card say so, and are measured in another way."""

import dataclasses

import numpy as np
import pytest

import zoo
from zoo.evaluation import plan as module
from zoo.evaluation.plan import plan
from zoo.presets.locate import locate

pytestmark = pytest.mark.once


@pytest.fixture
def trained_here(monkeypatch, tmp_path):
    """Has the card of `gan_mnist` say that it was trained and measured on a set of this test."""
    images = np.random.default_rng(0).integers(0, 256, (90, 28, 28, 1), dtype="uint8")
    place = tmp_path / "mnist.npz"
    np.savez(place, x_train=images, x_test=images[:60] // 2)
    preset = locate("gan_mnist")
    options = {"samples": 70, "seeds": 1, "extractor": "pixels"}
    report = zoo.evaluate("gan_mnist", place, "kid", 60, **options)
    training = preset.card.training.model_copy(
        update={"data": "mnist", "data_sha256": zoo.data.read(place).sha256}
    )
    changes = {"training": training, "metrics": report.measurements}
    found = dataclasses.replace(preset, card=preset.card.model_copy(update=changes))
    monkeypatch.setattr(module, "locate", lambda _: found)
    return place


def test_the_same_data_under_any_name(trained_here, tmp_path):
    other_name = trained_here.rename(tmp_path / "mine.npz")
    planned = plan("gan_mnist", other_name)
    assert planned.other_data is None
    assert (planned.samples, len(planned.test.images)) == (70, 60)
    assert [metric.name for metric in planned.metrics] == ["kid"]
    named = plan("gan_mnist", other_name, "kid")
    assert planned.extractor.name == named.extractor.name == "pixels"
    test = zoo.data.read(other_name, "test")
    assert plan("gan_mnist", test, "kid", 20, extractor="pixels").other_data is None


def test_a_metric_that_is_named_has_the_settings_of_the_card(monkeypatch, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (60, 28, 28, 1), dtype="uint8")
    preset = locate("vae_mnist")
    sampled = zoo.evaluation.LogLikelihood(pixels="threshold")
    place = tmp_path / "mnist.npz"
    np.savez(place, x_train=images, x_test=images)
    model = zoo.create("made", image_shape=(28, 28, 1), hidden_units=(2,))
    report = zoo.evaluate(model, place, sampled, seeds=1)
    card = preset.card.model_copy(update={"metrics": report.measurements})
    found = dataclasses.replace(preset, card=card)
    monkeypatch.setattr(module, "locate", lambda _: found)
    monkeypatch.setattr(type(preset), "read", lambda preset: model)

    def pixels(data, metrics):
        (metric,) = plan("vae_mnist", data, metrics).metrics
        return metric.pixels

    assert pixels(place, ["log_likelihood"]) == "threshold" == pixels(place, "log_likelihood")
    assert pixels(place, zoo.evaluation.LogLikelihood()) is None
    assert pixels(place, (name for name in ["log_likelihood"])) == "threshold"
    np.savez(tmp_path / "other.npz", x_train=255 - images, x_test=255 - images)
    assert pixels(tmp_path / "other.npz", "log_likelihood") is None


def test_other_splits_of_the_same_data(trained_here):
    for split in ("train", "train, one in ten"):
        planned = plan("gan_mnist", trained_here, "kid", 9, split=split, extractor="pixels")
        assert planned.other_data is None
    larger = plan("gan_mnist", trained_here, "kid", split="train", extractor="pixels")
    assert len(larger.test.images) == 70  # as many as the card has samples, and not its 60 images


def test_other_data_under_the_same_name(trained_here, tmp_path):
    with np.load(trained_here) as arrays:
        np.savez(tmp_path / "mnist.npz", **{name: 255 - array for name, array in arrays.items()})
    planned = plan("gan_mnist", tmp_path / "mnist.npz", extractor="pixels")
    assert "(mnist, SHA-256 " in planned.other_data
    assert planned.samples == 1_000  # of few real images; 10,000 are in the card
    assert {"fid", "kid"} < {metric.name for metric in planned.metrics}


def test_the_report_says_so_above_the_numbers(run, slice_path, tmp_path):
    options = ("--data", slice_path, "--metrics", "kid", "-n", 60, "--extractor", "pixels")
    code, out, _ = run("evaluate", "dcgan_mnist", *options, "--seeds", 1)
    assert code == 0
    first, *_ = out.splitlines()
    assert first == (
        "The numbers in the card of dcgan_mnist are of other data (mnist, SHA-256 a85d8dffc606), "
        "and cannot be compared with these."
    )
    report = zoo.evaluate("dcgan_mnist", slice_path, "kid", 60, seeds=1, extractor="pixels")
    assert report.other_data == first
    (tmp_path / "a.json").write_text(report.model_dump_json())
    assert zoo.evaluation.Report.read(tmp_path / "a.json").other_data == first


def test_points_drawn_again_are_the_same_data():
    planned = plan("gan_ring8", n=100)
    assert planned.other_data is None
    other = np.random.default_rng(0).normal(size=(100, 2)).astype("float32")
    assert plan("gan_ring8", other, "kid", n=100).other_data.startswith("The numbers in the card")


def test_a_model_without_a_card_has_no_such_line(slice_path):
    model = zoo.create("dcgan", image_shape=(28, 28, 1), width=2)
    assert plan(model, slice_path, "kid", 60, extractor="pixels").other_data is None
