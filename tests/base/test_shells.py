"""Command lines for the shells of each system. (No line was run on Windows.)"""

import shlex

import pytest

from zoo.base.shells import command_lines

pytestmark = pytest.mark.once
WORDS = ["python", "recipes/a.py", "--out", "it's a folder", "--set", "x=$y", "--resume"]


def test_posix():
    (line,) = command_lines(WORDS, {"KERAS_BACKEND": "jax"}, "posix")
    assert shlex.split(line) == ["KERAS_BACKEND=jax", *WORDS]
    assert command_lines(["zoo", "list"], {}, "posix") == ["zoo list"]


def test_windows():
    words = [r"C:\Program Files\python.exe", *WORDS[1:]]
    assert command_lines(words, {"KERAS_BACKEND": "jax"}, "nt") == [
        r"in PowerShell: $env:KERAS_BACKEND = 'jax'; & 'C:\Program Files\python.exe' "
        "'recipes/a.py' --out 'it''s a folder' --set 'x=$y' --resume",
        r'in cmd: set "KERAS_BACKEND=jax" && "C:\Program Files\python.exe" recipes/a.py '
        '--out "it\'s a folder" --set x=$y --resume',
    ]
    assert command_lines(["zoo", "list"], {}, "nt") == [
        "in PowerShell: & zoo list",
        "in cmd: zoo list",
    ]
