"""A full disk: one line that names the place, all that was there stays whole, and the run goes on
once there is room. A limit on the size of files is a full disk that needs no privileges."""

import re

import pytest
from helpers import python
from program import SHORT, TINY, assert_same_run, finished

import zoo
from zoo.presets import checkpoint

pytestmark = pytest.mark.once

DRIVER = """
import pathlib, resource, sys
import zoo
from zoo import callbacks
from zoo.presets import save
from zoo.runs.recipe import load_recipe
from zoo.runs.shipping import Shipping

def full(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def before(owner, name, size, when=lambda *args: True):
    method = getattr(owner, name)
    def wrapped(*args, **kwargs):
        if when(*args):
            full(size)
        return method(*args, **kwargs)
    setattr(owner, name, wrapped)

what, recipe, out, *options = sys.argv[1:]
if what == "start":
    full(2_000)
elif what == "checkpoint":
    before(callbacks.Checkpoints, "_save", 2_000, lambda self: self.steps > 40)
elif what == "picture":
    before(callbacks.SampleGrids, "on_epoch_end", 500)
elif what == "preset":
    before(Shipping, "_write", 2_000)
elif what == "page":
    before(save, "model_card", 500)
zoo.run_recipe(load_recipe(pathlib.Path(recipe)), [*options, "--out", out])
"""


def run(what, out, *options):
    done = python("-c", DRIVER, what, TINY, out, *SHORT, *options)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert last.startswith("tiny_ring8.py: error: "), done.stderr
    return last


@pytest.mark.parametrize(
    ("what", "place", "newest"),
    [
        ("checkpoint", r"The checkpoint \S+/step-00000042 cannot be written", 37),
        pytest.param(
            "picture",
            r"\S+/samples/epoch-0001\.png cannot be written, and is as it was",
            32,
            marks=pytest.mark.heavy,
        ),
        pytest.param(
            "page",
            r"\S+/out/preset cannot be written, and is as it was",
            128,
            marks=pytest.mark.heavy,
        ),
    ],
)
def test_no_room(alone, tmp_path, what, place, newest):
    out = tmp_path / "out"
    last = run(what, out)
    found = checkpoint.saved(out / "checkpoints")
    assert re.search(place + ": File too large", last), last
    assert checkpoint.step_of(found[-1]) == newest
    assert f"What was trained is kept in {found[-1]}. It is continued by: " in last
    assert re.search(r"python recipes/tiny_ring8\.py .* --out \S+/out --resume$", last), last
    for path in found:
        checkpoint.check(path)
    assert not checkpoint.left(out / "checkpoints")
    hidden = [p.name for p in out.rglob("*") if p.name.startswith(".") or "partial" in p.name]
    assert hidden == []
    finished(out, *SHORT, "--resume")
    assert_same_run(alone, out)


def test_a_preset_that_was_there_stays(alone):
    """And its run can write another once there is room."""
    before = {p.name: p.read_bytes() for p in (alone / "preset").iterdir()}
    last = run("preset", alone, "--resume")
    assert "out/preset cannot be written, and is as it was: File too large" in last
    assert {p.name: p.read_bytes() for p in (alone / "preset").iterdir()} == before
    zoo.load(alone / "preset")


def test_no_room_from_the_start(tmp_path):
    """It is known before the first step."""
    out = tmp_path / "out"
    last = run("start", out)
    assert "step-00000000 cannot be written: File too large; there is no checkpoint yet" in last
    assert list((out / "checkpoints").iterdir()) == []
