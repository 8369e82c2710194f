"""Protocols: equal where all is equal, and named by what they hold."""

import pydantic
import pytest

from zoo.metrics import Measurement, Protocol
from zoo.metrics.protocol import PLUS_MINUS, explanations

pytestmark = pytest.mark.once
FACTS = {
    "metric": "prdc",
    "version": 1,
    "settings": (("k", 5),),
    "extractor": "classifier_mnist",
    "extractor_sha256": "a" * 64,
    "data": "mnist",
    "split": "test",
    "data_sha256": "b" * 64,
    "images": "28x28x1 8-bit",
    "n_real": 10_000,
    "n_fake": 10_000,
    "train_sha256": "d" * 64,
    "n_train": 60_000,
}
OTHERS = {
    "metric": "fid",
    "version": 2,
    "settings": (("k", 3),),
    "extractor": "pixels",
    "extractor_sha256": "c" * 64,
    "data": "fashion_mnist",
    "split": "train",
    "data_sha256": "c" * 64,
    "images": "32x32x1 8-bit",
    "n_real": 5_000,
    "n_fake": 5_000,
    "train_sha256": "e" * 64,
    "n_train": 100,
}


def test_name_and_hash():
    protocol = Protocol(**FACTS)
    assert protocol.name == "prdc(k=5)/classifier_mnist/mnist:test/10000:10000"
    assert protocol.hash == Protocol(**FACTS).hash
    assert len(protocol.hash) == 12
    # It stands in published cards: a change here is a change of all of them.
    assert protocol.hash == "208882047305"


@pytest.mark.parametrize("field", OTHERS)
def test_each_field_makes_another_protocol(field):
    mine, other = Protocol(**FACTS), Protocol(**{**FACTS, field: OTHERS[field]})
    assert mine != other
    assert mine.hash != other.hash
    (difference,) = mine.differences(other)
    assert difference == f"{field} {FACTS[field]!r} != {OTHERS[field]!r}"


def test_is_frozen_and_strict():
    protocol = Protocol(**FACTS)
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        protocol.n_real = 3
    assert Protocol(**{**FACTS, "settings": {"k": 5}}) == protocol
    assert hash(protocol) == hash(Protocol(**FACTS))
    with pytest.raises(pydantic.ValidationError, match="extra"):
        Protocol(**FACTS, seed=3)
    with pytest.raises(pydantic.ValidationError, match="n_fake"):
        Protocol(**{**FACTS, "n_fake": 0})
    with pytest.raises(pydantic.ValidationError, match="finite"):
        Measurement(name="recall", value=float("nan"), protocol=protocol)


def test_a_measurement_reads_well():
    measured = Measurement(
        name="recall", value=0.5, spread=0.01, seeds=[0, 1, 2], real_baseline=0.9, protocol=FACTS
    )
    assert measured.margin == pytest.approx(4.3027 * 0.01 / 3**0.5, rel=1e-4)
    assert str(measured) == "0.5 ± 0.025, real 0.9"
    assert Measurement.model_validate_json(measured.model_dump_json()) == measured


def test_the_names_of_earlier_versions_are_read():
    earlier = {
        "name": "recall",
        "value": 0.5,
        "of_real": 0.9,
        "again": [0.4],
        "reported": 0.7,
        "reported_source": "a paper, table 1",
        "protocol": FACTS,
    }
    measured = Measurement(**earlier)
    assert measured.real_baseline == 0.9
    assert measured.other_trainings == [0.4]
    assert (measured.published, measured.published_source) == (0.7, "a paper, table 1")
    assert measured.heading == "recall"
    assert measured.text == "0.5"
    assert measured.other_trainings_text == "0.4"
    assert not {"of_real", "again", "reported"} & set(measured.model_dump())
    assert Measurement.model_validate_json(measured.model_dump_json()) == measured
    with pytest.raises(pydantic.ValidationError, match="extra"):
        Measurement(**earlier, real_baseline=0.9)


def test_numbers_are_explained_where_they_need_it():
    plain = {**FACTS, "extractor": None, "extractor_sha256": None}
    assert explanations([Measurement(name="elbo", value=1.0, protocol=plain)]) == []
    pixels = {**FACTS, "extractor": "pixels"}
    several = Measurement(name="fid", value=1.0, spread=0.1, seeds=[0, 1], protocol=pixels)
    assert explanations([several]) == [PLUS_MINUS]
    (sentence,) = explanations([Measurement(name="mode_kl", value=1.0, protocol=FACTS)])
    assert "mode_kl depend on the extractor" in sentence
