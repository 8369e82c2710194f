"""The source distribution holds the package, and none of the tests."""

import shutil
import tomllib
from pathlib import Path

import pytest
from helpers import python

import zoo

pytestmark = pytest.mark.once
ROOT = Path(zoo.__file__).parent.parent
LIST = "import sys, setuptools; sys.argv[1:] = ['egg_info']; setuptools.setup()"


def test_its_files(tmp_path):
    """Tests need what only a checkout has."""
    pytest.importorskip("setuptools", minversion="77", reason="builds ask for it")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    files = ("pyproject.toml", "MANIFEST.in", "README.md", *project["license-files"])
    for name in (*files, "keras_generative_zoo.py"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("zoo", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = python("-c", f"import os; os.chdir({str(tmp_path)!r}); {LIST}")
    assert done.returncode == 0, done.stderr
    (place,) = tmp_path.glob("*.egg-info")
    listed = (place / "SOURCES.txt").read_text().splitlines()
    assert not [name for name in listed if name.startswith("tests")]
    assert {*files, "keras_generative_zoo.py", "zoo/__init__.py", "zoo/py.typed"} <= {*listed}
    assert "zoo/weights/dcgan_mnist/model.weights.h5" in listed
    assert [name for name in listed if name.startswith("zoo/weights/examples-")]
