"""Places of files: without a home directory, and on a system that behaves as Windows does."""

import errno
import fcntl
import ntpath
import os
from pathlib import Path

import pytest
from helpers import python
from PIL import Image

import zoo
from zoo.errors import ArgumentError, StorageError
from zoo.files import fetch, home, remote
from zoo.presets import checkpoint

pytestmark = pytest.mark.once

# What the C library says in a container that runs under a user id of no user.
NOBODY = """
import os, pwd, sys
os.environ.pop("HOME", None)
def unknown(uid):
    raise KeyError(uid)
pwd.getpwuid = unknown
"""


class Windows:
    """Stands in for `os`: it opens no folder, and syncs no file that was opened for reading."""

    path = os.path

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, path, flags):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return os.open(path, flags)

    def fsync(self, handle):
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        os.fsync(handle)


@pytest.fixture
def windows(monkeypatch):
    monkeypatch.setattr(home, "os", Windows())


class TestWindows:
    def test_folders_are_written(self, windows, tmp_path):
        for content in ("first", "second"):
            with home.atomic_folder(tmp_path / "place") as partial:
                (partial / "inner").mkdir()
                home.write_text(partial / "inner" / "file", content)
        assert (tmp_path / "place" / "inner" / "file").read_text() == "second"
        assert [path.name for path in tmp_path.iterdir()] == ["place"]

    def test_models_and_checkpoints_are_written(self, windows, tmp_path):
        model = zoo.create("gan", image_shape=(2,), latent_dim=2, units=4)
        assert zoo.load(zoo.save(model, tmp_path / "my-gan")).built
        checkpoint.write(tmp_path / "step-00000001", b"weights", {"step": 1})
        assert checkpoint.check(tmp_path / "step-00000001")["step"] == 1

    def test_a_file_that_cannot_be_opened_is_an_error(self, tmp_path, monkeypatch):
        """Only a folder need not be synced."""

        class Refuses(Windows):
            def open(self, path, flags):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))

        monkeypatch.setattr(home, "os", Refuses())
        with pytest.raises(PermissionError), home.atomic_folder(tmp_path / "place") as partial:
            home.write_text(partial / "file", "text")
        assert not list(tmp_path.iterdir())

    def test_one_folder_has_one_lock_under_all_its_names(self, tmp_path, monkeypatch):
        names = [tmp_path / "Run", tmp_path / "run"]
        assert len({home.lock_of(name).lock_file for name in names}) == 2
        monkeypatch.setattr(os.path, "normcase", lambda path: ntpath.normcase(os.fspath(path)))
        assert len({home.lock_of(name).lock_file for name in names}) == 1

    def test_a_change_is_seen_where_the_second_time_is_that_of_the_creation(
        self, tmp_path, monkeypatch
    ):
        """The creation lies long ago, so that the last change alone tells."""
        path, hashed = tmp_path / "file", []
        path.write_bytes(b"content")
        digest, size = fetch.sha256(path), path.stat().st_size
        later = path.stat().st_mtime + 10
        os.utime(path, (later, later))
        monkeypatch.setattr(fetch, "SETTLED", -(10**9))
        monkeypatch.setattr(fetch, "sha256", lambda place: hashed.append(place) or digest)
        for _ in range(2):
            fetch.verify_cached(path, digest, size)
        assert len(hashed) == 2


class TestNoHomeDirectory:
    def test_everything_that_needs_none_works(self, tmp_path):
        program = NOBODY + (
            "import tempfile, zoo\n"
            "from zoo.files.home import home, lock_of\n"
            "print(zoo.load('gan_ring8').sample(2, seed=0).shape)\n"
            "assert str(home()).startswith(tempfile.gettempdir())\n"
            "with lock_of(home() / 'x'): print('locked')\n"
        )
        done = python("-c", program, ZOO_HOME="", KERAS_HOME=tmp_path, TMPDIR=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ["(2, 2)", "locked"]

    def test_the_backend_is_chosen(self):
        """As Keras does: from its file, which nobody without a home has."""
        program = NOBODY + (
            "os.environ.pop('KERAS_BACKEND'); os.environ.pop('KERAS_HOME', None)\n"
            "import zoo, keras; print(keras.backend.backend())\n"
        )
        done = python("-c", program)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == os.environ["KERAS_BACKEND"]

    @pytest.mark.parametrize(
        "use",
        [
            lambda path: zoo.load(path + ".keras"),
            lambda path: zoo.load(Path(path)),
            lambda path: zoo.save(zoo.load("gan_ring8"), path),
            lambda path: zoo.register("name", path),
            lambda path: zoo.data.read(path),
            lambda path: zoo.data.read_pairs(path),
            lambda path: zoo.data.read_pairs((path, path)),
        ],
    )
    def test_a_path_in_it_is_an_error_of_one_line(self, use, monkeypatch):
        monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
        monkeypatch.delenv("HOME")
        with pytest.raises(ArgumentError, match=r"The home directory in '~/x.*' is unknown\. Give"):
            use("~/x")

    def test_zoo_home_may_name_none_either(self, monkeypatch):
        monkeypatch.setenv("ZOO_HOME", "~nobody-of-this-name/x")
        with pytest.raises(ArgumentError, match="is unknown"):
            home.home()


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for place in (file / "x.json", file / "a" / "x.json"):
        with pytest.raises(NotADirectoryError, match=rf"{file} is a file, and no folder$"):
            home.write_text(place, "x")
    for path in (file, file / "preset"):
        with pytest.raises(ArgumentError, match=rf"that of a folder; {file} is a file. Received"):
            remote.folder_url(path.as_uri())
    assert remote.folder_url(tmp_path.as_uri() + "/new/") == tmp_path.as_uri() + "/new"


def test_a_crash_leaves_texts_and_pictures_as_they_were(tmp_path, monkeypatch):
    text, picture = tmp_path / "card.json", tmp_path / "samples.png"
    link = tmp_path / "link.png"
    link.symlink_to(picture)
    home.write_text(text, "first")
    home.write_picture(link, Image.new("L", (2, 2)))
    before = picture.read_bytes()
    assert link.is_symlink()

    class Broken:
        def save(self, path):
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"is as it was: No space left"):
        home.write_picture(picture, Broken())
    monkeypatch.setattr(home.os, "replace", lambda *_: Broken().save(tmp_path / "half"))
    with pytest.raises(OSError, match="No space left"):
        home.write_text(text, "second")
    assert text.read_text() == "first"
    assert picture.read_bytes() == before
