"""Short trainings, alone or as one of several devices: `python tests/distributed.py DEVICES OUT
CASES` writes, in each process, the logs, the samples, and the weights on every device.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

import zoo
from zoo import engine
from zoo.engine.spaces import BinaryImages

sys.path.append(str(Path(zoo.__file__).parent.parent / "benchmarks"))
from processes import environments

sys.path.pop()

PROGRAM = Path(__file__)
GRACE = 20  # seconds in which processes may end by themselves after one has failed


def bodies(norm=None):
    """A generator of 4 latents and a discriminator of 6x6 images."""
    norms = [] if norm is None else [norm(momentum=0.5)]
    images = [layers.Activation("tanh"), layers.Reshape((6, 6, 1))]
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(36), *norms, *images])
    hidden = [layers.Flatten(), layers.Dense(12, "tanh")]
    discriminator = keras.Sequential([keras.Input((6, 6, 1)), *hidden, layers.Dense(1)])
    return {"generator": generator, "discriminator": discriminator, "latent_dim": 4}


@keras.saving.register_keras_serializable("zoo_tests")
class Overflowing(zoo.models.GAN):
    """One whose discriminator's second step has no finite gradients on the first replica."""

    def discriminator_loss(self, *args, **kwargs):
        loss, logs = super().discriminator_loss(*args, **kwargs)
        second = ops.equal(self.optimizer.iterations, 1)
        here = ops.logical_and(second, ops.equal(engine.replica(), 0))
        return loss * ops.where(here, float("inf"), 1.0), logs


SHAPE = (6, 6, 1)
CASES = {
    "gan": lambda: zoo.models.GAN(**bodies()),
    "wgan_gp": lambda: zoo.models.WGANGP(**bodies()),
    "vae": lambda: zoo.create("vae", image_shape=SHAPE, latent_dim=2, hidden_units=(8,)),
    "synchronized": lambda: zoo.models.GAN(**bodies(zoo.layers.BatchNormalization)),
    "batch_norm": lambda: zoo.models.GAN(**bodies(layers.BatchNormalization)),
    "overflowing": lambda: Overflowing(**bodies()),
    "iwae": lambda: zoo.create("iwae", image_shape=SHAPE, latent_dim=2, hidden_units=(8,)),
    "conditional_gan": lambda: zoo.create(
        "conditional_gan", image_shape=SHAPE, num_classes=3, latent_dim=4
    ),
    "sparse_autoencoder": lambda: zoo.create("sparse_autoencoder", image_shape=SHAPE, latent_dim=8),
    "rbm": lambda: zoo.create("rbm", image_shape=SHAPE, hidden_units=5, chains=4, sampling_steps=2),
    "real_nvp": lambda: zoo.create("real_nvp", image_shape=SHAPE, couplings=1, width=4, blocks=1),
    "glow": lambda: zoo.create("glow", image_shape=SHAPE, levels=1, steps=1, width=4),
    "made": lambda: zoo.create(
        "made", image_shape=SHAPE, hidden_units=(8,), masks=2, order="random"
    ),
    "dbn": lambda: zoo.create(
        "dbn", image_shape=SHAPE, hidden_units=(8, 5), chains=4, sampling_steps=2
    ),
}
OPTIONS = {
    "gan": {"penalty": "dragan", "augmentation": "diffaugment"},
    "wgan_gp": {"critic_steps": 5},
    "synchronized": {"penalty": "r1"},
    "iwae": {"k": 3},
    "sparse_autoencoder": {"sparsity": "kl"},
    "dbn": {"layer_steps": 2},
}


def results(devices, names) -> dict[str, np.ndarray]:
    """What comes out of training the cases `names` on `devices`, by case and name."""
    found, models = {}, {}
    with zoo.distribute(devices) as first:
        for name in names:
            models[name], results = trained(name)
            found |= {f"{name}/{key}": value for key, value in results.items()}
        found["process"] = np.array(engine.process()[0])
    if first:
        with tempfile.TemporaryDirectory() as folder:
            models["vae"].save(f"{folder}/vae.keras")
            found["saved"] = keras.saving.load_model(f"{folder}/vae.keras").sample(6, seed=0)
    return found


def trained(name: str) -> tuple[keras.Model, dict[str, np.ndarray]]:
    """Four steps on batches, for some models three on arrays, and what they then score."""
    keras.utils.set_random_seed(0)
    model = CASES[name]()
    pixels = np.random.default_rng(1).integers(0, 256, (44, *SHAPE), dtype=np.uint8)
    labels = () if model.num_classes is None else (np.arange(44) % model.num_classes,)
    batches = zoo.data.load(
        (pixels, *labels) if labels else pixels,
        batch_size=20,
        value_range=model.value_range,
        flip=True,
        seed=3,
        binarize="threshold" if isinstance(model.data, BinaryImages) else None,
    )
    optimizer = keras.optimizers.SGD(0.05, momentum=0.5)
    if name == "overflowing":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, **OPTIONS.get(name, {}))
    logs = {"fit": model.fit(batches, epochs=2, verbose=0).history}
    if name in ("vae", "conditional_gan"):
        images = zoo.data.to_range(pixels, model.value_range)
        options = {"batch_size": 20, "verbose": 0}
        logs["arrays"] = model.fit(images, *labels, shuffle=False, **options).history
        logs["evaluate"] = model.evaluate(batches, verbose=0, return_dict=True)
    found = {f"{k}/{name}": np.array(v) for k, values in logs.items() for name, v in values.items()}
    found |= {f"weights/{v.name}/{i}": on_devices(v) for i, v in enumerate(model.variables)}
    state = enumerate(model.optimizer.variables)
    found |= {f"weights/optimizer/{v.name.rpartition('_')[2]}/{i}": on_devices(v) for i, v in state}
    if hasattr(model, "sample"):
        found["samples"] = model.sample(6, seed=0)
    return model, found


def on_devices(variable) -> np.ndarray:
    """What each device of this process holds, one after the other."""
    value = variable.value
    if hasattr(value, "addressable_shards"):
        return np.stack([np.asarray(shard.data) for shard in value.addressable_shards])
    if isinstance(getattr(value, "values", None), tuple | list):
        return np.stack([x.numpy() for x in value.values])
    return ops.convert_to_numpy(value)[None]


def together(
    commands: list[tuple[list, dict]], seconds: float = 240, **more
) -> list[tuple[int, str]]:
    """Runs Python with each list of arguments and environment at once, and the environment `more`;
    the exit code and the output of each. All are killed soon after one fails, or time is over."""
    end = time.monotonic() + seconds
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in commands]
        started = [
            subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                env={**os.environ, **{k: str(v) for k, v in (environment | more).items()}},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            for (arguments, environment), file in zip(commands, files, strict=True)
        ]
        try:
            while any(process.poll() is None for process in started) and time.monotonic() < end:
                if any(process.returncode for process in started):
                    end = min(end, time.monotonic() + GRACE)
                time.sleep(0.1)
        finally:
            for process in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for file in files:
            file.seek(0)
        return [(p.returncode, file.read()) for p, file in zip(started, files, strict=True)]


def torchrun(arguments, restarts=0):
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2]
    return [([*launcher, "--max-restarts", restarts, *arguments], {})]


def processes(arguments, restarts=0):
    return [(arguments, more) for more in environments(keras.backend.backend(), 2)]


# What starts two processes with the same arguments of Python, for `together`; only torchrun starts
# them anew by itself.
START = torchrun if keras.backend.backend() == "torch" else processes


if __name__ == "__main__":
    devices, out, names = sys.argv[1:]
    arrays = results(None if devices == "none" else int(devices), names.split(","))
    np.savez(f"{out}-{arrays['process']}.npz", **arrays)
