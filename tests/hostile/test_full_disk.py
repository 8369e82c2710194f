"""A full disk under every command that writes: one error, and all that was there is as it was.

The disk is a small file system in memory where the tests may mount one, and elsewhere a limit on
the size of files.
"""

import contextlib
import dataclasses
import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from helpers import files_of_at_most
from PIL import Image

import zoo
from zoo.cli.train import run_recipe
from zoo.presets import locate
from zoo.presets.card import Card
from zoo.runs import cards
from zoo.runs.recipe import load_recipe

pytestmark = pytest.mark.once
PAGE = 4096  # bytes that are free: a card of two pages would be cut after the first
NAME = "gan_ring8"
LOCKS = ("home", "locks")  # empty files, which stay
FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EFBIG))


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A folder on a disk of four megabytes, or on no disk of its own."""
    place = tmp_path_factory.mktemp("disk")
    options = ["-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    try:
        mounted = subprocess.run(["mount", *options], capture_output=True).returncode == 0
    except OSError:
        mounted = False
    yield place
    if mounted:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextlib.contextmanager
def full(place, room):
    """Leaves `room` bytes on the disk, or less in each file."""
    if os.path.ismount(place):
        filler = place / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(PAGE))
        os.truncate(filler, filler.stat().st_size - room)
        try:
            yield
        finally:
            filler.unlink()
        return
    with files_of_at_most(room // 8):
        yield


def contents(folder):
    found = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {path: content for path, content in found.items() if path.parts[:2] != LOCKS}


def described(folder, *options):
    recipe = load_recipe(locate.RECIPES / f"{NAME}.py")
    facts = recipe.facts.model_copy(update={"limits": ["A sentence. " * 800]})
    recipe = dataclasses.replace(recipe, facts=facts)
    with pytest.raises(SystemExit) as ended:
        run_recipe(recipe, [*options, "--out", str(folder)])
    return ended.value.code


def published(folder):
    """By the option, after a training that is not repeated here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["zoo.cli.train"], "_trained", lambda *args: folder / "preset")
        for name, place in {"CARDS": "cards", "WEIGHTS": "weights", "HUB": "none"}.items():
            patch.setattr(locate, name, folder / place)
        return described(folder, "--publish")


COMMANDS = {
    "describe": lambda run, folder: described(folder, "--describe"),
    "measure": lambda run, folder: described(folder, "--remeasure"),
    "publish": lambda run, folder: published(folder),
    "sample": lambda run, folder: run("sample", NAME, "-o", folder / "samples.png"),
    "preview": lambda run, folder: run("data", "preview", "ring8", "-o", folder / "samples.png"),
    "neighbours": lambda run, folder: run(
        *("evaluate", "dcgan_mnist", "--metrics", "fid", "-n", 20, "--seeds", 1, "--no-baseline"),
        *("--data", folder / "x.npz", "--extractor", "pixels"),
        *("--neighbours", folder / "samples.png"),
    ),
    "push": lambda run, folder: run("push", "dcgan_mnist", folder.as_uri() + "/hub", "--overwrite"),
    "index": lambda run, folder: run("index", folder.as_uri()),
    "fetch": lambda run, folder: run("fetch", (folder / "preset").as_uri()),
}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory, slice_path):
    """What is on the disk before."""
    folder = tmp_path_factory.mktemp("earlier")
    for name in ("preset", "hub", NAME):
        zoo.push(NAME, (folder / name).as_uri())
    Image.new("L", (8, 8)).save(folder / "samples.png")
    with np.load(slice_path) as arrays:
        np.savez_compressed(folder / "x.npz", **{k: v[:30] for k, v in arrays.items()})
    (folder / "index.json").write_text("{}")
    (folder / "cards").mkdir()
    zoo.save(zoo.create("gan", image_shape=(2,), latent_dim=2, units=4), folder / "weights" / NAME)
    (folder / "weights" / NAME / "card.json").rename(folder / "cards" / f"{NAME}.json")
    return folder


@pytest.fixture
def there(disk, earlier, monkeypatch):
    folder = shutil.copytree(earlier, disk / "there")
    monkeypatch.setenv("ZOO_HOME", str(folder / "home"))
    card = Card.read(folder / "preset" / "card.json")
    monkeypatch.setattr(cards, "take_measurements", lambda *args: card.metrics * 9)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.filterwarnings("ignore")  # few images
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_lost(name, run, there, disk, capsys):
    before = contents(there)
    with full(disk, 0 if name == "index" else PAGE):  # an index is small
        done = COMMANDS[name](run, there)
    code, err = (done[0], done[2]) if isinstance(done, tuple) else (done, capsys.readouterr().err)
    assert code == 1, (done, err)
    assert "Traceback" not in err
    assert any(text in err for text in FULL), err
    assert contents(there) == before
