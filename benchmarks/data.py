"""Images per second that reach a training step, ours beside a plain torch `DataLoader` and a plain
`tf.data` pipeline that do the same work, in the same run.

Run it with nothing else on the machine: python benchmarks/data.py (in an environment with all three
backends). It starts itself once for each backend; ratios are of medians of interleaved rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BACKENDS = ("tensorflow", "jax", "torch")
BATCH = 64
ROUNDS = 5
READY = 20  # batches, more than any of the pipelines holds
SIZE = 64


def images_in_memory() -> np.ndarray:
    """As many and as large as MNIST's."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (60_000, 28, 28, 1), dtype=np.uint8)


def write_files(folder: Path, n: int) -> None:
    """`n` JPEG files of 64 pixels of smooth noise, about as large as photographs of that size."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for i in range(n):
        small = Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))
        small.resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(
            folder / f"{i:05}.jpg", quality=90
        )


def ours(images, **options):
    """What `fit` reads: the stream in the form for this backend."""
    import zoo

    batches = zoo.data.load(images, batch_size=BATCH, labels=False, **options)
    return zoo.engine.feed(batches)


def torch_loader(images, files=None):
    """A map-style data set and a `DataLoader` with a process for each core."""
    import torch
    from PIL import Image

    class Dataset(torch.utils.data.Dataset):
        def __len__(self):
            return len(images if files is None else files)

        def __getitem__(self, i):
            if files is None:
                pixels = images[i]
            else:
                with Image.open(files[i]) as image:
                    pixels = np.asarray(image.convert("RGB"))
            return pixels.astype("float32") / 127.5 - 1

    workers = 0 if files is None else os.cpu_count()  # processes only slow down what is in memory
    return torch.utils.data.DataLoader(
        Dataset(),
        BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def tf_pipeline(images, files=None):
    """`tf.data` as its guide has it, with everything that can be parallel so."""
    import tensorflow as tf

    if files is None:
        data = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images))
    else:
        data = tf.data.Dataset.from_tensor_slices([str(f) for f in files]).shuffle(len(files))
        data = data.map(
            lambda f: tf.io.decode_jpeg(tf.io.read_file(f), channels=3), tf.data.AUTOTUNE
        )
    data = data.batch(BATCH, drop_remainder=True, num_parallel_calls=tf.data.AUTOTUNE)
    data = data.map(lambda x: tf.cast(x, tf.float32) / 127.5 - 1, tf.data.AUTOTUNE)
    return data.repeat().prefetch(tf.data.AUTOTUNE)


def endless(loader):
    """Epoch after epoch."""
    while True:
        yield from loader


def rate(iterator, steps: int) -> float:
    """Images per second of the next `steps` batches, after those that were made ready meanwhile."""
    for _ in range(READY):
        next(iterator)
    start = time.perf_counter()
    for _ in range(steps):
        next(iterator)
    return steps * BATCH / (time.perf_counter() - start)


def compare(pipelines: dict, steps: int) -> dict[str, float]:
    """The median rate of each, over rounds in which they take turns."""
    iterators = {name: iter(make()) for name, make in pipelines.items()}
    for iterator in iterators.values():
        rate(iterator, 20)  # until it runs
    rounds = [{name: rate(it, steps) for name, it in iterators.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(r[name] for r in rounds) for name in pipelines}


def fit_cost(images) -> tuple[float, float]:
    """Seconds of a step of DCGAN in `fit` on a ready array and on the pipeline, medians of epochs
    that take turns."""
    import keras

    import zoo

    model = zoo.create("dcgan", image_shape=(28, 28, 1))
    model.compile()
    images = images[: 40 * BATCH]
    ready = zoo.data.to_range(images)
    batches = zoo.data.load(images, batch_size=BATCH)

    class Clock(keras.callbacks.Callback):
        """The times between the ends of steps: without what an epoch's start and end cost."""

        def on_train_begin(self, logs=None):
            self.ends = []

        def on_train_batch_end(self, batch, logs=None):
            self.ends.append(time.perf_counter())

    clock = Clock()
    found = {"array": [], "ours": []}
    for round in range(ROUNDS + 1):
        for name, data in (("array", ready), ("ours", batches)):
            options = {"batch_size": BATCH} if name == "array" else {}
            model.fit(data, epochs=1, verbose=0, callbacks=[clock], **options)
            if round:
                found[name].append(statistics.median(np.diff(clock.ends)))
    return statistics.median(found["array"]), statistics.median(found["ours"])


def measure(folder: Path) -> None:
    """Prints the figures of the backend of this process, for `main`."""
    images = images_in_memory()
    sized, cores = {"image_size": SIZE, "channels": 3}, os.cpu_count()
    files = sorted(folder.iterdir())
    rows = {}
    rows["60,000 images of 28x28 in memory"] = compare(
        {
            "ours": lambda: ours(images),
            "torch": lambda: endless(torch_loader(images)),
            "tf.data": lambda: tf_pipeline(images),
        },
        200,
    )
    rows[f"{len(files):,} JPEG files, decoded each time"] = compare(
        {
            "ours": lambda: ours(folder, **sized, memory_limit=0, decoding_processes=cores),
            "torch": lambda: endless(torch_loader(None, files)),
            "tf.data": lambda: tf_pipeline(None, files),
        },
        200,
    )
    start = time.perf_counter()
    held = iter(ours(folder, **sized))
    next(held)
    decoding = len(files) / (time.perf_counter() - start)
    rows[f"{len(files):,} JPEG files, held in memory"] = compare({"ours": lambda: held}, 200)
    array, stream = fit_cost(images)
    print(json.dumps([rows, decoding, array, stream]))


def main() -> None:
    """Measures each backend in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--backend", choices=BACKENDS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.backend:
        measure(options.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), options.files)
        for backend in BACKENDS:
            done = subprocess.run(
                [sys.executable, __file__, "--backend", backend, "--folder", folder],
                env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            rows, decoding, array, stream = json.loads(done.stdout.splitlines()[-1])
            for what, rates in rows.items():
                mine = rates.pop("ours")
                others = ", ".join(
                    f"{name} {r:,.0f} (ours {mine / r:.2f}x)" for name, r in rates.items()
                )
                print(f"{backend}: {what}: ours {mine:,.0f} images/s; {others}")
            print(f"{backend}: decoding into memory: {decoding:,.0f} images/s")
            print(
                f"{backend}: fit of DCGAN, 28x28: array {1e3 * array:.1f} ms, ours "
                f"{1e3 * stream:.1f} ms a step, {100 * (stream / array - 1):+.1f}%",
                flush=True,
            )


if __name__ == "__main__":
    main()
