"""Losses and weights that are not finite: noticed at their step, never kept, and gone back from."""

import signal
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from program import SHORT, Program, assert_same_run, card, finished

import zoo
from zoo.callbacks import Checkpoints
from zoo.errors import DivergedError
from zoo.presets import checkpoint

POINTS = np.random.default_rng(0).normal(size=(96, 2)).astype("float32")
BATCHES = zoo.data.Batches(POINTS, batch_size=8)
STEPS = 12


class BreaksAt:
    """Spoils the loss of one player at one step, counted from 1. No subclass of the zoo's losses:
    those would be known by name in all tests."""

    def __init__(self, model, player, step, value):
        self.loss = zoo.losses.NonSaturating()
        self.model, self.player, self.step, self.value = model, player, step, value

    def _spoiled(self, player, loss):
        if player != self.player:
            return loss
        now = ops.equal(ops.convert_to_tensor(self.model.optimizer.iterations), self.step - 1)
        return loss + ops.where(now, self.value, 0.0)

    def discriminator(self, real, fake):
        return self._spoiled("discriminator", self.loss.discriminator(real, fake))

    def generator(self, fake):
        return self._spoiled("generator", self.loss.generator(fake))

    def get_config(self):
        raise NotImplementedError


def model(player, step, value=float("nan")):
    made = zoo.models.GAN(
        generator=zoo.networks.points.generator(2, hidden_layers=1),
        discriminator=zoo.networks.points.discriminator(hidden_layers=1),
        latent_dim=2,
    )
    made.compile(loss=BreaksAt(made, player, step, value))
    return made


def fit(made, checkpoints):
    made.fit(
        zoo.engine.feed(BATCHES),
        steps_per_epoch=STEPS,
        epochs=2,
        shuffle=False,
        verbose=0,
        callbacks=[checkpoints],
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_step_and_the_player(tmp_path, player, value):
    """Not the end of the epoch, and not the player whose loss is broken by the other one."""
    made = model(player, 17, value)
    with pytest.raises(DivergedError) as caught:
        fit(made, Checkpoints(tmp_path, STEPS, {}, every=4))
    assert (caught.value.step, caught.value.player) == (17, player)
    assert f"Step 17 made losses or weights of the player '{player}' that are not finite" in str(
        caught.value
    )
    assert f"{player}_loss" in str(caught.value)
    assert f"the last good checkpoint is {tmp_path / 'step-00000016'}." in str(caught.value)


def test_broken_weights_are_not_saved(tmp_path):
    """Where the losses of the step were finite yet."""
    made = model("generator", 99)

    class Spoil(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                zoo.engine.synchronize(self.model)
                weight = self.model.generator.trainable_variables[0]
                weight.assign(ops.full(weight.shape, float("inf")))

    checkpoints = Checkpoints(tmp_path, STEPS, {}, every=4)
    with pytest.raises(DivergedError) as caught:
        made.fit(
            zoo.engine.feed(BATCHES),
            steps_per_epoch=STEPS,
            shuffle=False,
            verbose=0,
            callbacks=[Spoil(), checkpoints],
        )
    assert (caught.value.step, caught.value.player) == (4, "generator")
    assert [p.name for p in checkpoints.saved()] == ["step-00000000"]
    for place in checkpoints.saved():
        checkpoint.check(place)


RECIPE = Path(__file__).parent / "fragile_ring8.py"


@pytest.mark.once
def test_stop(tmp_path, run, compared_here):
    """The default: one line, and what was good is there."""
    out = tmp_path / "out"
    code, _, err = run("train", RECIPE, *SHORT, "--out", out)
    assert (code, err.count("\n")) == (1, 1), err
    last = err.strip()
    newest = out / "checkpoints" / "step-00000047"  # 32 to an epoch, and one each 5
    assert checkpoint.saved(out / "checkpoints")[-1] == newest
    assert last.startswith("zoo: error: Step 50 made losses")
    assert "the player 'discriminator'" in last
    assert f"penalty; the last good checkpoint is {newest}." in last
    assert last.endswith("with --resume --on-nan restore other random numbers are drawn.")
    checkpoint.check(newest)


@pytest.mark.heavy
def test_restore(tmp_path):
    """It goes on with other numbers, says so, remembers it; and a run that was killed after it
    ends the same bit for bit."""
    options = (*SHORT, "--on-nan", "restore")
    alone, out = tmp_path / "alone", tmp_path / "out"
    printed = finished(alone, *options, recipe=RECIPE)
    restored = card(alone)["training"]["restored"]
    assert restored == [{"step": 50, "player": "discriminator", "to": 47}]
    assert printed.count("Back to step 47, and on with other random numbers.") == 1
    assert checkpoint.check(checkpoint.saved(alone / "checkpoints")[-1])["restored"] == restored

    page = (alone / "preset" / "README.md").read_text()
    assert "Step 50 made numbers that are not finite; it went back to step 47." in page
    with Program(out, *options, recipe=RECIPE) as program:
        assert program.reaches("and on with other"), program.printed()
        time.sleep(0.3)
        program.send(signal.SIGKILL)
        assert program.ends() == -signal.SIGKILL
    finished(out, *options, "--resume", recipe=RECIPE)
    assert_same_run(alone, out)
    assert card(out)["training"]["restored"] == restored


@pytest.mark.once
def test_restored_too_often(tmp_path, run, compared_here):
    """A training that always breaks is given up."""
    out = tmp_path / "out"
    options = (*SHORT, "--on-nan", "restore", "--set", "always=true", "--set", "step=3")
    code, said, err = run("train", RECIPE, *options, "--out", out)
    assert code == 1
    assert err.strip().endswith("The training went back 3 times already.")
    assert said.count("and on with other random numbers") == 3
    assert [p.name for p in checkpoint.saved(out / "checkpoints")] == ["step-00000000"]
