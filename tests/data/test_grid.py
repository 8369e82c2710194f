"""Grids that are large enough to look at, with words in their margins."""

import numpy as np
import pytest

import zoo
from zoo.data.words import LONGEST, SMALLEST, SPACE, with_words

pytestmark = pytest.mark.once
CHECKS = np.indices((4, 4)).sum(axis=0)[..., None].astype("uint8") % 2 * 255


def grid(n, size, channels=1, **options):
    return zoo.data.grid(np.zeros((n, size, size, channels), "uint8"), **options)


@pytest.mark.parametrize(
    ("n", "size", "channels", "expected"),
    [
        (1, 28, 1, (592, 592)),
        (100, 28, 1, (582, 582)),
        (16, 64, 3, (522, 522)),
        (100, 64, 3, (662, 662)),
        (1000, 28, 1, (962, 962)),
        (2, 1000, 3, (2006, 1004)),
    ],
)
def test_small_images_are_enlarged(n, size, channels, expected):
    assert grid(n, size, channels).size == expected


def test_pixels_become_squares():
    plain = np.asarray(zoo.data.grid(CHECKS[None], scale=1))
    large = np.asarray(zoo.data.grid(CHECKS[None], scale=5))
    np.testing.assert_array_equal(large[2:-2, 2:-2], np.kron(plain[2:-2, 2:-2], np.ones((5, 5))))
    assert (np.delete(large, np.s_[2:-2], axis=0) == 255).all()


def test_words_stand_in_the_margin():
    """Below and right of the margins, nothing of the picture changes."""
    plain = grid(6, 28, columns=3)
    words = {"row_words": ["a", "reconstruction"], "column_words": ["one", "", "three"]}
    picture = np.asarray(grid(6, 28, columns=3, **words))
    height, width = np.asarray(plain).shape
    np.testing.assert_array_equal(picture[-height:, -width:], plain)
    left, top = picture[-height:, :-width], picture[:-height, -width:]
    assert (picture[:-height, :-width] == 255).all()
    for margin in (left, top):
        assert margin.min() < 100
    # Words of rows are in the middle of their rows. A word of a column runs on over empty ones.
    step = height // 2
    for row in range(2):
        y, x = np.nonzero(left[row * step : (row + 1) * step] < 128)
        assert abs(y.mean() - step / 2) < 5
        assert left.shape[1] - 2 * SPACE <= x.max() + SPACE <= left.shape[1]
    x = np.nonzero(top.min(axis=0) < 128)[0]
    one, three = x[x < width * 2 / 3], x[x > width * 2 / 3]
    assert abs(one.mean() - width / 3) < 10
    assert abs(three.mean() - width * 5 / 6) < 10


def test_long_words_above_stand_upright():
    short, long = (grid(4, 28, columns=4, scale=1, column_words=[w] * 4) for w in ("0", "trousers"))
    assert short.width == long.width == 122
    assert long.height > short.height + 20


def test_images_are_enlarged_for_their_words():
    """Of 8 pixels, the words of rows would overlap."""
    assert grid(400, 8, columns=2).height == 2002
    assert grid(400, 8, columns=2, row_words=["a"] * 200).height == 200 * (3 * 8 + 2) + 2
    assert grid(400, 8, columns=2, scale=1, row_words=["a"] * 200).height == 2002


def test_words_grow_with_the_picture():
    widths = []
    for size in (300, 3000):
        plain, worded = (grid(1, size, scale=1, row_words=words) for words in (None, ["word"]))
        widths.append(worded.width - plain.width - 2 * SPACE)
    assert widths[1] > 4 * widths[0]


def test_any_text_is_a_word():
    plain = grid(1, 28)
    for text in ("x" * 5000, "two\nlines", "\x1b[2K", "\u202e", "\u4e2d\u6587", "", "caf\u00e9"):
        width = grid(1, 28, row_words=[text]).width - plain.width
        assert width <= (LONGEST + 1) * SMALLEST + 2 * SPACE
        assert (width > 2 * SPACE) == bool(text)
    accented, bare = (grid(1, 28, row_words=[text]) for text in ("caf\u00e9", "cafe"))
    np.testing.assert_array_equal(accented, bare)


def test_colours_stay():
    red = np.zeros((1, 40, 40, 3), "uint8")
    red[..., 0] = 255
    picture = np.asarray(zoo.data.grid(red, scale=1, row_words=["red"]))
    assert (picture[2:42, -42:-2] == [255, 0, 0]).all()
    margin = picture[:, :-44]
    assert (margin.max(axis=-1) == margin.min(axis=-1)).all()


def test_a_picture_without_words_is_as_it_was():
    picture = grid(1, 28)
    assert with_words(picture, [], []).size == picture.size
    np.testing.assert_array_equal(with_words(picture, [], []), picture)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 0}, "scale must be a whole number of at least 1"),
        ({"scale": 1.5}, "scale must be a whole number of at least 1"),
        ({"scale": 10**7}, "scale must give a picture that fits in memory"),
        ({"row_words": ["a"]}, "row_words must hold 2 texts, one for each. Received: 1: "),
        ({"column_words": ["a"]}, "column_words must hold 3 texts"),
        ({"row_words": "ab"}, "row_words must be a list of texts. Received: 'ab'"),
        ({"row_words": [1, 2]}, r"row_words must be a list of texts. Received: \[1, 2\]"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        grid(6, 28, columns=3, **options)
