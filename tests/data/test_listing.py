"""The names and the heads of the files of a large folder are kept as long as nothing changes."""

import json
import os
import time

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data import files, heads, listing
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


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Six pictures of two shapes, one of which moves, beside one that is broken."""
    monkeypatch.setattr(heads, "KEPT", 6)
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "home"))
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(5):
        Image.new("RGB", (4 + i % 2, 4)).save(folder / f"{i}.png")
    frames = [Image.new("RGB", (4, 4), (i, 0, 0)) for i in range(3)]
    frames[0].save(folder / "5.gif", save_all=True, append_images=frames[1:])
    (folder / "6.png").write_bytes(b"no picture")
    return folder


def read(folder, caplog):
    """The images, what was said, and the names of the files that were opened."""
    opened, open_regular = [], files.open_regular
    caplog.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "open_regular", lambda p: opened.append(p.name) or open_regular(p))
        source = zoo.data.read(folder, image_size=4, memory_limit=0)
    return source, caplog.messages, set(opened) - {"0.png"}  # which tells the usual size


def test_heads_are_kept(photos, caplog):
    first, said, opened = read(photos, caplog)
    assert len(opened) == 6
    assert any("6.png" in line for line in said)
    assert any("5.gif" in line for line in said)
    again, said_again, opened = read(photos, caplog)
    assert opened == {"6.png"}  # a broken one is tried again
    assert said_again == said
    assert again.sha256 == first.sha256
    np.testing.assert_array_equal(again.images[:], first.images[:])


def test_a_file_that_changed_in_place_is_read_again(photos, caplog):
    read(photos, caplog)
    with open(photos / "1.png", "r+b") as file:  # its folder does not change
        Image.new("L", (9, 9)).save(file, "png")
    assert read(photos, caplog)[2] == {"1.png", "6.png"}
    Image.new("RGB", (4, 4)).save(photos / "7.png")
    (photos / "2.png").unlink()
    source, _, opened = read(photos, caplog)
    assert opened == {"6.png", "7.png"}
    assert [name for name in source.images.items.names if name in "2.png7.png"] == ["7.png"]


def test_damaged_heads_are_read_again(photos, caplog):
    names = read(photos, caplog)[0].images.items.names
    (place,) = (home() / "heads").iterdir()
    place.write_bytes(place.read_bytes()[:100])
    source, _, opened = read(photos, caplog)
    assert len(opened) == 6
    assert source.images.items.names == names


def test_heads_that_cannot_be_kept(photos, caplog):
    home().mkdir()
    (home() / "heads").touch()
    with pytest.warns(UserWarning, match=r"The heads of 7 files are not kept: .*ZOO_HOME"):
        assert len(read(photos, caplog)[0].images) == 6
