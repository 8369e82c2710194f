"""Runs a recipe: build, train, evaluate, write card and weights."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import inspect
import os
import platform
import shutil
import time
from pathlib import Path

import keras
import numpy as np

from zoo import agreement, data, registry, storage
from zoo.callbacks import Checkpoints, SampleGrids
from zoo.card import Card, Contract, File, Identity, Rights, Training, Weights
from zoo.engine import feed
from zoo.errors import RecipeError
from zoo.fetch import sha256
from zoo.model_card import model_card
from zoo.recipe import Config, Recipe

SMOKE_IMAGES = 1024
GOLDEN_IMAGES = 4
GRID_IMAGES = 100


class Seconds(keras.callbacks.Callback):
    """Adds the seconds of each epoch to its logs."""

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = time.perf_counter() - self.start


def load_recipe(path: Path) -> Recipe:
    """The `RECIPE` of the file `path`.

    Raises:
        RecipeError: if there is no such file, or no recipe in it.
    """
    if not path.is_file():
        raise RecipeError(f"There is no recipe {str(path)!r}.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None:
        raise RecipeError(f"A recipe is a Python file. Received: {str(path)!r}.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"{path} defines no RECIPE = zoo.Recipe(...).")
    return recipe


def run(
    recipe: Recipe, config: Config, out: Path, resume: bool = False, smoke: bool = False, echo=print
) -> Path:
    """Trains and evaluates `recipe`, and writes the preset; returns its folder, `out/preset`.

    Args:
        recipe: the recipe.
        config: its settings.
        out: the folder for `checkpoints/`, `samples/` and `preset/`; made if it is missing.
        resume: continues from the newest checkpoint in `out`, or starts if there is none.
        smoke: uses a few images only.
        echo: is given one line at each stage.

    Raises:
        RecipeError: if `out` holds a training and `resume` is not set.
        DataError: if the data cannot be read.
    """
    checkpoints = out / "checkpoints"
    if not resume and checkpoints.exists() and any(checkpoints.iterdir()):
        raise RecipeError(
            f"{out} holds a training already: continue it with --resume, or choose another --out."
        )
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(config.seed)
    train, test = (data.read(config.data, split) for split in ("train", "test"))
    if smoke:
        train = train._replace(images=train.images[:SMOKE_IMAGES])
    echo(
        f"{recipe.preset}: {len(train.images)} images of {train.name}, {config.epochs} epochs, "
        f"on {_device()}"
    )
    model, training = _train(recipe, config, train, out, resume)
    echo("evaluating")
    n = min(SMOKE_IMAGES if smoke else 10_000, len(test.images))
    metrics = recipe.evaluate(model, train, test, n)
    for metric in metrics:
        spread = "" if metric.spread is None else f" ± {metric.spread:.4g}"
        echo(f"  {metric.name} {metric.value:.4g}{spread}")
    return write_preset(recipe, model, training, metrics, out / "preset")


def _train(recipe: Recipe, config: Config, source: data.Source, out: Path, resume: bool) -> tuple:
    batches = data.Batches(source.images, None, config.batch_size, config.seed)
    steps = batches.full_batches
    model = recipe.build(config)
    recipe.compile(model, config, steps * config.epochs)
    settings = dataclasses.asdict(config)
    # Where the data lie is no part of what a training is; what they hold is.
    about = {**settings, "data": source.name, "data_sha256": source.sha256}
    checkpoints = Checkpoints(out / "checkpoints", about)
    start = checkpoints.restore(model) if resume else 0
    if start < config.epochs:
        model.fit(
            feed(batches.stream(start * steps)),
            steps_per_epoch=steps,
            epochs=config.epochs,
            initial_epoch=start,
            shuffle=False,
            callbacks=[Seconds(), checkpoints, SampleGrids(out / "samples")],
        )
    training = Training(
        recipe=f"recipes/{recipe.preset}.py",
        recipe_sha256=sha256(Path(inspect.getfile(recipe.build))),
        settings={**settings, "data": source.name},
        seed=config.seed,
        steps=steps * config.epochs,
        images_seen=steps * config.epochs * config.batch_size,
        seconds=round(sum(logs["seconds"] for logs in checkpoints.history), 1),
        device=_device(),
        versions=_versions(),
        data=source.name,
        data_sha256=source.sha256,
        data_images=len(source.images),
    )
    return model, training


def write_preset(recipe: Recipe, model, training: Training, metrics: list, folder: Path) -> Path:
    """Writes weights, golden samples, picture, card and model card to `folder`; returns it.

    What is written is read back on every installed backend, and the largest difference to the
    golden samples stands in the card.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    storage.write_model(model, partial)
    stored = storage.read_model(partial)  # in half precision: what users get
    latents = stored.sample_latents(GOLDEN_IMAGES, seed=0)
    np.savez_compressed(
        partial / "golden.npz", latents=latents, images=stored.sample(latents=latents)
    )
    data.save_grid(stored.sample(GRID_IMAGES, seed=0), partial / "samples.png")
    module, cls = registry.FAMILIES[recipe.family]
    facts = recipe.facts
    card = Card(
        identity=Identity(
            preset=recipe.preset,
            family=recipe.family,
            group=module.rpartition(".")[2],
            model=f"zoo.models.{cls}",
            title=facts.title,
            paper=model.paper,
            paper_url=model.paper_url,
            differs=facts.differs,
        ),
        weights=Weights(
            files={
                path.name: File(sha256=sha256(path), bytes=path.stat().st_size)
                for path in sorted(partial.iterdir())
            },
            parameters=model.count_params(),
            dtype="float16",
        ),
        contract=Contract(
            latent_law=model.latent_law,
            latent_shape=[model.latent_dim],
            output_shape=list(model.image_shape),
            output_range=model.value_range,
            labels=None,
            backends=agreement.differences(partial),
        ),
        training=training,
        metrics=metrics,
        rights=Rights(code="Apache-2.0", weights="Apache-2.0", data=facts.data_rights),
        limits=facts.limits,
    )
    card.write(partial / "card.json")
    (partial / "README.md").write_text(model_card(card), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
    return folder


def publish(folder: Path) -> None:
    """Puts the preset in `folder` into the package: its card into `zoo/cards`, the rest into
    `zoo/weights`."""
    card = Card.read(folder / "card.json")
    place = registry.WEIGHTS / card.name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("card.json"))
    shutil.copy(folder / "card.json", registry.CARDS / f"{card.name}.json")


def _versions() -> dict[str, str]:
    backend = {"tensorflow": ("tensorflow", "tensorflow-cpu")}.get(
        keras.backend.backend(), (keras.backend.backend(),)
    )
    found = {"python": platform.python_version()}
    for package in ("keras", "numpy", *backend):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue  # TensorFlow goes by two names.
    return found


def _device() -> str:
    return f"{os.cpu_count()} x {platform.machine()} CPU, {keras.backend.backend()}"
