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


def of_each_family() -> list[Path]:
    recipes = sorted((ROOT / "recipes").glob("*.py"))
    return list({load_recipe(path).family: path for path in recipes}.values())


def of_each_kind() -> list[Path]:
    """What a run does beside its training follows from the tasks of its model."""
    found = {}
    for path in of_each_family():
        recipe = load_recipe(path)
        cls = zoo.models.families.family(recipe.family).cls
        model = cls(**cls.test_config())
        kind = (frozenset(model.tasks), model.condition is None)
        found.setdefault(kind, path)
    return list(found.values())


@pytest.mark.parametrize(
    "chosen", [of_each_kind, pytest.param(of_each_family, marks=pytest.mark.heavy)]
)
def test_half_precision_and_recipes(chosen):
    """All recipes, with as many images as `--smoke` takes: `families.py --recipes`."""
    paths = chosen()
    few = ("--policies", "mixed_bfloat16,mixed_float16", "--images", 64)
    found = cases("dcgan", "sngan", "vae", *few, "--recipes", *paths)
    assert {f"'{path.stem}'" for path in paths} | {"dcgan", "sngan", "vae"} == {*found}
