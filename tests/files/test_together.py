"""Files and folders that are replaced together: each fault leaves all of them as they were."""

import os

import pytest

from zoo.files import home, together
from zoo.files.together import atomic_together

pytestmark = pytest.mark.once


@pytest.fixture
def places(tmp_path):
    """A folder, a file, and a file that is not there."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").write_text("old")
    (tmp_path / "file").write_text("old")
    return [tmp_path / name for name in ("folder", "file", "new/file")]


def replace(places):
    with atomic_together(*places) as (folder, file, new):
        folder.mkdir()
        (folder / "inner").write_text("new")
        file.write_text("new")
        new.write_text("new")


def contents(place):
    return {str(p.relative_to(place)): p.read_text() for p in place.rglob("*") if p.is_file()}


def test_all_are_replaced(places, tmp_path):
    (tmp_path / "link").symlink_to(places[0])
    replace([tmp_path / "link", *places[1:]])
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "link").unlink()
    assert contents(tmp_path) == dict.fromkeys(("folder/inner", "file", "new/file"), "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder", "new"]


class Failing:
    """Stands in for a function, and fails at one of its calls."""

    def __init__(self, function):
        self.function = function
        self.at(0)

    def at(self, number):
        self.number, self.calls = number, 0

    def __call__(self, *args):
        self.calls += 1
        if self.calls == self.number:
            raise OSError(5, "Input/output error")
        return self.function(*args)


def no_links(*args):
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize(("owner", "name", "calls"), [(os, "replace", 4), (together, "sync", 7)])
def test_each_fault_leaves_all(places, tmp_path, monkeypatch, owner, name, calls, links):
    before, failing = contents(tmp_path), Failing(getattr(owner, name))
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(owner, name, failing)
    for number in range(1, calls + 1):
        failing.at(number)
        with pytest.raises(OSError, match="Input/output error"):
            replace(places)
        assert contents(tmp_path) == before
        assert not [*tmp_path.rglob(".*"), *tmp_path.rglob("*partial*")]
    failing.at(0)
    replace(places)
    assert failing.calls == calls  # each call has failed once


def test_a_folder_alone(tmp_path, monkeypatch):
    """Also if the list of names cannot be brought to the disk after the replacement."""

    def write(name, content):
        with home.atomic_folder(tmp_path / name) as partial:
            (partial / "file").write_text(content)

    write("folder", "old")
    failing = Failing(home.sync)
    monkeypatch.setattr(home, "sync", failing)
    for name in ("folder", "other"):
        failing.at(3)  # after those of the file and of the folder
        with pytest.raises(OSError, match="Input/output error"):
            write(name, "new")
        assert contents(tmp_path) == {"folder/file": "old"}
    failing.at(0)
    write("folder", "new")
    assert failing.calls == 3
    assert contents(tmp_path) == {"folder/file": "new"}
