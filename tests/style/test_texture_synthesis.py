"""The synthesis of textures: sizes, seeds, Gram matrices, and what is refused."""

import numpy as np
import pytest
import tiny_networks

import zoo
from zoo.errors import ArgumentError

QUIET = {"progress": False}


@pytest.fixture(scope="module")
def synthesis():
    return zoo.style.TextureSynthesis(tiny_networks.network(), layers=["first", "second"])


@pytest.fixture(scope="module")
def texture():
    return tiny_networks.pictures(1, 16)[0]


@pytest.mark.parametrize("rule", ["lbfgs", "adam"])
def test_gram_matrices_become_equal(synthesis, texture, rule):
    found = synthesis.synthesize(texture, scales=2, steps=80, rule=rule, **QUIET)
    assert found.images.shape == (1, 16, 16, 3)
    errors = synthesis.gram_errors(found.images, texture)
    assert max(x[0] for x in errors.values()) < 1e-2
    unused = synthesis.gram_errors(found.images, texture, ["third"])
    assert unused["third"][0] < 0.1
    assert np.abs(found.images[0] - texture).max() > 0.2  # at other places


@pytest.mark.once
def test_sizes_and_seeds(synthesis, texture):
    first = synthesis.synthesize(texture, (12, 20), 2, scales=2, steps=3, seed=1, **QUIET)
    assert first.images.shape == (2, 12, 20, 3)
    assert np.abs(first.images[0] - first.images[1]).max() > 0.1
    second = synthesis.synthesize(texture, (12, 20), 2, scales=2, steps=3, seed=1, **QUIET)
    np.testing.assert_array_equal(first.images, second.images)


@pytest.mark.once
def test_a_start_and_a_region(synthesis, texture):
    at_the_goal = synthesis.synthesize(texture, scales=1, steps=1, start=texture, **QUIET)
    assert at_the_goal.losses[0] < 1e-9
    black = texture.copy()
    black[:8] = 0
    lower = np.zeros((16, 16))
    lower[8:] = 1
    found = synthesis.synthesize(black, mask=lower, scales=1, steps=40, **QUIET)
    assert found.images.mean() == pytest.approx(texture[8:].mean(), rel=0.2)


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"texture": np.zeros((8, 8))}, "texture must have the shape"),
        ({"size": 0}, "size must be a whole number"),
        ({"size": 1, "scales": 1}, "size must be larger"),
        ({"n": 0}, "n must be"),
        ({"mask": np.zeros((16, 16))}, "mask must be 1"),
        ({"tv_weight": -1}, "tv_weight must be"),
        ({"start": np.zeros((8, 8, 3))}, "start must have the shape"),
        ({"scales": 9}, "must be larger"),
    ],
)
def test_what_is_refused(synthesis, texture, arguments, text):
    with pytest.raises(ArgumentError, match=text):
        synthesis.synthesize(**{"texture": texture, "steps": 1, **QUIET, **arguments})
    with pytest.raises(ArgumentError, match="Unknown layer of tiny in layers"):
        synthesis.gram_errors(texture, texture, ["fourth"])
