"""One treatment of labels and arrays for all functions that take them."""

import numpy as np
import pytest

from zoo.base.arrays import as_array, as_labels
from zoo.base.memory import check_memory
from zoo.engine.spaces import Images
from zoo.errors import ArgumentError, DataError

pytestmark = pytest.mark.once
LABELS = [2, 0, 1]


@pytest.mark.parametrize(
    "values",
    [LABELS, tuple(LABELS), *(np.array(LABELS, t) for t in ("uint8", "int32", "uint64"))],
    ids=["list", "tuple", "uint8", "int32", "uint64"],
)
def test_labels(values):
    for form in (values, np.asarray(values)[:, None], np.asarray(values)[:, None].tolist()):
        labels = as_labels("y", form, rows=3)
        assert (labels.dtype, labels.tolist()) == (np.int64, LABELS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.eye(3), "Received: float64 of shape .3, 3.. numpy.argmax.one_hot, axis=1. converts"),
        (np.eye(3, dtype=int)[:, :2], "Received: int64 of shape .3, 2.. numpy.argmax"),
        (
            ["cat", "dog"],
            "Received: texts of shape .2,., such as 'cat'. classes, labels = ",
        ),
        ("cat", "Received: the text 'cat'"),
        ([0.0, 1.0], "Received: float64 of shape .2,."),
        ([True, False], "Received: bool of shape .2,."),
        ([[1], [2, 3]], "Received: a list that is no array"),
        ([0, None], "Received: object of shape .2,."),
        ([], "Received: float64 of shape .0,."),
        (3, r"Received: int64 of shape .."),
        (np.array([2**64 - 1] * 3, "uint64"), "at most 9223372036854775807. Received: 1844"),
        ([0, 1], "3 labels. Received: 2"),
    ],
)
def test_other_labels_are_refused(values, message):
    with pytest.raises(ArgumentError, match=f"y must be .*{message}"):
        as_labels("y", values, rows=3)
    with pytest.raises(DataError):
        as_labels("y", values, rows=3, error=DataError)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("text", "latents must be an array of numbers. Received: the text 'text'"),
        (
            [[1.0], [2.0, 3.0]],
            "whose rows have equal shapes. Received: a list that cannot be read as one",
        ),
        ((np.ones((2, 3)), np.ones(2)), "tuple of arrays of the shapes .2, 3., .2,.. Images and"),
        ([np.ones((2, 3)), np.ones((3, 2))], "list of arrays of the shapes .2, 3., .3, 2..$"),
        (None, "must be an array of numbers. Received: None"),
        ([["a", "b"]], "Received: texts of shape .1, 2., such as 'a'"),
        ([None], "Received: object of shape .1,."),
        ([1j], "Received: complex128"),
    ],
)
def test_what_is_no_array_of_numbers(values, message):
    with pytest.raises(ArgumentError, match=message):
        as_array("latents", values)


def test_masked_values_are_refused():
    """As libraries for files of measurements give them; values below the mask mean nothing."""
    hidden = np.ma.masked_equal([2, 0, 1], 1)
    with pytest.raises(DataError, match="y must hold no masked value. Received: 1 of 3. .*filled"):
        as_labels("y", hidden, error=DataError)
    with pytest.raises(ArgumentError, match="latents must hold no masked value. Received: 1 of 3"):
        as_array("latents", hidden)
    images = np.ma.masked_greater(np.full((2, 8, 8, 1), 0.5, "float32"), 0.4)
    with pytest.raises(ArgumentError, match="x must hold no masked value. Received: 128 of 128"):
        Images(8, 8, 1, (0, 1)).check("x", images)
    assert as_labels("y", np.ma.masked_equal([2, 0, 1], 5)).tolist() == [2, 0, 1]


def test_memory():
    check_memory("n", 10_000, 784)
    with pytest.raises(ArgumentError, match=r"n must be .* Received: 1,000,000,000,000, of 784 "):
        check_memory("n", 10**12, 784)
