"""Several processes compute an evaluation: the numbers are those of one."""

from types import MappingProxyType

import numpy as np
import pytest
from helpers import python

import zoo
from zoo.data import to_bytes
from zoo.errors import ArgumentError
from zoo.evaluation import IWAE, PerDatum, collected, of_images, sets
from zoo.networks.features import Extractor

N = 150


@pytest.fixture(autouse=True)
def parts_of_forty(monkeypatch):
    set_part(monkeypatch, 40)


def set_part(monkeypatch, size):
    for module in (sets, collected):
        monkeypatch.setattr(module, "PART", size)


def images(model, seed):
    return to_bytes(model.data.example(N, seed), model.value_range), np.arange(N) % 3


@pytest.fixture
def measured():
    """A conditional model, and a function that measures it."""
    model = zoo.create("cgan", image_shape=(8, 8, 1), num_classes=3, latent_dim=4)
    flat = zoo.create("classifier", image_shape=(8, 8, 1), num_classes=3, width=2)
    extractor = Extractor(flat.feature_network(), "own", value_range=flat.value_range)

    def measure(**options):
        return zoo.evaluate(
            model,
            images(model, 0),
            ["fid", "prdc", "modes", "memorisation"],
            n=N,
            seeds=2,
            train=images(model, 1),
            extractor=extractor,
            cache=False,
            **options,
        )

    return model, measure


def values(report):
    return [(m.name, m.value, m.spread, m.real_baseline) for m in report.measurements]


def test_the_numbers_are_those_of_one_process(measured, tmp_path):
    _, measure = measured
    alone = values(measure())
    for index in (3, 1, 2):
        assert measure(work=tmp_path / "work", process=(index, 4)) is None
    assert values(measure(work=tmp_path / "work", process=(0, 4))) == alone
    assert values(measure(work=tmp_path / "work")) == alone  # from the files


@pytest.mark.parametrize("of", ["vae", pytest.param("cvae", marks=pytest.mark.once)])
def test_likelihoods_and_errors_are_those_of_one_process(of, tmp_path, monkeypatch):
    labels = {"num_classes": 3} if of == "cvae" else {}
    model = zoo.create(of, image_shape=(8, 8, 1), hidden_units=(8,), latent_dim=2, **labels)
    data = images(model, 0)
    monkeypatch.setattr(of_images, "BATCH", 32)

    def measure(**options):
        names = [IWAE(k=3), "elbo", "bits_per_dimension", "reconstruction"]
        return zoo.evaluate(model, data, names, seeds=2, cache=False, progress=False, **options)

    set_part(monkeypatch, 512)
    whole = measure()  # one part
    set_part(monkeypatch, 64)
    infer, rows = model.infer, []
    vars(model)["infer"] = lambda *a, **k: rows.append(len(a[2][0])) or infer(*a, **k)
    alone = measure()
    for found, expected in zip(alone.measurements, whole.measurements, strict=True):
        assert found.value == pytest.approx(expected.value, rel=1e-6)
    of_all = sum(rows)
    for index in (1, 2, 3):
        rows.clear()
        assert measure(work=tmp_path / "work", process=(index, 4)) is None
        assert sum(rows) < of_all / 2
    assert values(measure(work=tmp_path / "work", process=(0, 4))) == values(alone)


@pytest.mark.once
def test_noise_that_cannot_be_counted_on_is_not_divided(tmp_path, monkeypatch):
    class Old(zoo.models.VAE):
        def log_prob(self, images, labels=None, method="iwae", k=5, seed=0):
            calls.append(len(images))
            return super().log_prob(images, labels, method, k, seed)

    calls = []
    model = Old(image_shape=(8, 8, 1), hidden_units=(8,), latent_dim=2)
    data, metric = images(model, 0)[0], IWAE(k=3)
    monkeypatch.setattr(of_images, "BATCH", 20)  # of which a part is two

    def measure(**options):
        return values(zoo.evaluate(model, data, metric, seeds=1, cache=False, **options))

    assert measure() == measure(work=tmp_path / "work")
    assert calls == [N, N]


@pytest.mark.once
def test_a_users_metric_of_each_datum(tmp_path):
    class Brightness(PerDatum):
        name = "brightness"
        outputs = MappingProxyType({"brightness": None})
        seeded = False

        def values(self, subject, spans):
            for span in spans:
                parts.append(span)
                yield subject.test.images[span.start : span.stop].mean(axis=(1, 2, 3))

        def numbers(self, values, model):
            return {"brightness": float(values.mean())}

    model, parts = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=2), []
    data = images(model, 0)[0]
    expected = pytest.approx(data.mean())

    def measure(**options):
        return zoo.evaluate(model, data, Brightness(), cache=False, **options)

    assert measure()["brightness"].value == expected
    parts.clear()
    measure(work=tmp_path / "work", process=(1, 2))
    assert 0 < len(parts) < 4
    assert measure(work=tmp_path / "work", process=(0, 2))["brightness"].value == expected


def test_an_interrupted_evaluation_is_continued(measured, tmp_path, monkeypatch):
    model, measure = measured
    sample, calls = type(model).sample_batches, []

    def dies(*args, **options):
        for part in sample(*args, **options):
            calls.append(len(part[0]))
            if len(calls) == 3:
                raise KeyboardInterrupt
            yield part

    monkeypatch.setattr(type(model), "sample_batches", dies)
    with pytest.raises(KeyboardInterrupt):
        measure(work=tmp_path / "work")
    monkeypatch.undo()
    set_part(monkeypatch, 40)
    made = []
    outputs_of = sets.outputs_of
    monkeypatch.setattr(sets, "outputs_of", lambda *a: made.append(len(a[0])) or outputs_of(*a))
    assert values(measure(work=tmp_path / "work")) == values(measure())
    assert len(made) == (4 * 4 - 8 - 2) + 4 * 4  # what was missing, and then all


@pytest.mark.once
def test_other_processes_are_waited_for(measured, tmp_path, monkeypatch):
    _, measure = measured
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        assert len(waits) < 3
        if len(waits) == 2:
            monkeypatch.setattr("time.sleep", lambda seconds: None)
            measure(work=tmp_path / "work", process=(1, 2))

    monkeypatch.setattr("time.sleep", sleep)
    assert measure(work=tmp_path / "work", process=(0, 2)) is not None
    assert len(waits) == 2


@pytest.mark.once
def test_bad_input(measured, tmp_path):
    model, measure = measured
    with pytest.raises(ArgumentError, match=r"work is needed, the folder that 2 processes share"):
        measure(process=(0, 2))
    measure(work=tmp_path / "work")
    with pytest.raises(ArgumentError, match=r"was begun with .*protocols="):
        zoo.evaluate(
            model, images(model, 0), "kid", n=N, extractor="pixels", work=tmp_path / "work"
        )


@pytest.mark.once
@pytest.mark.heavy
def test_the_command(tmp_path):
    options = ["gan_mnist", "-n", 2_000, "--seeds", 2, "--metrics", "fid,prdc", "--json"]
    alone, shared = (
        python("-m", "zoo", "evaluate", *options, *more) for more in ((), ("--distribute", 4))
    )
    assert (alone.returncode, shared.returncode) == (0, 0), (alone.stderr, shared.stderr)
    assert alone.stdout == shared.stdout
