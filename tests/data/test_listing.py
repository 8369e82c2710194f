"""The names of a large folder are kept, and read again as long as nothing has changed."""

import json
import os
import time

import pytest

from zoo.data import listing
from zoo.data.files import FolderFiles
from zoo.files.home import home

pytestmark = pytest.mark.once


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Six pictures, whose folders have not changed for a minute."""
    monkeypatch.setattr(listing, "INDEXED", 6)
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "home"))
    folder = tmp_path / "set"
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/deep/1.png", "b/deep/2.jpg", "b/.no/1.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "again").symlink_to("a")
    settle(folder)
    return folder


def settle(folder):
    for place in (folder, *folder.rglob("*")):
        os.utime(place, (time.time() - 60, time.time() - 60))


def walks(monkeypatch):
    """The folders that are looked into from now on."""
    looked, scandir = [], os.scandir
    monkeypatch.setattr("os.scandir", lambda path: looked.append(path) or scandir(path))
    return looked


def test_the_names_are_kept(folder, monkeypatch):
    first = FolderFiles(folder)
    assert len(first) == 5
    assert first.left_out[listing.REPEATED] == ["again"]
    looked = walks(monkeypatch)
    second = FolderFiles(folder)
    assert looked == []
    assert vars(second) == vars(first)


@pytest.mark.parametrize("name", ["new.png", "a/new.png", "b/deep/new.png"])
def test_a_change_is_seen(folder, name):
    FolderFiles(folder)
    (folder / name).touch()
    assert name in FolderFiles(folder).names
    settle(folder)
    assert name in FolderFiles(folder).names
    (folder / name).unlink()
    assert name not in FolderFiles(folder).names


def test_a_folder_that_changes_now_is_not_kept(folder, monkeypatch):
    (folder / "a" / "3.png").touch()
    FolderFiles(folder)
    looked = walks(monkeypatch)
    FolderFiles(folder)
    assert looked


def test_few_files_are_not_kept(folder, monkeypatch):
    monkeypatch.setattr(listing, "INDEXED", 100)
    FolderFiles(folder)
    assert not (home() / "listings").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 0}'])
def test_a_damaged_index_is_written_anew(folder, content):
    names = FolderFiles(folder).names
    (place,) = (home() / "listings").iterdir()
    good = place.read_text()
    place.write_text(content)
    assert FolderFiles(folder).names == names
    assert json.loads(place.read_text()) == json.loads(good)


def test_a_cache_that_cannot_be_written(folder):
    home().mkdir()
    (home() / "listings").touch()
    with pytest.warns(UserWarning, match=r"The names of \d+ files are not kept: .*ZOO_HOME"):
        assert len(FolderFiles(folder)) == 5
