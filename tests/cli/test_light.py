"""Commands that compute nothing import neither Keras nor a backend, and need none."""

import re
from pathlib import Path

import pytest
from helpers import python

from zoo.cli import cli
from zoo.presets import locate

pytestmark = pytest.mark.once
SAVED = Path(__file__).parent.parent / "assets" / "saved" / "gan" / "model.keras"
# Runs the program once for each line of its input, and says which one was the first to import more.
PROGRAM = """
import shlex, sys
import keras_generative_zoo as command

HEAVY = {"keras", "tensorflow", "jax", "torch", "zoo.engine"}
for line in open(sys.argv[1]).read().splitlines():
    sys.argv = ["zoo", *shlex.split(line)]
    try:
        command.main()
    except SystemExit as end:
        print("exit", end.code or 0, line, *sorted(HEAVY & {*sys.modules}))
"""
HELP = [
    "",
    *cli.commands,
    *(f"{name} {sub}" for name in ("data", "cache") for sub in cli.commands[name].commands),
]
COMMANDS = {
    **{f"{name} --help".strip(): 0 for name in HELP},
    "--version": 0,
    "list": 0,
    "list *mnist* --family dcgan --group gans": 0,
    "list nothing": 1,
    "list --hub": 0,
    **{f"info {name}": 0 for name in locate.shelf()},
    "info dcgan_mnist --json": 0,
    "info dcgan_mnits": 1,
    "verify gan_ring8": 0,
    "fetch gan_ring8": 0,
    "cache list": 0,
    "data info ring8": 0,
    "data preview {photos} -n 2 --image-size 8 -o {photos}/preview.png": 0,
    "progress {run} -o {run}/progress.gif": 0,
    "index file://{hub}": 0,
    "completion bash": 0,
    "train": 2,  # an argument is missing
    "compare --format html": 2,
}


@pytest.fixture
def places(tmp_path):
    """The folders that the commands name."""
    from PIL import Image

    for name, files in {"photos": ("a.png", "b.png"), "run/samples": (), "hub": ()}.items():
        (tmp_path / name).mkdir(parents=True)
        for file in files:
            Image.new("RGB", (9, 9), "red").save(tmp_path / name / file)
    for epoch in (1, 2):
        Image.new("L", (9, 9), epoch).save(tmp_path / f"run/samples/epoch-{epoch:04}.png")
    return {name: tmp_path / name for name in ("photos", "run", "hub")}


@pytest.mark.parametrize("backend", ["pytorch", None])  # an unknown one, and none installed
def test_they_import_no_keras(places, tmp_path, backend):
    script = tmp_path / "commands.txt"
    script.write_text("\n".join(COMMANDS).format(**places), "utf-8")
    environment = {"KERAS_BACKEND": backend, "ZOO_HUB": None, "ZOO_TEST_BACKEND": "none"}
    done = python("-c", PROGRAM, script, **environment)
    assert done.returncode == 0, done.stderr
    ended = re.findall(r"^exit (\d+) ?(.*)$", done.stdout, re.MULTILINE)
    assert ended == [(str(code), line.format(**places)) for line, code in COMMANDS.items()], (
        done.stderr
    )


def imported(*args):
    """The modules that Python imports when it runs with `args`."""
    done = python("-X", "importtime", *args, KERAS_BACKEND=None)
    return done.stdout, {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


@pytest.mark.parametrize("way", [("-m", "zoo"), ("-mzoo",), ("-m", "keras_generative_zoo")])
def test_as_a_module_too(way):
    printed, modules = imported(*way, "list", "gan_ring8")
    assert printed.startswith("gan_ring8  ")
    assert {"zoo.cli", "zoo.presets.locate"} <= modules
    assert not {"keras", "zoo.engine"} & modules


BY_HAND = """
import sys, zoo
assert "keras" in sys.modules
import keras
print(type(keras.saving.load_model(sys.argv[1])).__module__)
"""
IN_PROGRAM = """
import sys
import keras_generative_zoo as command

path = sys.argv[1]
for words in ("gan_ring8", "--family=dcgna", "--group=gan", "--family=cvae"):
    sys.argv = ["zoo", "list", words]
    try:
        command.main()
    except SystemExit as end:
        print("exit", end.code, "keras" in sys.modules)
import zoo, keras
assert zoo.models.GAN.__name__ == "GAN"
print(type(keras.saving.load_model(path)).__module__)
"""
FOUND = """
zoo: error: Unknown family: 'dcgna'. Nearest: dcgan, acgan, gan. `zoo.families()` shows all.
zoo: error: Unknown group: 'gan'. Nearest: gans, own, vaes.
"""


def test_import_zoo_registers_all_classes():
    """In a program of a user, whose next line is `import keras`."""
    done = python("-c", BY_HAND, SAVED)
    assert done.stdout == "zoo.models.gans.gan\n", done.stderr


def test_the_rest_is_imported_when_a_command_needs_it():
    """With an installed backend where nobody chose one, and with the same errors as elsewhere."""
    done = python("-c", IN_PROGRAM, SAVED, KERAS_BACKEND=None)
    listed, *lines = done.stdout.splitlines()
    assert listed.startswith("gan_ring8  ")
    assert lines[:3] == ["exit 0 False", "exit 1 True", "exit 1 True"]
    assert lines[3].startswith("cvae_mnist  ")
    assert lines[4:] == ["exit 0 True", "zoo.models.gans.gan"]
    assert done.stderr == FOUND.lstrip()
