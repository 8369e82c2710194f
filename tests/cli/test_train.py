"""The command lines of a training that goes on in other processes, or later."""

import importlib
import sys
from types import SimpleNamespace

import pytest

from zoo.base import shells
from zoo.cli.processes import this_program

pytestmark = pytest.mark.once
train = importlib.import_module("zoo.cli.train")  # the package's name `train` is the command


@pytest.mark.parametrize(
    ("spec", "program"),
    [
        (None, ["recipes/a.py"]),
        (SimpleNamespace(name="zoo.__main__"), ["-m", "zoo"]),
        # On Windows pip makes zoo.exe, an archive, whose suffix the script in it takes away.
        (SimpleNamespace(name="__main__"), ["-m", "keras_generative_zoo"]),
    ],
)
def test_other_processes_run_this_program(monkeypatch, spec, program):
    monkeypatch.setattr(sys, "argv", ["recipes/a.py", "--smoke"])
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__spec__=spec))
    assert this_program() == [*program, "--smoke"]


def test_the_hint_is_for_the_shells_of_the_system(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert train._resuming(["zoo", "train", "a b.py"]) == (
        "KERAS_BACKEND=jax zoo train 'a b.py' --resume"
    )
    monkeypatch.setattr(
        train, "command_lines", lambda *words: shells.command_lines(*words, system="nt")
    )
    assert train._resuming(["zoo", "train", "a b.py"]).splitlines() == [
        "in PowerShell: $env:KERAS_BACKEND = 'jax'; & zoo train 'a b.py' --resume",
        '  in cmd: set "KERAS_BACKEND=jax" && zoo train "a b.py" --resume',
    ]
