"""Measure likelihoods of binary MNIST beside samples, and draw the pictures of docs/likelihood.md.

python scripts/likelihood.py [--data mnist] [--only PART ...] [--presets NAME ...] [--n 5000]

`families` prints the log-likelihood of each preset for one set of binary test images. `noise` mixes
the model of a preset with noise, and `memory` stores the training images with flipped pixels in
place of a model: for both it prints the log-likelihood of the test images and what the samples are
like. `pictures` draws the filters of a Boltzmann machine and completed images. The data set must be
prepared (`zoo data prepare mnist`).
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

import zoo
from zoo.base.binarization import binarized
from zoo.pictures.sheets import in_rows

ROOT = Path(__file__).resolve().parent.parent
JUDGE = "classifier_mnist"
SAMPLED = {"pixels": "sampled"}  # drawn once for each image
FAMILIES = {
    "vae_mnist": zoo.evaluation.IWAE(k=200, **SAMPLED),
    "iwae_mnist": zoo.evaluation.IWAE(k=200, **SAMPLED),
    "vae_mnist_vamp": zoo.evaluation.IWAE(k=200, **SAMPLED),
    "rbm_tiny_mnist": zoo.evaluation.LogLikelihood(**SAMPLED),
    "rbm_mnist": zoo.evaluation.AIS(**SAMPLED),
    "dbn_mnist": zoo.evaluation.AIS(**SAMPLED),
    "made_mnist": zoo.evaluation.LogLikelihood(**SAMPLED),
    "pixelcnn_mnist": zoo.evaluation.LogLikelihood(**SAMPLED),
    "gated_pixelcnn_mnist": zoo.evaluation.MarginalLogLikelihood(**SAMPLED),
}
MODEL = "pixelcnn_mnist"  # whose mixture with noise is measured
NOISE = (0.0, 0.5, 0.9, 0.99, 0.999)  # the shares of noise
FLIPS = (0.001, 0.01, 0.02, 0.05, 0.1)  # the shares of pixels that a stored image changes
COMPLETED = ("made_mnist", "pixelcnn_mnist", "gated_pixelcnn_mnist")
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


def noise(samples: Samples, test: np.ndarray, n: int) -> None:
    """Print what a mixture of a model and noise loses."""
    model = zoo.load(MODEL)
    own = model.log_prob(test).astype("float64")
    made = model.sample(n, seed=0)
    rng = np.random.default_rng(0)
    rows = []
    for share in NOISE:
        mixed = own
        if share:
            uniform = math.log(share) - PIXELS * math.log(2.0)
            mixed = np.logaddexp(math.log1p(-share) + own, uniform)
        noisy = rng.integers(2, size=made.shape).astype("float32")
        is_noise = rng.random(n) < share
        drawn = np.where(is_noise[:, None, None, None], noisy, made)
        bound = -math.log1p(-share)
        rows.append([f"{share:.1%}", f"{mixed.mean():.2f}", f"{bound:.2f}", *samples.of(drawn)])
    table(["noise", "nats", "loses at most", "FID", "precision", "recall"], rows)


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


def pictures(out: Path, test: np.ndarray, labels: np.ndarray) -> None:
    """Draw the filters of an RBM, and the lower halves that models add to upper ones."""
    out.mkdir(parents=True, exist_ok=True)
    machine = zoo.load("rbm_mnist")
    zoo.pictures.filters(machine.machine.kernel, machine.image_shape).save(out / "filters.png")
    known = np.zeros((28, 28))
    known[:14] = 1
    shown = test[:10]
    rows = {"image": shown, "known": np.where(known[..., None] == 1, shown, 0.5)}
    for name in COMPLETED:
        model = zoo.load(name)
        classes = labels[:10] if model.condition else None
        rows[name.removesuffix("_mnist")] = model.complete(shown, known, classes)
    in_rows(rows, 10, (0.0, 1.0), None).save(out / "completed.png")


def main() -> None:
    """Measure and draw what the arguments name."""
    parts = ("families", "noise", "memory", "pictures")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "likelihood")
    parser.add_argument("--n", type=int, default=5000, help="the number of samples")
    parser.add_argument("--presets", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    options = parser.parse_args()
    only = set(options.only)
    if "families" in only:
        families(options.presets, options.data)
    if only == {"families"}:
        return
    read = [zoo.data.read(options.data, split=split) for split in ("test", "train")]
    drawn = [binarized(np.asarray(source.images[:]), "sampled") for source in read]
    test, train = (images.astype("float32") for images in drawn)
    samples = Samples(test)
    if "noise" in only:
        noise(samples, test, options.n)
    if "memory" in only:
        memory(samples, test, train, options.n)
    if "pictures" in only:
        pictures(options.out, test, np.asarray(read[0].labels[:]))


if __name__ == "__main__":
    main()
