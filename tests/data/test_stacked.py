"""Stacked digits."""

import numpy as np
import pytest

import zoo
from zoo.errors import DataError


def test_three_digits_in_three_channels(slice_path):
    digits = zoo.data.read(slice_path)
    images, modes = zoo.data.stack(digits.images, digits.labels, n=3_000, seed=1)
    assert images.shape == (3_000, 28, 28, 3)
    assert modes.shape == (3_000,)
    assert len(np.unique(modes)) > 900
    rows = np.array([0, 17, 2_999])
    for image, mode, triple in zip(images[rows], modes[rows], images.triples[rows], strict=True):
        for channel, row in enumerate(triple):
            np.testing.assert_array_equal(image[..., channel], digits.images[row, ..., 0])
        assert mode == digits.labels[triple] @ [100, 10, 1]
    again, _ = zoo.data.stack(digits.images, digits.labels, n=3_000, seed=1)
    np.testing.assert_array_equal(again[rows], images[rows])
    assert zoo.data.Source("stacked", images, modes).sha256 == (
        zoo.data.Source("stacked", again, modes).sha256
    )


def test_by_name(monkeypatch, slice_path):
    digits = zoo.data.read(slice_path)
    monkeypatch.setattr("zoo.data.named.read", lambda *args: (digits.images, digits.labels))
    batches = zoo.data.load("stacked_mnist", batch_size=8)
    images, modes = batches[0]
    assert images.shape == (8, 28, 28, 3)
    assert len(batches.images) == 128_000
    assert modes.max() < 1_000


def test_errors(slice_path):
    digits = zoo.data.read(slice_path)
    for labels in (None, digits.labels + 1):
        with pytest.raises(DataError, match="labels 0 to 9"):
            zoo.data.stack(digits.images, labels)
