"""Commands without a folder for the cache: each works, or says one line."""

from pathlib import Path

import pytest

import zoo

pytestmark = pytest.mark.once


@pytest.fixture
def no_home(tmp_path, monkeypatch):
    """No folder can be made below a file, also by a user who may write everything."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "file" / "zoo"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("info", "gan_ring8"),
        ("sample", "gan_ring8", "-n", 20),
        ("verify", "gan_ring8"),
        ("fetch", "gan_ring8"),
        ("cache", "list"),
        ("cache", "clean"),
        ("data", "info", "ring8"),
        ("evaluate", "gan_ring8", "-n", 50, "--seeds", 1, "--metrics", "mixture_modes"),
    ],
    ids=lambda arguments: " ".join(map(str, arguments)),
)
def test_what_needs_no_cache_works(run, no_home, arguments):
    code, _, err = run(*arguments)
    assert (code, "Traceback" in err) == (0, False), err


def test_a_download_says_which_variable_names_another_folder(run, no_home):
    url = (no_home / "at").as_uri()
    zoo.push("gan_ring8", url)
    code, _, err = run("fetch", url)
    assert (code, err.count("\n")) == (1, 1), err
    assert "cannot be written: " in err
    assert "ZOO_HOME names another folder than " in err


def test_a_card_that_cannot_be_forgotten_is_told_of(tmp_path, monkeypatch):
    url = (tmp_path / "at").as_uri()
    zoo.push("gan_ring8", url)
    zoo.load(url)

    unlink = Path.unlink

    def read_only(path, missing_ok=False):
        if path.parent.name == "cards":
            raise OSError(30, "Read-only file system", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", read_only)
    with pytest.warns(UserWarning, match=r"at is written.*stays in the cache.*Read-only"):
        assert zoo.push("gan_ring8", url) == url
