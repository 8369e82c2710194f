"""Recipes on several devices and in half precision, by the command line."""

import os
import re
import shlex
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
from distributed import START, together
from helpers import array, python
from runs.program import Program
from servers import free_port

import zoo
from zoo.presets import checkpoint, golden
from zoo.presets.card import Card
from zoo.runs.recipe import load_recipe

BACKEND = keras.backend.backend()
RECIPE = Path(zoo.__file__).parent.parent / "recipes" / "gan_ring8.py"
SMALL = ["--smoke", "--set", "batch_size=64"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """By this process, which neither measures nor compares backends."""
    out = tmp_path_factory.mktemp("alone")
    options = [*SMALL, "--measure", "none", "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(golden, "differences", lambda *_: {BACKEND: 0.0})
        with pytest.raises(SystemExit) as ended:
            zoo.run_recipe(load_recipe(RECIPE), options)
    assert ended.value.code == 0
    return out


def check_same(out, other):
    """The same preset but for rounding, of the same training."""
    card, expected = (Card.read(folder / "preset" / "card.json") for folder in (out, other))
    assert card.training.steps == expected.training.steps == 16
    assert card.training.images_seen == expected.training.images_seen == 1024
    assert card.training.device.startswith("2 x ")
    assert card.training.settings == expected.training.settings
    assert [p.name for p in (out / "samples").iterdir()] == ["epoch-0001.png"]
    # One process wrote them: the last two, of which one lies at most a fifth of the run before.
    checkpoints = sorted(p.name for p in (out / "checkpoints").iterdir())
    assert checkpoints == ["step-00000015", "step-00000016"]
    models = [zoo.load(folder / "preset") for folder in (out, other)]
    for a, b in zip(*(model.weights for model in models), strict=True):
        # Adam turns rounding noise where a gradient is near zero into steps of the rate, 3e-3.
        # Other gradients, as of other rows or other noise, would differ by such steps everywhere.
        differences = np.abs(array(a) - array(b))
        assert differences.mean() < 4e-4, a.path
        assert differences.max() < 1e-2, a.path


def test_on_two_devices(alone, tmp_path):
    """On PyTorch by torch's launcher, which the program calls itself."""
    done = python(RECIPE, *SMALL, "--distribute", 2, "--out", tmp_path / "two")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("preset:") == 1
    check_same(tmp_path / "two", alone)


@pytest.mark.heavy
def test_in_two_processes(alone, tmp_path):
    """That somebody else has started: the first one writes, alone."""
    runs = START(["-m", "zoo", "train", RECIPE, *SMALL, "--out", tmp_path / "two"])
    outputs = together(runs)
    for code, output in outputs:
        assert code == 0, output
    assert sum(output.count("preset:") for _, output in outputs) == 1
    check_same(tmp_path / "two", alone)


@pytest.mark.heavy
def test_one_of_two_processes_is_stopped(tmp_path):
    """Both end, after a checkpoint of the same step, and go on together from there."""
    out = tmp_path / "out"
    long = ["train", RECIPE, *SMALL, "--epochs", 10, "--checkpoint-steps", 5]
    program = Path(__file__).parent.parent / "runs" / "second_is_stopped.py"
    outputs = together(START([program, *long, "--out", out]))
    printed = "".join(output for _, output in outputs)
    assert printed.count("stopped by SIGTERM") == 1, printed  # the first one speaks for all
    assert all(code != 0 for code, _ in outputs)
    newest = checkpoint.saved(out / "checkpoints")[-1]
    checkpoint.check(newest)
    step = checkpoint.step_of(newest)
    assert 0 < step < 160
    outputs = together(START(["-m", "zoo", *long, "--resume", "--out", out]))
    assert all(code == 0 for code, _ in outputs), outputs
    assert f"resumed: {step} of 160 steps are done" in "".join(output for _, output in outputs)


@pytest.mark.heavy
def test_one_of_two_processes_is_killed(tmp_path):
    """Whoever starts them anew gets the weights of a run that nobody disturbed."""
    long = ["train", RECIPE, *SMALL, "--epochs", 10, "--checkpoint-steps", 5, "--measure", "none"]
    program = Path(__file__).parent.parent / "runs" / "second_is_stopped.py"
    undisturbed = [*long, "--out", tmp_path / "undisturbed"]
    outputs = together(START(["-m", "zoo", *undisturbed]))
    assert all(code == 0 for code, _ in outputs), outputs
    out = tmp_path / "killed" / "out"
    arguments = [program, *long, "--resume", "--out", out]
    outputs = together(START(arguments, restarts=1), SIGNAL=int(signal.SIGKILL))
    assert (out.parent / "sent").exists()
    if BACKEND != "torch":  # torchrun has started both anew
        assert any(code != 0 for code, _ in outputs), outputs
        assert not (out / "preset").exists()
        outputs = together(START(arguments))
    assert all(code == 0 for code, _ in outputs), outputs
    assert re.search(r"resumed: \d+ of 160 steps", "".join(output for _, output in outputs))
    models = [zoo.load(place / "preset") for place in (tmp_path / "undisturbed", out)]
    for a, b in zip(*(model.weights for model in models), strict=True):
        np.testing.assert_array_equal(array(a), array(b))


@pytest.mark.heavy
@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere one process has all devices")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_launched_processes_are_stopped(tmp_path, number, code):
    """They end as one process does: with the command that was given, and the shell's exit code."""
    two = (*SMALL, "--epochs", 10, "--checkpoint-steps", 5, "--distribute", 2)
    with Program(tmp_path / "out", *two) as program:
        assert program.reaches("epoch 1/10"), program.printed()
        program.send(number)
        assert program.ends() == code, program.printed()
        printed = program.printed()
    assert "Traceback" not in printed
    assert printed.count("It is continued by:") == 1
    command = next(line for line in printed.splitlines() if line.startswith("  KERAS_BACKEND="))
    assert shlex.split(command)[2:] == [*program.arguments, "--resume"]


@pytest.mark.skipif(
    BACKEND == "torch",
    reason="no user writes its variables: torchrun does, and WORLD_SIZE without RANK is ignored",
)
def test_variables_that_cannot_be_meant(tmp_path):
    known, message = {
        "jax": ({"KERAS_DISTRIBUTION_NUM_PROCESSES": 2}, "needs KERAS_DISTRIBUTION_JOB_ADDRESSES"),
        "tensorflow": ({"TF_CONFIG": '{"cluster": {'}, "TF_CONFIG must be JSON"),
    }[BACKEND]
    done = python(RECIPE, *SMALL, "--out", tmp_path / "out", **known)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.heavy
def test_precision(tmp_path):
    precision = "float16"
    done = python(RECIPE, *SMALL, "--precision", precision, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    card = Card.read(tmp_path / "preset" / "card.json")
    assert card.training.settings["precision"] == precision
    # A preset computes in float32, whatever it was trained in.
    layers = zoo.load(tmp_path / "preset")._flatten_layers()
    assert {layer.dtype_policy.name for layer in layers} == {"float32"}
    again = python(RECIPE, *SMALL, "--resume", "--out", tmp_path)
    assert again.returncode == 1
    assert f"precision '{precision}' -> 'float32'" in again.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--distribute", "many"], "--distribute takes 'auto' or a number of devices. .*'many'"),
        (["--distribute", "0"], "--distribute takes 'auto' or a number of devices. .*'0'"),
        (["--precision", "int8"], "Invalid value for '--precision': 'int8'"),
        (["--set", "precision=half"], "Unknown precision: 'half'. Allowed: bfloat16, float16, fl"),
    ],
)
def test_errors(run, tmp_path, options, message):
    code, _, error = run("train", RECIPE, *SMALL, *options, "--out", tmp_path / "out")
    assert code != 0
    assert re.search(message, error), error
    assert not (tmp_path / "out").exists()


@pytest.mark.once
def test_a_batch_that_cannot_be_shared(run, tmp_path):
    """It is said before other processes start."""
    code, _, err = run("train", RECIPE, *SMALL, "--distribute", 3, "--out", tmp_path / "out")
    assert code == 1
    assert "batch_size must be a multiple of the number of devices, 3. Received: 64." in err
    assert not (tmp_path / "out").exists()


def test_more_devices_than_there_are(tmp_path):
    """Of processes that are there, or devices that JAX was told of."""
    known = {
        "torch": {"RANK": 0, "WORLD_SIZE": 2, "MASTER_PORT": free_port()},
        "jax": {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"},
        "tensorflow": {
            "TF_CONFIG": '{"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, '
            '"task": {"type": "worker", "index": 0}}'
        },
    }[BACKEND]
    done = python(RECIPE, *SMALL, "--distribute", 4, "--out", tmp_path / "out", **known)
    assert done.returncode == 1
    assert "devices must be " in done.stderr
    assert "2. Received: 4." in done.stderr
    assert os.listdir(tmp_path) == []
