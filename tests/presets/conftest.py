"""What the tests of downloads and hubs share."""

import shutil

import pytest
from servers import Nginx

import zoo
from zoo.files import fetch
from zoo.presets import locate


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty cache, no registered names, and no long waiting."""
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(fetch, "WAIT", 0.01)
    monkeypatch.setattr(fetch, "_failing", set())
    monkeypatch.setattr(locate, "_registered", {})
    return tmp_path / "home"


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A small GAN as a preset."""
    model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=60)
    place = tmp_path_factory.mktemp("presets") / "my-gan"
    return zoo.save(model, place, title="A small GAN.", license="cc0-1.0")


@pytest.fixture(scope="session")
def hub_folder(saved, tmp_path_factory):
    """A hub: the small GAN, and a preset of this package."""
    folder = tmp_path_factory.mktemp("hub")
    for preset in (saved, "dcgan_mnist"):
        name = getattr(preset, "name", preset)
        zoo.push(preset, f"file://{folder}/{name}")
    assert zoo.hub.write_index(f"file://{folder}") == ["dcgan_mnist", "my-gan"]
    return folder


@pytest.fixture
def copied(hub_folder, tmp_path):
    """A hub of its own, to be tampered with."""
    return shutil.copytree(hub_folder, tmp_path / "copied")


@pytest.fixture
def nginx(root, tmp_path):
    """nginx that serves `root`, which each file of tests has its own of."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path / "nginx"
    folder.mkdir()
    with Nginx(root, folder) as server:
        yield server
