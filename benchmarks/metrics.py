"""What measuring costs: the FID of 10,000 MNIST images against 10,000 with the shipped extractor,
features included, and the peak memory of 10,000 beside that of 40,000, on each backend.

Run it with nothing else on the machine: python benchmarks/metrics.py (in an environment with all
three backends, and MNIST prepared, see `zoo data prepare`). It starts itself once for each backend
and number of images.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import numpy as np

BACKENDS = ("tensorflow", "jax", "torch")
COUNTS = (10_000, 40_000)


class Replay:
    """A model whose samples are training images, which cost nothing to make."""

    name = "mnist"
    tasks = ("samples",)
    condition = None

    def __init__(self, images):
        from zoo.engine.spaces import Images

        self.images = images
        self.data = Images(28, 28, 1, (-1.0, 1.0))

    def sample(self, n, seed):
        """Tells `zoo.evaluate` that there are samples, which it takes from `sample_batches`."""
        raise NotImplementedError

    def sample_batches(self, n, seed=None, batch_size=256):
        from zoo.data import to_range

        for start in range(0, n, batch_size):
            rows = np.arange(start, min(start + batch_size, n)) % len(self.images)
            yield to_range(self.images[rows]), None


def measure(n: int) -> dict:
    """Seconds and peak memory of one FID of `n` samples and 10,000 test images."""
    import zoo

    train, test = zoo.data.read("mnist", "train"), zoo.data.read("mnist", "test")
    model = Replay(train.images)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    report = zoo.evaluate(
        model, test, "fid", n=n, seeds=1, baseline=False, cache=False, progress=False
    )
    return {
        "seconds": time.perf_counter() - start,
        "before": before / 1024,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "fid": report["fid"].value,
    }


def main() -> None:
    """Prints a row for each backend."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one)))
        return
    print("backend     seconds  fid     MiB before  MiB peak, 10,000  MiB peak, 40,000  ratio")
    for backend in BACKENDS:
        rows = []
        for n in COUNTS:
            done = subprocess.run(
                [sys.executable, __file__, "--one", str(n)],
                env={**os.environ, "KERAS_BACKEND": backend},
                check=True,
                capture_output=True,
                text=True,
            )
            rows.append(json.loads(done.stdout.splitlines()[-1]))
        few, many = rows
        print(
            f"{backend:10}  {few['seconds']:7.1f}  {few['fid']:.4f}  {few['before']:10.0f}  "
            f"{few['peak']:16.0f}  {many['peak']:16.0f}  {many['peak'] / few['peak']:5.2f}"
        )


if __name__ == "__main__":
    main()
