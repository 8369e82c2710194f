"""What every test shares. One run tests one backend, in a process in which the others are
absent."""

import atexit
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

TESTS = Path(__file__).parent
BACKEND = os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ["ZOO_TEST_BACKEND"] = BACKEND
os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS / "only"), os.environ.get("PYTHONPATH", "")])
GPU = os.environ.get("ZOO_TEST_GPU") == "1"  # lets the tests use a GPU, which else is hidden
if not GPU:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Many tests compile the same small programs: on JAX each is compiled once.
CACHE = str(Path.home() / ".cache" / "zoo-tests-jax")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", CACHE)
HOME = tempfile.mkdtemp(prefix="zoo-tests-home-")  # in place of the user's
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["ZOO_HOME"] = HOME
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = HOME
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "0")
# Compiling takes most of the tests' time on JAX: these settings halve it. There is no FMA in AVX,
# because at level 0 XLA computes a value twice, once with FMA and once without, so that the
# gradient of `ops.max`, which compares the two, can be NaN.
if BACKEND == "jax":
    flags = [
        "--xla_backend_optimization_level=0",
        "--xla_cpu_max_isa=AVX",
        "--xla_cpu_parallel_codegen_split_count=1",
    ]
    if version("jaxlib").startswith("0.10."):  # jaxlib ends the process at a flag that it lacks
        flags.append("--xla_cpu_use_fusion_emitters=false")
    os.environ["XLA_FLAGS"] = " ".join([*flags, os.environ.get("XLA_FLAGS", "")])
if not any(type(finder).__name__ == "Absent" for finder in sys.meta_path):
    sys.path.insert(0, str(TESTS / "only"))
    # Python may have imported another file of this name at its start.
    sys.modules.pop("sitecustomize", None)
    import sitecustomize

import keras
import numpy as np
import pytest
import sitecustomize
from helpers import skip_without_data

import zoo
from zoo.presets import golden, storage

sitecustomize.reveal()


def pytest_report_header():
    return f"backend: {BACKEND}, device: {zoo.engine.device() if GPU else 'CPU, GPUs are hidden'}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    return (yield from _skipped_without_data())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    return (yield from _skipped_without_data())


def _skipped_without_data():
    """Goes on with a test; one that fails for want of the extra `data` is skipped."""
    try:
        return (yield)
    except Exception as error:
        skip_without_data(str(error))
        raise


@pytest.fixture(autouse=True)
def _reproducible(request, monkeypatch):
    """A test draws the same numbers whichever tests ran before it in its process."""
    keras.utils.set_random_seed(0)
    if hasattr(request.module, "RNG"):
        monkeypatch.setattr(request.module, "RNG", np.random.default_rng(0))
    yield
    keras.utils.clear_session(free_memory=False)


@pytest.fixture(autouse=True)
def _step_by_step(request):
    """Runs a test of this marker without graphs on TensorFlow, where tracing takes most of the
    time."""
    marked = request.node.get_closest_marker
    if BACKEND != "tensorflow" or not marked("step_by_step") or marked("compiled"):
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def slice_path() -> Path:
    """Real MNIST: 1,024 training and 256 test images."""
    return TESTS / "assets" / "mnist_slice.npz"


@pytest.fixture(scope="session")
def digits(slice_path) -> np.ndarray:
    """64 real MNIST images in [-1, 1]."""
    return zoo.data.to_range(zoo.data.read(slice_path).images[:64])


@pytest.fixture(params=zoo.families())
def make(request):
    """A function that makes a small model of the family under test."""
    cls = zoo.models.families.family(request.param).cls
    return lambda **changes: cls(**{**cls.test_config(), **changes})


@pytest.fixture
def run(capsys):
    """Runs the program `zoo`; returns its exit code, what it printed, and its error line."""
    from zoo.cli import cli

    def call(*args):
        with pytest.raises(SystemExit) as caught:
            cli.main([str(a) for a in args], prog_name="zoo")
        printed = capsys.readouterr()
        skip_without_data(printed.err)
        return int(caught.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture
def compared_here(monkeypatch):
    """Golden outputs are compared in this process, and not by a new one for each backend: that is
    tested by `trained` and by all programs."""

    def differences(folder, *files):
        model = storage.read_model(folder)
        return {keras.backend.backend(): golden.difference(model, folder)}

    monkeypatch.setattr(golden, "differences", differences)
