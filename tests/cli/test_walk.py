"""`zoo walk`: animations and strips of walks through latents."""

import functools
import importlib

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.errors import ArgumentError
from zoo.latents import path

module = importlib.import_module("zoo.cli.walk")  # hidden by its command
once = pytest.mark.once


@pytest.fixture(scope="module")
def gan(tmp_path_factory):
    model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=60)
    return zoo.save(model, tmp_path_factory.mktemp("presets") / "small")


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    model = zoo.create("conditional_gan", **zoo.models.ConditionalGAN.test_config())
    folder = tmp_path_factory.mktemp("presets") / "classes"
    return zoo.save(model, folder, classes=["bag", "shoe", "hat"])


loaded = functools.cache(zoo.load)


def expected(folder, seeds, frames, closed=True, kind="spline", trunc=1.0, **options):
    model = loaded(folder)
    latents = trunc * np.concatenate([model.sample_latents(1, seed) for seed in seeds])
    return zoo.data.to_bytes(
        model.sample(latents=path(latents, frames, closed, kind), **options), model.data.range
    )


def tiles(picture, columns, rows=1, side=8):
    """The images of a picture of scale 1."""
    pixels = np.asarray(picture.convert("L"))
    assert pixels.shape == (rows * (side + 2) + 2, columns * (side + 2) + 2)
    step = side + 2
    return np.stack(
        [
            pixels[2 + r * step : 2 + r * step + side, 2 + c * step : 2 + c * step + side]
            for r in range(rows)
            for c in range(columns)
        ]
    )[..., None]


def test_strip(run, gan, tmp_path):
    out = tmp_path / "strip.png"
    seeds = ("--seeds", "3-4,9")
    code, printed, err = run("walk", gan, "-o", out, *seeds, "--frames", 5, "--scale", 1)
    assert (code, err) == (0, "")
    assert printed == f"5 frames of {gan}: {out}\n"
    with Image.open(out) as picture:
        found = tiles(picture, 5)
    near = expected(gan, [3, 4, 9], 5)
    assert np.abs(found.astype(int) - near).max() <= 1
    sample = zoo.data.to_bytes(loaded(gan).sample(1, seed=3))
    assert np.abs(found[0].astype(int) - sample[0]).max() <= 1
    options = ("--open", "--kind", "slerp", "--trunc", "0.5")
    assert run("walk", gan, "-o", out, *seeds, *options, "--scale", 1)[0] == 0
    with Image.open(out) as picture:
        found = tiles(picture, module.IN_STRIP)
    near = expected(gan, [3, 4, 9], module.IN_STRIP, closed=False, kind="slerp", trunc=0.5)
    assert np.abs(found.astype(int) - near).max() <= 1


@once
@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_animation(run, gan, tmp_path, suffix):
    out = tmp_path / f"walk.{suffix}"
    code, _, err = run(
        *("walk", gan, "-o", out, "--seeds", "0-3", "--columns", 2, "--frames", 6),
        *("--seconds", 0.6, "--scale", 4),
    )
    assert (code, err) == (0, "")
    left, right = expected(gan, [0, 1], 6), expected(gan, [2, 3], 6)
    with Image.open(out) as file:
        assert file.n_frames == 6
        for frame in range(6):
            file.seek(frame)
            shown = np.asarray(file.convert("L"))
            assert file.info["duration"] == 100
            scale = 4
            for column, image in enumerate((left[frame], right[frame])):
                start = 2 + column * (8 * scale + 2)
                cells = shown[2 : 2 + 8 * scale, start : start + 8 * scale]
                middle = cells.reshape(8, scale, 8, scale)[:, scale // 2, :, scale // 2]
                assert np.abs(middle.astype(int) - image[..., 0]).mean() < 8


@once
def test_defaults(run, gan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("walk", gan, "--seeds", "0,1", "--scale", 1)[0] == 0
    with Image.open("walk.gif") as file:
        assert file.n_frames == 2 * module.BETWEEN
        assert file.info["duration"] == 40
    assert run("walk", gan, "--seeds", "0,1", "--open", "--fps", 50, "--scale", 1)[0] == 0
    with Image.open("walk.gif") as file:
        assert file.n_frames == module.BETWEEN + 1
        assert file.info["duration"] == 20


@once
def test_classes(run, conditional, tmp_path):
    out = tmp_path / "strip.png"
    options = ("--seeds", "0,1", "--frames", 3, "--scale", 1)
    for labels, rows in (("all", [0, 1, 2]), ("hat, 0", [2, 0]), (None, [0])):
        given = () if labels is None else ("--labels", labels)
        assert run("walk", conditional, "-o", out, *options, *given)[0] == 0
        with Image.open(out) as picture:
            found = tiles(picture, 3, len(rows)).reshape(len(rows), 3, 8, 8, 1)
        for row, label in zip(found, rows, strict=True):
            near = expected(conditional, [0, 1], 3, labels=label)
            assert np.abs(row.astype(int) - near).max() <= 1
    both = ("--labels", "bag", "--columns", 2, "--seeds", "0-3")
    assert run("walk", conditional, "-o", out, "--frames", 3, *both)[0] == 0
    _, _, err = run("walk", conditional, "-o", out, "--labels", "boot")
    assert "names of classes (0 bag, 1 shoe, 2 hat), 'all' or None. Received: 'boot'" in err
    _, _, err = run("walk", conditional, "-o", out, "--labels", "all", "--columns", 2)
    assert "--columns must be 3, a walk for each class. Received: 2" in err


@once
@pytest.mark.parametrize(
    ("text", "seeds"),
    [("7", [7]), ("0-3", [0, 1, 2, 3]), (" 1, 5-6 ,1", [1, 5, 6, 1]), ("4-4", [4])],
)
def test_seeds(text, seeds):
    assert module._seeds(None, None, text) == seeds


@once
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "numbers and ranges"),
        ("1,,2", "numbers and ranges.*Received: ''"),
        ("-3", "numbers and ranges"),
        ("1.5", "numbers and ranges"),
        ("a-b", "numbers and ranges"),
        ("5-2", "ranges that rise. Received: '5-2'"),
        ("0-1000", "at most 1000"),
        ("0-999999999999999999", "at most 1000"),
        ("0-600,0-600", "at most 1000"),
        ("9" * 40, "numbers and ranges"),
    ],
)
def test_wrong_seeds(text, message):
    with pytest.raises(ArgumentError, match=message):
        module._seeds(None, None, text)


@once
def test_errors_come_before_the_work(run, gan, tmp_path, monkeypatch):
    def sampled(*args, **options):
        raise AssertionError("the walk was computed")

    monkeypatch.setattr(zoo.models.GAN, "sample", sampled)
    (tmp_path / "folder.gif").mkdir()
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    for options, message in (
        (("-o", "a.tiff"), "--out must end in .gif, .webp, .mp4, .png. Received: a.tiff"),
        (("-o", tmp_path / "folder.gif"), "--out must be a file"),
        (("-o", blocked / "a.gif"), "cannot be written"),
        (("--seconds", 1, "--fps", 9), "--seconds takes the place of --fps"),
        (("-o", "a.png", "--fps", 9), "--fps is for animations"),
        (("--fps", 60), "--fps must be at most 50 for a .gif"),
        (("--seeds", "0-9", "--seconds", 1), "--fps must be at most 50 for a .gif"),
        (("--seeds", "4"), "--seeds must be two or more for each walk. Received: 1"),
        (("--seeds", "0-4", "--columns", 2), "equally many for each of 2 --columns"),
        (("--seeds", "2,2"), "2 twice in sequence"),
        (("--scale", 0), "'--scale': 0 is not in the range"),
        (("--labels", 0), "takes no labels"),
        (("--frames", 1), "1 is not in the range x>=2"),
        (("--kind", "straight"), "'straight' is not one of"),
    ):
        out = () if "-o" in options else ("-o", tmp_path / "walk.gif")
        code, _, err = run("walk", gan, *out, *options)
        assert code != 0
        assert message in err
    assert not (tmp_path / "walk.gif").exists()


@once
def test_presets_without_latents(run, tmp_path):
    out = ("-o", tmp_path / "walk.gif")
    _, _, err = run("walk", "ae_mnist", *out)
    assert "makes images from latents, such as a GAN or a VAE. Received: 'ae_mnist'" in err
    _, _, err = run("walk", "gan_ring8", *out)
    assert "which makes no images" in err
    _, _, err = run("walk", "dcgan_mnits", *out)
    assert "Nearest: dcgan_mnist" in err


@once
def test_help_teaches(run):
    code, out, _ = run("walk", "--help")
    assert code == 0
    assert "zoo walk dcgan_mnist -o walk.gif" in out
    assert "--closed / --open" in out
