"""Training of every family on a device that is not the CPU: PASS, or what differs.

    cd tests/gpu && PYTHONPATH=../.. python families.py [-v] [--policies a,b] [family ...]

The numbers must be those of the CPU, where the same is run first. Each line says how often a step
waits for the device, and how often it sends something there; `-v` lists the lines that ask for it.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import sys
import time
import traceback

from fake_device import NAME, register, transfers  # before Keras: it chooses the backend

LIBRARIES = register()

import keras
import numpy as np
import torch
from keras.src.backend.torch import core

import zoo
from zoo.models import families


@contextlib.contextmanager
def default_device(name: str):
    before, core.DEFAULT_DEVICE = core.DEFAULT_DEVICE, name
    try:
        yield
    finally:
        core.DEFAULT_DEVICE = before


# family: the arguments of compile that are tried beside none.
GAN = [
    {"penalty": p, "augmentation": a}
    for p, a in [
        ("gradient_penalty", None),
        ("r1", "diffaugment"),
        ("dragan", None),
        ("weight_clipping", "diffaugment"),
        ("r2", None),
    ]
]
COMPILE = {
    "dcgan": [*GAN, {"critic_steps": 2}, {"loss": "hinge"}, {"loss": "wasserstein"}],
    "vae": [{"warmup_steps": 5}],
}
SEEDS = "keras/src/backend/torch/random.py"  # where Keras reads each seed from the device
POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def data_for(model, n: int = 8):
    """Images in the model's range, and labels where it needs them."""
    low, high = model.value_range
    images = np.random.default_rng(0).random((n, *model.image_shape), dtype="float32")
    images = low + (high - low) * images
    return (images,) if model.num_classes is None else (images, np.arange(n) % model.num_classes)


def run(family: str, policy: str, arguments: dict, use: bool):
    """Two steps of a tiny model, its use, and its state, as NumPy arrays."""
    cls = families.family(family).cls
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    try:
        model = cls(**cls.test_config())
        model.compile(**arguments)
        data = data_for(model)
        # On the host, as grain and PyTorch's DataLoader give a batch.
        step = tuple(torch.as_tensor(x) for x in data)
        with torch.no_grad():
            model.train_step(step)  # the first one builds
            with transfers.counted() as counts:
                logs = model.train_step(step)
        found = {key: float(value) for key, value in logs.items()}
        with torch.no_grad():
            model.reset_metrics()
            logs = model.test_step(step)
        found |= {f"val_{key}": float(value) for key, value in logs.items()}
        if use:
            pixels = np.random.default_rng(1).integers(0, 256, (8, *model.image_shape), np.uint8)
            labels = data[1].astype("int32") if len(data) > 1 else None
            batches = zoo.data.Batches(pixels, labels, 4, value_range=model.value_range)
            for how, given in (("arrays", (*data,)), ("stream", (batches,))):
                sizes = {"batch_size": 4, "shuffle": False} if how == "arrays" else {}
                history = model.fit(*given, epochs=1, verbose=0, **sizes)
                found |= {f"fit_{how}_{k}": values[-1] for k, values in history.history.items()}
            found |= {
                f"evaluate_{i}": x for i, x in enumerate(np.ravel(model.evaluate(*data, verbose=0)))
            }
            found |= used(model, data)
        store = {}
        model.save_own_variables(store)
        found |= store
        found |= {f"weight_{i}": w for i, w in enumerate(model.get_weights())}
        found |= {
            f"optimizer_{i}": core.convert_to_numpy(v)
            for i, v in enumerate(model.optimizer.variables)
        }
        return found, dict(counts)
    finally:
        keras.config.set_dtype_policy("float32")
        keras.utils.clear_session(free_memory=False)


def used(model, data) -> dict:
    """What a user asks of a trained model."""
    found, labels = {}, data[1] if len(data) > 1 else None
    with_labels = {} if labels is None else {"labels": labels}
    if hasattr(model, "sample"):
        found["sample"] = model.sample(3, seed=0)
        if hasattr(model, "latent_dim"):
            latents = np.ones((2, model.latent_dim), "float32")
            of = {} if labels is None else {"labels": 1}
            found["from latents"] = model.sample(latents=latents, **of)
    for name in ("encode", "reconstruct", "elbo", "log_prob", "denoise", "discriminate",
                 "classify", "predict_classes", "features"):  # fmt: skip
        if not hasattr(model, name):
            continue
        given = {"k": 3} if name in ("elbo", "log_prob") else {}
        takes = labels is not None and name not in ("classify", "predict_classes", "features")
        takes = takes and (name != "discriminate" or model.discriminator_sees_labels)
        result = getattr(model, name)(data[0], **(with_labels if takes else {}), **given)
        for i, part in enumerate(keras.tree.flatten(result)):
            found[f"{name}_{i}"] = part
    return found


def differences(found: dict, wanted: dict) -> list[str]:
    """Of the device's results from the CPU's."""
    bad = [] if list(found) == list(wanted) else [f"other results: {set(found) ^ set(wanted)}"]
    for key in found.keys() & wanted.keys():
        a, b = (np.asarray(x[key], "float32") for x in (found, wanted))
        if a.shape != b.shape or not np.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True):
            bad.append(f"{key} differs by {np.abs(a - b).max() if a.shape == b.shape else a.shape}")
    return bad


def main(names: list[str], policies: list[str], verbose: bool) -> int:
    """Prints a line for each case; returns how many failed."""
    failed = 0
    for family in names:
        cases = [(policy, {}) for policy in policies]
        cases += [("float32", arguments) for arguments in COMPILE.get(family, [])]
        for policy, arguments in cases:
            start, use = time.perf_counter(), policy == "float32" and not arguments
            wanted, _ = run(family, policy, arguments, use)
            counts = {}
            try:
                with default_device(NAME):
                    found, counts = run(family, policy, arguments, use)
                problems = differences(found, wanted)
                problems += [
                    f"waits for the device: {place}"
                    for kind, _, place in counts
                    if kind == "to host" and SEEDS not in place
                ]
            except Exception as error:
                problems = [f"{type(error).__name__}: {str(error)[:300]}"]
                if verbose:
                    traceback.print_exc()
            failed += bool(problems)
            by = collections.Counter()
            for (kind, _, _), count in counts.items():
                by[kind] += count
            print(
                f"{'FAIL' if problems else 'PASS'} {family} {policy} {arguments or ''} "
                f"{by['to host']} waits, {by['to device']} copies a step, "
                f"{time.perf_counter() - start:.1f} s {'; '.join(problems)[:400]}",
                flush=True,
            )
            if verbose:
                for (kind, name, place), count in sorted(counts.items(), key=lambda x: -x[1]):
                    print(f"      {count:4} {kind:9} {name:20} {place}")
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", default=zoo.families())
    parser.add_argument("--policies", default=",".join(POLICIES))
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    sys.exit(bool(main(given.families, given.policies.split(","), given.verbose)))
