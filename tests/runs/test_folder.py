"""The folder of a run: one run at a time, and the files of others stay."""

import os
import shutil

import pytest
from small import run, run_of

from zoo.errors import DataError, RecipeError
from zoo.files import home
from zoo.runs import folder
from zoo.runs.folder import LOCK, alone_in
from zoo.runs.run import Run

pytestmark = pytest.mark.once


def contents(place):
    return {p.relative_to(place): p.read_bytes() for p in place.rglob("*") if p.is_file()}


class TestLock:
    def test_runs_meet_whatever_their_cache_is(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with alone_in(tmp_path / "out"):
            for cache, name in (("one", "out"), ("other", "./out"), ("other", tmp_path / "out")):
                monkeypatch.setenv("ZOO_HOME", str(tmp_path / cache))
                with pytest.raises(RecipeError, match="Another process trains in .*out"):
                    alone_in(tmp_path / name).__enter__()
            with alone_in(tmp_path / "out" / "seed-2"), alone_in(tmp_path / "other"):
                pass

    def test_it_needs_no_cache(self, tmp_path, monkeypatch):
        (tmp_path / "file").touch()
        monkeypatch.setenv("ZOO_HOME", str(tmp_path / "file" / "zoo"))
        with alone_in(tmp_path / "out"):
            pass

    def test_nothing_is_left_of_it(self, tmp_path, ring):
        out = tmp_path / "runs" / "out"
        with alone_in(out):
            assert (out / LOCK).is_file()
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(DataError):
            run_of(ring, ring.config.replace(data="./missing"), out).run()
        assert list(tmp_path.iterdir()) == []
        with alone_in(out):
            (out / "file").touch()
        assert [path.name for path in out.iterdir()] == ["file"]

    def test_a_lock_that_its_holder_removed_is_none(self, tmp_path, monkeypatch):
        """Another process could make a new file there, and lock that."""
        acquire = folder.FileLock.acquire

        def removed(lock, **options):
            acquire(lock, **options)
            os.unlink(lock.lock_file)

        monkeypatch.setattr(folder.FileLock, "acquire", removed)
        with pytest.raises(RecipeError, match="Another process trains"):
            alone_in(tmp_path).__enter__()

    def test_a_file_system_without_locks_is_told_of(self, tmp_path, monkeypatch):
        def acquire(lock, **options):
            raise NotImplementedError

        monkeypatch.setattr(folder.FileLock, "acquire", acquire)
        with pytest.warns(UserWarning, match="has no locks"), alone_in(tmp_path):
            pass

    @pytest.mark.parametrize("place", ["file", "file/out", "/proc/out"])
    def test_a_place_that_cannot_be_written_is_one_error(self, tmp_path, place):
        (tmp_path / "file").touch()
        with pytest.raises(RecipeError, match=r"--out \S+ cannot be made: "):
            alone_in(tmp_path / place).__enter__()

    def test_it_is_held_for_all_seeds(self, ring, tmp_path, monkeypatch):
        """The card of the first preset is written again after the last training."""
        seeds = []

        def train(run, until_written):
            seeds.append(run.config.seed)
            if len(seeds) == 1:
                until_written.enter_context(alone_in(tmp_path))
            else:
                with pytest.raises(RecipeError, match="Another process trains"):
                    alone_in(tmp_path).__enter__()

        monkeypatch.setattr(Run, "_run", train)
        run_of(ring, ring.config.replace(seed=1), tmp_path).run_seeds(2)
        assert seeds == [1, 2]


@pytest.mark.parametrize("anew", [False, True])
def test_files_of_the_user_in_the_preset_are_asked_about(recipe, slice_path, copied, anew):
    """The preset is replaced as a whole. It is said before the training, and not after it."""
    (copied / "preset" / "notes.txt").write_text("mine")
    before = contents(copied)
    with pytest.raises(RecipeError, match=r"preset holds other files than a preset: notes\.txt"):
        run(recipe, slice_path, copied, anew=anew, resume=not anew)
    assert contents(copied) == before


def test_an_earlier_preset_is_put_back(tmp_path):
    """A process was killed between the two steps of a replacement."""
    place = tmp_path / "preset"
    for name in ("preset.a.partial", "preset.a.partial.earlier", "preset.b.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    home.clear_unfinished(place)
    assert [path.name for path in tmp_path.iterdir()] == ["preset"]
    assert (place / "file").read_text() == "preset.a.partial.earlier"
    shutil.copytree(place, tmp_path / "preset.c.partial.earlier")
    home.clear_unfinished(place)
    assert [path.name for path in tmp_path.iterdir()] == ["preset"]
