"""Every family trains on a device that is not the CPU as on the CPU."""

from pathlib import Path

import pytest
from helpers import python

import zoo

torch = pytest.importorskip("torch", reason="the device is one of PyTorch")
HERE = Path(__file__).parent
TESTED = "2.13."  # the way in which the device is registered is experimental


@pytest.mark.once
@pytest.mark.skipif(not torch.__version__.startswith(TESTED), reason=f"needs torch {TESTED}*")
def test_families_train_on_another_device():
    root = HERE.parent.parent
    recipe = HERE.parent / "runs" / "tiny_ring8.py"
    arguments = ("--policies", "float32", "--faults", "--recipes", recipe)
    done = python(HERE / "families.py", *arguments, PYTHONPATH=f"{root}:{HERE}")
    lines = [x for x in done.stdout.splitlines() if x.startswith(("PASS ", "FAIL "))]
    assert done.returncode == 0, "\n".join(lines) + done.stderr
    assert set(zoo.families()) < {line.split()[1] for line in lines}
    assert sum("'" in line.split()[1] for line in lines) >= 8  # what is found, and faults
