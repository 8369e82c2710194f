"""`zoo progress`, and `zoo sample --epoch`: how a training went on."""

import importlib

import pytest
from PIL import Image

pytestmark = pytest.mark.once
module = importlib.import_module("zoo.cli.progress")  # hidden by its command


@pytest.fixture
def pictured(tmp_path):
    """A run with the pictures of ten epochs, each in a grey of its own."""
    folder = tmp_path / "run" / "samples"
    folder.mkdir(parents=True)
    for epoch in range(1, 11):
        Image.new("L", (300, 200), 20 * epoch).save(folder / f"epoch-{epoch:04}.png")
    return tmp_path / "run"


def greys(picture):
    """The greys of all frames, or of all parts of a strip."""
    picture = picture.convert("RGB")
    row = [picture.getpixel((x, picture.height - 20)) for x in range(5, picture.width, 10)]
    return sorted({pixel[0] for pixel in row} - {255})


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_animated(run, pictured, tmp_path, suffix):
    out = tmp_path / f"progress.{suffix}"
    code, printed, err = run("progress", pictured, "-o", out, "--seconds", "0.1")
    assert (code, err) == (0, "")
    assert printed == f"10 epochs of {pictured}: {out}\n"
    shown, times = [], []
    with Image.open(out) as animation:
        assert animation.n_frames == 10
        for frame in range(10):
            animation.seek(frame)
            animation.load()
            assert animation.size[0] == 300
            assert animation.size[1] > 200  # for the words
            shown += greys(animation)
            times.append(animation.info["duration"])
    assert shown == pytest.approx([20 * epoch for epoch in range(1, 11)], abs=4)
    assert times == [100] * 9 + [400]


def test_strip(run, pictured, tmp_path):
    out = tmp_path / "strip.png"
    assert run("progress", pictured, "-o", out, "--frames", "4")[0] == 0
    with Image.open(out) as strip:
        assert strip.width == 4 * 300 + 3 * module.GAP
        assert greys(strip) == [20, 80, 140, 200]
    assert run("progress", pictured, "-o", out)[0] == 0
    with Image.open(out) as strip:
        assert len(greys(strip)) == module.STRIP


def test_what_cannot_be_shown(run, pictured, tmp_path):
    for folder, options, message in (
        (tmp_path, (), f"Received: {tmp_path}, with 0."),
        (pictured, ("-o", "a.gih"), "must end in the suffix of a picture, such as .png"),
        (pictured, ("--frames", "1"), "1 is not in the range x>=2"),
    ):
        code, _, err = run("progress", folder, *options)
        assert code != 0
        assert message in err
    damaged = pictured / "samples" / "epoch-0003.png"
    damaged.write_bytes(damaged.read_bytes()[:60])
    code, _, err = run("progress", pictured, "-o", tmp_path / "a.gif")
    assert code == 1
    assert "epoch-0003.png cannot be read" in err
    assert not (tmp_path / "a.gif").exists()


def test_samples_of_an_epoch(run, tmp_path, compared_here):
    out = tmp_path / "run"
    small = ("--smoke", "--set", "batch_size=512", "--measure", "none", "--quiet")
    code, _, err = run("train", "gan_ring8", *small, "--epochs", "3", "--snap", "2", "--out", out)
    assert (code, err) == (0, "")
    pictures = []
    for options in (("--epoch", "2"), ("--epoch", "3"), ()):
        code, printed, err = run("sample", out, "--seed", "0", "-o", tmp_path / "a.png", *options)
        assert (code, err) == (0, "")
        pictures.append((tmp_path / "a.png").read_bytes())
        named = f"epoch {options[1]} of {out}" if options else out
        assert printed == f"samples of {named}: {tmp_path / 'a.png'}\n"
    assert pictures[0] != pictures[1]
    code, _, err = run("sample", out, "--epoch", "1")
    assert code == 1
    assert ": 2, 3. Received: 1." in err
