"""Every family trains on a device that is not the CPU as on the CPU."""

from pathlib import Path

import pytest
from helpers import python

import zoo
from zoo.runs.recipe import load_recipe

torch = pytest.importorskip("torch", reason="the device is one of PyTorch")
HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RUNS = HERE.parent / "runs"
TESTED = "2.13."  # the way in which the device is registered is experimental


pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not torch.__version__.startswith(TESTED), reason=f"needs torch {TESTED}*"),
]


def cases(*arguments) -> list[str]:
    """What each case is called: of a family, or in quotes."""
    folders = ":".join(map(str, (ROOT, HERE, RUNS)))
    done = python(HERE / "families.py", *arguments, PYTHONPATH=folders)
    lines = [x for x in done.stdout.splitlines() if x.startswith(("PASS ", "FAIL "))]
    assert done.returncode == 0, "\n".join(lines) + done.stderr
    return [line.split()[1] for line in lines]


def test_families_train_on_another_device():
    found = cases("--policies", "float32", "--faults", "--recipes", RUNS / "tiny_ring8.py")
    assert set(zoo.families()) < {*found}
    assert sum("'" in name for name in found) >= 8  # what is found, and faults


def test_half_precision_and_a_recipe_of_each_family():
    """All recipes, with as many images as `--smoke` takes: `families.py --recipes`."""
    recipes = sorted((ROOT / "recipes").glob("*.py"))
    of_family = {load_recipe(path).family: path for path in recipes}
    few = ("--policies", "mixed_bfloat16,mixed_float16", "--images", 64)
    found = cases("dcgan", "sngan", "vae", *few, "--recipes", *of_family.values())
    assert {f"'{path.stem}'" for path in of_family.values()} | {"dcgan", "sngan", "vae"} == {*found}
