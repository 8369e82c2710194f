"""Measure likelihoods of binary MNIST beside samples, and draw the pictures of docs/likelihood.md.

python scripts/likelihood.py [--data mnist] [--only PART ...] [--presets NAME ...] [--n 5000]

`families` prints the log-likelihood of each preset for one set of binary test images. `memory`
stores the training images, each pixel of which is flipped with a small probability, in place of a
model, and prints the log-likelihood of the test images and what the samples are like. `pictures`
draws the filters of a Boltzmann machine. The data set must be prepared (`zoo data prepare mnist`).
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

import zoo
from zoo.base.binarization import binarized

ROOT = Path(__file__).resolve().parent.parent
JUDGE = "classifier_mnist"
SAMPLED = {"pixels": "sampled"}  # drawn once for each image
FAMILIES = {
    "vae_mnist": zoo.evaluation.IWAE(k=500, **SAMPLED),
    "iwae_mnist": zoo.evaluation.IWAE(k=500, **SAMPLED),
    "vae_mnist_vamp": zoo.evaluation.IWAE(k=500, **SAMPLED),
    "rbm_tiny_mnist": zoo.evaluation.LogLikelihood(**SAMPLED),
    "rbm_mnist": zoo.evaluation.AIS(**SAMPLED),
}
FLIPS = (0.001, 0.01, 0.02, 0.05, 0.1)  # the shares of pixels that a stored image changes
PIXELS = 28 * 28


def table(columns: list[str], rows: list[list]) -> None:
    """Print a table in Markdown."""
    print(f"\n| {' | '.join(columns)} |")
    print(f"|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def families(names: list[str], data: str) -> None:
    """Print the log-likelihood of each preset."""
    rows = []
    for name in names:
        report = zoo.evaluate(name, data, [FAMILIES[name]], seeds=1, progress=False)
        found = report.measurements[0]
        kind = dict(found.protocol.settings).get("likelihood", "bound")
        rows.append([f"`{name}`", kind, f"{found.value:.2f} ± {found.standard_error:.2f}"])
    table(["preset", "is", "nats"], rows)


class Samples:
    """How near samples are to binary test images, by the features of a classifier.

    Args:
        test: binary images.
    """

    def __init__(self, test: np.ndarray):
        self.extractor = zoo.evaluation.extractor(JUDGE)
        # In random order: the first half of MNIST's test images is the easier one.
        self.real = self._features(np.random.default_rng(1).permutation(test))

    def _features(self, images: np.ndarray) -> np.ndarray:
        return self.extractor((255 * images).astype("uint8")).features

    def of(self, images: np.ndarray) -> list[str]:
        """Return the Fréchet distance, the precision and the recall of samples, as text."""
        features = self._features(images)
        real = self.real[: len(features)]
        distance = zoo.metrics.frechet_distance(real, features)
        precision, recall = zoo.metrics.precision_recall(real, features)[:2]
        return [f"{distance:.1f}", f"{precision:.3f}", f"{recall:.3f}"]


def memory(samples: Samples, test: np.ndarray, train: np.ndarray, n: int) -> None:
    """Print the likelihood of stored training images, each pixel of which may be flipped."""
    stored = train.reshape(len(train), -1)
    least = np.empty((len(test), len(FLIPS)))
    ones = stored.sum(axis=1)
    for start in range(0, len(test), 500):
        rows = test[start : start + 500].reshape(-1, PIXELS)
        distances = rows.sum(axis=1)[:, None] + ones - 2.0 * rows @ stored.T
        for column, flip in enumerate(FLIPS):
            odds = math.log(flip) - math.log1p(-flip)
            logs = PIXELS * math.log1p(-flip) + odds * distances.astype("float64")
            least[start : start + 500, column] = np.logaddexp.reduce(logs, axis=1)
    likelihoods = least.mean(axis=0) - math.log(len(train))
    rng = np.random.default_rng(0)
    rows = []
    for flip, nats in zip(FLIPS, likelihoods, strict=True):
        chosen = train[rng.choice(len(train), n, replace=False)]
        flipped = rng.random(chosen.shape) < flip
        drawn = np.where(flipped, 1.0 - chosen, chosen)
        rows.append([f"{flip:.1%}", f"{nats:.1f}", *samples.of(drawn)])
    table(["flipped", "nats", "FID", "precision", "recall"], rows)


def pictures(out: Path) -> None:
    """Draw the filters of an RBM."""
    out.mkdir(parents=True, exist_ok=True)
    machine = zoo.load("rbm_mnist")
    zoo.pictures.filters(machine.machine.kernel, machine.image_shape).save(out / "filters.png")


def main() -> None:
    """Measure and draw what the arguments name."""
    parts = ("families", "memory", "pictures")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "likelihood")
    parser.add_argument("--n", type=int, default=5000, help="the number of samples")
    parser.add_argument("--presets", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    options = parser.parse_args()
    if "families" in options.only:
        families(options.presets, options.data)
    if "memory" in options.only:
        test, train = (
            binarized(np.asarray(zoo.data.read(options.data, split=split).images[:]), "sampled")
            for split in ("test", "train")
        )
        test, train = test.astype("float32"), train.astype("float32")
        memory(Samples(test), test, train, options.n)
    if "pictures" in options.only:
        pictures(options.out)


if __name__ == "__main__":
    main()
