"""NOTICE names every image of other people's data sets that lies in the project."""

import re
import tomllib
from pathlib import Path

import pytest

import zoo
from zoo.presets import locate
from zoo.presets.save import EXAMPLES

pytestmark = pytest.mark.once
ROOT = Path(zoo.__file__).parent.parent
NOTICE = (ROOT / "NOTICE").read_text("utf-8")
NAMED = set(re.findall(r"^    (\S+)$", NOTICE, flags=re.MULTILINE))


def test_pictures_and_examples_of_the_package():
    """The picture of a model that does not sample shows the examples that lie beside it."""
    presets = [locate.locate(name) for name in zoo.list()]
    shown = [preset for preset in presets if EXAMPLES in preset.card.weights.extras]
    paths = {p.path(name) for p in shown for name in (EXAMPLES, "samples.png")}
    assert {p.relative_to(ROOT).as_posix() for p in paths} == {
        name for name in NAMED if name.startswith(("zoo/", "hub/"))
    }
    assert {preset.card.training.data for preset in shown} == {"mnist"}


def test_pictures_of_the_documentation():
    """Pictures of data or of photographs are named; the others show what models made alone."""
    shown = {"projection_", "inpainting_", "styles", "textures"}
    paths = (ROOT / "docs" / "pictures").rglob("*.*")
    found = {p.relative_to(ROOT).as_posix() for p in paths if p.name.startswith(tuple(shown))}
    assert found == {name for name in NAMED if name.startswith("docs/")}


def test_data_of_the_tests():
    assets = ROOT / "tests" / "assets"
    found = {path.relative_to(ROOT).as_posix() for path in assets.glob("*_slice.npz")}
    found |= {f"{path.relative_to(ROOT).as_posix()}/" for path in assets.glob("tfds_*/*")}
    assert found == {name for name in NAMED if name.startswith("tests/")}


def test_licences_of_the_package_are_those_of_its_metadata():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    others = re.findall(r"Licence: (\S+),", NOTICE)
    assert set(project["license"].split(" AND ")) == {"Apache-2.0", *others}
    assert "NOTICE" in project["license-files"]
    said = {card.rights.data for card in map(zoo.info, zoo.list()) if card.training.data == "mnist"}
    assert said == {"MNIST, CC BY-SA 3.0"}
