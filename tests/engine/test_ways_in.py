"""Whichever kind the data of `fit` come in, a model is trained to the same weights, or refused by
the same error."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import ways

BACKEND = keras.backend.backend()
ways.WITH[BACKEND]()
KINDS = [*ways.OF_ARRAYS, *ways.OF_BATCHES]
# Keras says at the end of data of unknown length that they ran out.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Your input ran out of data", "ignore::ResourceWarning"
)
EXPECTED = {}


def expected(family, wrong=None):
    key = (family, wrong)
    if key not in EXPECTED:
        EXPECTED[key] = ways.trained(family, "array", wrong=wrong)
    return EXPECTED[key]


def check(family, kind, labels="integers", wrong=None):
    result, wanted = ways.trained(family, kind, labels, wrong), expected(family, wrong)
    assert isinstance(wanted, str) == (wrong is not None)
    if wrong is not None:
        assert result == wanted
        return
    assert not isinstance(result, str), result
    for one, other in zip(result, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def pairs():
    """A sample in which each kind meets a family and a kind of labels."""
    for index, kind in enumerate(KINDS):
        family = ("conditional", "unconditional", "autoencoder")[index % 3]
        yield family, kind, ways.LABELS[(index // 3) % 4]


@pytest.mark.parametrize(("family", "kind", "labels"), [*pairs()])
def test_a_sample_of_the_ways_in(family, kind, labels):
    check(family, kind, labels)


@pytest.mark.parametrize(("kind", "wrong"), [(k, ways.WRONG[i % 4]) for i, k in enumerate(KINDS)])
def test_a_sample_of_faults(kind, wrong):
    check("conditional", kind, wrong=wrong)


@pytest.mark.heavy
@pytest.mark.parametrize("family", ways.FAMILIES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_way_in(family, kind):
    for labels in ways.LABELS:
        check(family, kind, labels)
    for wrong in ways.WRONG[: 4 if family in ("conditional", "classifier") else 3]:
        check(family, kind, wrong=wrong)


@pytest.mark.heavy
def test_tensors_of_other_libraries():
    """In a process in which no backend is hidden."""
    environment = {k: v for k, v in os.environ.items() if k != "ZOO_TEST_BACKEND"}
    program = Path(ways.__file__)
    environment["PYTHONPATH"] = str(program.parent.parent)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
