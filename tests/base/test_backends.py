"""A backend that cannot be used is one error of an import, and one line of a command."""

import os

import keras
import pytest
from helpers import python

from zoo.errors import BackendError, ZooError

pytestmark = pytest.mark.once
BACKEND = keras.backend.backend()
COMMANDS = {
    "zoo": (
        "-c",
        "import keras_generative_zoo as command; command.main()",
        "sample",
        "dcgan_mnist",
    ),
    "python -m zoo": ("-m", "zoo", "sample", "dcgan_mnist"),
    "python -Pmzoo": ("-Pmzoo", "sample", "dcgan_mnist"),
    "python -m keras_generative_zoo": ("-m", "keras_generative_zoo", "sample", "dcgan_mnist"),
}
IMPORT = """
try:
    import zoo
except ImportError as error:
    assert type(error).__name__ == "BackendError", type(error)
    assert error.__cause__ is None and (error.__context__ is None or error.__suppress_context__)
    print(error)
"""
BROKEN = "raise OSError('libtensors.so.7: cannot open\\nshared object file')"


@pytest.fixture(params=["wrong", "missing", "none", "broken", "shadowed"])
def fault(request, tmp_path):
    """The environment of a faulty backend, and what the error says."""
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])}
    if request.param == "wrong":
        return {"KERAS_BACKEND": "pytorch"}, (
            "KERAS_BACKEND must be one of tensorflow, jax, torch. Received: 'pytorch'."
        )
    if request.param == "missing":
        other = next(name for name in ("jax", "tensorflow") if name != BACKEND)
        return {"KERAS_BACKEND": other}, (
            f"The backend '{other}', which KERAS_BACKEND names, is not installed. Install one: "
            f"pip install 'keras-generative-zoo[{other}]'; allowed: tensorflow, jax, torch. "
            f"Or set KERAS_BACKEND to one that is installed: {BACKEND}."
        )
    if request.param == "none":  # a folder without a module is no installed package
        (tmp_path / "jax" / "__pycache__").mkdir(parents=True)
        environment = {"KERAS_BACKEND": None, "ZOO_TEST_BACKEND": "none", **path}
        return environment, "No backend is installed. Install one: pip install "
    (tmp_path / BACKEND).mkdir()
    text = BROKEN if request.param == "broken" else "animals = 3"
    (tmp_path / BACKEND / "__init__.py").write_text(text)
    said = "(OSError: libtensors.so.7: cannot open shared object file)"
    return path, said if request.param == "broken" else "perhaps broken ("


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_prints_one_line(fault, command):
    environment, text = fault
    done = python(*COMMANDS[command], **environment)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("zoo: error: ")
    assert text in line


def test_an_import_raises_one_error(fault):
    environment, text = fault
    done = python("-c", IMPORT, **environment)
    assert done.returncode == 0, done.stderr
    assert text in done.stdout
    done = python("-c", "import zoo", **environment)
    assert done.stderr.count("Traceback") == 1
    assert text in done.stderr.splitlines()[-1]


def test_it_is_an_error_of_imports():
    assert issubclass(BackendError, ZooError)
    assert issubclass(BackendError, ImportError)
