"""Each number of a metric has a meaning, which pages and the documentation share."""

import re
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo import metrics
from zoo.evaluation import Metric
from zoo.metrics import Measurement
from zoo.metrics.meanings import BY_TEST_DATA, MEANINGS, PAPERS_EXTRACTOR, judgement

pytestmark = pytest.mark.once
PAGE = (Path(zoo.__file__).parent.parent / "docs" / "metrics.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE))
OWN = {name: cls for name, cls in Metric.named().items() if cls.__module__.startswith("zoo.")}


def measurement(**fields):
    """A number, by default a FID with a score of real images."""
    protocol = {"metric": "fid", "data": "mnist", "data_sha256": "0" * 64, "images": "a"}
    protocol |= {"extractor": PAPERS_EXTRACTOR, "n_real": 9, **fields.pop("protocol", {})}
    values = {"name": "fid", "value": 2.0, "better": "lower", "real_baseline": 0.25}
    return Measurement(**{**values, **fields}, protocol=protocol)


def test_every_number_of_every_metric_has_one():
    assert {name: set(cls.outputs) for name, cls in OWN.items()} == {
        name: set(numbers) for name, numbers in MEANINGS.items()
    }
    for numbers in MEANINGS.values():
        for says, best in numbers.values():
            assert re.fullmatch(r"[A-Z][^.]*(\.\d[^.]*)*\.", says), says
            assert best is None or not best.endswith("."), best


def test_the_real_data_are_those_of_the_metric():
    assert {name for name, cls in OWN.items() if cls.baseline == "test"} == BY_TEST_DATA
    assert {cls.baseline for cls in OWN.values()} == {"test", "train", None}


@pytest.mark.parametrize("name", MEANINGS)
def test_the_documentation_explains_it(name):
    """docs/metrics.md has a section with the metric's numbers, in the words of the pages."""
    text = " ".join(SECTIONS[name].split())
    directions = {"lower": "lower is better", "higher": "higher is better"}
    for number, (says, best) in MEANINGS[name].items():
        direction = directions.get(OWN[name].outputs[number], "neither low nor high is better")
        good = f" {best[0].upper()}{best[1:]}." if best else ""
        assert f"- `{number}` ({direction}): {says}{good}" in text


def test_the_documentation_names_every_function():
    functions = [name for name in metrics.__all__ if name.islower()]
    assert len(functions) > 15
    assert [name for name in functions if f"`zoo.metrics.{name}`" not in PAGE] == []


def test_what_is_best_is_true():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 400, 3))
    labels = np.arange(400) % 4
    p = np.eye(4)[labels]
    neighbours = metrics.prdc(x, x, 5)
    assert (neighbours["precision"], neighbours["recall"], neighbours["coverage"]) == (1, 1, 1)
    assert metrics.prdc(x, y, 5)["density"] == pytest.approx(1, abs=0.1)
    assert metrics.frechet_distance(x, x) == pytest.approx(0, abs=1e-6)
    assert abs(metrics.kernel_distance(x, y)) < 0.05
    assert metrics.energy_test(x, x, 9).statistic == pytest.approx(0, abs=1e-9)
    assert metrics.classifier_test(x, y).accuracy == pytest.approx(0.5, abs=0.1)
    assert metrics.class_modes(labels, 4).kl == pytest.approx(0)
    assert metrics.class_entropy(p) == pytest.approx((np.log(4), 0))
    assert metrics.inception_score(p) == pytest.approx(4)
    distances = rng.random(10_000)
    assert metrics.copies(distances, distances) == pytest.approx(0.01, abs=1e-3)


def test_a_number_is_judged_by_its_own_record():
    says = MEANINGS["fid"]["fid"].says
    assert judgement(measurement(), "images") == (
        f"{says} Lower is better: 0 is the best; training images in place of samples have 0.25."
    )
    published = measurement(real_baseline=None, published=3.5, published_source="A 2020, table 1")
    assert judgement(published, "images") == (
        f"{says} Lower is better: 0 is the best; others published 3.5 (A 2020, table 1)."
    )
    other = measurement(real_baseline=None, protocol={"extractor": "classifier_mnist"})
    assert judgement(other, "images").endswith(
        " Papers take another network than classifier_mnist, and have another scale."
    )
    of_classes = {"metric": "modes", "extractor": "a"}
    covered = measurement(name="modes_covered", better="higher", protocol=of_classes)
    assert judgement(covered, "images").endswith(
        ". Higher is better: test images in place of samples have 0.25."
    )


def test_a_number_of_others_is_judged_by_what_it_says():
    own = {"metric": "mine", "extractor": None}
    number = measurement(name="mine", protocol=own)
    assert judgement(number, "points") == (
        "Lower is better: real points in place of samples have 0.25."
    )
    assert judgement(measurement(name="x", real_baseline=None, better=None, protocol=own), "") == ""
    # The name of a number is looked for in its own metric alone.
    assert judgement(measurement(protocol=own, real_baseline=None), "a") == "Lower is better."
