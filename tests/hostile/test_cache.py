"""A cache in which another account planted links, notes, other bytes and open doors."""

import hashlib
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.errors import ArgumentError, FetchError, IntegrityError
from zoo.evaluation.collected import outputs_of, reference
from zoo.files import fetch, notes, regular
from zoo.files import home as homes

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights and links"),
]
CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = os.geteuid() + 1 if hasattr(os, "geteuid") else None
TARGET = b"of the user's own"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "target"
    path.write_bytes(TARGET)
    return path


@pytest.fixture
def get(tmp_path, home):
    """A function that downloads a file into the cache, and returns its place."""
    served = tmp_path / "served"
    served.mkdir()
    (served / "model.bin").write_bytes(CONTENT)
    place = home / "presets" / "mine" / "model.bin"

    def get():
        url = f"{served.as_uri()}/model.bin"
        return fetch.download([url], place, SHA256, len(CONTENT))

    return get


def partial_of(home):
    return home / "presets" / "mine" / f".model.bin.{SHA256[:12]}.partial"


PLANTED = {
    "a link": lambda path, target: path.symlink_to(target),
    "a second name": lambda path, target: path.hardlink_to(target),
    "a broken link": lambda path, target: path.symlink_to(target.with_name("new")),
    "a pipe": lambda path, _: os.mkfifo(path),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_partial_files(home, get, target, planted):
    partial_of(home).parent.mkdir(parents=True)
    PLANTED[planted](partial_of(home), target)
    place = get()
    assert place.read_bytes() == CONTENT
    assert not place.is_symlink()
    assert place.stat().st_nlink == 1
    assert target.read_bytes() == TARGET
    assert not target.with_name("new").exists()


def test_partial_files_of_others(home, get, monkeypatch):
    """Whoever made the file could hold it open, and write to it after it was verified."""
    partial_of(home).parent.mkdir(parents=True)
    partial_of(home).write_bytes(CONTENT[:100])
    inode = partial_of(home).stat().st_ino
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    with partial_of(home).open():  # so that the number of the file is not given anew
        assert get().stat().st_ino != inode


def test_partial_files_of_this_user_go_on(home, get):
    partial_of(home).parent.mkdir(parents=True)
    partial_of(home).write_bytes(CONTENT[:100])
    inode = partial_of(home).stat().st_ino
    assert get().stat().st_ino == inode


def test_what_takes_the_place_of_a_partial_file(home, target, tmp_path, monkeypatch):
    """It was a file of this user when it was looked at, and is a link when it is opened."""
    path = tmp_path / "partial"
    path.write_bytes(b"")
    status = path.lstat()
    path.unlink()
    path.symlink_to(target)
    monkeypatch.setattr(os, "lstat", lambda _: status)
    with pytest.raises(OSError, match="link"):
        regular.open_own(path)
    assert target.read_bytes() == TARGET


@pytest.mark.parametrize("planted", ["a link", "a broken link"])
def test_planted_locks(home, get, target, planted):
    homes.make_folder(home / "locks")
    lock = homes.lock_of(home / "presets" / "mine" / "model.bin")
    PLANTED[planted](Path(lock.lock_file), target)
    assert get().read_bytes() == CONTENT
    assert target.read_bytes() == TARGET
    assert not target.with_name("new").exists()


def test_planted_notes(home, get, target):
    place = [get(), get()][0]
    notes._place(place).unlink()
    notes._place(place).symlink_to(target)
    assert notes.note(place) is None
    get()
    assert target.read_bytes() == TARGET


def settled(path):
    """Make the note on `path` so late that it counts."""
    later = path.stat().st_ctime_ns + 10 * fetch.SETTLED
    os.utime(notes._place(path), ns=(later, later))


@pytest.fixture
def forged(get):
    """A cached file with other bytes, and a note that says that they were verified."""
    place = get()
    place.write_bytes(bytes(len(CONTENT)))
    notes.write_note(place, fetch._state(place, SHA256).text)
    settled(place)
    get()  # is taken in by it, so that only its owner counts
    return place


def refused(get, monkeypatch):
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.raises(IntegrityError, match=SHA256):
        get()


class TestForgedNotes:
    def test_beside_the_file(self, get, monkeypatch):
        """Earlier versions kept the note there."""
        place = get()
        place.write_bytes(bytes(len(CONTENT)))
        stat = place.stat()
        mark = place.with_name(f".{place.name}.verified")
        times = f"{stat.st_mtime_ns} {stat.st_ctime_ns}"
        mark.write_text(f"{SHA256} {stat.st_size} {stat.st_ino} {times}\n")
        later = stat.st_ctime_ns + 10 * fetch.SETTLED
        os.utime(mark, ns=(later, later))
        refused(get, monkeypatch)

    @pytest.mark.parametrize("of", [lambda p: p, lambda p: p.parent], ids=["note", "folder"])
    def test_that_others_may_write(self, get, forged, monkeypatch, of):
        of(notes._place(forged)).chmod(0o777)
        refused(get, monkeypatch)

    def test_of_another_user(self, get, forged, monkeypatch):
        monkeypatch.setattr(os, "geteuid", lambda: OTHER)
        refused(get, monkeypatch)

    def test_of_another_file(self, get, forged, monkeypatch):
        """The note is on the place, the inode and the times of one file."""
        forged.write_bytes(b"x" * len(CONTENT))
        refused(get, monkeypatch)


def modes(folder):
    return {p: stat.S_IMODE(p.stat().st_mode) for p in (folder, *folder.rglob("*"))}


def test_the_cache_is_closed_whatever_the_umask_is(home, get, tmp_path):
    before = os.umask(0)
    try:
        place = get()
        with homes.lock_of(place):
            pass
        homes.write_text(home / "cards" / "a.json", "{}")
        points = zoo.data.read(np.zeros((4, 2), "float32"))
        extractor = type("", (), {"name": "x", "sha256": SHA256, "__call__": lambda *_: None})()
        with pytest.raises(AttributeError):  # there are no features
            reference(
                points,
                SHA256,
                "2 coordinates",
                {"features"},
                extractor,
                True,
                lambda needs: [outputs_of(points.images, None, needs, extractor)],
            )
        homes.write_text(tmp_path / "out" / "mine.txt", "of the user's own folders")
    finally:
        os.umask(before)
    for path, mode in modes(home).items():
        assert mode & 0o022 == 0, path
        assert mode & 0o077 == 0 or not path.is_dir(), path
    assert modes(tmp_path / "out")[tmp_path / "out"] == 0o777  # the umask decides there


def test_a_temporary_folder_of_another_user(tmp_path, monkeypatch):
    monkeypatch.delenv("ZOO_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    place = homes.home()
    place.mkdir()
    assert homes.home() == place
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    with pytest.raises(ArgumentError, match=f"{place}.*another user. ZOO_HOME names"):
        homes.home()


def test_a_folder_in_the_place_of_a_partial_file(home, get):
    partial_of(home).mkdir(parents=True)
    with pytest.raises(FetchError, match="cannot be written"):
        get()
