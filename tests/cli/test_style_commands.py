"""The commands `zoo style` and `zoo texture`: what they write, say and refuse."""

import signal

import numpy as np
import pytest
import tqdm
from PIL import Image

NETWORK = ("--features", "classifier_cifar10")
LAYERS = ("--content-layers", "re_lu_1", "--style-layers", "re_lu,re_lu_1")


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


@pytest.mark.once
def test_style(run, pictures):
    out = pictures / "out.png"
    both = (pictures / "style.png", pictures / "other.png")
    weights = ("--style-weight", 2, "--style-weight", 1)
    masks = ("--mask", pictures / "mask.png", "--mask", pictures / "mask.png")
    code, printed, err = run(
        "style", pictures / "content.png", *both, *NETWORK, *LAYERS, *weights, *masks,
        "--size", 12, "--steps", 3, "--colors", "histogram", "-o", out,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert printed.startswith("loss ")
    assert printed.endswith(f"% of the start at this size: {out}\n")
    with Image.open(out) as picture:
        assert picture.size == (8, 12)


@pytest.mark.once
def test_texture(run, pictures):
    out = pictures / "out.png"
    code, printed, err = run(
        "texture", pictures / "style.png", *NETWORK, "--layers", "re_lu", "--scales", 2,
        "--size", 16, "--steps", 3, "-o", out,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert printed.endswith(f"% of the start at this size: {out}\n")
    with Image.open(out) as picture:
        assert picture.size == (16, 16)


@pytest.mark.once
def test_ctrl_c_writes_what_there_is(run, pictures, monkeypatch):
    class Bar(tqdm.tqdm):
        """A bar at whose third step the user presses Ctrl-C."""

        def update(self, n=1):
            self.steps = vars(self).get("steps", 0) + 1
            if self.steps == 3:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    out = pictures / "out.png"
    code, printed, err = run(
        "style", pictures / "content.png", pictures / "style.png", *NETWORK, *LAYERS,
        "--size", 12, "--steps", 5000, "-o", out,
    )  # fmt: skip
    assert code == 130
    assert "ended early" in err
    assert "% of the start" in printed
    with Image.open(out) as picture:
        assert picture.size == (8, 12)


@pytest.mark.once
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("style", "{0}/none.png", "{0}/style.png"), "none.png"),
        (("style", "{0}/content.png"), "STYLES"),
        (("style", "{0}/content.png", "{0}/style.png", "-o", "x.pnk"), "suffix of a picture"),
        (("style", "{0}/content.png", "{0}/style.png", "-o", "{0}/mask.png/x.png"), "be written"),
        (("style", "{0}/content.png", "{0}/style.png", "--steps", "0"), "'--steps': 0 is not in"),
        (("style", "{0}/content.png", "{0}/style.png", "--mask", "none.png"), "none.png"),
        (
            ("style", "{0}/content.png", "{0}/style.png", *2 * ("--mask", "{0}/mask.png")),
            "--mask is",
        ),
        (("style", "{0}/content.png", "{0}/style.png", "--features", "vgg91"), "vgg19"),
        (("style", "{0}/content.png", "{0}/style.png", "--style-layers", "re_lou"), "re_lu"),
        (("style", "{0}/content.png", "{0}/style.png", "--content-weight", "-1"), "-1.0 is not in"),
        (("texture", "{0}/style.png", "--size", "0"), "'--size': 0 is not in the range"),
        (("texture", "{0}/style.png", "--features", "squeezenet"), "--weights is needed"),
        (("texture", "{0}/style.png", "--layers", "re_lou"), "re_lu"),
    ],
)
def test_what_is_refused(run, pictures, monkeypatch, words, text):
    monkeypatch.chdir(pictures)
    command = [word.format(pictures) for word in words]
    if "--features" not in command:
        command += NETWORK
        if command[0] == "style":
            command += LAYERS[: 2 if "--style-layers" in command else 4]
    code, _, err = run(*command)
    assert code != 0
    assert text in err
    assert len(err.splitlines()) == 1
