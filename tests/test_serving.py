"""One model on the threads of a server: right images for all clients, and flat memory."""

import importlib
import sys

import pytest

import zoo


@pytest.fixture
def serving(monkeypatch):
    monkeypatch.syspath_prepend(zoo.presets.locate.ROOT.parent / "benchmarks")
    yield importlib.import_module("serving")
    del sys.modules["serving"]


@pytest.mark.parametrize("trained", [False, True], ids=["alone", "beside training"])
def test_many_clients_at_once(serving, trained):
    model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=16)
    model.compile()
    model.fit(model.sample(32, seed=0), verbose=0)  # what is compiled once is no growth
    found = serving.soak(model, seconds=1.5, trained=trained)
    assert found["errors"] == []
    assert len(found["waits"]) >= serving.CLIENTS  # each got an answer, however slow the machine is
    if found["early"] is not None:
        assert found["late"] - found["early"] < 30
