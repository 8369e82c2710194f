"""A run that is killed at any moment, and continued, ends as if nothing had happened."""

import collections
import os
import random
import signal
import time

import pytest
from program import EVALUATING, SHORT, TRAINING, Program, assert_same_run, forget
from small import run_short

from zoo.presets import checkpoint

KILLS = int(os.environ.get("ZOO_KILLS", "1"))
# Which part of a run is aimed at. A save takes milliseconds: what is aimed at it waits for one.
STAGES = ("start",) + ("training",) * 4 + ("saving",) * 3 + ("evaluating",) * 2


@pytest.mark.once
def test_killed_at_any_moment(undisturbed, tmp_path, capsys):
    """`ZOO_KILLS` times SIGKILL, each after a random time; every run that came to its end equals
    the one that was left alone, in each weight, optimizer slot, seed and number of its history."""
    chance = random.Random(os.environ.get("ZOO_KILLS_SEED", "0"))
    alone, lasts = undisturbed
    out, hit, runs = tmp_path / "out", collections.Counter(), 0

    while hit.total() < KILLS:
        stage = chance.choice(STAGES)
        before = checkpoint.left(out / "checkpoints")
        with Program(out, *SHORT, "--resume") as program:
            program.reaches({"start": "", "evaluating": EVALUATING}.get(stage, TRAINING))
            # A little longer than it lasts: so its end is hit too, and what comes after.
            length = lasts["training" if stage == "saving" else stage]
            deadline = time.perf_counter() + chance.uniform(0, 1.1 * length)
            while time.perf_counter() < deadline and program.process.poll() is None:
                time.sleep(0.002)
            while stage == "saving" and program.process.poll() is None:
                if {*checkpoint.left(out / "checkpoints")} - {*before}:
                    break
                time.sleep(0.0002)
            program.send(signal.SIGKILL)
            killed = program.ends() == -signal.SIGKILL
            printed = program.printed()
        if not killed:
            assert program.process.returncode == 0, printed
            assert_same_run(alone, out)
            forget(out)
            runs += 1
            continue
        where = "start"
        if EVALUATING in printed:
            where = "evaluating"
        elif TRAINING in printed:
            saving = {*checkpoint.left(out / "checkpoints")} - {*before}
            where = "saving" if saving else "training"
        hit[where] += 1
    run_short(out, resume=True)
    assert_same_run(alone, out)
    assert not checkpoint.left(out / "checkpoints")
    with capsys.disabled():
        print(f"\n{KILLS} kills in {runs + 1} runs: {dict(hit)}", end=" ")
    assert hit.total() == KILLS
