"""A full disk: one line that names the place, all that was there stays whole, and the run goes on
once there is room. A limit on the size of files is a full disk that needs no privileges."""

import contextlib
import re

import pytest
from helpers import files_of_at_most
from program import SHORT, TINY, assert_same_run
from small import run_short

import zoo
from zoo import callbacks
from zoo.presets import checkpoint, save
from zoo.runs.recipe import load_recipe
from zoo.runs.shipping import Shipping

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("compared_here")]
# What is about to be called when the disk becomes full, and the bytes that a file may have then.
FULL = {
    "start": (zoo.runs.run.Run, "_run", 2_000),
    "checkpoint": (callbacks.Checkpoints, "_save", 2_000),
    "picture": (callbacks.SampleGrids, "on_epoch_end", 500),
    "preset": (Shipping, "_write", 2_000),
    "page": (save, "model_card", 500),
}


@pytest.fixture
def run(capsys):
    """Runs the tiny GAN on a disk that becomes full; returns its error line."""

    def call(what, out, *options):
        owner, name, size = FULL[what]
        method, disk = getattr(owner, name), contextlib.ExitStack()

        def on_a_full_disk(*args, **kwargs):
            if what != "checkpoint" or args[0].steps > 40:
                disk.enter_context(files_of_at_most(size))
            return method(*args, **kwargs)

        arguments = [str(word) for word in (*SHORT, *options, "--out", out)]
        with disk, pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, on_a_full_disk)
            with pytest.raises(SystemExit) as ended:
                zoo.run_recipe(load_recipe(TINY), arguments)
        (line,) = capsys.readouterr().err.splitlines()
        assert ended.value.code == 1, line
        assert line.startswith("tiny_ring8.py: error: "), line
        return line

    return call


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
def test_no_room(alone, run, tmp_path, what, place, newest):
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
    run_short(out, resume=True)
    assert_same_run(alone, out)


def test_a_preset_that_was_there_stays(alone, run):
    """And its run can write another once there is room."""
    before = {p.name: p.read_bytes() for p in (alone / "preset").iterdir()}
    last = run("preset", alone, "--resume")
    assert "out/preset cannot be written, and is as it was: File too large" in last
    assert {p.name: p.read_bytes() for p in (alone / "preset").iterdir()} == before
    zoo.load(alone / "preset")


def test_no_room_from_the_start(run, tmp_path):
    """It is known before the first step."""
    out = tmp_path / "out"
    last = run("start", out)
    assert "step-00000000 cannot be written: File too large; there is no checkpoint yet" in last
    assert list((out / "checkpoints").iterdir()) == []
