"""A checkout in which git converts line ends, as on Windows, is byte for byte this one."""

import shutil
import subprocess
from pathlib import Path

import pytest
from shipped import SHIPPED

import zoo
from zoo.presets import locate

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]
ROOT = Path(zoo.__file__).parent.parent


def git(folder, *arguments):
    options = ("-c", "core.autocrlf=true", "-c", "core.safecrlf=false", "-c", "core.compression=0")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *options, *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The package, the hub and the scripts, as git on Windows writes them."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / ".gitattributes", folder)
    for name in ("zoo", "hub", "scripts"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "all")
    for name in ("zoo", "hub", "scripts"):
        shutil.rmtree(folder / name)
    git(folder, "checkout", "--quiet", ".")
    return folder


def test_every_preset_loads(checkout, monkeypatch):
    for name in ("CARDS", "WEIGHTS"):
        monkeypatch.setattr(locate, name, checkout / "zoo" / name.lower())
    monkeypatch.setattr(locate, "HUB", checkout / "hub")
    locate.forget()
    names = zoo.list()
    assert names == list(SHIPPED)
    for preset in names:
        located = locate.locate(preset)
        assert located.folder.is_relative_to(checkout)
        located.ensure(extras=True)
        assert zoo.load(preset).built
    locate.forget()


def test_scripts_are_read_by_shells(checkout):
    for path in (checkout / "scripts").iterdir():
        assert b"\r" not in path.read_bytes(), path
