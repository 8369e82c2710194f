"""oneDNN under JAX, a setting of the process that is the user's first."""

import os

import keras
import numpy as np
import pytest
from helpers import python

import zoo

if keras.backend.backend() == "jax":
    from zoo.engine import jax as engine
else:
    pytest.skip("XLA computes with it under JAX alone", allow_module_level=True)

FLAG = "--xla_cpu_use_onednn"
STEP = """
import sys, zoo, keras, numpy as np
assert "onednn" not in __import__("os").environ.get("XLA_FLAGS", "")
print(zoo.engine.use_onednn() if sys.argv[1] == "with" else "without")
keras.utils.set_random_seed(0)
model = zoo.create("dcgan", image_shape=(16, 16, 3), width=8, latent_dim=4)
model.compile()
images = np.random.default_rng(0).uniform(-1, 1, (16, 16, 16, 3)).astype("float32")
model.fit(images, batch_size=8, epochs=2, verbose=0)
np.save(sys.argv[2], model.sample(8, seed=0))
"""


@pytest.fixture
def unset(monkeypatch):
    """A process in which JAX has made no client, and nobody has set flags."""
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.setattr(engine.xla_bridge, "backends_are_initialized", lambda: False)


def test_samples_agree_with_the_plain_form(tmp_path):
    found = {}
    for form in ("with", "without"):
        done = python("-c", STEP, form, tmp_path / f"{form}.npy", XLA_FLAGS=None)
        assert done.stdout.strip() == {"with": "True", "without": "without"}[form], done.stderr
        found[form] = np.load(tmp_path / f"{form}.npy")
    np.testing.assert_allclose(found["with"], found["without"], atol=2e-3)


@pytest.mark.usefixtures("unset")
def test_flags_of_the_user_stay(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", f"{FLAG}=false --xla_dump_to=x")
    assert zoo.engine.use_onednn() is False
    assert os.environ["XLA_FLAGS"] == f"{FLAG}=false --xla_dump_to=x"
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=x")
    assert zoo.engine.use_onednn() is True
    assert os.environ["XLA_FLAGS"] == f"--xla_dump_to=x {FLAG}=true"
    assert zoo.engine.use_onednn() is True  # a second call changes nothing
    assert os.environ["XLA_FLAGS"].count(FLAG) == 1


@pytest.mark.usefixtures("unset")
def test_an_older_jaxlib_gets_no_flag(monkeypatch):
    """It would end the process."""
    monkeypatch.setattr(engine.metadata, "version", lambda name: "0.5.1")
    assert zoo.engine.use_onednn() is False
    assert "XLA_FLAGS" not in os.environ


@pytest.mark.usefixtures("unset")
def test_flags_that_jax_has_read_are_left(monkeypatch):
    monkeypatch.setattr(engine.xla_bridge, "backends_are_initialized", lambda: True)
    assert zoo.engine.use_onednn() is False
    assert "XLA_FLAGS" not in os.environ
