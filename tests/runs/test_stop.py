"""SIGTERM and Ctrl-C: a checkpoint at the end of the step, a clean end, the command to go on."""

import os
import re
import shlex
import signal
import subprocess
import threading
import time

import keras
import numpy as np
import pytest
from program import EVALUATING, RING, ROOT, SHORT, TRAINING, Program, assert_same_run

import zoo
from zoo import engine
from zoo.base.stopping import Stop, Stopped, watched
from zoo.callbacks import Checkpoints
from zoo.cli.train import _kept
from zoo.presets import checkpoint


def command_of(printed):
    """The last line, which continues what was stopped."""
    return printed.splitlines()[-1].strip()


# Without --checkpoint-steps: what is kept is what the signal made.
FEW = tuple(SHORT[:-2])


@pytest.mark.once
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.heavy),
    ],
)
def test_in_training(alone, tmp_path, number, code):
    out = tmp_path / "out of the way"  # the command must quote it
    with Program(out, *FEW) as program:
        assert program.reaches("epoch 1/4"), program.printed()
        program.send(number)
        if number == signal.SIGTERM:
            program.send(number)  # a supervisor that repeats itself cuts nothing short
        assert program.ends() == code, program.printed()
        printed = program.printed()
    assert "Traceback" not in printed
    newest = checkpoint.saved(out / "checkpoints")[-1]
    checkpoint.check(newest)
    assert f"stopped by {signal.Signals(number).name}. What was trained is kept in" in printed
    assert str(newest) in printed
    assert not checkpoint.left(out / "checkpoints")
    command = command_of(printed)
    expected = [*program.arguments, "--resume"]
    assert shlex.split(command)[0] == f"KERAS_BACKEND={os.environ['KERAS_BACKEND']}"
    assert shlex.split(command)[2:] == expected
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    step = checkpoint.step_of(newest)
    assert f"resumed: {step} of 128 steps are done" in done.stdout
    assert step % 32, "the signal came between two epochs: the test has shown less than it should"
    # Other steps between checkpoints are no other training.
    assert_same_run(alone, out)


@pytest.mark.once
@pytest.mark.heavy
def test_elsewhere(tmp_path):
    """While reading data there is nothing to keep yet; while evaluating, all; the second time the
    command has its --resume already."""
    out = tmp_path / "out"
    few = ("--smoke", "--epochs", 2)  # of a recipe whose evaluation starts processes
    with Program(out, *few, recipe=RING) as program:
        assert program.reaches(TRAINING), program.printed()
        assert program.reaches(EVALUATING), program.printed()
        program.send(signal.SIGTERM)
        assert program.ends() == 143, program.printed()
        printed = program.printed()
    assert "Traceback" not in printed
    assert "kept in" in printed
    assert "step-00000004" in printed
    assert [p.name for p in out.iterdir() if p.name.startswith("preset")] == []
    with Program(out, "--resume", *few, recipe=RING) as program:
        assert program.reaches(EVALUATING), program.printed()
        program.send(signal.SIGINT)
        assert program.ends() == 130, program.printed()
    assert command_of(program.printed()).count("--resume") == 1


READING = """
import os, signal, time
import zoo
from zoo.runs import training
from zoo.runs.recipe import load_recipe

def slow(*args, **options):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)

training.read_splits = slow
recipe = load_recipe(__import__("pathlib").Path("recipes/gan_ring8.py"))
zoo.run_recipe(recipe, ["--smoke", "--out", OUT])
"""


@pytest.mark.once
def test_while_reading_data(tmp_path):
    text = READING.replace("OUT", repr(str(tmp_path / "out")))
    began = time.perf_counter()
    done = subprocess.run(
        [os.sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert time.perf_counter() - began < 50
    assert done.returncode == 143, done.stderr
    assert "stopped by SIGTERM. There was nothing to keep yet. It is started again by:" in (
        done.stdout
    )
    assert re.search(
        r"python recipes/gan_ring8\.py --smoke --out \S+/out --resume$", command_of(done.stdout)
    )


TWICE = """
import os, signal, time
from zoo.base.stopping import watched

with watched() as stop, stop.deferred():
    os.kill(os.getpid(), signal.SIGINT)
    print("first", stop.asked, flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
    print("second", flush=True)
"""


def _asked_within(stop, number):
    os.kill(os.getpid(), number)
    return stop.asked


@pytest.mark.once
class TestStop:
    def test_a_second_ctrl_c_ends_at_once(self):
        done = subprocess.run([os.sys.executable, "-c", TWICE], capture_output=True, timeout=50)
        assert (done.returncode, done.stdout) == (-signal.SIGINT, b"first 2\n")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_at_once_or_later(self, number):
        before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)]
        with pytest.raises(Stopped) as caught, watched():
            os.kill(os.getpid(), number)
        assert caught.value.exit_code == 128 + number
        with watched() as stop:
            with pytest.raises(Stopped), stop.deferred():
                noted = _asked_within(stop, number)
            assert noted == number
            with pytest.raises(Stopped), stop.deferred():
                raise AssertionError("what was asked for is not forgotten")
        assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == before

    def test_no_handler_outside_of_the_main_thread(self):
        found = []

        def elsewhere():
            with watched() as stop, stop.deferred():
                stop.check()
                found.append((stop.asked, signal.getsignal(signal.SIGTERM)))

        before = signal.getsignal(signal.SIGTERM)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert found == [(None, before)]

    def test_nobody_watches(self):
        stop = Stop()
        with stop.deferred():
            stop.check()


@pytest.mark.once
def test_a_signal_while_processes_agree_is_for_the_next_time(tmp_path, monkeypatch):
    """Or one would end, and the others wait for it."""
    stop = Stop()
    callback = Checkpoints(tmp_path / "checkpoints", steps_per_epoch=3, about={}, stop=stop)
    asked = []

    def agreed(claim):
        asked.append(claim)
        if len(asked) == 3:  # of the first step: two are of the checkpoint before it
            stop.asked = signal.SIGTERM
        return claim

    model = zoo.create("gan", image_shape=(2,), latent_dim=2, units=5)
    model.compile()
    monkeypatch.setattr(engine, "agreed", agreed)
    steps = []
    counts = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: steps.append(batch)
    )
    x = np.zeros((24, 2), "float32")
    with pytest.raises(Stopped):
        model.fit(x, batch_size=8, verbose=0, callbacks=[counts, callback])
    assert len(steps) == 2
    assert callback.newest == 2


@pytest.mark.once
def test_of_several_trainings_the_last_is_named(tmp_path):
    for time_, (folder, step) in enumerate((("", 192), ("seed-2", 192), ("seed-10", 38))):
        path = tmp_path / folder / "checkpoints" / f"step-{step:08}"
        path.mkdir(parents=True)
        os.utime(path, (time_, time_))
    assert f"kept in {path}." in _kept(tmp_path)
    assert "nothing to keep yet" in _kept(tmp_path / "other")
