"""Our metrics on features against those of torch-fidelity, clean-fid and prdc, and SciPy."""

import warnings

import keras
import numpy as np
import pytest

from zoo import metrics

if keras.backend.backend() != "torch":
    pytest.skip("the packages that are compared with need PyTorch", allow_module_level=True)

import references
import torch
from scipy import linalg

pytestmark = pytest.mark.once


@pytest.fixture(params=["wide", "few", "apart"])
def features(request):
    """Correlated features: many, fewer than dimensions, and far apart with a large mean."""
    rng = np.random.default_rng(0)
    n, m, dimensions = {"wide": (900, 800, 24), "few": (40, 50, 64), "apart": (500, 500, 16)}[
        request.param
    ]
    mix = rng.normal(size=(dimensions, dimensions))
    shift, scale = (30.0, 2.0) if request.param == "apart" else (0.3, 1.1)
    a = rng.normal(size=(n, dimensions)) @ mix
    b = scale * rng.normal(size=(m, dimensions)) @ mix + shift
    # As extractors give them, and so that nobody gains by more digits.
    return a.astype("float32"), b.astype("float32")


def tensors(arrays):
    return [torch.tensor(x) for x in arrays]


def test_frechet_distance(features):
    a, b = features
    found = metrics.frechet_distance(a, b)
    statistics = [references.fid_features_to_statistics(x) for x in tensors(features)]
    fidelity = references.fid_statistics_to_metric(*statistics, verbose=False)
    assert found == pytest.approx(fidelity["frechet_inception_distance"], rel=1e-4)
    moments = [
        f(x.astype("float64")) for x in (a, b) for f in (lambda x: x.mean(0), lambda x: np.cov(x.T))
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clean = references.cleanfid.fid.frechet_distance(*moments)
        root = linalg.sqrtm(moments[1] @ moments[3])
    assert found == pytest.approx(clean, rel=1e-4)
    ours = np.square(moments[0] - moments[2]).sum()
    ours += np.trace(moments[1] + moments[3] - 2 * np.real(root))
    assert found == pytest.approx(ours, rel=1e-4)


@pytest.mark.parametrize("seed", [0, 2020])
def test_kernel_distance(features, seed):
    # Scaled, or the third powers of the last set leave float32, in which torch-fidelity computes.
    a, b = (x / np.abs(x).max() for x in features)
    fidelity = references.kid_features_to_metric(
        *tensors([a.astype("float64"), b.astype("float64")]),
        kid_subsets=20,
        kid_subset_size=40,
        rng_seed=seed,
        verbose=False,
    )
    found = metrics.kernel_distance(a, b, subsets=20, subset_size=40, seed=seed)
    assert found.mean == pytest.approx(fidelity["kernel_inception_distance_mean"], abs=1e-6)
    spread = fidelity["kernel_inception_distance_std"] * np.sqrt(20 / 19)
    assert found.standard_error == pytest.approx(spread / np.sqrt(20), rel=1e-4)


def test_inception_score():
    logits = 3 * np.random.default_rng(0).normal(size=(500, 12))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for splits in (1, 7, 10):
        fidelity = references.isc_features_to_metric(torch.tensor(logits), splits, shuffle=False)
        found = metrics.inception_score(p, splits)
        assert found.mean == pytest.approx(fidelity["inception_score_mean"], rel=1e-4)
        assert found.spread == pytest.approx(fidelity["inception_score_std"], rel=1e-4, abs=1e-9)
    assert metrics.inception_score(p) == pytest.approx(metrics.inception_score(p, 1).mean)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_recall(features, k):
    real, fake = features
    fidelity = references.prc_features_to_metric(
        *tensors([fake, real]), prc_neighborhood=k, prc_batch_size=100, verbose=False
    )
    found = metrics.precision_recall(real, fake, k)
    assert found.precision == pytest.approx(fidelity["precision"], rel=1e-4)
    assert found.recall == pytest.approx(fidelity["recall"], rel=1e-4)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_prdc(features, k, capsys):
    real, fake = features
    expected = references.prdc.compute_prdc(real, fake, k)
    found = metrics.prdc(real, fake, k)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-4), name
    assert metrics.density_coverage(real, fake, k) == (found["density"], found["coverage"])
    assert metrics.precision_recall(real, fake, k) == (found["precision"], found["recall"])
