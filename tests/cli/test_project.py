"""The command `zoo project`: what it writes, what it says, and what it refuses."""

import numpy as np
import pytest
from PIL import Image

import zoo

MANY = ("--steps", "3", "--restarts", "2")


@pytest.fixture
def digits(tmp_path):
    """A folder of three digits of a preset, of its own size."""
    folder = tmp_path / "digits"
    folder.mkdir()
    images = zoo.load("dcgan_mnist").sample(3, seed=1)
    for i, image in enumerate(images):
        pixels = np.rint((image[..., 0] + 1) * 127.5).astype("uint8")
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


def test_a_folder(run, digits, tmp_path):
    out, latents = tmp_path / "p.png", tmp_path / "z.npz"
    code, printed, err = run(
        "project", "dcgan_mnist", digits, "-o", out, "--latents", latents, *MANY
    )
    assert (code, err) == (0, "")
    assert printed.startswith("3 images, median ")
    assert printed.endswith(f" dB: {out}\n")
    with np.load(latents) as arrays:
        assert arrays["latents"].shape == (3, 100)
        assert arrays["losses"].shape == arrays["psnr"].shape == (3,)
        made = zoo.load("dcgan_mnist").sample(latents=arrays["latents"])
        np.testing.assert_allclose(-10 * np.log10(arrays["losses"]), arrays["psnr"], rtol=1e-3)
    assert made.shape == (3, 28, 28, 1)
    with Image.open(out) as picture:
        assert picture.width > 3 * 28


def test_a_picture_of_another_size_with_a_mask(run, digits, tmp_path, caplog):
    picture, mask = tmp_path / "large.png", tmp_path / "mask.png"
    with Image.open(digits / "0.png") as image:
        image.convert("RGB").resize((56, 84)).save(picture)
    known = np.zeros((28, 28), "uint8")
    known[:14] = 255
    Image.fromarray(known).save(mask)
    out = tmp_path / "p.png"
    code, printed, err = run("project", "dcgan_mnist", picture, "--mask", mask, "-o", out, *MANY)
    assert (code, err) == (0, "")
    assert "1 in colour made grey; 1 cropped to 28x28 at the centre" in caplog.text
    assert printed.startswith("1 image, ")
    assert out.is_file()


@pytest.mark.once
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("ae_mnist", "{digits}"), "PRESET must be one that makes images from latents"),
        (("gan_ring8", "{digits}"), "PRESET must be one that makes images from latents"),
        (("dcgan_mnist", "{digits}/none.png"), "none.png"),
        (("dcgan_mnist", "{digits}", "-o", "p.pnk"), "must end in the suffix of a picture"),
        (("dcgan_mnist", "{digits}", "--latents", "z.txt"), "--latents must end in .npz"),
        (("dcgan_mnist", "{digits}", "--latents", "{digits}/0.png/z.npz"), "cannot be written"),
        (("dcgan_mnist", "none.png"), "There is no 'none.png'"),
        (("dcgan_mnist", "{digits}", "--steps", "0"), "'--steps': 0 is not in the range"),
        (("dcgan_mnist", "{digits}", "--start", "vae_mnist"), "start must be an encoder of"),
        (("dcgan_mnist", "{digits}", "--start", "encoder"), "inverter_dcgan_mnist"),
        (("dcgan_mnist", "{digits}", "--trust", "nowhere_known"), "of which there is none"),
        (("dcgan_mnist", "{digits}", "--loss", "both"), "--features is needed for --loss both"),
        (("dcgan_mnist", "{digits}", "--features", "classifier_mnist"), "--features is for --loss"),
        (("dcgan_mnist", "{digits}", "--start", "dcgan_mnits"), "dcgan_mnist"),
        (("dcgan_mnist", "{digits}", "--labels", "3"), "labels"),
        (("dcgan_mnits", "{digits}"), "dcgan_mnist"),
    ],
)
def test_what_is_refused(run, digits, tmp_path, monkeypatch, words, text):
    monkeypatch.chdir(tmp_path)
    code, _, err = run("project", *(word.format(digits=digits) for word in words))
    assert code != 0
    assert text in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.glob("p*"))
