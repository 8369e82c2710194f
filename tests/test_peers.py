"""The loops that the benchmarks compare the zoo with do the same arithmetic."""

import importlib
import sys

import keras
import numpy as np
import pytest
from first_steps import compile_with_bank
from helpers import array

import zoo
from zoo import engine

STEPS = 3
TINY = {
    "dcgan_28": {"batch": 16, "options": {"width": 8}, "latent_dim": 4},
    "dcgan_64": {"batch": 8, "options": {"width": 4}, "latent_dim": 4},
    "wgan_gp_28": {"batch": 40, "options": {"width": 8}, "latent_dim": 4},
    "vae_28": {"batch": 16, "options": {"hidden_units": (8,)}, "latent_dim": 3},
    "gan_2d_of_8": {},
}


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(zoo.presets.locate.ROOT.parent / "benchmarks")
    yield importlib.import_module("cases")
    for name in [n for n in sys.modules if n.partition(".")[0] in ("cases", "peers")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "name",
    # The same loop of each backend with other bodies.
    [pytest.param(name, marks=[pytest.mark.once] * (name == "dcgan_64")) for name in TINY],
)
def test_peer_and_zoo_compute_the_same(benchmarks, name):
    case = benchmarks.CASES[name].replace(**TINY[name])
    model = case.model()
    networks = ("encoder", "decoder") if name == "vae_28" else ("generator", "discriminator")
    shapes = benchmarks.weights_of(case)
    weights = {network: getattr(model, network).get_weights() for network in networks}
    for network in networks:
        assert [w.shape for w in weights[network]] == [shape for _, shape in shapes[network]]
    backend = keras.backend.backend()
    peer = importlib.import_module(f"peers.{backend}_loop").Peer(case, weights)
    images = case.images(case.batch)

    compile_with_bank(model)
    numbers = model.random.numbers
    history = model.fit(
        engine.feed(iter([(images,)] * (STEPS + 1))),
        epochs=STEPS,
        steps_per_epoch=1,
        shuffle=False,
        verbose=0,
    ).history
    for step in range(STEPS):
        used = {"normal": 0, "uniform": 0}
        noise = []
        for kind, shape in peer.noise:
            start = used[kind]
            used[kind] += int(np.prod(shape))
            noise.append(numbers[kind][step, start : used[kind]].reshape(shape).astype("float32"))
        losses = peer.step(peer.prepare(images), noise)
        for key, value in losses.items():
            expected = history[key][step]
            assert float(array(value)) == pytest.approx(expected, rel=2e-3, abs=2e-3), (key, step)
