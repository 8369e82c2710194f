"""Points in the plane: what is drawn is what the density says."""

import math

import numpy as np
import pytest

import zoo
from zoo.data import synthetic
from zoo.errors import DataError

pytestmark = pytest.mark.once
NAMES = sorted(synthetic.NAMED)
EXACT = [name for name in NAMES if synthetic.named(name).has_density]


def plane(distribution, cells):
    """The middles of `cells` x `cells` cells that hold all but nothing of it, and a cell's area."""
    points = distribution.sample(10_000, seed=0)
    low, high = points.min(axis=0) - 0.2, points.max(axis=0) + 0.2
    x, y = (a + (b - a) * (np.arange(cells) + 0.5) / cells for a, b in zip(low, high, strict=True))
    middles = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    return middles, float(np.prod((high - low) / cells))


@pytest.mark.parametrize("name", NAMES)
def test_seeds(name):
    distribution = synthetic.named(name)
    points = distribution.sample(100, seed=3)
    assert points.shape == (100, 2)
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points, synthetic.named(name).sample(100, seed=3))
    assert (points != distribution.sample(100, seed=4)).all()


def test_those_with_an_exact_density():
    assert EXACT == ["checkerboard", "grid25", "line", "ring8", "two_moons"]


@pytest.mark.parametrize("name", EXACT)
def test_density_integrates_to_one(name):
    distribution = synthetic.named(name)
    middles, area = plane(distribution, 600)
    density = np.exp(distribution.log_density(middles))
    assert density.dtype == np.float64
    assert density.sum() * area == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", EXACT)
def test_samples_follow_the_density(name):
    """Mean and covariance, and the entropy, -E[log p(x)]."""
    distribution = synthetic.named(name)
    middles, area = plane(distribution, 600)
    log_density = distribution.log_density(middles)
    weights = np.exp(log_density) * area
    points = distribution.sample(50_000, seed=1)
    np.testing.assert_allclose(points.mean(axis=0), weights @ middles, atol=0.05)
    np.testing.assert_allclose(
        np.cov(points.T), np.cov(middles.T, aweights=weights), rtol=0.03, atol=0.05
    )
    entropy = -np.sum(weights * np.where(weights > 0, log_density, 0))
    assert -distribution.log_density(points).mean() == pytest.approx(entropy, abs=0.03)


@pytest.mark.parametrize("name", [name for name in NAMES if synthetic.named(name).labels])
def test_labels_are_the_components(name):
    points, labels = synthetic.named(name).draw(5_000, seed=0)
    assert labels.dtype == np.int64
    shares = np.bincount(labels) / len(labels)
    np.testing.assert_allclose(shares, 1 / len(shares), rtol=0.3)
    means = np.stack([points[labels == k].mean(axis=0) for k in range(len(shares))])
    nearest = np.linalg.norm(points[:, None] - means, axis=-1).argmin(axis=1)
    assert np.mean(nearest == labels) > 0.75


def test_modes():
    ring = synthetic.named("ring8")
    corner = math.sqrt(2)
    np.testing.assert_allclose(
        ring.means,
        [
            [2, 0],
            [corner, corner],
            [0, 2],
            [-corner, corner],
            [-2, 0],
            [-corner, -corner],
            [0, -2],
            [corner, -corner],
        ],
        atol=1e-12,
    )
    assert ring.sigma == 0.02
    grid = synthetic.named("grid25")
    expected = [(-4 + 2 * i, -4 + 2 * j) for i in range(5) for j in range(5)]
    np.testing.assert_array_equal(grid.means, expected)
    assert grid.sigma == 0.05


def test_density_at_a_mode_far_from_the_others():
    ring = synthetic.named("ring8")
    expected = -math.log(8 * 2 * math.pi * 0.02**2)
    np.testing.assert_allclose(ring.log_density(ring.means), expected)


def test_density_of_a_line():
    """Against the sum over many points of the segment."""
    line = synthetic.Line(start=(0, 0), end=(3, 4), sigma=0.5)
    places = (np.arange(20_000) + 0.5)[:, None] / 20_000 * [3.0, 4.0]
    points = np.array([[0, 0], [1.5, 2], [3, 4], [4, 3], [-1, -1], [3.6, 4.8]])
    expected = synthetic.GaussianMixture(places, 0.5).log_density(points)
    np.testing.assert_allclose(line.log_density(points), expected, rtol=1e-6)
    assert line.log_density([[300.0, 400.0]]) == -np.inf


def test_density_of_the_checkerboard():
    board = synthetic.named("checkerboard")
    inside, outside = [[-3, -3], [-1, -1], [1, -3], [4, 4]], [[-3, -1], [1, 3], [4.01, 3], [0, 9]]
    np.testing.assert_allclose(board.log_density(inside), -math.log(32))
    assert (board.log_density(outside) == -np.inf).all()
    assert np.isfinite(board.log_density(board.sample(50_000, seed=0))).all()


def test_shapes_without_a_density():
    moons = synthetic.TwoMoons(sigma=1e-9)
    points, labels = moons.draw(1000, seed=0)
    centres = np.where(labels[:, None] == 0, [-0.5, -0.25], [0.5, 0.25])
    np.testing.assert_allclose(np.linalg.norm(points - centres, axis=1), 1, rtol=1e-5)
    spiral = synthetic.Spiral(radius=3, sigma=1e-9).sample(1000, seed=0).astype("float64")
    radius = np.linalg.norm(spiral, axis=1)
    assert 2.9 < radius.max() <= 3 + 1e-6
    unwound = spiral[:, 0] - radius * np.cos(math.pi * radius)
    np.testing.assert_allclose(unwound, 0, atol=1e-5)
    with pytest.raises(ValueError, match="has no closed form. Allowed: sample"):
        synthetic.named("spiral").log_density(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="needs a sigma of at least 0.001"):
        moons.log_density(np.zeros((1, 2)))


def test_density_of_the_moons():
    """Against a mixture of many Gaussians on the half circles."""
    angle = math.pi * (np.arange(400_000) + 0.5) / 400_000
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
    points = np.array([[-0.5, 0.75], [0.5, -0.7], [0, 0], [-1.5, -0.3], [2, 2], [0.5, 0.25]])
    for sigma in (0.02, 0.3):
        moons = synthetic.TwoMoons(sigma)
        truth = synthetic.GaussianMixture(np.concatenate([upper, -upper]), sigma)
        found, expected = moons.log_density(points), truth.log_density(points)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: synthetic.named("ring9"), "Unknown distribution: 'ring9'. Allowed: checkerboard"),
        (lambda: synthetic.ring(modes=0), "modes must be a whole number of at least 1"),
        (lambda: synthetic.grid(sigma=0), "sigma must be a finite number above 0. Received: 0"),
        (lambda: synthetic.GaussianMixture([1.0], 1), r"means must have .* shape \(1,\)"),
        (lambda: synthetic.Line(start=(1, 1), end=(1, 1)), "distance of start and end must be"),
        (lambda: synthetic.ring().sample(0, seed=0), "n must be a whole number of at least 1"),
        (lambda: synthetic.ring().sample(1, seed=-1), "seed must be a whole number of at least 0"),
        (lambda: synthetic.ring().log_density(np.zeros(2)), r"points must have .* shape \(2,\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


class TestSource:
    def test_read(self):
        train, test = zoo.data.read_splits("ring8")
        assert train.name == "ring8"
        assert train.images.shape == (50_000, 2)
        assert test.images.shape == (10_000, 2)
        assert train.images.dtype == np.float32
        assert sorted(set(train.labels)) == list(range(8))
        assert not (train.images[:10_000] == test.images).any()
        assert train.sha256 == zoo.data.read("ring8").sha256 != test.sha256
        assert zoo.data.read("line").labels is None

    @pytest.mark.parametrize("name", NAMES)
    def test_every_name(self, name):
        assert zoo.data.read(name, "test").images.shape == (10_000, 2)

    def test_batches_hold_the_points_themselves(self):
        points = zoo.data.read("grid25", "test")
        batches = zoo.data.load("grid25", "test", batch_size=256, shuffle=False, seed=0)
        found, labels = batches[1]
        np.testing.assert_array_equal(found, points.images[256:512])
        np.testing.assert_array_equal(labels, points.labels[256:512])
        assert zoo.data.load("line", batch_size=8)[0].dtype == np.float32

    def test_errors(self):
        with pytest.raises(DataError, match=r"must be one of \['test', 'train'\]"):
            zoo.data.read("ring8", "valid")
        with pytest.raises(DataError, match="image_size, channels and crop are for images"):
            zoo.data.read("ring8", image_size=8)
        with pytest.raises(DataError, match="or points, float32 .* float64 of shape"):
            zoo.data.Batches(np.zeros((3, 2)))
        with pytest.raises(DataError, match="value_range must be a pair"):
            zoo.data.Batches(np.zeros((3, 2, 2, 1), dtype="uint8"), value_range=None)
