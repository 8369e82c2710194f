"""Whichever kind the data come in, a model is trained to the same weights, or refuses them by the
same error; it is evaluated and predicts alike."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import ways

from zoo import engine

BACKEND = keras.backend.backend()
ways.WITH[BACKEND]()
KINDS = [*ways.OF_ARRAYS, *ways.OF_BATCHES]
PAIRS = [(family, kind) for family in ways.FAMILIES for kind in KINDS]
FAULTS = [(kind, fault) for kind in KINDS for fault in ways.FAULTS if ways.fits(kind, fault)]
# Keras says at the end of data of unknown length that they ran out.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Your input ran out of data", "ignore::ResourceWarning"
)


def check(result, wanted, kind):
    assert not isinstance(result, str), result
    tolerance = ways.rounding(kind)
    for one, other in zip(result, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def with_workers(kind):
    return kind.endswith("of workers")  # which take seconds to start


@pytest.mark.parametrize(
    ("family", "kind"),
    [p for p in PAIRS if p[0] == "conditional" or not with_workers(p[1])],
)
def test_each_kind_of_data_trains_each_family(family, kind):
    labels = [*ways.LABELS][KINDS.index(kind) % len(ways.LABELS)]
    check(ways.trained(family, kind, labels), ways.trained(family), kind)


@pytest.mark.parametrize("labels", ways.LABELS)
@pytest.mark.parametrize("family", ways.LABELLED)
def test_each_kind_of_labels_trains_alike(family, labels):
    for kind in ("list", "iterable"):
        check(ways.trained(family, kind, labels), ways.trained(family), kind)


@pytest.mark.parametrize(("kind", "fault"), [f for f in FAULTS if not with_workers(f[0])])
def test_each_kind_of_data_is_refused_by_the_same_error(kind, fault):
    error = ways.trained("conditional", fault=fault)
    assert isinstance(error, str)
    assert ways.trained("conditional", kind, fault=fault) == error


def test_faults_in_batches_of_workers():
    for kind in filter(with_workers, KINDS):
        assert ways.trained("conditional", kind, fault="nan") == "x must be finite. "


@pytest.mark.parametrize("family", ways.FAMILIES)
def test_backends_agree(family):
    """The weights after a training with draws that are the same on each backend."""
    with np.load(ways.GOLDEN) as golden:
        wanted = [golden[name] for name in golden.files if name.startswith(family)]
    result = ways.trained(family, constant=True)
    for one, other in zip(result, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_evaluate_and_predict_take_each_kind():
    model = ways.restored("conditional")
    x, y = ways.arrays_of(model)
    options = {"batch_size": ways.BATCH, "verbose": 0}
    losses = model.evaluate(x, y, return_dict=True, **options)
    outputs = model.predict([x, y], **options)
    for kind in KINDS:
        options = {"verbose": 0, "steps": 3} if kind == "generator" else {"verbose": 0}
        if kind in ways.OF_ARRAYS:
            options["batch_size"] = ways.BATCH
        one = ways.source(kind, x, [y])
        result = model.evaluate(*one, return_dict=True, **options)
        assert result == pytest.approx(losses, rel=1e-6), kind
        (one,) = one if len(one) == 1 else (list(one),)
        if kind == "generator":
            one = ways.source(kind, x, [y])[0]
        np.testing.assert_allclose(model.predict(one, **options), outputs, atol=1e-6, err_msg=kind)


@pytest.mark.parametrize("kind", ways.OF_ARRAYS)
def test_one_batch_of_each_kind(kind):
    def outcome(kind, labels):
        model = ways.restored("conditional")
        x, y = ways.arrays_of(model)
        (x, y) = ways.source(kind, x, [ways.LABELS[labels](y)])
        logs = model.train_on_batch(x, y), model.test_on_batch(x, y), model.predict_on_batch([x, y])
        engine.synchronize(model)
        return [*map(np.asarray, logs), *model.get_weights()]

    labels = [*ways.LABELS][KINDS.index(kind) % len(ways.LABELS)]
    for one, other in zip(outcome(kind, labels), outcome("array", "integers"), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def run_with_all_backends(*arguments):
    """Runs the program of `ways` in a process in which no backend is hidden."""
    environment = {k: v for k, v in os.environ.items() if k != "ZOO_TEST_BACKEND"}
    program = Path(ways.__file__)
    environment["PYTHONPATH"] = str(program.parent.parent)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


@pytest.mark.once
def test_tensors_of_other_libraries():
    run_with_all_backends()


@pytest.mark.heavy
def test_tensors_of_other_libraries_in_each_family():
    run_with_all_backends("--whole")


@pytest.mark.heavy
@pytest.mark.parametrize(("family", "kind"), PAIRS)
def test_every_way_in(family, kind):
    for labels in ways.LABELS:
        check(ways.trained(family, kind, labels), ways.trained(family), kind)
    for fault in [*ways.FAULTS] if family in ways.LABELLED else [*ways.FAULTS][:3]:
        if ways.fits(kind, fault):
            wanted = ways.trained(family, fault=fault)
            assert isinstance(wanted, str)
            assert ways.trained(family, kind, fault=fault) == wanted
