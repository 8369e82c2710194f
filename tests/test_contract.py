"""The contract that every family of the zoo keeps. Nothing here names a family."""

import pytest

import zoo
from zoo import testing
from zoo.models import families
from zoo.testing import suite

CLASSES = {name: families.family(name).cls for name in zoo.families()}
# The family that a group is named after, or the one here, stands for it where the base class keeps
# a promise for all, or where a training takes its time.
OTHER_HEADS = {"autoregressive": "pixelcnn"}
HEADS = [OTHER_HEADS.get(group, group.removesuffix("s")) for group in zoo.groups()]
ONCE_A_GROUP = {check.__name__ for check in suite.OF_THE_BASE_CLASS} | {"learns"}
# The code of these checks is that of the spaces and of the base class, on NumPy arrays: the heads
# run them on every backend, and the others on one.
OF_NO_BACKEND = {
    check.__name__
    for check in (*suite.PACKAGE, *suite.EVERY)
    if check.__name__ not in ("training", "players", "saving")
}
# On TensorFlow graphs are the subject of these alone, and save time where there are many steps.
OF_GRAPHS = {
    "training",
    "eager",
    "resuming",
    "callbacks",
    "mixed_bfloat16",
    "mixed_float16",
    "learns",
}
CASES = [
    (family, check)
    for family, cls in CLASSES.items()
    for check in testing.checks(cls)
    if check not in ONCE_A_GROUP or family in HEADS
]


def parameters():
    for family, check in CASES:
        once = check in OF_NO_BACKEND and family not in HEADS
        marks = [pytest.mark.once] * once
        if check not in OF_GRAPHS:
            marks.append(pytest.mark.step_by_step)
        yield pytest.param(family, check, id=f"{family}-{check}", marks=marks)


@pytest.mark.parametrize(("family", "check"), list(parameters()))
def test_contract(family, check):
    cls = CLASSES[family]
    try:
        testing.checks(cls)[check](testing.maker(cls))
    except testing.Skipped as reason:
        pytest.skip(str(reason))
