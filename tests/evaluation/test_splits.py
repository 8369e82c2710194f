"""Which part of a set a model is measured on, and which images are its training images."""

import numpy as np
import pytest
from shipped import HUB

import zoo

pytestmark = pytest.mark.once
REAL = np.random.default_rng(0).integers(0, 256, (90, 28, 20, 1), dtype="uint8")


def evaluated(model, data, n=9, **kwargs):
    return zoo.evaluate(model, data, "kid", n, seeds=1, extractor="pixels", **kwargs)["kid"]


def test_sets_by_name_have_splits(slice_path):
    model = zoo.create("dcgan", image_shape=(28, 28, 1), width=2)
    found = evaluated(model, slice_path, n=200)
    assert found.protocol.name == "kid/pixels/mnist_slice:test/200:200"
    assert found.real_baseline == pytest.approx(0, abs=0.2 * found.value)
    with pytest.warns(UserWarning, match="training and test images are the same"):
        other = evaluated(model, slice_path, n=200, split="train")
    assert other.protocol != found.protocol


def test_a_set_without_a_test_split(tmp_path):
    model = zoo.create("gan", image_shape=(28, 20, 1))
    place = tmp_path / "all.npz"
    np.savez(place, x=REAL)
    with pytest.raises(
        ValueError, match="must hold images as 'x_test'.*'train, one in ten' is each"
    ):
        evaluated(model, place)
    assert evaluated(model, place, split="train", baseline=False).value
    train, test = zoo.data.read_splits(place)
    named = evaluated(model, place, split="train, one in ten")
    given = evaluated(model, test, train=train)
    assert named.protocol == given.protocol
    assert (named.value, named.real_baseline) == (given.value, given.real_baseline)
    with pytest.warns(UserWarning, match="training and test images are the same"):
        evaluated(model, place, split="train, nine in ten")


def test_the_split_of_a_preset_is_that_of_its_card(tmp_path, monkeypatch):
    """`vae_frey_faces` was measured on what its recipe held out: its set has no test split."""
    for name in ("frey_faces", "others"):
        np.savez(tmp_path / f"{name}.npz", x=REAL)
    preset = HUB / "vae_frey_faces"
    with pytest.raises(zoo.errors.DataError, match=r"'frey_faces'.*cannot be read: data must name"):
        evaluated(preset, None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(zoo.errors.MissingSplitError, match=r"as 'x_no_such'.*\['x'\]\.$"):
        evaluated(preset, "frey_faces.npz", split="no_such")
    np.savez(tmp_path / "mnist.npz", x=REAL[:, :, :1].repeat(28, 2))
    with pytest.raises(zoo.errors.MissingSplitError, match="'train, one in ten' is each tenth"):
        evaluated("dcgan_mnist", "mnist.npz")  # that of the card is "test"
    found = evaluated(preset, tmp_path / "frey_faces.npz")
    assert found.protocol.split == "train, one in ten"
    with pytest.warns(UserWarning, match="training and test images are the same"):
        named = evaluated(preset, tmp_path / "frey_faces.npz", split="train")
    assert named.protocol.split == "train"
    with pytest.raises(ValueError, match="must hold images as 'x_test'"):
        evaluated(preset, tmp_path / "others.npz")
