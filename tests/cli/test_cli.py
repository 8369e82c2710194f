"""The command line: what it prints and writes, and that every error is one line."""

import json
from pathlib import Path

import click
import keras
import numpy as np
import pytest
import tqdm
from helpers import python
from PIL import Image
from shipped import HUB

import zoo
from zoo.cli import cli
from zoo.engine import spaces
from zoo.presets.preset import Preset


def test_list(run, monkeypatch):
    monkeypatch.delenv("ZOO_HUB", raising=False)
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == zoo.list()
    assert "dcgan_mnist" in run("list", "*mnist*", "--family", "dcgan", "--group", "gans")[1]
    code, out, err = run("list", "dcgan_mnst")
    assert (code, out) == (1, "")
    assert err.startswith("No preset matches 'dcgan_mnst'. Nearest: dcgan_mnist, ")
    assert run("list", "mnist")[1] == run("list", "*MNIST*")[1] != ""
    monkeypatch.setenv("ZOO_HUB", "https://hub.invalid")  # is not asked
    out, err = run("list", "nothing*")[1:]
    assert out == ""
    assert err.startswith("No preset matches 'nothing*'. Nearest: ")
    assert err.endswith(". --hub asks that of ZOO_HUB too.\n")


def test_info(run):
    code, out, _ = run("info", "dcgan_mnist")
    assert code == 0
    for text in ("zoo.models.DCGAN", "arxiv.org", "coverage", "Apache-2.0", "limit"):
        assert text in out
    card = json.loads(run("info", "dcgan_mnist", "--json")[1])
    assert card["identity"]["preset"] == "dcgan_mnist"


def test_sample(run, tmp_path):
    path = tmp_path / "new" / "samples.png"
    code, out, _ = run("sample", "dcgan_mnist", "-n", 6, "--seed", 0, "--columns", 3, "-o", path)
    assert code == 0
    assert str(path) in out
    with Image.open(path) as picture:
        found = np.asarray(picture)
    expected = zoo.data.grid(zoo.load("dcgan_mnist").sample(6, seed=0), columns=3)
    assert np.abs(found.astype(int) - np.asarray(expected)).max() <= 1


def test_samples_that_take_steps_move_a_bar(run, tmp_path, monkeypatch):
    model = zoo.create("made", image_shape=(4, 4, 1), hidden_units=(4,))
    monkeypatch.setattr(Preset, "read", lambda preset: model)
    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, **options):
            super().__init__(**{**options, "disable": False})
            bars.append(self)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    path = tmp_path / "samples.png"
    assert run("sample", "dcgan_mnist", "-n", 300, "--seed", 0, "-o", path)[0] == 0
    assert [(bar.n, bar.total, bar.desc) for bar in bars] == [(32, 32, "drawing")]
    with Image.open(path) as picture:
        found = np.asarray(picture)
    assert (found == np.asarray(zoo.data.grid(model.sample(300, seed=0)))).all()


def test_points(run, tmp_path):
    path = tmp_path / "points.png"
    assert run("sample", "gan_ring8", "-n", 500, "--seed", 0, "-o", path)[0] == 0
    points = zoo.load("gan_ring8").sample(500, seed=0)
    expected = np.asarray(zoo.pictures.scatter(points, zoo.data.read("ring8", "test")))
    with Image.open(path) as picture:
        far = np.abs(np.asarray(picture).astype(int) - expected).max(axis=-1) > 1
    assert far.mean() < 1e-3  # a dot or two may fall on the other side of a cell's edge
    out = run("info", "gan_ring8")[1]
    assert "points" in out
    assert "2 of any value" in out


class Classes:
    """As much of a conditional model as the program needs; it takes no `weights`."""

    tasks, noise = ("samples",), spaces.Normal((1,))
    data, condition = spaces.Images(2, 2, 1, (0.0, 1.0)), spaces.Classes(3)

    def sample(self, n=None, seed=None, labels=None):
        np.testing.assert_array_equal(labels, np.repeat([0, 1, 2], 10))
        return np.zeros((n, 2, 2, 1), dtype="float32")


def test_classes(run, tmp_path, monkeypatch):
    monkeypatch.setattr(Preset, "read", lambda preset: Classes())
    path = tmp_path / "classes.png"
    assert run("sample", "dcgan_mnist", "-o", path)[0] == 0
    with Image.open(path) as picture:
        assert picture.size == (623, 182)  # ten images of 58 pixels in a row, and words
    assert run("sample", "dcgan_mnist", "--scale", 1, "-o", path)[0] == 0
    with Image.open(path) as picture:
        assert picture.size == (42, 14)
    _, _, err = run("sample", "dcgan_mnist", "--weights", "raw", "-o", path)
    assert "--weights is for GANs" in err
    monkeypatch.setattr(Classes, "tasks", ("classifies",))
    _, _, err = run("sample", "dcgan_mnist", "-o", path)
    assert "PRESET must be one that makes samples or reconstructions. Received: 'dcgan_m" in err


def test_classes_by_name(run, tmp_path):
    model = zoo.create("acgan", image_shape=(8, 8, 1), num_classes=2, architecture="mlp", units=5)
    model.condition = spaces.Classes(2, ("bag", "shoe"))
    folder = zoo.save(model, tmp_path / "mine")
    assert zoo.info(folder).signature.classes == ["bag", "shoe"]
    assert zoo.load(folder).condition.names == ("bag", "shoe")
    pictures = []
    for labels in ("shoe", "1"):
        path = tmp_path / f"{labels}.png"
        code = run("sample", folder, "-n", 4, "--seed", 0, "--labels", labels, "-o", path)[0]
        assert code == 0
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]
    pictures = []
    for labels in (("--labels", "all"), ()):  # a row of each class, with any number
        path = tmp_path / "all.png"
        assert (
            run("sample", folder, "-n", 6, "--seed", 0, *labels, "--scale", 1, "-o", path)[0] == 0
        )
        with Image.open(path) as picture:
            assert picture.size == (32, 22)
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]
    _, _, err = run("sample", folder, "-n", 5, "--labels", "all", "-o", tmp_path / "five.png")
    assert "n must be a multiple of num_classes=2 for labels='all'. Received: 5" in err
    _, _, err = run("sample", folder, "--labels", "boot", "-o", tmp_path / "boot.png")
    assert "names of classes (0 bag, 1 shoe), 'all' or None. Received: 'boot'" in err
    _, _, err = run("sample", folder, "-n", 10**12, "-o", tmp_path / "many.png")
    assert "n must be as many as fit in memory" in err


def test_reconstructions(run, tmp_path):
    model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=3, width=2)
    folder = zoo.save(model, tmp_path / "mine")
    path = tmp_path / "picture.png"
    code, _, err = run("sample", folder, "-o", path)
    assert (code, "is shown by images of a data set: give --data" in err) == (1, True)
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), dtype="uint8")
    np.savez(tmp_path / "some.npz", x_train=images, x_test=images[:4])
    given = ("sample", folder, "--data", tmp_path / "some.npz", "--columns", 4, "-o", path)
    assert run(*given, "--scale", 1)[0] == 0
    with Image.open(path) as picture:
        assert picture.size == (42, 22)
        np.testing.assert_array_equal(np.asarray(picture)[2:10, 2:10], images[0, ..., 0])
    assert "--seed is for presets that make samples" in run(*given, "--seed", 1)[2]
    assert "--weights is for presets that make samples" in run(*given, "--weights", "raw")[2]
    _, _, err = run("sample", "dcgan_mnist", "--data", tmp_path / "some.npz", "-o", path)
    assert "--data is for autoencoders" in err


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"]])
def test_help_teaches(run, args):
    code, out, _ = run(*args)
    assert code == 0
    for text in ("KERAS_BACKEND", "zoo sample dcgan_mnist -n 64", "list", "info", "train"):
        assert text in out


@pytest.mark.parametrize("command", ["list", "info", "sample", "train"])
def test_help_of_commands(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Usage: zoo" in out


def test_version(run):
    assert zoo.__version__ in run("--version")[1]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["sample", "dcgan_mnits"], "Unknown preset: 'dcgan_mnits'."),
        (["info", "nothing"], "Unknown preset: 'nothing'."),
        (["sample", "dcgan_mnist", "-n", "-3"], "'-n': -3 is not in the range x>=1"),
        (["sample", "dcgan_mnist", "-n", "0"], "'-n': 0 is not in the range x>=1"),
        (["sample", "dcgan_mnist", "-n", "many"], "'many' is not a valid integer"),
        (["sample", "dcgan_mnist", "--seed", "-1"], "'--seed': -1 is not in the range x>=0"),
        (["sample", "dcgan_mnist", "--columns", "0"], "'--columns': 0 is not in the range"),
        (["sample", "dcgan_mnist", "--weights", "best"], "Unknown weights: 'best'"),
        (["sample", "dcgan_mnist", "-o", "samples.txt"], "suffix of a picture"),
        (["sample", "dcgan_mnist", "-o", "samples.psd"], "suffix of a picture"),
        (["sample", "dcgan_mnist", "-o", "/dev/null/samples.png"], "/dev/null"),
        (["sampel"], "No such command 'sampel'"),
        (["sample"], "Missing argument 'PRESET'"),
        (["list", "--family", "dcgna"], "Unknown family: 'dcgna'"),
        (["train", "nowhere.py"], "There is no recipe 'nowhere.py'."),
        (["train", "."], "A recipe is a Python file. Received: the folder '.'."),
        (["train", "dcgan_mnits"], "Unknown recipe: 'dcgan_mnits'. Nearest: dcgan_mnist"),
        (["train", "recipes/dcgan_mnist"], "Is 'dcgan_mnist' meant"),
        (["train", "pyproject.toml"], "A recipe is a Python file"),
        (["train", "zoo/errors.py"], "defines no RECIPE"),
        (["train", "recipes/dcgan_mnist.py", "--set", "widht=3"], "Unknown setting: 'widht'"),
        (["train", "recipes/dcgan_mnist.py", "--set", "width"], "--set takes KEY=VALUE"),
        (["train", "recipes/dcgan_mnist.py", "--set", "width=big"], "width must be of type int"),
        (["train", "recipes/dcgan_mnist.py", "--epochs", "0"], "'--epochs': 0 is not in the range"),
        (["train", "recipes/dcgan_mnist.py", "--data", "./none"], ".zip or .npz file 'none'"),
    ],
)
def test_errors_are_one_line(run, args, message, request, monkeypatch, tmp_path):
    monkeypatch.chdir(request.config.rootpath)
    if args[0] == "train":
        args = [*args, "--out", str(tmp_path)]
    code, out, err = run(*args)
    assert code != 0
    assert out == ""
    assert err.startswith("zoo: error: ")
    assert err.count("\n") == 1
    assert message in err


def test_no_file_is_left_by_a_refused_sample(run, tmp_path):
    code, _, _ = run("sample", "unknown", "-o", tmp_path / "new" / "samples.png")
    assert code != 0
    assert not list(tmp_path.iterdir())


def test_the_program_is_installed():
    done = python("-m", "zoo", "list", "*mnist*")
    assert done.returncode == 0, done.stderr
    assert "dcgan_mnist" in done.stdout


class TestData:
    def test_info(self, run, slice_path):
        code, out, _ = run("data", "info", slice_path, "--image-size", 32)
        assert code == 0
        assert dict(line.split(maxsplit=1) for line in out.splitlines()) == {
            "name": "mnist_slice",
            "images": "1,024",
            "shape": "32 x 32 x 1",
            "type": "uint8",
            "classes": "10, 90 to 122 each",
            "sha256": zoo.data.read(slice_path, image_size=32).sha256,
        }
        assert "points   50,000" in run("data", "info", "ring8")[1]

    def test_info_names_classes(self, run, tmp_path):
        for name in ("cat", "dog"):
            (tmp_path / name).mkdir()
            Image.new("L", (8, 8)).save(tmp_path / name / "a.png")
        out = run("data", "info", tmp_path)[1]
        assert "classes          2, 1 each\n                 0 cat, 1 dog\n" in out

    def test_preview(self, run, slice_path, tmp_path):
        path = tmp_path / "digits.png"
        assert run("data", "preview", slice_path, "-n", 9, "--seed", 3, "-o", path)[0] == 0
        images = zoo.data.read(slice_path).images
        chosen = images[np.random.default_rng(3).permutation(len(images))[:9]]
        with Image.open(path) as picture:
            expected = zoo.data.grid(zoo.data.to_range(chosen))
            np.testing.assert_array_equal(np.asarray(picture), np.asarray(expected))
        assert run("data", "preview", "ring8", "-o", tmp_path / "ring.png")[0] == 0

    @pytest.mark.parametrize("files", ["tfds_array_record", "tfds_tfrecord"])
    def test_prepare_what_is_prepared(self, run, files, monkeypatch):
        """Files that cannot be read here are another matter: tests/data/test_idx.py has them."""
        if files == "tfds_tfrecord" and keras.backend.backend() != "tensorflow":
            pytest.skip("TFRecord files are read by TensorFlow")
        place = Path(__file__).parent.parent / "assets" / files
        monkeypatch.setenv("TFDS_DATA_DIR", str(place))
        code, out, _ = run("data", "prepare", "mnist")
        assert (code, out.strip()) == (0, f"mnist: {place / 'mnist' / '3.0.1'}")

    def test_errors(self, run, tmp_path):
        for arguments, message in [
            (("info", tmp_path), "holds no image"),
            (("info", "no_such_set"), "Unknown data set: 'no_such_set'"),
            (("preview", "ring8", "--scale", 2), "scale enlarges the pixels of images"),
            (("preview", "ring8", "--scale", 0), "'--scale': 0 is not in the range x>=1"),
            (("preview", "ring8", "-n", 0), "'-n': 0 is not in the range x>=1"),
            (("prepare", "no_such_set"), "Unknown data set: 'no_such_set'"),
        ]:
            code, _, err = run("data", *arguments)
            assert code == (2 if "in the range" in message else 1)  # of Click's own checks 2
            assert err.startswith("zoo: error: ")
            assert err.count("\n") == 1
            assert message in err


class TestEvaluate:
    FAST = ("--metrics", "kid,modes", "-n", "60", "--seeds", "2", "--extractor", "classifier_mnist")

    def test_table(self, run, slice_path):
        code, out, _ = run("evaluate", "dcgan_mnist", "--data", slice_path, *self.FAST)
        assert code == 0
        for word in ("dcgan_mnist", "kid ↓", "mode_share ↑", "kid/classifier_mnist/mnist_slice:te"):
            assert word in out

    def test_a_weakness_of_numbers_is_said_once(self, run, slice_path):
        few = ("--metrics", "kid,prdc", "-n", "20", "--seeds", "1", "--extractor", "pixels")
        _, out, err = run("evaluate", "dcgan_mnist", "--data", slice_path, *few)
        assert out.count("prdc is left out: from fewer than 50 samples") == 1
        assert err == ""
        _, out, err = run("evaluate", "dcgan_mnist", "--data", slice_path, *few, "--json")
        assert err.count("zoo: prdc is left out: from fewer than 50 samples") == 1

    def test_a_wrong_name_needs_no_data(self, run, monkeypatch, tmp_path):
        monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
        _, _, err = run("evaluate", "dcgan_mnist", "--metrics", "fidd")
        assert "Unknown metric: 'fidd'" in err

    def test_json_and_compare(self, run, slice_path, tmp_path):
        given = ("evaluate", "dcgan_mnist", "--data", slice_path, *self.FAST)
        report = zoo.evaluation.Report.model_validate_json(run(*given, "--json")[1])
        assert report.measurements[0].name == "kid"
        (tmp_path / "a.json").write_text(report.model_dump_json())
        code, out, _ = run(*given, "--compare", tmp_path / "a.json")
        assert code == 0
        assert "difference" in out
        code, out, err = run(*given, "--compare", "dcgan_mnist")
        assert code == 1
        assert "kid ↓" in out  # what was measured is not lost
        assert "measured by different protocols" in err
        assert "n_real 60 != 10000" in err

    def test_neighbours(self, run, slice_path, tmp_path):
        given = ("evaluate", "dcgan_mnist", "--data", slice_path, *self.FAST, "--no-baseline")
        options = ("--split", "train", "--json")
        code, out, err = run(*given, *options, "--neighbours", tmp_path / "n.png")
        assert code == 0
        report = zoo.evaluation.Report.model_validate_json(out)
        assert {m.protocol.split for m in report.measurements} == {"train"}
        assert str(tmp_path / "n.png") in err
        with Image.open(tmp_path / "n.png") as picture:
            assert picture.size == (582, 606)  # words stand above

    def test_neighbours_are_of_the_training_images_alone(self, run, monkeypatch, tmp_path):
        faces = np.random.default_rng(0).integers(0, 256, (90, 28, 20, 1), dtype="uint8")
        np.savez(tmp_path / "frey_faces.npz", x=faces)  # without a test split: some are held out
        looked_at, draw = [], zoo.pictures.neighbours
        monkeypatch.setattr(
            zoo.pictures,
            "neighbours",
            lambda samples, train, *args: looked_at.append(train) or draw(samples, train, *args),
        )
        given = ("--data", tmp_path / "frey_faces.npz", *["--metrics", "kid", "-n", "9"])
        given += ("--extractor", "pixels")
        path = tmp_path / "n.png"
        assert run("evaluate", HUB / "vae_frey_faces", *given, "--neighbours", path)[0] == 0
        train, _ = zoo.data.read_splits(tmp_path / "frey_faces.npz")
        np.testing.assert_array_equal(looked_at[0].images, train.images)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (("--metrics", "fidd"), "Unknown metric: 'fidd'. Nearest: fid"),
            (("--compare", "nothing"), "Unknown preset: 'nothing'"),
            (("--compare", "missing.json"), "missing.json"),
            (("--data", "./missing"), ".zip or .npz file 'missing'"),
            (("--weights", "best"), "Unknown weights: 'best'"),
            (("--neighbours", "x.txt"), "--neighbours must end in the suffix of a picture"),
        ],
    )
    def test_errors(self, run, options, message, slice_path, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        data = () if "--data" in options else ("--data", slice_path)
        code, out, err = run("evaluate", "dcgan_mnist", *data, *self.FAST[2:], *options)
        assert (code != 0, out) == (True, "")
        assert message in err
        assert err.count("\n") == 1


def commands(command, path=()):
    """Yields the words of each command that does something."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield path


@pytest.mark.once
@pytest.mark.parametrize("words", list(commands(cli)), ids=" ".join)
def test_help_teaches_by_an_example(run, words):
    shown = run(*words, "--help")[1]
    examples = shown.partition("Example")[2]
    assert f"  zoo {' '.join(words)}" in examples
