"""What exact batch normalization costs: steps of DCGAN 28x28 with the kernel of the zoo, with the
operation of the backend alone, and with Keras's operations, on TensorFlow and PyTorch.

Run it with nothing else on the machine: python benchmarks/normalization.py (in an environment with
both backends). It starts itself once for each backend. The variants take turns, and a ratio is the
median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

import numpy as np

BACKENDS = ("tensorflow", "torch")
STEPS = 2  # of each variant in a round


def alone_tensorflow(x, gamma, beta, epsilon):
    import tensorflow as tf

    images = x if x.ndim == 4 else x[:, None, None, :]
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images, scale=gamma, offset=beta, mean=[], variance=[], epsilon=epsilon
    )
    return y if x.ndim == 4 else y[:, 0, 0, :], mean, variance


def alone_torch(x, gamma, beta, epsilon):
    import torch

    images = x.permute(0, 3, 1, 2) if x.ndim == 4 else x
    y, mean, inverse = torch.native_batch_norm(images, gamma, beta, None, None, True, 0.0, epsilon)
    y = y.permute(0, 2, 3, 1) if x.ndim == 4 else y
    return y, mean.detach(), inverse.detach() ** -2 - epsilon


def keras_operations(x, gamma, beta, epsilon):
    from keras import ops

    axes = list(range(x.ndim - 1))
    mean, variance = ops.moments(x, axes, synchronized=False)
    y = ops.batch_normalization(x, mean, variance, -1, beta, gamma, epsilon)
    return y, ops.stop_gradient(mean), ops.stop_gradient(variance)


def measure(seconds: float) -> None:
    import keras

    import zoo
    from zoo.engine import kernels

    backend = keras.backend.backend()
    variants = {
        "the zoo's": kernels.batch_norm,
        "the operation alone": {"tensorflow": alone_tensorflow, "torch": alone_torch}[backend],
        "Keras's operations": keras_operations,
    }
    x = np.random.default_rng(0).uniform(-1, 1, (128, 28, 28, 1)).astype("float32")
    models = {}
    for name, kernel in variants.items():
        kernels.batch_norm = kernel
        models[name] = zoo.create("dcgan", image_shape=(28, 28, 1))
        models[name].compile()
        for _ in range(2):  # traced, and warm
            models[name].train_on_batch(x)
    rounds, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        times = {}
        for name, kernel in variants.items():
            kernels.batch_norm = kernel
            start = time.process_time()
            for _ in range(STEPS):
                models[name].train_on_batch(x)
            times[name] = time.process_time() - start
        rounds.append(times)
    for name in ("the operation alone", "Keras's operations"):
        ratios = [times["the zoo's"] / times[name] for times in rounds]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(
            f"{backend}: a step with the zoo's kernel takes {middle:.2f} ({low:.2f} to {high:.2f}) "
            f"of the processor time of one with {name}, {len(rounds)} rounds"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=BACKENDS, help="measure this one, in this process")
    parser.add_argument("--seconds", type=float, default=60.0, help="for the rounds of a backend")
    options = parser.parse_args()
    if options.backend:
        measure(options.seconds)
        return
    for backend in BACKENDS:
        subprocess.run(
            [sys.executable, __file__, "--backend", backend, "--seconds", str(options.seconds)],
            env={**os.environ, "KERAS_BACKEND": backend},
            check=True,
        )


if __name__ == "__main__":
    main()
