"""The transfer of styles: what it minimises, what it keeps, and what it refuses."""

import os
import signal

import numpy as np
import pytest
import tiny_networks
import tqdm

import zoo
from zoo.errors import ArgumentError

QUIET = {"progress": False}
GOLDEN = os.path.join(os.path.dirname(__file__), "ten_steps.npz")


@pytest.fixture(scope="module")
def transfer():
    return tiny_networks.transfer()


@pytest.fixture(scope="module")
def content():
    return tiny_networks.pictures(2)


@pytest.fixture(scope="module")
def style():
    return tiny_networks.pictures(1, 12, seed=5)[0]


@pytest.mark.parametrize("rule", ["lbfgs", "adam"])
def test_the_loss_falls_and_the_style_comes(transfer, content, style, rule):
    before = transfer.gram_errors(content, style)
    found = transfer.transfer(content, style, steps=60, rule=rule, tv_weight=0, **QUIET)
    assert found.finished
    assert found.images.shape == content.shape
    assert found.images.dtype == np.float32
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    assert found.history.shape == (2, 61)
    assert (found.losses < 0.2 * found.history[:, 0]).all()
    after = transfer.gram_errors(found.images, style)
    assert set(after) == {"first", "second"}
    assert all((after[name] < 0.2 * before[name]).all() for name in after)


def test_the_three_backends_agree(transfer, content, style):
    """After ten steps. The file was written on PyTorch."""
    found = transfer.transfer(content, style, steps=10, start="noise", seed=3, **QUIET)
    with np.load(GOLDEN) as golden:
        np.testing.assert_allclose(found.images, golden["images"], atol=1e-3)
        np.testing.assert_allclose(found.losses, golden["losses"], rtol=1e-3)


def test_weights_stay_and_a_seed_gives_one_image(transfer, content, style):
    before = [w.copy() for w in transfer.source.network.get_weights()]
    first = transfer.transfer(content, style, steps=3, start="noise", seed=1, **QUIET)
    second = transfer.transfer(content, style, steps=3, start="noise", seed=1, **QUIET)
    other = transfer.transfer(content, style, steps=3, start="noise", seed=2, **QUIET)
    np.testing.assert_array_equal(first.images, second.images)
    assert np.abs(first.images - other.images).max() > 0.1
    assert len(transfer.source.network.trainable_weights) == 6
    used = transfer.objective.features.network.get_weights()
    for old, new, own in zip(before, transfer.source.network.get_weights(), used, strict=False):
        np.testing.assert_array_equal(old, new)
        np.testing.assert_array_equal(old, own)


def test_images_share_nothing(transfer, content, style):
    whole = transfer.transfer(content, style, steps=6, **QUIET)
    parts = transfer.transfer(content, style, steps=6, batch_size=1, **QUIET)
    alone = transfer.transfer(content[1], style, steps=6, **QUIET)
    np.testing.assert_allclose(parts.images, whole.images, atol=1e-4)
    np.testing.assert_allclose(alone.images[0], whole.images[1], atol=1e-4)


@pytest.mark.once
def test_bytes_are_numbers_in_0_1(transfer, content, style):
    pixels = np.rint(255 * content).astype("uint8")
    first = transfer.transfer(pixels, style, steps=3, **QUIET)
    second = transfer.transfer(pixels / np.float32(255), style, steps=3, **QUIET)
    np.testing.assert_allclose(first.images, second.images, atol=1e-5)


def test_weights_of_styles(transfer, content, style):
    other = tiny_networks.pictures(1, 8, seed=9)[0]
    options = {"steps": 40, "content_weight": 0, "tv_weight": 0, **QUIET}
    errors = {}
    for weights in ((1.0, 0.0), (3.0, 1.0), (0.0, 1.0)):
        found = transfer.transfer(content[:1], [style, other], style_weights=weights, **options)
        errors[weights] = [
            sum(transfer.gram_errors(found.images, x).values())[0] for x in (style, other)
        ]
    (a1, b1), (a2, b2), (a3, b3) = errors.values()
    assert a1 < a2 < a3
    assert b1 > b2 > b3
    alone = transfer.transfer(content[:1], style, **options)
    ignored = transfer.transfer(content[:1], [style, other], style_weights=(5, 0), **options)
    np.testing.assert_allclose(alone.images, ignored.images, atol=1e-3)


@pytest.mark.once
def test_masks(transfer, style):
    content = tiny_networks.pictures(1, 16)
    left = np.zeros((16, 16), bool)
    left[:, :8] = True
    options = {"steps": 30, "content_weight": 0.0, "tv_weight": 0.0, **QUIET}
    found = transfer.transfer(content, style, masks=[left], **options)
    moved = np.abs(found.images - content)[0].mean(axis=(0, 2))
    assert moved[:8].min() > 0.01
    assert moved[12:].max() == 0  # beyond what the layers see
    half = np.zeros((12, 12))
    half[:6] = 1
    two = np.zeros((12, 12, 3))
    two[:6, :, 0] = two[6:, :, 2] = 0.9  # red above blue
    for region, channel in ((half, 0), (1 - half, 2)):
        taken = transfer.transfer(content, two, style_masks=[region], **options)
        means = taken.images.mean(axis=(0, 1, 2))
        assert means[channel] > means[2 - channel] + 0.05
    red, blue = np.zeros((2, 8, 8, 3))
    red[..., 0] = blue[..., 2] = 0.9
    own = transfer.transfer(content, [red, blue], masks=[left, ~left], **options).images[0]
    assert own[:, :6, 0].mean() > own[:, :6, 2].mean() + 0.05
    assert own[:, 10:, 2].mean() > own[:, 10:, 0].mean() + 0.05


@pytest.mark.once
def test_scales(transfer, content, style):
    content = tiny_networks.pictures(1, 16)[:, :, :12]
    asked = []
    options = {"steps": 5, "stops": lambda: asked.append(1) is not None, **QUIET}
    found = transfer.transfer(content, style, scales=2, **options)
    assert found.images.shape == (1, 16, 12, 3)
    assert found.history.shape == (1, 6)
    twice = len(asked)
    single = transfer.transfer(content, style, scales=1, **options)
    assert twice > len(asked) - twice  # the steps of two sizes, and of one
    assert np.abs(single.images - found.images).max() > 0.01


@pytest.mark.once
def test_a_style_of_one_colour(transfer, content):
    red = np.zeros((8, 8, 3))
    red[..., 0] = 0.8
    reds = {}
    for colors in (None, "histogram", "luminance"):
        found = transfer.transfer(content, red, steps=20, colors=colors, **QUIET)
        reds[colors] = found.images[..., 0].mean() - found.images[..., 1].mean()
    own = content[..., 0].mean() - content[..., 1].mean()
    assert reds[None] > 0.3
    assert abs(reds["histogram"] - own) < 0.1
    assert abs(reds["luminance"] - own) < 0.1


@pytest.mark.once
@pytest.mark.parametrize("colors", ["luminance", "histogram"])
def test_colours_of_images_share_nothing(transfer, content, style, colors):
    whole = transfer.transfer(content, style, steps=4, colors=colors, **QUIET)
    alone = transfer.transfer(content[1], style, steps=4, colors=colors, **QUIET)
    np.testing.assert_allclose(alone.images[0], whole.images[1], atol=1e-4)


@pytest.mark.once
def test_luminance_keeps_the_chrominance(transfer, content, style):
    grey_ish = 0.4 + 0.2 * content  # far from where numbers are clipped
    found = transfer.transfer(grey_ish, style, steps=5, colors="luminance", **QUIET)
    made, own = (x - x @ np.array([[0.299], [0.587], [0.114]]) for x in (found.images, grey_ish))
    inside = ((found.images > 0) & (found.images < 1)).all(axis=-1)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(made[inside], own[inside], atol=1e-5)
    assert np.abs(found.images - grey_ish).max() > 0.01


@pytest.mark.once
def test_histograms_have_mean_and_covariance():
    a, b = tiny_networks.pictures(2, 32, seed=4)
    a, b = 0.45 + 0.1 * a, 0.4 + 0.2 * b
    moved = zoo.style.colors.matched(a, b).reshape(-1, 3)
    wanted = b.reshape(-1, 3)
    np.testing.assert_allclose(moved.mean(0), wanted.mean(0), atol=1e-4)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(wanted.T), atol=1e-4)
    upper, left = np.zeros((2, 32, 32))
    upper[:16], left[:, :16] = 1, 1
    parts = zoo.style.colors.matched(a, b, upper, left)[:16].reshape(-1, 3)
    np.testing.assert_allclose(parts.mean(0), b[:, :16].reshape(-1, 3).mean(0), atol=1e-4)


@pytest.mark.once
def test_ctrl_c_returns_what_there_is(transfer, content, style, monkeypatch):
    class Bar(tqdm.tqdm):
        """A bar at whose third step the user presses Ctrl-C."""

        def update(self, n=1):
            self.steps = vars(self).get("steps", 0) + 1
            if self.steps == 3:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    before = signal.getsignal(signal.SIGINT)
    found = transfer.transfer(content, style, steps=50)
    assert not found.finished
    assert found.losses.shape == (2,)
    assert (found.losses < found.history[:, 0]).all()
    np.testing.assert_array_equal(found.history[:, 3:], found.history[:, 3:4].repeat(48, 1))
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.once
def test_stops(transfer, content, style):
    answers = iter([False, False, True, True, True, True])
    found = transfer.transfer(
        content, style, steps=50, scales=2, stops=lambda: next(answers), **QUIET
    )
    assert not found.finished
    assert found.images.shape == content.shape
    assert (found.scale, found.scales, found.history.shape[1]) == (1, 2, 51)


BAD = {
    "content must have the shape": {"content": np.zeros((8, 8))},
    "content must hold 8-bit numbers, or numbers in": {"content": np.full((8, 8, 3), -0.5)},
    "zoo.data.to_range": {"content": np.full((8, 8, 3), 200.0)},
    "style must have the shape": {"style": np.zeros((2, 8, 8, 3))},
    "style must be a picture or a list": {"style": []},
    "content must be larger": {"content": np.zeros((1, 1, 3), "float32")},
    "style must be larger": {"style": np.zeros((8, 1, 3), "float32")},
    "masks must have one for each of 1 styles": {"masks": [None, None]},
    r"masks\[0\] must have the shape \(8, 8\)": {"masks": [np.ones((4, 8))]},
    r"masks\[0\] must be 1, which means in the region": {"masks": [np.zeros((8, 8))]},
    r"masks\[0\] must hold numbers in": {"masks": [np.full((8, 8), 2.0)]},
    r"style_masks\[0\] must have the shape": {"style_masks": [np.ones((8, 8))]},
    r"style_weights\[0\] must be a finite number of at least 0": {"style_weights": [-1.0]},
    "style_weights must have one above 0": {"style_weights": [0.0]},
    "content_weight must be": {"content_weight": -1.0},
    "tv_weight must be": {"tv_weight": float("nan")},
    "above 0. Received: zeros alone": {"content_weight": 0, "style_weight": 0, "tv_weight": 0},
    "colors": {"colors": "hue"},
    "start": {"start": "style"},
    "start must have the shape": {"start": np.zeros((4, 4, 3))},
    "steps must be": {"steps": 0},
    "scales must be": {"scales": 0},
    "seed must be": {"seed": -1},
    "rule": {"rule": "newton"},
}


@pytest.mark.once
@pytest.mark.parametrize("text", BAD)
def test_what_is_refused(transfer, content, style, text):
    arguments = {"content": content, "style": style, "steps": 2, **QUIET, **BAD[text]}
    with pytest.raises(ArgumentError, match=text):
        transfer.transfer(**arguments)


@pytest.mark.once
def test_grey_images_of_a_grey_network():
    network = tiny_networks.network(channels=1)
    transfer = zoo.style.StyleTransfer(network, **tiny_networks.LAYERS)
    content, style = tiny_networks.pictures(2, channels=1)
    assert transfer.transfer(content, style, steps=2, **QUIET).images.shape == (1, 8, 8, 1)
    with pytest.raises(ArgumentError, match="colors must be None for images of 1 channels"):
        transfer.transfer(content, style, colors="luminance", **QUIET)
