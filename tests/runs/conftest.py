"""What the tests of runs share."""

import time
from typing import NamedTuple

import pytest
from program import EVALUATING, SHORT, TRAINING, Program


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
