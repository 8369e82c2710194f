"""What the tests of runs share."""

import shutil
import time
from typing import NamedTuple

import keras
import pytest
import small
from program import EVALUATING, SHORT, TRAINING, Program

from zoo.presets import golden, storage
from zoo.runs.recipe import load_recipe


class Alone(NamedTuple):
    """A run that was left alone, and how long its parts lasted."""

    out: object
    lasts: dict


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone") / "out"
    with Program(out, *SHORT) as program:
        ends = [0.0]
        for sign in (TRAINING, EVALUATING):
            assert program.reaches(sign), program.printed()
            ends.append(time.perf_counter() - program.began)
        assert program.ends() == 0, program.printed()
        ends.append(time.perf_counter() - program.began)
    stages = ("start", "training", "evaluating")
    return Alone(out, {s: ends[i + 1] - ends[i] for i, s in enumerate(stages)})


@pytest.fixture
def alone(undisturbed):
    """The folder of a run that was left alone."""
    return undisturbed.out


@pytest.fixture
def recipe():
    return load_recipe(small.DCGAN)


@pytest.fixture
def ring():
    return load_recipe(small.RING)


@pytest.fixture(scope="session")
def trained(slice_path, tmp_path_factory):
    """A finished training; tests that change it take a copy."""
    out = tmp_path_factory.mktemp("trained")
    small.run(load_recipe(small.DCGAN), slice_path, out)
    return out


@pytest.fixture
def copied(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def compared_here(monkeypatch):
    """Golden outputs are compared in this process, and not by a new one for each backend: that is
    tested by `trained` and by all programs."""

    def differences(folder):
        model = storage.read_model(folder)
        return {keras.backend.backend(): golden.difference(model, folder)}

    monkeypatch.setattr(golden, "differences", differences)
