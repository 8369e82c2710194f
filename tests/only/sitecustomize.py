"""Makes every backend but `ZOO_TEST_BACKEND` absent: importing one fails as if it were not installed.

Python imports this file at start wherever its folder is on PYTHONPATH, so that sub-processes of tests are bound too.
"""

import importlib.abc
import os
import sys

BACKENDS = {"tensorflow", "jax", "torch"}


class Absent(importlib.abc.MetaPathFinder):
    """Refuses the backends that are not under test."""

    def __init__(self, names):
        self.names = names

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {fullname!r} (absent in this test run)", name=fullname)
        return None


def install(backend):
    """Makes all backends but `backend` absent from now on."""
    absent = BACKENDS - {backend}
    present = absent & set(sys.modules)
    if present:
        raise RuntimeError(f"{sorted(present)} were imported before the tests began")
    sys.meta_path.insert(0, Absent(absent))


if os.environ.get("ZOO_TEST_BACKEND"):
    install(os.environ["ZOO_TEST_BACKEND"])
