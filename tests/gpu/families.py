"""Training of every family on a device that is not the CPU: PASS, or what differs.

    cd tests/gpu && PYTHONPATH=../..:../runs python families.py [-v] [--policies a,b] [family ...]

The numbers must be those of the CPU, where the same is run first. Each line says how often a step
waits for the device, and how often it sends something there; `-v` lists the lines that ask for it.
`--recipes` also runs recipes with `--smoke`, on a slice of MNIST, of which `--images` takes the
first ones; then golden outputs are computed in this process. `--faults` also checks that faults are
found, and what is made of losses that are read late.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import functools
import re
import sys
import tempfile
import time
import warnings
from pathlib import Path
from unittest import mock

from fake_device import NAME, register, transfers  # before Keras: it chooses the backend

LIBRARIES = register()

import keras
import numpy as np
import torch
from keras import ops
from keras.src.backend.torch import core
from mutants import faults
from small import smoke_data
from torch.utils.data import DataLoader, TensorDataset

import zoo
from zoo.engine.spaces import BinaryImages, LevelImages
from zoo.models import families
from zoo.presets import golden, storage
from zoo.presets.card import Card
from zoo.runs.recipe import load_recipe
from zoo.runs.run import Run


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
# Adam magnifies the rounding of a gradient that is 0, such as that of a shift which a batch
# normalization undoes.
BASE = {"real_nvp": {"optimizer": "sgd"}}
WAIT, COPY = "to host", "to device"  # the kinds of transfers
# How often a step sends something to the device: its batch, and
COPIES = collections.defaultdict(
    lambda: 1,
    classifier=2,  # the labels
    gated_pixelcnn=2,  # the same
    made=4,  # the orders of its masks, and the degrees of two hidden layers
    acgan=4,  # the labels; a zero for each `one_hot` of Keras, two of them
    conditional_vae=4,  # the same
    conditional_gan=7,  # the labels; a zero for each `one_hot` of Keras, five of them
    wgan=7,  # numbers of Keras's RMSprop
    real_nvp=3,  # numbers of Keras's SGD
    rbm=4,  # the same, and those of the first batch
    deep_belief_net=7,  # the same, of two machines
)
# Keras's SGD reads the rate on the host, once for each of its machines.
WAITS = collections.defaultdict(int, rbm=1, deep_belief_net=2, real_nvp=1)
SLICE = Path(__file__).parent.parent / "assets" / "mnist_slice.npz"
# Loaders, saving and resuming are the same code for all families: one of each kind.
KEPT = ("classifier", "conditional_gan", "dcgan", "vae")
POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def data_for(model, n: int = 8):
    """Images in the model's range, and labels where it needs them."""
    low, high = model.value_range
    images = np.random.default_rng(0).random((n, *model.image_shape), dtype="float32")
    images = low + (high - low) * images
    images = np.round(images) if isinstance(model.data, BinaryImages) else images
    images = (
        np.rint(255 * images) / np.float32(255) if isinstance(model.data, LevelImages) else images
    )
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
            way = "threshold" if isinstance(model.data, BinaryImages) else None
            options = {"value_range": model.value_range, "binarize": way}
            batches = zoo.data.Batches(pixels, labels, 4, **options)
            ways = [("arrays", (*data,)), ("stream", (batches,))]
            if family in KEPT:
                loader = DataLoader(TensorDataset(*map(torch.from_numpy, data)), batch_size=4)
                ways.append(("loader", (loader,)))
            for how, given in ways:
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
        if use and family in KEPT:
            found |= resumed(model, arguments, data)
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
        if model.has_latents:
            latents = np.ones((2, model.latent_dim), "float32")
            of = {} if labels is None else {"labels": 1}
            found["from latents"] = model.sample(latents=latents, **of)
    for name in ("encode", "reconstruct", "elbo", "log_prob", "denoise", "discriminate",
                 "classify", "predict_classes", "features"):  # fmt: skip
        if not hasattr(model, name):
            continue
        estimated = name == "elbo" or (name == "log_prob" and model.estimators)
        given = {"k": 3} if estimated else {}
        takes = labels is not None and name not in ("classify", "predict_classes", "features")
        takes = takes and (name != "discriminate" or model.discriminator_sees_labels)
        result = getattr(model, name)(data[0], **(with_labels if takes else {}), **given)
        for i, part in enumerate(keras.tree.flatten(result)):
            found[f"{name}_{i}"] = part
    return found


def resumed(model, arguments: dict, data) -> dict:
    """How far a saved model and a checkpoint are from the model, after one more step of each."""
    with tempfile.TemporaryDirectory() as folder:
        file, checkpoints = Path(folder) / "model.keras", Path(folder) / "checkpoints"
        model.save(file)
        ones = {"batch_size": len(data[0]), "shuffle": False, "verbose": 0}
        model.fit(*data, **ones, callbacks=[zoo.callbacks.Checkpoints(checkpoints, 1, {})])
        loaded = keras.saving.load_model(file)
        loaded.fit(*data, **ones)
        other = type(model)(**type(model).test_config())
        other.compile(**arguments)
        zoo.callbacks.Checkpoints(checkpoints, 1, {}).restore(other)
    return {
        f"{how}_{i}": np.abs(weight - again).max()
        for how, each in (("saved", loaded), ("restored", other))
        for i, (weight, again) in enumerate(
            zip(model.get_weights(), each.get_weights(), strict=True)
        )
    }


def differences(found: dict, wanted: dict) -> list[str]:
    """Of the device's results from the CPU's."""
    bad = [] if list(found) == list(wanted) else [f"other results: {set(found) ^ set(wanted)}"]
    for key in found.keys() & wanted.keys():
        a, b = (np.asarray(x[key], "float32") for x in (found, wanted))
        if a.shape != b.shape or not np.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True):
            bad.append(f"{key} differs by {np.abs(a - b).max() if a.shape == b.shape else a.shape}")
    return bad


@functools.cache
def on_cpu(family: str, policy: str, arguments: tuple, use: bool):
    return run(family, policy, dict(arguments), use)[0]


def problems_of(family: str, policy: str = "float32", arguments=None, use: bool = False):
    """What is wrong with a family on the device, and what crossed in a step."""
    arguments = {**BASE.get(family, {}), **(arguments or {})}
    wanted = on_cpu(family, policy, tuple(arguments.items()), use)
    try:
        with default_device(NAME):
            found, counts = run(family, policy, arguments, use)
    except Exception as error:
        return [f"{type(error).__name__}: {str(error)[:300]}"], {}
    problems = differences(found, wanted)
    if crossed(counts, WAIT) > WAITS[family]:
        problems += [f"waits for the device: {place}" for kind, _, place in counts if kind == WAIT]
    copies = crossed(counts, COPY)
    if copies > COPIES[family]:
        problems.append(f"{copies} copies to the device; {COPIES[family]} at most")
    return problems, counts


def crossed(counts, kind: str) -> int:
    return sum(n for (each, _, _), n in counts.items() if each == kind)


def late_losses() -> list[str]:
    """What is wrong with the word on losses that are not finite, which are read late."""
    problems = []
    # The losses are read at the step 11, and at the end of the epoch.
    for steps, broken in ((16, 4), (8, 7)):
        with default_device(NAME), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cls = families.family("vae").cls
            model = cls(**cls.test_config())
            model.compile()

            def spoil(batch, logs=None, model=model, broken=broken):
                if batch + 1 == broken - 1:
                    weight = model.trainable_variables[0]
                    weight.assign(ops.full_like(weight, float("nan")))

            callbacks = [
                keras.callbacks.LambdaCallback(on_train_batch_end=spoil),
                keras.callbacks.TerminateOnNaN(),
            ]
            (images,) = data_for(model, steps)
            history = model.fit(images, batch_size=1, epochs=2, verbose=0, callbacks=callbacks)
        said = [str(w.message) for w in caught if "not finite" in str(w.message)]
        if [re.findall(r"Step (\d+) of epoch 1", each) for each in said] != [[str(broken)]]:
            problems.append(f"{steps} steps, of which {broken} was broken: {said}")
        if len(history.epoch) > 1:
            problems.append("TerminateOnNaN did not end the training")
    return problems


def waits_of_fit() -> list[str]:
    """How often a step of `fit` waits for the device, or sends something there, if too often."""
    problems = []
    for family in ("dcgan", "vae"):
        with default_device(NAME):
            cls = families.family(family).cls
            model = cls(**cls.test_config())
            model.compile()
            counted = []
            for steps in (10, 30):
                with transfers.counted() as counts:
                    model.fit(*data_for(model, steps), batch_size=1, verbose=0)
                counted.append(counts)
        for kind, most in ((WAIT, 0.1), (COPY, COPIES[family])):
            few, many = (crossed(counts, kind) for counts in counted)
            if (many - few) / 20 > most:
                problems.append(f"{(many - few) / 20} {kind} in each step of fit of {family}")
    return problems


def golden_here(program: str, folder: Path, backend: str) -> str:
    """As `golden._on_cpu`, in this process and on this backend."""
    with default_device("cpu"):
        model = storage.read_model(folder)
        exec(program, {"golden": golden, "model": model, "folder": folder})
    return "0"


def run_recipe(path: Path, images: int | None = None) -> list[str]:
    """What is wrong with a run of a recipe on the device, and with the preset that it writes."""
    fewer = {} if images is None else {"batch_size": images // 4}
    with tempfile.TemporaryDirectory() as folder, default_device(NAME):
        recipe = load_recipe(path)
        try:
            data = smoke_data(recipe, SLICE, Path(folder))
            config = recipe.config.replace(**{**recipe.smoke, **fewer, "data": data})
            with mock.patch.object(golden, "_on_cpu", wraps=golden._on_cpu) as on_cpu:
                preset = Run(recipe, config, Path(folder) / "out", smoke=True, echo=str).run()
            card = Card.read(preset / "card.json")
        except Exception as error:
            return [f"{type(error).__name__}: {str(error)[:300]}"]
        finally:
            keras.config.set_dtype_policy("float32")
    problems = [] if card.training.device.startswith("FAKEGPU") else [card.training.device]
    written = [program for program, *_ in (call.args for call in on_cpu.call_args_list)]
    if not any("write_here" in program for program in written):
        problems.append("the golden outputs are not those of a process on the CPU")
    largest = max(card.signature.backends.values())
    return problems + ([] if largest < 1e-5 else [f"golden outputs differ by {largest}"])


def run_recipes(paths: list[Path], images: int | None) -> int:
    """Prints a line for each recipe; returns how many failed."""
    failed = 0
    for path in paths:
        with contextlib.ExitStack() as stack:
            if images is not None:
                stack.enter_context(mock.patch.object(zoo.runs.run, "SMOKE_IMAGES", images))
                stack.enter_context(mock.patch.object(golden, "_on_cpu", golden_here))
            problems = run_recipe(path, images)
        failed += bool(problems)
        print(f"\n{'FAIL' if problems else 'PASS'} '{path.stem}' {'; '.join(problems)}", flush=True)
    return failed


def main(names: list[str], policies: list[str], verbose: bool, with_faults: bool) -> int:
    """Prints a line for each case; returns how many failed."""
    failed = 0
    for family in names:
        cases = [(policy, {}) for policy in policies]
        if "float32" in policies:
            cases += [("float32", arguments) for arguments in COMPILE.get(family, [])]
        for policy, arguments in cases:
            start, use = time.perf_counter(), policy == "float32" and not arguments
            problems, counts = problems_of(family, policy, arguments, use)
            failed += bool(problems)
            print(
                f"{'FAIL' if problems else 'PASS'} {family} {policy} {arguments or ''} "
                f"{crossed(counts, WAIT)} waits, {crossed(counts, COPY)} copies a step, "
                f"{time.perf_counter() - start:.1f} s {'; '.join(problems)[:400]}",
                flush=True,
            )
            if verbose:
                for (kind, name, place), count in sorted(counts.items(), key=lambda x: -x[1]):
                    print(f"      {count:4} {kind:9} {name:20} {place}")
    if not with_faults:
        return failed
    for what, wrong in (("late losses", late_losses()), ("fit", waits_of_fit())):
        failed += bool(wrong)
        print(f"{'FAIL' if wrong else 'PASS'} {what!r} {'; '.join(wrong)}")
    for family in ("dcgan", "autoencoder"):  # the numbers without a fault
        on_cpu(family, "float32", (), False)
    for name, fault in faults().items():
        with fault:
            problems = problems_of("dcgan")[0] or problems_of("autoencoder")[0]
        failed += not problems
        print(f"{'PASS' if problems else 'FAIL'} {name!r} {'; '.join(problems)[:200]}")
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", default=zoo.families())
    parser.add_argument("--policies", default=",".join(POLICIES))
    parser.add_argument("--recipes", nargs="+", type=Path, default=[])
    parser.add_argument("--images", type=int)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    policies = [policy for policy in given.policies.split(",") if policy]
    failures = run_recipes(given.recipes, given.images)
    failures += main(given.families, policies, given.verbose, given.faults)
    sys.exit(bool(failures))
