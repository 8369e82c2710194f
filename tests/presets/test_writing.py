"""Samples in a folder: parts of equal bytes, whoever writes them and however often it is cut."""

import json

import numpy as np
import pytest
from helpers import python
from PIL import Image

import zoo
from zoo.data import to_bytes
from zoo.errors import ArgumentError, StorageError
from zoo.presets import writing

N = 25


@pytest.fixture(autouse=True)
def parts_of_ten(monkeypatch):
    monkeypatch.setattr(writing, "LARGEST", 10)


@pytest.fixture
def model():
    return zoo.create("vae", image_shape=(8, 8, 1), latent_dim=3, hidden_units=(8,))


def contents(folder):
    files = sorted(path for path in folder.rglob("*.*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def read(folder, name="images"):
    found = [np.load(path) for path in sorted(folder.glob("*.npz"))]
    return np.concatenate([arrays[name] for arrays in found])


def test_the_samples_are_those_of_sample(model, tmp_path):
    parts = zoo.write_samples(model, tmp_path / "new" / "a", N, seed=3)
    assert parts.missing() == []
    names = [path.name for path in sorted(parts.folder.glob("*.npz"))]
    assert names == [f"part-0000{i}-of-00003.npz" for i in range(3)]
    found = read(parts.folder)
    assert (found.shape, found.dtype) == ((N, 8, 8, 1), "uint8")
    expected = to_bytes(model.sample(N, seed=3), (0.0, 1.0))
    assert np.abs(found.astype(int) - expected).max() <= 1  # another batch rounds otherwise
    assert json.loads((parts.folder / "plan.json").read_text())["n"] == N


def test_processes_share_the_parts(model, tmp_path):
    alone = zoo.write_samples(model, tmp_path / "alone", N).folder
    first = zoo.write_samples(model, tmp_path / "shared", N, process=(1, 2))
    assert first.missing() == [0, 2]
    rest = zoo.write_samples(model, tmp_path / "shared", N, process=(0, 2))
    assert rest.missing() == []
    assert contents(rest.folder) == contents(alone)


def test_an_interrupted_call_is_continued(model, tmp_path, monkeypatch):
    alone = zoo.write_samples(model, tmp_path / "alone", N).folder
    write, written = writing._write_npz, []

    def full(parts, number, *args):
        if number == 1 and not written:
            written.append(number)
            raise OSError(28, "No space left on device")
        write(parts, number, *args)

    monkeypatch.setattr(writing, "_write_npz", full)
    folder = tmp_path / "cut"
    with pytest.raises(StorageError, match="No space left"):
        zoo.write_samples(model, folder, N)
    before = (folder / "part-00000-of-00003.npz").stat().st_mtime_ns
    assert len(list(folder.glob("*.npz"))) == 1
    monkeypatch.setattr(writing, "_write_npz", write)
    assert zoo.write_samples(model, folder, N).missing() == []
    assert (folder / "part-00000-of-00003.npz").stat().st_mtime_ns == before
    assert contents(folder) == contents(alone)


@pytest.mark.once
def test_images_of_classes(tmp_path):
    model = zoo.create("cgan", image_shape=(8, 8, 3), num_classes=12, latent_dim=4)
    folder = zoo.write_samples(model, tmp_path / "a", 24, format="images", labels="all").folder
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [
        ".done",
        *(f"{label:02}" for label in range(12)),
    ]
    source = zoo.data.read(folder)
    assert (np.bincount(source.labels) == 2).all()
    with Image.open(folder / "11" / "000000023.png") as image:
        expected = to_bytes(model.sample(24, seed=0, labels="all")[-1], model.value_range)
        assert np.abs(np.asarray(image).astype(int) - expected).max() <= 1
    arrays = zoo.write_samples(model, tmp_path / "b", 24, labels="all").folder
    assert read(arrays, "labels").tolist() == np.repeat(np.arange(12), 2).tolist()


@pytest.mark.once
def test_points_and_grey_images(model, tmp_path):
    points = zoo.create("gan", image_shape=(2,), latent_dim=2, architecture="points")
    found = read(zoo.write_samples(points, tmp_path / "a", 5).folder, "points")
    np.testing.assert_allclose(found, points.sample(5, seed=0), rtol=1e-5, atol=1e-6)
    with pytest.raises(ArgumentError, match=r"images of points|model of points.*Allowed: 'npz'"):
        zoo.write_samples(points, tmp_path / "b", 5, format="images")
    assert not (tmp_path / "b").exists()
    folder = zoo.write_samples(model, tmp_path / "c", 5, format="images").folder
    assert len(list(folder.glob("0*.png"))) == 5


@pytest.mark.once
def test_bad_input(model, tmp_path):
    folder = zoo.write_samples(model, tmp_path / "a", N).folder
    before = contents(folder)
    for change, text in (
        ({"seed": 1}, r"was begun with seed=0. Received: seed=1"),
        ({"n": 24}, r"begun with n=25. Received: n=24"),
        ({"format": "images"}, r"files='npz'. Received: files='images'"),
        ({"model": zoo.create("vae", image_shape=(8, 8, 1), latent_dim=3)}, "weights="),
    ):
        arguments = {"model": model, "n": N, **change}
        with pytest.raises(ArgumentError, match=text):
            zoo.write_samples(arguments.pop("model"), folder, **arguments)
    assert contents(folder) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").touch()
    with pytest.raises(ArgumentError, match=r"new or an empty folder.*'photo.jpg'"):
        zoo.write_samples(model, tmp_path / "mine", N)
    for process in ((2, 2), (0, 0), (-1, 2), 3, (0, 1, 2)):
        with pytest.raises(ArgumentError, match=r"process must be \(index, count\)"):
            zoo.write_samples(model, tmp_path / "b", N, process=process)
    with pytest.raises(ArgumentError, match="n must be"):
        zoo.write_samples(model, tmp_path / "b", 0)
    with pytest.raises(ArgumentError, match="Unknown format: 'png'. Allowed: images, npz"):
        zoo.write_samples(model, tmp_path / "b", N, format="png")
    with pytest.raises(ArgumentError, match="makes samples"):
        zoo.write_samples(zoo.create("ae", image_shape=(8, 8, 1)), tmp_path / "b", N)
    assert not (tmp_path / "b").exists()
    (folder / "plan.json").write_text("{")
    with pytest.raises(ArgumentError, match=r"plan.json is damaged"):
        zoo.write_samples(model, folder, N)


def test_the_command(run, model, tmp_path):
    zoo.save(model, tmp_path / "preset")
    preset, folder = tmp_path / "preset", tmp_path / "a"
    code, out, _ = run("sample", preset, "-n", N, "-o", f"{folder}/")
    assert (code, out) == (0, f"25 samples: {folder}\n")
    assert len(contents(folder)) == 4
    for options, text in (
        (["-o", folder], "-n is needed"),
        (["-o", folder, "-n", 9, "--columns", 3], "--columns is for a picture. Received: 3."),
        (["-o", folder, "-n", 9, "--data", "mnist"], "--data is for a picture"),
        (["-o", tmp_path / "a.png", "--format", "npz"], "--format is for a folder"),
        (["-o", tmp_path / "a.png", "--distribute", 2], "--distribute is for a folder"),
        (["-o", folder, "-n", 9, "--distribute", "two"], "takes 'auto' or a number of devices"),
    ):
        code, _, err = run("sample", preset, *options)
        assert code == 1
        assert text in err


@pytest.mark.once
@pytest.mark.heavy
def test_processes_of_the_command(model, tmp_path):
    zoo.save(model, tmp_path / "preset")
    options = ["-m", "zoo", "sample", tmp_path / "preset", "-n", 20_001, "-o"]
    done = python(*options, f"{tmp_path / 'shared'}/", "--distribute", 2)
    assert (done.returncode, done.stdout) == (0, f"20001 samples: {tmp_path / 'shared'}\n"), done
    writing.LARGEST = 10_000
    alone = zoo.write_samples(tmp_path / "preset", tmp_path / "alone", 20_001).folder
    assert contents(tmp_path / "shared") == contents(alone)
