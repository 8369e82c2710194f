"""Runs a recipe: build, train, evaluate, write card and weights."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
from filelock import Timeout

from zoo import data
from zoo.engine import agreed, check_divides, devices, distribute, keep_memory
from zoo.engine.labels import check_labels
from zoo.errors import DataError, RecipeError
from zoo.evaluation import Metric, evaluate
from zoo.evaluation.evaluate import default_metrics
from zoo.files.home import atomic_folder, home, lock_of, storage_errors, unfinished
from zoo.metrics import Measurement
from zoo.models import families
from zoo.presets import golden, hub, locate, save
from zoo.presets.card import Card, Facts, Identity, Training
from zoo.presets.load import info, load
from zoo.presets.page import PAGE_NAME, model_card
from zoo.runs.recipe import Config, Recipe
from zoo.runs.training import Keeping, described_device, fitting_extractor, train

SMOKE_IMAGES = 1024
HUB = locate.HUB


def load_recipe(path: Path) -> Recipe:
    """The `RECIPE` of the file `path`, which may import others of its folder.

    Raises:
        RecipeError: if there is no such file, or no recipe in it.
    """
    if not path.is_file():
        known = locate.RECIPES / f"{path.name}.py"
        meant = f" Is {str(known)!r} meant?" if known.is_file() else ""
        raise RecipeError(f"There is no recipe {str(path)!r}.{meant}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None:
        raise RecipeError(f"A recipe is a Python file. Received: {str(path)!r}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where `inspect` looks for the source of what it defines
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"{path} defines no RECIPE = zoo.Recipe(...).")
    return recipe


def run(
    recipe: Recipe,
    config: Config,
    out: Path,
    smoke: bool = False,
    echo=print,
    on: int | str | None = None,
    anew: bool = False,
    **keeping,
) -> Path | None:
    """Trains and evaluates `recipe`, and writes the preset; returns its folder, `out/preset`, or
    `None` in a process that only trains along with the first one.

    Args:
        recipe: the recipe.
        config: its settings.
        out: the folder for `checkpoints/`, `samples/` and `preset/`; made if it is missing.
        smoke: uses a few images only.
        echo: is given one line at each stage.
        on: the number of devices, see `zoo.distribute`.
        anew: removes what is in `out` before the training.
        **keeping: how the run is kept from being lost, see `zoo.training.Keeping`; with
            `resume=True` it goes on with what is in `out`.

    Raises:
        RecipeError: if `out` holds a training and `resume` is not set, or one is under way there.
        DataError: if the data cannot be read.
        DivergedError: at losses or weights that are not finite.
        StorageError: where there is no room; what was there is whole.
        Stopped: where the program was asked to end.
    """
    code = recipe.source  # of the file as it was read, whatever is written to it meanwhile
    n = SMOKE_IMAGES if smoke else recipe.samples
    keep_memory()
    with contextlib.ExitStack() as until_written:
        with distribute(on) as chief, config.dtype_policy():
            until_written.enter_context(_alone_in(out, chief))
            check_divides(config.batch_size, devices())
            echo = echo if chief else (lambda line: None)
            keeping = Keeping(**keeping, writes=chief)
            checkpoints = out / "checkpoints"
            goes_on = keeping.resume or anew
            if not goes_on and checkpoints.exists() and any(checkpoints.iterdir()):
                raise RecipeError(
                    f"{out} holds a training already: continue it with --resume, or choose another "
                    "--out."
                )
            keras.utils.set_random_seed(config.seed)
            model = recipe.build(config)
            source, test = _read(config, model)
            if smoke:
                source = source.select(slice(SMOKE_IMAGES))
            _make(out, anew, chief)  # not before there is something to train on
            echo(
                f"{recipe.preset}: {len(source.images)} {_what(model)} of {source.name} for "
                f"training, {len(test.images)} for testing, "
                f"{config.epochs} {'epoch' if config.epochs == 1 else 'epochs'}, "
                f"on {described_device()}"
            )
            training = train(recipe, code, model, config, source, test, out, keeping, n, echo)
        if not chief:
            return None
        model = _on_its_own(recipe, config, model)

        def evaluated(stored) -> list[Measurement]:
            return _evaluated(recipe, stored, source, test, n, echo)

        for path in unfinished(out / "preset"):  # by a run that was killed meanwhile
            shutil.rmtree(path)
        return write_preset(recipe, config, model, training, evaluated, test, out / "preset")


def run_again(recipe: Recipe, config: Config, out: Path, seeds: int, **options) -> Path | None:
    """As `run`, and `seeds` - 1 times more with the seeds that follow, each in a folder of `out`:
    the numbers of those stand in the card beside the preset's."""
    folder = run(recipe, config, out, **options)
    others = []
    for seed in range(config.seed + 1, config.seed + seeds):
        again = config.replace(seed=seed)
        others.append(run(recipe, again, out / f"seed-{seed}", **options))
    if folder is not None and others:
        card, *cards = (Card.read(path / "card.json") for path in (folder, *others))
        found = [{m.name: m.value for m in other.metrics} for other in cards]
        metrics = [
            m.model_copy(update={"other_trainings": [values[m.name] for values in found]})
            for m in card.metrics
        ]
        seen = {"other_seeds": [other.training.seed for other in cards]}
        training = card.training.model_copy(update=seen)
        _rewrite(folder, card.model_copy(update={"metrics": metrics, "training": training}))
    return folder


@contextlib.contextmanager
def _alone_in(out: Path, writes: bool) -> Iterator[None]:
    """Keeps other runs of this machine from `out`, of which each would remove what the other
    writes.

    Raises:
        RecipeError: if there is another, in all processes that train together.
    """
    with contextlib.ExitStack() as held:
        refused = False
        if writes:
            with storage_errors(home()):
                try:
                    held.enter_context(lock_of(out).acquire(timeout=0))
                except Timeout:
                    refused = True
        if agreed(refused):
            raise RecipeError(f"Another process trains in {out}. Choose another --out.")
        yield


def _on_its_own(recipe: Recipe, config: Config, trained) -> keras.Model:
    """A model with the weights of `trained` that is on one device and computes in float32, as a
    preset does, whatever it was trained on and in."""
    model = recipe.build(config)
    for variable, value in zip(model.variables, trained.variables, strict=True):
        variable.assign(keras.ops.convert_to_numpy(value))
    return model


def measure(recipe: Recipe, config: Config, preset: str | Path, echo=print) -> None:
    """Evaluates a preset, by its name or the path of its folder, anew, and writes the numbers to
    its card and its model card.

    Raises:
        ZooError: if there is no such preset, or it is not of this recipe; or its data cannot be
        read.
    """
    card = _card(recipe, preset)
    if config.data != card.training.data and Path(config.data).stem != card.training.data:
        raise RecipeError(
            f"--data must be what {card.name} was trained on, {card.training.data!r}. Received: "
            f"{config.data!r}."
        )
    model = load(preset)
    metrics = _evaluated(recipe, model, *_read(config, model), recipe.samples, echo)
    again = {(m.name, m.protocol.hash): m.other_trainings for m in card.metrics}
    metrics = [
        m.model_copy(update={"other_trainings": again.get((m.name, m.protocol.hash), [])})
        for m in metrics
    ]
    _rewrite(preset, card.model_copy(update={"metrics": metrics}))


def describe(recipe: Recipe, preset: str | Path) -> None:
    """Writes the facts of a recipe to the card and the model card of a preset of it: what is known
    only once its samples were looked at.

    Raises:
        ZooError: if there is no such preset, or it is not of this recipe.
    """
    card = _card(recipe, preset)
    facts = _facts(recipe, card.training)
    cls = families.family(recipe.family).cls
    identity = card.identity.model_copy(
        update={
            "title": facts.title,
            "differs": facts.differs,
            "class_differs": save.class_differs(cls),
        }
    )
    rights = card.rights.model_copy(update={"data": facts.data_rights, "weights": facts.license})
    metrics = [_beside(recipe, metric) for metric in card.metrics]
    changes = {
        "identity": identity,
        "contract": save.named_classes(card.contract, facts),
        "rights": rights,
        "limits": facts.limits,
        "metrics": metrics,
    }
    _rewrite(preset, card.model_copy(update=changes))


def _make(out: Path, anew: bool, writes: bool) -> None:
    """Makes the folder `out`, in the process that writes; if `anew`, without what it held.

    Raises:
        RecipeError: if it cannot be made, in all processes that train together.
    """
    error = None
    if writes:
        try:
            if anew and out.exists():
                shutil.rmtree(out)
            out.mkdir(parents=True, exist_ok=True)
        except OSError as found:
            error = found
    if agreed(error is not None):
        reason = "see the first process" if error is None else error.strerror
        raise RecipeError(f"--out {out} cannot be made: {reason}.") from error


def _card(recipe: Recipe, preset: str | Path) -> Card:
    """The card of a preset, which must be of this recipe."""
    card = info(preset)
    if card.name != recipe.preset:
        raise RecipeError(f"{preset} is not of this recipe. Received: the preset {card.name!r}.")
    if card.training is None:
        raise RecipeError(f"{preset} was made by no recipe.")
    if card.training.recipe_sha256 != recipe.sha256:
        raise RecipeError(
            f"{preset} was made by another version of this recipe: its settings or functions "
            "differ."
        )
    return card


def _rewrite(preset: str | Path, card: Card) -> None:
    """Writes the card of a preset, and its page."""
    named = isinstance(preset, str) and preset in locate.names()
    folder = locate.WEIGHTS / preset if named else Path(preset)
    _write_page(folder, card)
    card.write(locate.CARDS / f"{preset}.json" if named else folder / hub.CARD)
    locate.forget()
    if _in_hub(folder):
        hub.write_index(f"file://{HUB}")


def _write_page(folder: Path, card: Card) -> None:
    place = f"{HUB.name}/{card.name}" if _in_hub(folder) else None
    (folder / PAGE_NAME).write_text(model_card(card, place), encoding="utf-8")


def _in_hub(folder: Path) -> bool:
    return folder.resolve().parent == HUB.resolve()


def _evaluated(recipe: Recipe, model, train, test, n: int, echo) -> list[Measurement]:
    """What the card reports of `model`; of images that no classifier of this package was trained
    on, what needs none, with neighbourhoods of pixels."""
    echo("evaluating")
    extractor = fitting_extractor(model, test)
    metrics = recipe.metrics
    if extractor is not None:
        chosen = [Metric.get(m) for m in metrics or default_metrics(model, test)]
        metrics = [m for m in chosen if m.needs <= {"features", "images"}]
    report = evaluate(model, test, metrics, n, train=train, extractor=extractor)
    for metric in report.measurements:
        echo(f"  {metric.name} {metric}")
    return [_beside(recipe, metric) for metric in report.measurements]


def _beside(recipe: Recipe, metric: Measurement) -> Measurement:
    """A number, with that of others where the recipe has one."""
    value, source = recipe.reported.get(metric.name, (None, None))
    return metric.model_copy(update={"published": value, "published_source": source})


def _what(model) -> str:
    return "points" if len(model.image_shape) == 1 else "images"


def _read(config: Config, model) -> tuple[data.Source, data.Source]:
    """Training and test images, cropped and resized to what the model takes; or points.

    Raises:
        DataError: if the data are not what the model takes, or have no labels that it needs.
    """
    train, test = data.read_splits(config.data, **data.fitting(model.image_shape))
    if train.images.shape[1:] != tuple(model.image_shape):
        raise DataError(
            f"The model takes {_what(model)} of shape {tuple(model.image_shape)}. Received: "
            f"{train.name!r} of shape {train.images.shape[1:]}."
        )
    if model.num_classes is not None:
        if train.labels is None:
            raise DataError(f"The model needs labels, and {train.name!r} has none.")
        check_labels("labels", train.labels, model.num_classes)
    return train, test


def write_preset(
    recipe: Recipe,
    config: Config,
    model,
    training: Training,
    evaluated: Callable[[keras.Model], list[Measurement]],
    test: data.Source,
    folder: Path,
) -> Path:
    """Writes weights, golden outputs, picture, card and model card to `folder`; returns it.

    `evaluated(stored)` gives the numbers of what users get, and on every installed backend the
    largest difference to the golden outputs stands in the card.
    """
    family = families.family(recipe.family)
    facts = _facts(recipe, training)
    identity = Identity(
        preset=recipe.preset,
        family=recipe.family,
        group=family.group,
        model=save.class_name(family.cls),
        title=facts.title,
        paper=model.paper,
        paper_url=model.paper_url,
        differs=facts.differs,
        class_differs=save.class_differs(type(model)),
    )
    examples = recipe.examples if training.data == recipe.config.data else 0
    with storage_errors(folder), atomic_folder(folder) as partial:
        save.write(
            model,
            partial,
            identity,
            facts,
            metrics=evaluated,
            picture=lambda stored: recipe.picture(stored, test),
            backends=golden.differences,
            training=training,
            examples=test.images[:examples] if examples else None,
        )
    return folder


def _facts(recipe: Recipe, training: Training) -> Facts:
    """What the recipe says of a preset, and where its training was another one."""
    facts, config = recipe.facts, {**vars(recipe.config), "seed": training.seed}
    changed = {k: v for k, v in training.settings.items() if v != config[k]}
    differs = [*facts.differs, *(f"Not as in the recipe: {k}={v}." for k, v in changed.items())]
    own = {"title": facts.title, "limits": facts.limits, "classes": facts.classes}
    given = (facts.data_rights, facts.license)
    if "data" in changed:
        own = {"title": f"Trained on {training.data}.", "limits": ["Not looked at."]}
        given = (None, None)
    rights = data.rights(training.data)
    return Facts(
        **own,
        differs=differs,
        data_rights=given[0] or rights.data,
        license=given[1] or rights.weights,
    )


def check_publishable(recipe: Recipe, config: Config, smoke: bool) -> None:
    """Raises unless what is about to be trained is what the recipe says."""
    if smoke:
        raise RecipeError("--publish does not go with --smoke.")
    for key, value in vars(config).items():
        same = Path(value).stem if key == "data" else value  # a file holds the data of its name
        if same != getattr(recipe.config, key):
            raise RecipeError(
                f"--publish is for the recipe as it stands. Received: {key}={value!r} in place of "
                f"{getattr(recipe.config, key)!r}."
            )


def published(recipe: Recipe) -> str:
    """What `zoo.load` takes to load the preset that `publish` made of `recipe`."""
    return recipe.preset if recipe.packaged else str(HUB / recipe.preset)


def publish(recipe: Recipe, folder: Path) -> None:
    """Puts the preset in `folder`, which `recipe` made, where the project keeps it.

    That is the package, its card in `zoo/cards` and the rest in `zoo/weights`, but for the
    components, which save a download and would only take room there; or else the folder `hub` of
    the project, which is one for `ZOO_HUB`.
    """
    card = Card.read(folder / hub.CARD)
    if not recipe.packaged:
        with atomic_folder(HUB / card.name) as partial:
            for name in card.weights.all_files:
                shutil.copy(folder / name, partial)
            _write_page(partial, card)
            card.write(partial / hub.CARD)
        hub.write_index(f"file://{HUB}")
        return
    weights = card.weights.model_copy(update={"components": {}})
    card = card.model_copy(update={"weights": weights})
    with atomic_folder(locate.WEIGHTS / card.name) as partial:
        for name in (*weights.all_files, PAGE_NAME):
            shutil.copy(folder / name, partial)
    card.write(locate.CARDS / f"{card.name}.json")
    locate.forget()
