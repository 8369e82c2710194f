"""The command finds out what stands in the place of this package."""

import base64
import hashlib
import os
import shutil
import sys

import pytest
from helpers import python

import keras_generative_zoo as command

pytestmark = pytest.mark.once
CALL = "import keras_generative_zoo; keras_generative_zoo.main()"
AGAIN = "pip install --force-reinstall --no-deps keras-generative-zoo."


def distribution(place, name, *files):
    """Installs a distribution that holds `files`."""
    folder = place / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    rows = []
    for file in files:
        digest = hashlib.sha256((place / file).read_bytes()).digest()
        code = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        rows.append(f"{file},sha256={code},{(place / file).stat().st_size}\n")
    (folder / "RECORD").write_text("".join(rows))
    return folder


@pytest.fixture
def site(tmp_path):
    """A folder in which a wheel of this project is installed, with a package that says so."""
    place = tmp_path / "site"
    (place / "zoo").mkdir(parents=True)
    shutil.copy(command.__file__, place)
    (place / "zoo" / "__init__.py").write_text("")
    (place / "zoo" / "cli.py").write_text("def main(): print('this zoo')")
    distribution(place, command.NAME, "zoo/__init__.py", "zoo/cli.py")
    return place


def called(*places):
    """Calls the command with `places` first in the path, without packages of this environment."""
    path = os.pathsep.join(map(str, places))
    done = python("-S", "-P", "-c", CALL, PYTHONPATH=path)
    return done.returncode, done.stdout + done.stderr


def test_this_package_runs(site):
    assert called(site) == (0, "this zoo\n")


def test_another_distribution_over_it_and_removed(site):
    (site / "zoo" / "__init__.py").write_text("raise RuntimeError('another zoo')")
    (site / "zoo" / "animals.py").write_text("")
    other = distribution(site, "zoo", "zoo/__init__.py", "zoo/animals.py")
    code, printed = called(site)
    assert code == 1
    assert printed.startswith("zoo: error: `import zoo` finds the distribution zoo, whose files ")
    assert printed.endswith(f"Run: pip uninstall zoo; then: {AGAIN}\n")
    # `pip uninstall zoo` removes its files, and so one of this package's.
    shutil.rmtree(other)
    (site / "zoo" / "__init__.py").unlink()
    code, printed = called(site)
    assert code == 1
    assert f"{site / 'zoo' / '__init__.py'} is missing or changed" in printed
    assert printed.endswith(f"Run: {AGAIN}\n")


def test_another_distribution_before_it(site, tmp_path):
    """As before a checkout that is installed by `pip install -e`."""
    first = tmp_path / "first"
    (first / "zoo").mkdir(parents=True)
    (first / "zoo" / "__init__.py").write_text("")
    distribution(first, "zoo", "zoo/__init__.py")
    code, printed = called(first, site)
    assert code == 1
    assert "pip uninstall zoo; then" in printed


def test_a_file_of_the_user(site, tmp_path):
    (tmp_path / "zoo.py").write_text("animals = 3")
    code, printed = called(tmp_path, site)
    assert code == 1
    assert f"`import zoo` finds {tmp_path / 'zoo.py'}, and not keras-generative-zoo in" in printed
    assert "Rename that file" in printed
    assert "Traceback" not in printed


def test_the_command_is_installed_so():
    import tomllib
    from pathlib import Path

    root = Path(command.__file__).parent
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["scripts"] == {"zoo": "keras_generative_zoo:main"}
    assert project["tool"]["setuptools"]["py-modules"] == ["keras_generative_zoo"]
    assert command.other_zoo() is None
    done = python("-m", "keras_generative_zoo", "--version", PYTHONPATH=os.pathsep.join(sys.path))
    assert done.stdout.startswith("zoo, version ")
