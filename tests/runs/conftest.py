"""What the tests of runs share."""

import shutil
import time
from typing import NamedTuple

import pytest
import small
from program import EVALUATING, TRAINING

from zoo.runs.recipe import load_recipe

STARTS = 5.0  # seconds, about: a program imports its backend


class Alone(NamedTuple):
    """A run that was left alone, and how long its parts lasted."""

    out: object
    lasts: dict


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """In this process: a program that was stopped in any way must end with the same."""
    out, begun = tmp_path_factory.mktemp("alone") / "out", {}

    def note(line):
        for stage, sign in (("training", TRAINING), ("evaluating", EVALUATING.strip())):
            if sign in line:
                begun[stage] = time.perf_counter()

    small.run_short(out, say=note)
    end = time.perf_counter()
    lasts = {
        "start": STARTS,
        "training": begun["evaluating"] - begun["training"],
        "evaluating": end - begun["evaluating"],
    }
    return Alone(out, lasts)


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
    """A finished training, measured in full; tests that change it take a copy."""
    out = tmp_path_factory.mktemp("trained")
    small.run(load_recipe(small.DCGAN), slice_path, out, measure="full")
    return out


@pytest.fixture
def copied(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def few_samples(monkeypatch):
    """The number of samples that smoke runs take for each number, where its value is no matter."""
    monkeypatch.setattr("zoo.runs.run.SMOKE_IMAGES", 64)
    return 64
