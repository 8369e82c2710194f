"""A run of a recipe: it builds and trains a model, evaluates it, and writes the preset."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.callbacks import SampleGrids
from zoo.engine import check_divides, distribute, is_chief, keep_memory, use_onednn
from zoo.engine import devices as devices_in_use
from zoo.errors import ArgumentError, RecipeError, check_choice
from zoo.models import families
from zoo.presets import checkpoint, hub, save
from zoo.presets.card import Base, Card, Facts, Selected, Training
from zoo.runs import cards, rehearsal
from zoo.runs.callbacks import MakesCallbacks, telling, users
from zoo.runs.collection import rewrite_card
from zoo.runs.folder import alone_in, clear, note_data
from zoo.runs.history import History
from zoo.runs.ownership import Ownership
from zoo.runs.places import CHECKPOINTS, PRESET, SAMPLES
from zoo.runs.recipe import Config, Recipe
from zoo.runs.shipping import MEASURES, Shipping, chosen_measure
from zoo.runs.start import Start, find_start, prepare
from zoo.runs.training import Keeping, Splits, Trainer, choose_monitor, read

SMOKE_IMAGES = 1024


class Run:
    """One run of a recipe, from its data to its preset.

    Args:
        recipe: the recipe. Its source is read now, so that later changes of its file do no harm.
        config: its settings.
        out: the folder for `checkpoints/`, `samples/` and `preset/`; made if it is missing.
        smoke: uses 1,024 images of training and 1,024 samples only.
        devices: the number of devices, see `zoo.distribute`.
        echo: is given one line at each stage; `None` for no line, nor one of progress.
        anew: removes what an earlier run wrote to `out` before the training.
        keeping: how the run is kept from being lost; with `Keeping(resume=True)` it continues the
            training in `out`.
        start: the name, path or URL of a preset, or the folder of a run or of a checkpoint, whose
            weights the training starts from; `None` for new weights.
        ownership: the name and the licence of the preset.
        measure: which numbers the card gets: `"none"`, `"quick"` (what tells overfitting) or
            `"full"`; `None` for quick below 1,000 held-out data, and full from there.
        callbacks: a function from the settings and `out` to more callbacks of `fit`, such as those
            of a tracker of experiments.

    Raises:
        UnknownNameError: if `measure` is none of these.

    Example:

    >>> from pathlib import Path
    >>> from zoo.runs.recipe import load_recipe
    >>> recipe = load_recipe(Path("recipes/gan_ring8.py"))  # doctest: +SKIP
    >>> Run(recipe, recipe.config, Path("runs/gan_ring8")).run()  # doctest: +SKIP
    PosixPath('runs/gan_ring8/preset')
    """

    def __init__(
        self,
        recipe: Recipe,
        config: Config,
        out: Path,
        *,
        smoke: bool = False,
        devices: int | str | None = None,
        echo: Callable[[str], None] | None = print,
        anew: bool = False,
        keeping: Keeping | None = None,
        start: str | None = None,
        ownership: Ownership | None = None,
        measure: str | None = None,
        callbacks: MakesCallbacks | None = None,
    ):
        self.recipe = recipe
        self.config = config
        self.out = out
        self.smoke = smoke
        self.devices = devices
        self.echo = echo
        self.callbacks = callbacks
        self.anew = anew
        self.keeping = Keeping() if keeping is None else keeping
        self.given = start
        if measure is not None:
            check_choice("measure", measure, MEASURES)
        self.measure = measure
        self.ownership = Ownership() if ownership is None else ownership
        self.code = recipe.source
        self.samples = SMOKE_IMAGES if smoke else recipe.samples
        self.splits: Splits | None = None
        self.start: Start | None = None
        self.newest = checkpoint.NONE  # what the training goes on from
        self.written: Path | None = None  # the preset that was written last
        self.repeats = False  # a run of the same recipe with another seed

    def run(self) -> Path | None:
        """Train and evaluate the recipe, and write the preset.

        Returns:
            The folder of the preset, `out/preset`; `None` in a process that only trains along with
            the first one.

        Raises:
            ZooError: if there is no such `start`, or it forbids the licence.
            RecipeError: if `out` holds a training and `resume` is not set, if another run is under
                way there, or if `build` returns a model of another class than the recipe's family.
            DataError: if the data cannot be read.
            DivergedError: at losses or weights that are not finite.
            StorageError: where there is no room; every file that was there stays whole.
            Stopped: where the program was asked to end.
        """
        with contextlib.ExitStack() as until_written:
            return self._run(until_written)

    def run_seeds(self, n: int) -> Path | None:
        """Run with `n` seeds, the one of the settings and those that follow it.

        The preset is the first run's. The numbers of the others, which train in folders of `out`,
        stand beside its own in the card.

        Returns:
            The folder of the first preset, or `None`, as `run` does.

        Raises:
            ZooError: as `run` does.
        """
        with contextlib.ExitStack() as until_written:
            folder = self._run(until_written)
            self.splits = None  # a large set is not to lie in memory twice
            seeds = range(self.config.seed + 1, self.config.seed + n)
            folders = [self._with_seed(seed).run() for seed in seeds]
            if folder is not None and folders:
                card, *others = (Card.read(path / hub.CARD) for path in (folder, *folders))
                rewrite_card(folder, cards.with_other_trainings(card, others))
            return folder

    def _run(self, until_written: contextlib.ExitStack) -> Path | None:
        """Run as `run` does, alone in `out` until the end of the stack `until_written`."""
        keep_memory()
        use_onednn()
        # After `distribute` each process takes itself for the first, so the value is kept.
        with distribute(self.devices) as chief, self.config.dtype_policy():
            until_written.enter_context(alone_in(self.out))
            check_divides(self.config.batch_size, devices_in_use())
            self._check_out()
            if self.keeping.resume:
                self.newest = checkpoint.newest_whole(self.out / CHECKPOINTS)
            self.start = find_start(self.given, self.recipe, self.out, self.newest)
            keras.utils.set_random_seed(self.config.seed)
            model = self.build()
            self.splits = self.read(model)
            self._check_start(model)
            self._introduce(model)
            self._rehearse(model)
            if self.anew:  # not before there is something to train on
                clear(self.out)
            note_data(self.out, self.config.data)
            training = self.train(model)
        if not chief:
            return None
        shipping = Shipping(
            recipe=self.recipe,
            config=self.config,
            splits=self.splits,
            samples=self.samples,
            out=self.out,
            ownership=self.ownership,
            base=self.base,
            measure=self.measure,
            say=self.say,
            on_written=functools.partial(setattr, self, "written"),
        )
        return shipping.ship(model, training)

    @property
    def base(self) -> Base | None:
        """The record of what the training starts from."""
        return None if self.start is None else self.start.base

    def build(self) -> keras.Model:
        """Build the model; another `image_size` is taken where the networks need one.

        Raises:
            RecipeError: if its class is not the class of the recipe's family.
        """
        cls = families.family(self.recipe.family).cls
        model, self.config = self.recipe.built(self.config, self.say)
        if type(model) is not cls:
            built = families.family_of(type(model))
            advice = (
                "zoo.register_family makes a family of a class."
                if built is None
                else f"The family of that class is {built.name!r}."
            )
            raise RecipeError(
                f"RECIPE.family is {self.recipe.family!r}, whose class is {cls.__name__}. "
                f"Received: build returned a {type(model).__name__}. {advice}"
            )
        return model

    def read(self, model: keras.Model) -> Splits:
        """Read the images for training, few of them in a smoke run, and for testing.

        Raises:
            DataError: if they cannot be read, or are not what `model` takes.
        """
        splits = read(self.config, model)
        if self.smoke:
            return splits._replace(train=splits.train.select(slice(SMOKE_IMAGES)))
        return splits

    def train(self, model: keras.Model) -> Training:
        """Train `model`, and give it the weights that the preset is made of.

        Returns:
            The card's record of the training.

        Raises:
            DivergedError: at losses or weights that are not finite.
            StorageError: where there is no room; the checkpoints are whole.
            Stopped: after a checkpoint, where the program was asked to end.
        """
        recipe, test = self.recipe, self.splits.test
        folder = self.out / CHECKPOINTS
        trainer = Trainer(
            model, self.splits.train, self.config, folder, self.keeping, self.say, self.newest
        )
        recipe.compile(model, self.config, trainer.planned_steps)
        prepare(
            model, self.start, self.config.few, self.say
        )  # before a checkpoint is restored, whose optimizer has no frozen layer
        monitor, measurements = choose_monitor(recipe, model, test, self.samples)
        start = None if self.start is None else self.start.record
        trainer.begin(self.code, monitor, start)
        grids = SampleGrids(self.out / SAMPLES, lambda model: recipe.picture(model, test))
        history = History(self.out, trainer.checkpoints, picture=not self.smoke)
        shown = telling(trainer, None if self.echo is None else self.say)
        of_user = users(self.callbacks, dict(trainer.settings), self.out)
        trainer.fit(measurements, grids, [history, *shown, *of_user])
        history.finish()
        selected = None
        if recipe.ship == "best":
            best = trainer.load_best()
            selected = Selected(step=best["step"], monitor=best["name"], value=best["value"])
        return cards.record_training(
            recipe, self.code, trainer, selected, self.base, self.ownership.wishes
        )

    def say(self, line: str) -> None:
        """Give `line` to `echo`, in the process that speaks to the user."""
        if is_chief() and self.echo is not None:
            self.echo(line)

    def _with_seed(self, seed: int) -> Run:
        """Return a run like this one with another seed, in a folder of `out`."""
        other = copy.copy(self)
        other.config = self.config.replace(seed=seed)
        other.out = self.out / f"seed-{seed}"
        other.newest = checkpoint.NONE
        other.given = None if self.start is None else self.start.given
        other.repeats = True
        return other

    def _check_out(self) -> None:
        """Raise `RecipeError` if `out` holds what is neither continued nor replaced."""
        try:
            save.check_replaceable(self.out / PRESET)
        except ArgumentError as error:  # now, and not at the end of the training
            raise RecipeError(f"{error}") from error
        checkpoints = self.out / CHECKPOINTS
        if self.keeping.resume or self.anew or not checkpoints.exists():
            return
        if any(checkpoints.iterdir()):
            raise RecipeError(
                f"{self.out} holds a training already: continue it with --resume, or choose "
                "another --out."
            )

    def _check_start(self, model: keras.Model) -> None:
        """Raise if the start, the licence or `few` does not suit the model and its data."""
        self.ownership.check(self._facts, self.base)
        if self.start is not None:
            self.start.check(model)
            if self.anew:  # which may remove it
                self.start.fetch()
        if self.config.few and model.data.name != "images":
            raise RecipeError(f"few is for images. Received: few=True for {model.data.noun}.")

    @property
    def _facts(self) -> Facts:
        """The facts of the recipe for the settings and the data of this run."""
        settings = {**dataclasses.asdict(self.config), "data": self.splits.train.name}
        return cards.facts_for(self.recipe, settings, settings["data"], self.config.seed)

    def _rehearse(self, model: keras.Model) -> None:
        """Raise now if the end of the run would fail, as far as that can be known.

        Runs with other seeds, which share their recipe with the first, and runs on several devices
        are checked in less detail.
        """
        measure = chosen_measure(self.measure, self.splits)
        facts = self.ownership.applied(self._facts, self.base)
        rehearsal.check_texts(self.recipe, model, facts, self.ownership)
        rehearsal.check(self.recipe, model, self.splits, self.samples, measure)
        alone = devices_in_use() == 1 and not self.repeats
        if alone and rehearsal.is_needed(self.recipe, model):
            self.say("rehearsing the end of the run")
            rehearsal.rehearse(self.recipe, self.config, self.splits, measure)

    def _introduce(self, model: keras.Model) -> None:
        """Say what is trained, on which data, for how long, and on which device."""
        (train, test), epochs = self.splits, self.config.epochs
        self.say(
            f"{self.recipe.preset}: {len(train.images)} {model.data.noun} of {train.name} for "
            f"training, {len(test.images)} for testing, "
            f"{epochs} {'epoch' if epochs == 1 else 'epochs'}, on {cards.describe_device()}"
        )
