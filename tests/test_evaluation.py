"""What the runner measures, on models whose score is known."""

import numpy as np
import pytest

import zoo
from zoo.data import synthetic

pytestmark = pytest.mark.once


class Sampler:
    """Samples a part of the modes of a mixture, perfectly."""

    def __init__(self, name, modes):
        self.mixture = synthetic.named(name)
        self.mixture.means = self.mixture.means[:modes]

    def sample(self, n, seed):
        return self.mixture.sample(n, seed + 10)


@pytest.mark.parametrize(("name", "modes"), [("ring8", 8), ("ring8", 3), ("grid25", 25)])
def test_mixture(name, modes):
    train, test = zoo.data.read_splits(name)
    metrics = {m.name: m for m in zoo.evaluation.mixture(Sampler(name, modes), train, test)}
    assert sorted(metrics) == [
        "high_quality",
        "high_quality_of_real",
        "modes_covered",
        "modes_covered_of_real",
    ]
    covered, quality = metrics["modes_covered"], metrics["high_quality"]
    assert (covered.value, covered.spread) == (modes, 0)
    assert quality.value == pytest.approx(1 - np.exp(-4.5), abs=0.002)
    assert 0 < quality.spread < 0.005
    for metric in (covered, quality):
        assert (metric.n_fake, metric.n_real, metric.seeds) == (10_000, None, [0, 1, 2])
    assert metrics["modes_covered_of_real"].value == len(synthetic.named(name).means)
    real = metrics["high_quality_of_real"]
    assert real.value == pytest.approx(1 - np.exp(-4.5), abs=0.004)
    assert (real.n_real, real.n_fake) == (10_000, None)


def test_other_distributions_have_no_modes():
    train, test = zoo.data.read_splits("spiral")
    with pytest.raises(ValueError, match="test must be of a mixture of Gaussians. Received: 'spi"):
        zoo.evaluation.mixture(None, train, test)
