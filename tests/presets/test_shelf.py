"""From a checkout every preset has one name, which works in any folder."""

import shutil

import numpy as np
import pytest
from shipped import HUB, SHIPPED

import zoo
from zoo.errors import ArgumentError, UnknownNameError
from zoo.presets import locate

pytestmark = pytest.mark.once
BESIDE = [name for name, folder in SHIPPED.items() if folder.parent == HUB]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A working folder far from the checkout, no hub, and no names from other tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_HUB", raising=False)
    monkeypatch.setattr(locate, "_registered", {})


def test_the_presets_beside_the_package_are_listed():
    assert {"acgan_mnist", "vae_frey_faces"} <= set(BESIDE)
    assert set(BESIDE) <= set(zoo.list(pretrained=True))
    assert zoo.list(family="acgan") == ["acgan_mnist"]


@pytest.mark.parametrize("name", BESIDE)
def test_name_and_path_are_one_preset(name, monkeypatch):
    assert zoo.info(name).name == name
    weights = zoo.load(name).get_weights()
    monkeypatch.chdir(HUB.parent)
    for weight, other in zip(zoo.load(f"hub/{name}").get_weights(), weights, strict=True):
        np.testing.assert_array_equal(weight, other)


def test_commands_know_them(run, tmp_path):
    assert "acgan_mnist" in run("list", "*mnist*", "--group", "gans")[1]
    assert run("info", "acgan_mnist")[1].startswith("acgan_mnist: Handwritten digits")
    assert run("sample", "acgan_mnist", "-n", 3, "-o", tmp_path / "a.png")[0] == 0
    assert run("verify", "acgan_mnist")[1].startswith("acgan_mnist: 7 files are whole")
    assert run("push", "acgan_mnist", (tmp_path / "copy").as_uri())[0] == 0
    assert run("info", tmp_path / "copy")[1].startswith("acgan_mnist: ")


def test_an_installed_package_knows_none_of_them(tmp_path, monkeypatch):
    for name in ("HUB", "RECIPES"):
        monkeypatch.setattr(locate, name, tmp_path / "none")
    assert "acgan_mnist" not in zoo.list()
    says = r"Unknown preset: 'acgan_mnist'. Nearest: .*`zoo list` shows all."
    with pytest.raises(UnknownNameError, match=says):
        zoo.load("acgan_mnist")


def test_other_folders_of_the_hub_are_no_presets(tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "HUB", tmp_path)
    (tmp_path / "notes").mkdir()
    shutil.copytree(HUB / "acgan_mnist", tmp_path / ".acgan_mnist.part")
    assert not set(BESIDE) & set(zoo.list())


def test_a_taken_name():
    zoo.register("acgan_mnist", HUB / "acgan_mnist")  # as users did
    assert zoo.info("acgan_mnist").name == "acgan_mnist"
    with pytest.raises(ArgumentError, match=r"'lsgan_mnist' is taken: it is that of .*lsgan_mnist"):
        zoo.register("lsgan_mnist", HUB / "acgan_mnist")


def test_a_broken_card_does_not_hide_the_other_presets(run, tmp_path, monkeypatch):
    hub = tmp_path / "hub"
    shutil.copytree(HUB / "acgan_mnist", hub / "acgan_mnist")
    (hub / "broken_mnist").mkdir()
    (hub / "broken_mnist" / "card.json").write_text('{"format": 4}', encoding="utf-8")
    (hub / "odd_mnist" / "card.json").mkdir(parents=True)
    monkeypatch.setattr(locate, "HUB", hub)
    for filters in ({}, {"family": "acgan"}):
        with (
            pytest.warns(UserWarning, match="'odd_mnist' is left out: .*a directory"),
            pytest.warns(UserWarning, match="'broken_mnist' is left out: .*breaks the rules"),
        ):
            names = zoo.list(**filters)
        assert "acgan_mnist" in names
        assert not {"broken_mnist", "odd_mnist"} & set(names)
    code, out, err = run("list", "*_mnist")
    assert (code, "acgan_mnist" in out) == (0, True)
    assert [line.partition(":")[0] for line in err.splitlines()] == ["zoo", "zoo"]
    assert "zoo: The preset 'broken_mnist' is left out: The card" in err
