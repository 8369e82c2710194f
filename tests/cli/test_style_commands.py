"""The commands `zoo style` and `zoo texture`: what they write, say and refuse."""

import os
import signal
import threading

import numpy as np
import pytest
from PIL import Image

NETWORK = ("--features", "classifier_cifar10")
LAYERS = ("--content-layers", "{1}", "--style-layers", "{0},{1}")


@pytest.fixture(scope="module")
def layers():
    """The names of two layers of the preset."""
    import zoo
    from zoo.style import features

    network = features.source_of("classifier_cifar10", None, None).network
    assert zoo
    return [name for name in features.feature_maps(network) if "re_lu" in name][:2]


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    for name, size in {"content": (24, 16), "style": (20, 20), "other": (16, 24)}.items():
        pixels = rng.integers(0, 255, (*size, 3), "uint8")
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    mask = np.zeros((24, 16), "uint8")
    mask[:12] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path


def test_style(run, pictures, layers):
    out = pictures / "out.png"
    names = [word.format(*layers) for word in LAYERS]
    both = (pictures / "style.png", pictures / "other.png")
    weights = ("--style-weight", 2, "--style-weight", 1)
    masks = ("--mask", pictures / "mask.png", "--mask", pictures / "mask.png")
    code, printed, err = run(
        "style", pictures / "content.png", *both, *NETWORK, *names, *weights, *masks,
        "--size", 12, "--steps", 3, "--colors", "histogram", "-o", out,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert printed.startswith("loss ")
    assert printed.endswith(f"% of the start: {out}\n")
    with Image.open(out) as picture:
        assert picture.size == (8, 12)


def test_texture(run, pictures, layers):
    out = pictures / "out.png"
    code, printed, err = run(
        "texture", pictures / "style.png", *NETWORK, "--layers", layers[0], "--scales", 2,
        "--size", 16, "--steps", 3, "-o", out,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert printed.endswith(f"% of the start: {out}\n")
    with Image.open(out) as picture:
        assert picture.size == (16, 16)


def test_ctrl_c_writes_what_there_is(run, pictures, layers):
    out = pictures / "out.png"
    names = [word.format(*layers) for word in LAYERS]
    timer = threading.Timer(3.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    code, printed, err = run(
        "style", pictures / "content.png", pictures / "style.png", *NETWORK, *names,
        "--size", 12, "--steps", 10**6, "-o", out,
    )  # fmt: skip
    timer.join()
    assert code == 130
    assert "ended early" in err
    assert "% of the start" in printed
    assert out.is_file()


@pytest.mark.once
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("style", "{0}/none.png", "{0}/style.png"), "none.png"),
        (("style", "{0}/content.png"), "STYLES"),
        (("style", "{0}/content.png", "{0}/style.png", "-o", "x.pnk"), "suffix of a picture"),
        (("style", "{0}/content.png", "{0}/style.png", "-o", "{0}/mask.png/x.png"), "be written"),
        (("style", "{0}/content.png", "{0}/style.png", "--steps", "0"), "--steps must be"),
        (("style", "{0}/content.png", "{0}/style.png", "--mask", "a", "--mask", "b"), "--mask is"),
        (("style", "{0}/content.png", "{0}/style.png", "--features", "vgg91"), "vgg19"),
        (("style", "{0}/content.png", "{0}/style.png", "--style-layers", "re_lou"), "re_lu"),
        (("style", "{0}/content.png", "{0}/style.png", "--content-weight", "-1"), "content_weight"),
        (("texture", "{0}/style.png", "--size", "0"), "--size must be"),
        (("texture", "{0}/style.png", "--features", "squeezenet"), "weights is needed"),
        (("texture", "{0}/style.png", "--layers", "re_lou"), "re_lu"),
    ],
)
def test_what_is_refused(run, pictures, layers, monkeypatch, words, text):
    monkeypatch.chdir(pictures)
    command = [word.format(pictures) for word in words]
    if "--features" not in command:
        command += NETWORK
    if "--content-weight" in command:
        command += [word.format(*layers) for word in LAYERS]
    elif command[0] == "style" and "--style-layers" in command:
        command += ["--content-layers", layers[0]]
    code, _, err = run(*command)
    assert code != 0
    assert text in err
    assert len(err.splitlines()) == 1
