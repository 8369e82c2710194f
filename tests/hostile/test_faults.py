"""A sample of the faults that `scripts/faults.py` tries, and that it finds what it looks for."""

import contextlib
import importlib
from pathlib import Path

import pytest

import zoo
from zoo.files import home

pytestmark = pytest.mark.once
SCRIPTS = Path(zoo.__file__).parent.parent / "scripts"


@pytest.fixture
def faults(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("faults")


@pytest.fixture
def scenarios(faults):
    return importlib.import_module("fault_scenarios").SCENARIOS


@pytest.mark.parametrize(
    ("name", "sample"),
    [("describe", 8), ("sample", 3), ("publish", 2), ("download", 2)],
)
def test_nothing_is_lost(faults, scenarios, name, sample):
    tried = dict(faults.faults_of(scenarios[name], sample))
    assert len(tried) == sample
    assert {str(place): loss for place, loss in tried.items() if loss is not None} == {}


def test_a_loss_is_found(faults, scenarios, monkeypatch):
    """Where files are written in place, half of a card is one."""

    @contextlib.contextmanager
    def in_place(*places):
        yield places

    monkeypatch.setattr("zoo.runs.collection.atomic_together", in_place)
    monkeypatch.setattr(home, "atomic_file", lambda place: contextlib.nullcontext(place))
    losses = [loss for _, loss in faults.faults_of(scenarios["describe"]) if loss is not None]
    assert any("changed" in loss and "card.json" in loss for loss in losses)
