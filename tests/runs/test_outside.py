"""Research from outside of the package: four programs, each in one file in tests/assets/outside."""

import importlib
import math
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo.presets.card import Card
from zoo.runs.recipe import load_recipe

OUTSIDE = Path(__file__).parent.parent / "assets" / "outside"
PROGRAMS = sorted(path.stem for path in OUTSIDE.glob("*.py"))


@pytest.fixture(autouse=True)
def _leaves_no_family(monkeypatch):
    monkeypatch.setattr(zoo.models.families, "_families", dict(zoo.models.families._families))
    monkeypatch.setattr(zoo.presets.locate, "_registered", {})
    monkeypatch.syspath_prepend(OUTSIDE)
    yield
    for name in PROGRAMS:
        sys.modules.pop(name, None)
    for name in [n for n in keras.saving.get_custom_objects() if n.startswith("outside>")]:
        del keras.saving.get_custom_objects()[name]


def python(*args):
    """Runs Python as a user does, in a process of its own."""
    done = subprocess.run(
        [sys.executable, *map(str, args)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_card(name, out):
    """Checks the card of a program's preset, and forgets the program."""
    card = Card.read(out / "preset" / "card.json")
    assert set(card.weights.modules.values()) <= {name}
    assert card.training.recipe == f"{name}.py"
    assert card.training.other_seeds == [1]
    assert card.identity.title == load_recipe(OUTSIDE / f"{name}.py").facts.title
    for module in PROGRAMS:
        sys.modules.pop(module, None)


@pytest.mark.once
def test_the_whole_way(tmp_path, run):
    """From the program of a family of one's own to its preset in another program.

    On each backend: `test_every_program`, and the rule of the family below.
    """
    path, out = OUTSIDE / "began_digits.py", tmp_path / "out"
    said = python(path, "--smoke", "--out", out)
    assert said.index("rehearsing the end of the run") < said.index("discriminator_loss")
    card = Card.read(out / "preset" / "card.json")
    assert card.weights.modules == {"outside>BEGAN": "began_digits"}
    assert (card.identity.family, card.identity.group) == ("began", "own")
    assert card.identity.title == "A few digits from a BEGAN."
    assert not any("data=" in text for text in card.identity.differs)
    assert card.training.recipe == "began_digits.py"
    # Another program, which does not know the class.
    assert "began" not in zoo.families()
    with pytest.raises(zoo.errors.TrustError, match="began_digits"):
        zoo.load(out)
    zoo.register("began-digits", out / "preset")
    assert zoo.list(family="began") == ["began-digits"]
    code, shown, _ = run("info", out)
    assert code == 0
    assert "outside>BEGAN, of the module began_digits" in shown
    assert "began" not in zoo.families()
    picture = tmp_path / "a.png"
    code, _, error = run("sample", out, "-n", 4, "-o", picture, "--trust", "began_digits")
    assert code == 0, error
    assert picture.is_file()
    model = zoo.load("began-digits")  # the module is known by now
    assert model.sample(3, seed=0).shape == (3, 28, 28, 1)
    assert zoo.create("began", image_shape=(8, 8, 1), latent_dim=3).sample(2).shape == (2, 8, 8, 1)


@pytest.mark.heavy
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program(name, tmp_path, run, slice_path):
    path, out = OUTSIDE / f"{name}.py", tmp_path / "out"
    said = python(path, "--smoke", "--measure", "full", "--trainings", "2", "--out", out)
    # A loss is no part of a preset, so that there is nothing of one's own to rehearse.
    assert said.count("rehearsing") == (name != "relativistic_ring8")
    check_card(name, out)
    card = Card.read(out / "preset" / "card.json")
    data = ["--data", slice_path] if card.training.data == slice_path.stem else []
    code, _, error = run("evaluate", out, "-n", 64, "--seeds", 1, "--trust", name, *data)
    assert code == 0, error
    code, _, error = run("sample", out, "-o", tmp_path / "a.png", "--trust", name)
    assert code == 0, error
    code, table, error = run("compare", out, out / "seed-1")
    assert code == 0, error
    assert "seed-1" in table
    said = python("-m", "zoo", "train", path, "--smoke", "--resume", "--out", out)
    assert "steps are done" in said
    program = f"import sys, zoo; sys.path.append({str(OUTSIDE)!r})"
    python("-c", f"{program}; zoo.load({str(out)!r}, trust=[{name!r}]).sample(2)")


@pytest.mark.heavy
def test_a_slow_model_keeps_the_contract():
    zoo.testing.check_model(importlib.import_module("began_digits").BEGAN, steps=480)


def test_checks_take_their_steps():
    cls = importlib.import_module("began_digits").BEGAN
    with pytest.raises(AssertionError, match=r"in 3 steps on one datum.*steps= of check_model"):
        zoo.testing.check_model(cls, checks="learns", steps=3)
    with pytest.raises(zoo.errors.ArgumentError, match="steps must be .* Received: 0"):
        zoo.testing.check_model(cls, checks="learns", steps=0)


@pytest.mark.step_by_step
def test_the_balance_of_began():
    """Against the rule of the paper, with players that do not move."""
    cls = importlib.import_module("began_digits").BEGAN
    model = cls(image_shape=(4, 4, 1), latent_dim=2, units=5)
    model.compile(keras.optimizers.SGD(0.0), gamma=0.7, rate=0.5)
    images = np.random.default_rng(0).uniform(-1, 1, (6, 4, 4, 1)).astype("float32")
    real = np.abs(images - ops.convert_to_numpy(model.decoder(model.encoder(images)))).mean()
    model.k.assign(0.25)
    logs = {
        name: float(value) for name, value in model.train_on_batch(images, return_dict=True).items()
    }
    fake = (real - logs["discriminator_loss"]) / 0.25
    assert fake > 0
    balance = 0.7 * real - fake
    assert logs["convergence"] == pytest.approx(real + abs(balance), abs=1e-5)
    assert float(ops.convert_to_numpy(model.k)) == pytest.approx(0.25 + 0.5 * balance, abs=1e-5)
    assert logs["k"] == pytest.approx(0.25 + 0.5 * balance, abs=1e-5)
    model.k.assign(1.0)
    model.rate = 100.0 if balance > 0 else -100.0
    model.train_on_batch(images)
    assert float(ops.convert_to_numpy(model.k)) == 1.0  # it is cut off


def test_the_bound_of_the_ring_is_exact():
    """The ELBO, log p(x) and the density against sums over a grid of latents."""
    Ring = importlib.import_module("ring_vae").Ring
    options = {"image_shape": (2, 2, 1), "latent_dim": 2, "hidden_units": (4,)}
    assert type(zoo.create("vae", prior="ring", **options).prior) is Ring
    # Wide components, or few samples would tell little.
    model = zoo.create("vae", prior=Ring(components=3, radius=1.0, sigma=0.8), **options)
    step = 0.05
    axis = np.arange(-8, 8, step, dtype="float32")
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    prior = np.asarray(ops.convert_to_numpy(model.prior.log_prob(grid)), "float64")
    assert np.exp(prior).sum() * step**2 == pytest.approx(1.0, abs=1e-4)
    images = np.random.default_rng(0).integers(0, 2, (3, 2, 2, 1)).astype("float32")
    mean, log_variance = (part.astype("float64") for part in model.encode(images))
    logits = ops.convert_to_numpy(model.decoder(grid)).astype("float64")
    for i in range(3):
        log_x = (images[i] * logits - np.logaddexp(0, logits)).sum(axis=(1, 2, 3))
        exact = math.log(np.exp(prior + log_x).sum() * step**2)
        squares = (grid - mean[i]) ** 2 / np.exp(log_variance[i])
        log_q = -0.5 * (squares + log_variance[i] + math.log(2 * math.pi)).sum(axis=-1)
        elbo = (np.exp(log_q) * (log_x + prior - log_q)).sum() * step**2
        assert elbo < exact
        image = images[i : i + 1]
        assert model.elbo(image, k=4000)[0] == pytest.approx(elbo, abs=0.15)
        assert elbo - 0.15 < model.log_prob(image, k=4000)[0] < exact + 1.0  # it is noisy


@pytest.mark.once
def test_samples_of_the_ring_lie_on_it():
    ring = importlib.import_module("ring_vae").Ring(components=4, radius=3.0, sigma=0.1)
    ring.build((None, 2))
    noise = np.random.default_rng(0).standard_normal((400, 3)).astype("float32")
    latents = ops.convert_to_numpy(ring.sample(ops.convert_to_tensor(noise)))
    assert np.hypot(*latents.T) == pytest.approx(3.0, abs=0.5)
    quarters = np.round(np.arctan2(latents[:, 1], latents[:, 0]) / (math.pi / 2)) % 4
    assert (np.bincount(quarters.astype(int), minlength=4) > 70).all()


def test_the_relativistic_loss():
    """By its name, against NumPy."""
    importlib.import_module("relativistic_ring8")
    loss = zoo.losses.AdversarialLoss.get("relativistic_least_squares")
    real, fake = np.array([[1.0], [2.0]], "float32"), np.array([[-1.0], [3.0]], "float32")
    logits = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)
    wanted = (real - fake.mean() - 1) ** 2 + (fake - real.mean() + 1) ** 2
    np.testing.assert_allclose(ops.convert_to_numpy(loss.discriminator(*logits)), wanted, 1e-5)
    wanted = (fake - real.mean() - 1) ** 2 + (real - fake.mean() + 1) ** 2
    np.testing.assert_allclose(ops.convert_to_numpy(loss.generator(*logits[::-1])), wanted, 1e-5)


def test_networks_of_ones_own_are_saved(tmp_path):
    """With the settings that their constructor passes on to its parent."""
    importlib.import_module("fourier_ring8")
    settings = {"architecture": "fourier", "units": 5, "frequencies": 2}
    model = zoo.create("wgan_gp", image_shape=(2,), latent_dim=2, **settings)
    waves = 2 + 2 * 2 * 2  # the point, and sines and cosines of each coordinate and frequency
    assert model.discriminator.layers[2].kernel.shape == (waves, 5)
    folder = zoo.save(model, tmp_path / "fourier")
    modules = zoo.info(folder).weights.modules
    assert modules == {"outside>Fourier": "fourier_ring8"}
    again = zoo.load(folder)
    assert again.discriminator.count_params() == model.discriminator.count_params()
    # The generator alone has layers of Keras only, and needs no module.
    del keras.saving.get_custom_objects()["outside>Fourier"]
    assert zoo.load(folder, components=["generator"]).sample(2).shape == (2, 2)


@pytest.mark.once
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_is_a_recipe(name):
    recipe = load_recipe(OUTSIDE / f"{name}.py")
    assert (recipe.preset, recipe.place) == (name, f"{name}.py")
    model = recipe.build(recipe.config.replace(**recipe.smoke))
    assert "samples" in model.tasks
