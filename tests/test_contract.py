"""The contract that every family of the zoo keeps. Nothing here names a family."""

import pytest

import zoo
from zoo import testing
from zoo.models import families
from zoo.testing import suite

CLASSES = {name: families.family(name).cls for name in zoo.families()}
# The family that a group is named after stands for it where the base class keeps a promise for
# all, or where a training takes its time.
HEADS = [group.removesuffix("s") for group in zoo.groups()]
ONCE_A_GROUP = {check.__name__ for check in (*suite.OF_THE_BASE_CLASS, *suite.LEARNING)}
CASES = [
    (family, check)
    for family, cls in CLASSES.items()
    for check in testing.checks(cls)
    if check not in ONCE_A_GROUP or family in HEADS
]


@pytest.mark.parametrize(("family", "check"), CASES, ids=["-".join(case) for case in CASES])
def test_contract(family, check):
    cls = CLASSES[family]
    try:
        testing.checks(cls)[check](testing.maker(cls))
    except testing.Skipped as reason:
        pytest.skip(str(reason))
