"""The geometry of paths: norms, lengths, ends, closedness, seeds and errors."""

import math

import numpy as np
import pytest

import zoo
from zoo.latents import grid, lerp, path, slerp, walk

pytestmark = pytest.mark.once
D = 64


def keys(m, seed=0, norms=None):
    latents = np.random.default_rng(seed).standard_normal((m, D))
    if norms is not None:
        latents *= np.reshape(norms, (-1, 1)) / np.linalg.norm(latents, axis=1, keepdims=True)
    return latents


def norm(x):
    return np.linalg.norm(x, axis=-1)


def angles(x):
    """The angles between successive rows."""
    units = x / norm(x)[:, None]
    return 2 * np.arctan2(norm(units[1:] - units[:-1]), norm(units[1:] + units[:-1]))


class TestBetween:
    def test_the_angle_and_the_norm_are_interpolated(self):
        a, b = keys(2, norms=[3.0, 5.0])
        t = np.linspace(0, 1, 11)
        points = slerp(a, b, t)
        (whole,) = angles(np.stack([a, b]))
        np.testing.assert_allclose(angles(points), np.full(10, whole / 10), rtol=1e-9)
        np.testing.assert_allclose(norm(points), 3 + 2 * t, rtol=1e-12)

    def test_against_the_formula(self):
        a, b = keys(2, norms=[2.0, 2.0])
        angle = math.acos(a @ b / 4)
        expected = (math.sin(0.7 * angle) * a + math.sin(0.3 * angle) * b) / math.sin(angle)
        np.testing.assert_allclose(slerp(a, b, 0.3), expected, rtol=1e-10)

    @pytest.mark.parametrize("between", [slerp, lerp])
    def test_shapes_ends_and_types(self, between):
        a, b = keys(6).reshape(2, 3, D)
        points = between(a, b, np.array([[0.0, 0.5], [0.9, 1.0]]))
        assert points.shape == (2, 2, 3, D)
        assert points.dtype == "float64"
        np.testing.assert_array_equal(points[0, 0], a)
        np.testing.assert_array_equal(points[1, 1], b)
        np.testing.assert_array_equal(points[0, 1], between(a, b, 0.5))
        narrow = between(a.astype("float32"), b.astype("float32"), 0.5)
        assert narrow.dtype == "float32"
        assert between([1.0, 0.0], [0.0, 1.0], 0.5).dtype == "float32"

    @pytest.mark.parametrize("scale", [3.0, 1.0, 0.0])
    def test_parallel_latents_and_zero_are_as_lerp(self, scale):
        (a,) = keys(1)
        t = np.linspace(0, 1, 5)
        np.testing.assert_allclose(slerp(a, scale * a, t), lerp(a, scale * a, t), atol=1e-12)

    def test_almost_parallel_latents_keep_their_norm(self):
        a, other = keys(2, norms=[1.0, 1.0])
        for size in (1e-3, 1e-5, 1e-7, 1e-9):
            b = a + size * other
            b /= norm(b)
            np.testing.assert_allclose(norm(slerp(a, b, 0.4)), 1.0, rtol=1e-12)

    def test_errors(self):
        (a,) = keys(1)
        with pytest.raises(ValueError, match="exactly opposite"):
            slerp(a, -2 * a, 0.5)
        np.testing.assert_allclose(lerp(a, -a, 0.5), 0, atol=1e-12)
        with pytest.raises(ValueError, match=r"one shape.*Received: shapes \(64,\) and \(63,\)"):
            slerp(a, a[1:], 0.5)
        with pytest.raises(ValueError, match="t must be finite"):
            lerp(a, a, np.nan)


class TestPath:
    @pytest.mark.parametrize("closed", [False, True])
    @pytest.mark.parametrize("kind", ["spline", "slerp", "lerp"])
    def test_constant_speed_and_ends(self, kind, closed):
        latents = keys(5, norms=[8.0, 7.0, 9.0, 8.5, 8.0])
        n = 400
        points = path(latents, n, closed, kind)
        assert points.shape == (n, D)
        np.testing.assert_array_equal(points[0], latents[0])
        if closed:
            points = np.concatenate([points, points[:1]])
        else:
            np.testing.assert_array_equal(points[-1], latents[-1])
        steps = norm(np.diff(points, axis=0))
        # Chords across a corner are shorter than the way; a spline has no corner.
        corners = 0 if kind == "spline" else 5
        assert (np.abs(steps / np.median(steps) - 1) > 2e-3).sum() <= corners
        # It passes all latents.
        distances = norm(points[:, None] - latents).min(axis=0)
        assert distances.max() < steps.max()

    @pytest.mark.parametrize("closed", [False, True])
    @pytest.mark.parametrize("kind", ["spline", "slerp"])
    def test_stays_on_the_shell(self, kind, closed):
        points = path(keys(4, norms=np.full(4, 8.0)), 100, closed, kind)
        np.testing.assert_allclose(norm(points), 8.0, rtol=1e-12)
        assert norm(path(keys(4, norms=np.full(4, 8.0)), 100, closed, "lerp")).min() < 7

    def test_norms_of_a_spline_lie_between_those_of_its_latents(self):
        points = path(keys(4, norms=[2.0, 8.0, 3.0, 5.0]), 300, True)
        assert norm(points).min() >= 2.0 - 1e-9
        assert norm(points).max() <= 8.0 + 1e-9

    def test_a_spline_has_no_corner(self):
        latents = keys(4, norms=np.full(4, 8.0))
        turns = {}
        for kind in ("spline", "slerp"):
            points = path(latents, 2000, True, kind)
            steps = np.diff(np.concatenate([points, points[:2]]), axis=0)
            turns[kind] = angles(steps).max()
        assert turns["spline"] < 0.05
        assert turns["slerp"] > 0.5

    def test_two_latents(self):
        latents = keys(2, norms=[8.0, 8.0])
        straight = slerp(*latents, np.linspace(0, 1, 9))
        np.testing.assert_allclose(path(latents, 9, kind="slerp"), straight, atol=1e-6)
        np.testing.assert_allclose(path(latents, 9), straight, atol=0.02)
        back = path(latents, 8, closed=True, kind="slerp")
        np.testing.assert_allclose(back[4], latents[1], atol=1e-6)
        np.testing.assert_allclose(back[1], back[7], atol=1e-6)

    def test_few_points_of_many_latents_and_equal_latents(self):
        latents = keys(30, norms=np.full(30, 8.0)).astype("float32")
        points = path(latents, 2)
        assert points.dtype == "float32"
        np.testing.assert_array_equal(points, latents[[0, -1]])
        np.testing.assert_array_equal(path(latents[[0, 0]], 3, kind="slerp"), latents[[0, 0, 0]])

    def test_errors(self):
        latents = keys(3)
        for arguments, message in (
            ((latents[:1], 5), "m at least 2"),
            ((latents[0], 5), "shape"),
            ((latents, 1), "n must be a whole number of at least 2"),
            ((latents, 5, False, "slrp"), "Unknown kind: 'slrp'"),
            ((latents[[0, 0, 1]], 5), "latent 0 and the next are equal"),
            ((latents[[0, 1, 0]], 5, True), "latent 2 and the next are equal"),
            ((np.stack([latents[0], 0 * latents[0]]), 5), "must not be zero"),
            ((np.stack([latents[0], -latents[0]]), 5), "through zero"),
            ((np.stack([latents[0], -latents[0]]), 5, False, "slerp"), "exactly opposite"),
        ):
            with pytest.raises(ValueError, match=message):
                path(*arguments)


class TestGrid:
    @pytest.mark.parametrize("kind", ["slerp", "lerp"])
    def test_corners_and_edges(self, kind):
        corners = keys(4, norms=np.full(4, 8.0))
        points = grid(corners, 5, 6, kind)
        assert points.shape == (30, D)
        points = points.reshape(5, 6, D)
        for place, corner in zip([(0, 0), (0, 5), (4, 0), (4, 5)], corners, strict=True):
            np.testing.assert_array_equal(points[place], corner)
        between = slerp if kind == "slerp" else lerp
        np.testing.assert_allclose(points[0], between(*corners[:2], np.linspace(0, 1, 6)))
        if kind == "slerp":
            np.testing.assert_allclose(norm(points), 8.0)

    def test_errors(self):
        for arguments, message in (
            ((keys(3), 2, 2), r"shape \(4, latent_dim\)"),
            ((keys(4), 1, 2), "rows must be"),
            ((keys(4), 2, 2, "spline"), "Unknown kind"),
        ):
            with pytest.raises(ValueError, match=message):
                grid(*arguments)


class TestWalk:
    @pytest.mark.parametrize("latent_dim", [2, 3, 100])
    def test_constant_angle_on_the_shell(self, latent_dim):
        points = walk(200, latent_dim, speed=0.1, seed=0).astype("float64")
        np.testing.assert_allclose(norm(points), math.sqrt(latent_dim), rtol=1e-5)
        np.testing.assert_allclose(angles(points), 0.1, rtol=1e-4)

    def test_is_smooth_and_goes_somewhere(self):
        points = walk(2000, 100, speed=0.05, seed=1).astype("float64")
        steps = np.diff(points, axis=0)
        assert angles(steps).max() < 0.12
        # It does not run in a circle: far apart in time, latents are as independent ones.
        units = points / norm(points)[:, None]
        assert np.abs((units[:-1000] * units[1000:]).sum(axis=1)).mean() < 0.4

    def test_seeds(self):
        first = walk(20, 8, seed=3)
        np.testing.assert_array_equal(first, walk(50, 8, seed=3)[:20])
        assert not np.array_equal(first, walk(20, 8, seed=4))
        assert not np.array_equal(walk(20, 8), walk(20, 8))

    def test_errors(self):
        for options, message in (
            ({"speed": 0}, "speed must be a finite number above 0"),
            ({"speed": 1.6}, "speed must be below pi / 2"),
            ({"latent_dim": 1}, "latent_dim must be a whole number of at least 2"),
            ({"seed": -1}, "seed must be"),
        ):
            with pytest.raises(ValueError, match=message):
                walk(**{"n": 3, "latent_dim": 4, **options})


def test_they_are_public():
    assert {"lerp", "slerp", "path", "grid", "walk"} <= set(zoo.latents.__all__)
