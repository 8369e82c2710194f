"""This test run is what it claims to be: one backend, no network."""

import importlib
import socket
from pathlib import Path

import keras
import pytest
from helpers import python

BACKEND = keras.backend.backend()
ROOT = Path(__file__).parent.parent.parent
OTHERS = sorted({"tensorflow", "jax", "torch"} - {BACKEND})


@pytest.mark.parametrize("other", OTHERS)
def test_other_backends_are_absent(other):
    assert importlib.util.find_spec(other) is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(other)
    done = python("-c", f"import {other}")
    assert f"No module named '{other}'" in done.stderr


def test_there_is_no_network():
    with pytest.raises(ConnectionError, match="no network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    done = python("-c", "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)")
    assert "no network" in done.stderr


@pytest.mark.once
def test_without_the_extra_for_data_tests_are_skipped():
    test = "tests/data/test_data.py::TestTFDS::test_unknown_set"
    done = python(
        *("-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", ROOT / test),
        ZOO_TEST_ABSENT="tensorflow_datasets array_record grain",
    )
    assert "1 skipped" in done.stdout, done.stdout
    assert "the extra 'data' is not installed: tensorflow_datasets, array_rec" in done.stdout


def test_no_backend_at_all_is_said():
    done = python("-c", "import zoo", ZOO_TEST_BACKEND="none")
    assert f"The backend '{BACKEND}', which KERAS_BACKEND names, is not installed" in done.stderr
    done = python("-c", "import zoo", ZOO_TEST_BACKEND="none", KERAS_BACKEND="")
    assert "No backend is installed. Install one: pip install" in done.stderr
