"""Metrics that are left out of a report, which says so in a line."""

import keras
import numpy as np
import pytest

import zoo

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore:fid")]
REAL, TRAIN = np.random.default_rng(0).integers(0, 256, (2, 60, 8, 8, 1), dtype="uint8")
LABELS = np.arange(60) % 3
LINE = "prdc is left out: from fewer than 50 samples or real images it says nothing. Received: "


@pytest.fixture(scope="module")
def model():
    return zoo.create("gan", image_shape=(8, 8, 1), latent_dim=2, units=5)


def evaluated(model, metrics=None, data=REAL, n=60, extractor="pixels", **options):
    return zoo.evaluate(model, data, metrics, n, 1, extractor=extractor, **options)


def test_below_a_count_a_metric_is_left_out_with_a_line(model):
    names = ["fid", "kid", "prdc", "memorisation"]
    with pytest.warns(UserWarning, match=" is left out: ") as caught:
        report = evaluated(model, names, REAL[:49], train=TRAIN)
    assert [m.name for m in report.measurements] == ["kid"]
    assert f"{LINE}49." in report.left_out
    assert sum(LINE in str(warning.message) for warning in caught) == 1
    assert LINE in str(report)
    assert zoo.evaluation.Report.model_validate_json(report.model_dump_json()) == report
    with pytest.warns(UserWarning, match=f"{LINE}30."):
        assert evaluated(model, "prdc", n=30).measurements == []
    enough = evaluated(model, "prdc", REAL[:50], n=50)
    assert (len(enough.measurements), enough.left_out) == (4, [])


@pytest.mark.filterwarnings("ignore:label_accuracy is left out")
@pytest.mark.parametrize("num_classes", [None, 3])
def test_default_metrics_are_those_that_the_extractor_allows(num_classes):
    model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=2, units=5, num_classes=num_classes)
    data = REAL if num_classes is None else (REAL, LABELS)
    with pytest.warns(UserWarning, match="modes is left out: the extractor 'pixels' has no classe"):
        report = evaluated(model, data=data)
    names = ["fid", "kid", "precision", "recall", "density", "coverage"]
    assert [m.name for m in report.measurements] == names
    images = keras.Input((8, 8, 1))
    features = keras.layers.Flatten()(images)
    network = keras.Model(images, [features, keras.layers.Dense(3)(features)])
    found = {m.name for m in evaluated(model, data=data, extractor=network).measurements}
    assert {*names, "modes_covered"} < found
    assert ("label_accuracy" in found) == (num_classes is not None)
    with pytest.raises(ValueError, match="need an extractor with classes. Received: 'pixels'"):
        evaluated(model, "modes", data)  # asked for by name
