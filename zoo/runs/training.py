"""The training of a recipe: from its beginning, or its last checkpoint, to its last step."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from zoo import data
from zoo.base.stopping import Stop
from zoo.callbacks import Checkpoints, Evaluation, SampleGrids, checkpoint_folder
from zoo.callbacks.checkpoints import Monitor
from zoo.engine import device, devices, feed, process
from zoo.errors import ArgumentError, DivergedError, RecipeError, check_choice, nearest
from zoo.evaluation import Metric
from zoo.evaluation import extractor as find_extractor
from zoo.presets.card import Restored, Selected, Training
from zoo.runs.recipe import Config, Recipe, source_sha256

PARTS = 5  # between two checkpoints lies at most one of so many parts of a run
RESTORES = 3  # after so many a training that makes numbers which are not finite is given up
REPEATED = (
    "To resume is to repeat it; with --resume --on-nan restore other random numbers are drawn."
)
MONITORED = 2_000  # samples that are measured after each epoch


@dataclasses.dataclass(frozen=True)
class Keeping:
    """How a run is kept from being lost.

    Args:
        resume: goes on from the last checkpoint, or starts where there is none.
        checkpoint_steps: the most steps between two checkpoints; at most a fifth of the run anyway.
        keep: how many of the last checkpoints stay, beside the best.
        on_nan: what is done about losses or weights that are not finite: `"stop"`, or `"restore"`,
            which goes back to the last checkpoint and on from there with other random numbers and
            another order of the images, three times at most.
        stop: tells that the program was asked to end.
        writes: whether this process is the one that writes; of several that train together one is.
    """

    resume: bool = False
    checkpoint_steps: int | None = None
    keep: int = 2
    on_nan: str = "stop"
    stop: Stop = dataclasses.field(default_factory=Stop)
    writes: bool = True

    def __post_init__(self):
        check_choice("on_nan", self.on_nan, ("stop", "restore"))


def train(
    recipe: Recipe,
    code: str,
    model: keras.Model,
    config: Config,
    source: data.Source,
    test: data.Source,
    out: Path,
    keeping: Keeping,
    samples: int,
    echo: Callable[[str], None],
) -> Training:
    """Trains `model`, and puts the weights into it that the preset is made of.

    Args:
        recipe: the recipe.
        code: its source as it was read, whatever was written to its file meanwhile.
        model: what it builds.
        config: its settings.
        source: the training images, or points.
        test: the test images.
        out: the folder for `checkpoints/` and `samples/`.
        keeping: how the run is kept from being lost.
        samples: how many samples a monitored metric may look at.
        echo: is given a line for each thing to know.

    Raises:
        DivergedError: at losses or weights that are not finite.
        StorageError: where there is no room; the checkpoints are whole.
        Stopped: after a checkpoint, where the program was asked to end.
    """

    def batches(attempt: int) -> data.Batches:
        return data.Batches(
            source.images,
            None if model.num_classes is None else source.labels,
            config.batch_size,
            config.seed if attempt == 0 else _seed(config.seed, attempt),
            value_range=model.value_range,
            flip=config.flip,
            binarize=config.binarize,
            shard=process(),
        )

    steps = batches(0).full_batches
    total = steps * config.epochs
    recipe.compile(model, config, total)
    monitor, measured = _monitored(recipe, model, test, min(samples, MONITORED))
    settings = {**dataclasses.asdict(config), "data": source.name}
    # Where the data lie is no part of what a training is; what they hold is.
    data_sha256 = source.sha256  # once: of a large set it reads all files
    checkpoints = Checkpoints(
        out / "checkpoints",
        steps,
        {
            **settings,
            "data_sha256": data_sha256,
            "backend": keras.backend.backend(),  # of which each draws other numbers
            "recipe": code,
        },
        every=max(1, min(keeping.checkpoint_steps or total, total // PARTS)),
        keep=keeping.keep,
        monitor=monitor,
        stop=keeping.stop,
        writes=keeping.writes,
    )
    done = checkpoints.restore(model, echo) if keeping.resume else 0
    if checkpoints.newest is not None:
        echo(f"resumed: {done} of {total} steps are done")
    grids = SampleGrids(out / "samples", lambda model: recipe.picture(model, test), keeping.writes)
    if done and done % steps == 0:  # which a process that was killed at the end of an epoch owes
        grids.set_model(model)
        grids.on_train_begin()
        grids.on_epoch_end(done // steps - 1)
    with keeping.stop.deferred():
        while done < total:
            # The rest of an epoch that was begun, by itself; then whole epochs.
            epoch, begun = divmod(done, steps)
            epochs = epoch + 1 if begun else config.epochs
            try:
                model.fit(
                    feed(batches(len(checkpoints.restored)), done),
                    steps_per_epoch=steps - begun,
                    epochs=epochs,
                    initial_epoch=epoch,
                    shuffle=False,
                    verbose="auto" if keeping.writes else 0,
                    callbacks=[*measured, checkpoints, grids],
                )
                done = epochs * steps
            except DivergedError as error:
                if keeping.on_nan == "stop":
                    raise _advised(error, REPEATED) from None
                done = _go_back(model, config, checkpoints, error, echo)
    best = checkpoints.best
    if recipe.ship == "best":
        checkpoints.load_best(model)
        echo(f"the best: {best['name']} {best['value']:.4g}, of step {best['step']}")
    return Training(
        recipe=f"recipes/{recipe.preset}.py",
        recipe_sha256=source_sha256(code),
        settings=settings,
        seed=config.seed,
        steps=total,
        images_seen=total * config.batch_size,
        seconds=round(sum(logs["seconds"] for logs in checkpoints.history), 1),
        device=described_device(),
        versions=_versions(),
        data=source.name,
        data_sha256=data_sha256,
        data_images=len(source.images),
        restored=[Restored(**which) for which in checkpoints.restored],
        selected=None
        if recipe.ship == "last"
        else Selected(step=best["step"], monitor=best["name"], value=best["value"]),
    )


def _go_back(
    model: keras.Model,
    config: Config,
    checkpoints: Checkpoints,
    error: DivergedError,
    echo: Callable[[str], None],
) -> int:
    """Puts the last good checkpoint into `model`, with other random numbers to come; returns its
    step."""
    before = checkpoints.restored
    if len(before) == RESTORES:
        raise _advised(error, f"The training went back {RESTORES} times already.") from None
    done = checkpoints.restore(model, echo)
    # Of the checkpoint's own memory, which may be older, this is the continuation.
    checkpoints.restored = [*before, {"step": error.step, "player": error.player, "to": done}]
    # What an exact repetition would do is known: the same. (A killed run repeats it up to here,
    # and then draws these numbers again.)
    weights = {id(v) for v in model.weights}
    seeds = [v for v in model.variables if id(v) not in weights]
    for index, seed in enumerate(seeds):
        value = _seed(config.seed, len(checkpoints.restored), index + 1)
        seed.assign(np.array([value, 0], dtype=seed.dtype))
    echo(f"\n{error} Back to step {done}, and on with other random numbers.")
    return done


def _advised(error: DivergedError, advice: str) -> DivergedError:
    return DivergedError(f"{error} {advice}", error.step, error.player)


def _seed(*entropy: int) -> int:
    """A seed that depends on all of `entropy`, of 31 bits, which each backend takes."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)


def _monitored(
    recipe: Recipe, model, test: data.Source, n: int
) -> tuple[Monitor | None, list[keras.callbacks.Callback]]:
    """What says which checkpoint is the best, and the callback that measures it, where it is no
    log."""
    name, logs = recipe.monitor, model.loss_names
    if name is None and len(model.players) == 1 and "loss" in logs:
        name = "loss"
    if name is None:
        if recipe.ship == "best":
            raise RecipeError("ship='best' needs monitor=, the number that says what is best.")
        return None, []
    given = [m for m in recipe.metrics or () if isinstance(m, Metric)]
    known = [*given, *Metric.named().values()]
    metric = next((m for m in known if name in m.outputs), None)
    if name in logs:
        return Monitor(name, metric is None or metric.outputs[name] != "higher"), []
    if metric is None:
        numbers = {output for m in known for output in m.outputs}
        raise RecipeError(
            f"monitor must be a log ({', '.join(logs)}) or a number of a metric (nearest: "
            f"{', '.join(nearest(name, numbers))}). Received: {name!r}."
        )
    metric = metric if isinstance(metric, Metric) else Metric.get(metric.name)
    measured = Evaluation(test, metric, n, monitor=name, extractor=fitting_extractor(model, test))
    return Monitor(name, measured.lower), [measured]


def fitting_extractor(model, test: data.Source) -> str | None:
    """`"pixels"` for samples of images that no classifier of this package was trained on."""
    if model.data.name == "images" and "samples" in model.tasks:
        try:
            find_extractor(data=test.name)
        except ArgumentError:
            return "pixels"
    return None


def last_checkpoint(out: Path) -> Path | None:
    """The newest checkpoint of the run in `out`."""
    return next(iter(checkpoint_folder.saved(out / "checkpoints")[::-1]), None)


def _versions() -> dict[str, str]:
    backend = {"tensorflow": ("tensorflow", "tensorflow-cpu")}.get(
        keras.backend.backend(), (keras.backend.backend(),)
    )
    found = {"python": platform.python_version()}
    for package in ("keras-generative-zoo", "keras", "numpy", *backend):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue  # TensorFlow goes by two names.
    return found


def described_device() -> str:
    """What is computed on, in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    several = f"{devices()} x " if devices() > 1 else ""
    return f"{several}{device()} ({cores} {platform.machine()} cores), {keras.backend.backend()}"
