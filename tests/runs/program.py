"""Runs a recipe as a program that can be watched, killed and asked to end."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np

import zoo
from zoo.presets import checkpoint

ROOT = Path(zoo.__file__).parent.parent
RING = ROOT / "recipes" / "gan_ring8.py"
TINY = Path(__file__).parent / "tiny_ring8.py"
EPOCHS, STEPS = 4, 5  # 128 steps of a tiny model, saved so often that saving is hit too
SHORT = ("--smoke", "--epochs", EPOCHS, "--checkpoint-steps", STEPS)
TRAINING, EVALUATING = "for training", "\nevaluating"


class Program:
    """`python RECIPE OPTIONS --out OUT`, with what it prints in `log`."""

    def __init__(self, out, *options, recipe=TINY, log=None):
        self.out = Path(out)
        self.log = log or self.out.with_suffix(".log")
        self.arguments = [str(a) for a in (recipe, *options, "--out", self.out)]
        self.began = time.perf_counter()
        with self.log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def printed(self):
        return self.log.read_text()

    def reaches(self, text, timeout=300):
        """Waits until `text` is printed; whether it was before the program ended."""
        for _ in range(timeout * 100):
            ended = self.process.poll() is not None
            if text in self.printed():
                return not ended
            if ended:
                return False
            time.sleep(0.01)
        raise TimeoutError(f"{text!r} was not printed in {timeout} s: {self.printed()}")

    def send(self, number):
        self.process.send_signal(number)

    def ends(self, timeout=300):
        """Waits for the end; returns the exit code."""
        return self.process.wait(timeout)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def finished(out, *options, **more):
    """Runs to the end; returns what was printed."""
    with Program(out, *options, **more) as program:
        assert program.ends() == 0, program.printed()
        return program.printed()


def arrays(path):
    """Every array of an HDF5 file, by name."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item[()])

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def timeless(history):
    return [{k: v for k, v in logs.items() if k != "seconds"} for logs in history]


def assert_same_run(one, other):
    """The last checkpoints and the presets of two runs are equal bit for bit."""
    places = [checkpoint.saved(out / "checkpoints")[-1] for out in (one, other)]
    assert places[0].name == places[1].name
    states = [checkpoint.check(place) for place in places]
    assert timeless(states[0]["history"]) == timeless(states[1]["history"])
    for key in ("best", "restored", "about"):
        assert states[0][key] == states[1][key]
    pictures = [{p.name: p.read_bytes() for p in (o / "samples").iterdir()} for o in (one, other)]
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) == states[0]["epoch"]
    for folders in (places, [one / "preset", other / "preset"]):
        a, b = (arrays(folder / "model.weights.h5") for folder in folders)
        assert a.keys() == b.keys()
        assert len(a) > 10
        for name in a:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def forget(out):
    shutil.rmtree(out, ignore_errors=True)


def card(out):
    return json.loads((out / "preset" / "card.json").read_text())
