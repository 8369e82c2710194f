"""Recipes: a frozen configuration, and the functions that a run calls."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.util
import inspect
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import pydantic
from PIL import Image

from zoo import pictures
from zoo.base.importing import importable
from zoo.data import Source
from zoo.data.image_format import check_crop
from zoo.errors import RecipeError, SizeError, check_choice, unknown_name
from zoo.evaluation import Metric
from zoo.evaluation.plan import SAMPLES
from zoo.files.home import user_path
from zoo.presets import locate
from zoo.presets.card import Facts

PRECISIONS = ("float32", "bfloat16", "float16")
# Settings that earlier versions did not know, and so did not record, and what these versions did.
ADDED = {
    "precision": "float32",
    "binarize": None,
    "crop": "centre",
    "few": False,
    "dequantize": False,
}


@dataclasses.dataclass(frozen=True)
class Config:
    """Hold the settings that every recipe has.

    A recipe subclasses it, to add settings of its own or to give other defaults.

    Args:
        data: a TensorFlow Datasets name, a folder of images, an `.npz` file or a name of
            `zoo.data.synthetic`.
        epochs: the passes over the training images.
        batch_size: the images of a step.
        seed: the seed of the weights, the latents and the order of the images.
        flip: mirrors each image with a probability of one half.
        precision: the type that layers compute in during training: `"float32"`, `"bfloat16"` or
            `"float16"`.
        binarize: `"stochastic"` draws each pixel anew each time, as 0 or 1 with its grey level as
            the probability of 1; `"sampled"` has one such draw for each image; `"threshold"` is 1
            above one half; `None` leaves the pixels as they are.
        dequantize: adds uniform noise of one grey level to each pixel, drawn anew each time, as a
            density of continuous pixels needs it.
        few: suits 100 to 1,000 images: they are mirrored, the discriminator of a GAN sees augmented
            images, and half of it is frozen if the training starts from another model.
        crop: what becomes of images whose aspect ratio is not the model's. `"centre"` takes the
            largest part of that aspect ratio, from the middle; `"random"` takes it from another
            place each time, and from the middle of test images; `"none"` squeezes the whole image.

    Raises:
        UnknownNameError: if `precision` or `crop` is none of these.
    """

    data: str
    epochs: int
    batch_size: int
    seed: int = 0
    flip: bool = False
    precision: str = "float32"
    binarize: str | None = None
    few: bool = False
    crop: str = "centre"
    dequantize: bool = False

    def __post_init__(self):
        check_choice("precision", self.precision, PRECISIONS)
        object.__setattr__(self, "crop", check_crop(self.crop))

    @property
    def data_name(self) -> str:
        """The name that cards give the data: of a file or a folder its own, without the path."""
        path = user_path(self.data)
        if path.suffix.lower() in (".npz", ".zip"):
            return path.stem
        return path.name if path.is_dir() else self.data

    @contextlib.contextmanager
    def dtype_policy(self) -> Iterator[None]:
        """Enter a context in which new layers compute in `precision`."""
        before = keras.config.dtype_policy()
        half = self.precision != "float32"
        keras.config.set_dtype_policy(f"mixed_{self.precision}" if half else self.precision)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)

    def replace(self, **changes: Any) -> Config:
        """Return a copy with `changes`, each converted to the type of the setting it replaces.

        Raises:
            UnknownNameError: if there is no such setting.
            RecipeError: if a value does not convert.
        """
        types = typing.get_type_hints(type(self))
        for key, value in changes.items():
            if key not in types:
                raise unknown_name("setting", key, types, "`--help` shows all with their defaults.")
            changes[key] = _convert(key, value, types[key])
        return dataclasses.replace(self, **changes)


def _convert(key: str, value: Any, wanted: Any) -> Any:
    if value == "none" and type(None) in typing.get_args(wanted):
        return None
    try:
        return pydantic.TypeAdapter(wanted).validate_python(value)
    except pydantic.ValidationError as error:
        name = getattr(wanted, "__name__", wanted)
        raise RecipeError(f"{key} must be of type {name}. Received: {value!r}.") from error


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Describe how a preset is made.

    Args:
        preset: the name of the preset, which is also the name of the recipe's file.
        family: the name that `zoo.create` takes. `build` must return a model of its class.
        config: the settings.
        build: `build(config) -> model`.
        compile: `compile(model, config, steps)`, where `steps` is the length of the whole training.
        facts: the facts for the card that no program can find out.
        smoke: the settings that `--smoke` replaces, for a run of less than a minute.
        metrics: the metrics of the card, see `zoo.evaluate`; by default those that suit the model.
        samples: how many samples each number of the card is computed from, beside 10,000 real
            images, or as many as there are samples if these are more.
        picture: `picture(model, test)`, the image that is made after each epoch and for the model
            card; by default the most telling one, see `zoo.pictures.default_picture`.
        monitor: the number by which the best checkpoint is chosen: the name of a log, of which low
            is better unless a metric of this name says otherwise, or the name of a number of a
            metric, such as `"fid"`, which is then measured after each epoch. By default it is the
            log `"loss"` of a model of one player that has it; else no checkpoint is the best.
        ship: the checkpoint that the preset is made of, `"last"` or `"best"`.
        published: values of others, `(value, source)` by the name of a number. They stand beside
            ours in the card.
        examples: how many test images go into the preset, to show a model that makes no images
            itself; their rights must allow it.
        packaged: whether `--publish` puts the preset into the package. If not, it goes into the
            folder `hub` beside the package, as presets do that are large, or whose data are for
            research.
        reported: the former name of `published`.

    Raises:
        UnknownNameError: if `ship` is neither, or `smoke` names no setting.
        RecipeError: if `preset` has other characters than names have, a value of `smoke` has the
            wrong type, or `published` and `reported` are both given.
    """

    preset: str
    family: str
    config: Config
    build: Callable[[Config], keras.Model]
    compile: Callable[[keras.Model, Config, int], None]
    facts: Facts
    smoke: dict[str, Any]
    metrics: Sequence[str | Metric] | None = None
    samples: int = SAMPLES
    picture: Callable[[keras.Model, Source], Image.Image] = pictures.default_picture
    monitor: str | None = None
    ship: str = "last"
    published: Mapping[str, tuple[float, str]] = dataclasses.field(default_factory=dict)
    examples: int = 0
    packaged: bool = True
    reported: dataclasses.InitVar[Mapping[str, tuple[float, str]] | None] = None

    def __post_init__(self, reported):
        if reported is not None:
            if self.published:
                raise RecipeError(
                    "reported is the former name of published: give published alone. Received: "
                    f"published={self.published!r} and reported={reported!r}."
                )
            object.__setattr__(self, "published", reported)
        if not isinstance(self.preset, str) or not locate.NAME.fullmatch(self.preset):
            raise RecipeError(
                "preset must be of small letters and digits, with single underscores or hyphens "
                f"between. Received: {self.preset!r}."
            )
        check_choice("ship", self.ship, ("last", "best"))
        self.config.replace(**self.smoke)  # unknown settings are refused now, not during a run

    @property
    def source(self) -> str:
        """The text of all that the training depends on.

        It holds the classes of the settings, the functions `build` and `compile`, and the settings
        whose values are not the defaults of their classes.
        """
        lineage = type(self.config).__mro__
        classes = lineage[: lineage.index(Config)][::-1]
        parts = [*classes, self.build, self.compile]
        defaults = {field.name: field.default for field in dataclasses.fields(self.config)}
        changed = {k: v for k, v in vars(self.config).items() if v != defaults[k]}
        text = "".join(map(inspect.getsource, parts))
        return text + "".join(f"{key} = {value!r}\n" for key, value in changed.items())

    def built(self, config: Config, say: Callable[[str], None]) -> tuple[keras.Model, Config]:
        """Build the model.

        Where its networks are not made for the `image_size` of the settings, the nearest size that
        they are made for takes its place.

        Args:
            config: the settings.
            say: is given a line where another size is taken.

        Returns:
            The model and the settings that it was built with.

        Raises:
            SizeError: if there is no such size, or the settings do not hold the size.
        """
        try:
            return self.build(config), config
        except SizeError as error:
            asked = vars(config).get("image_size")
            if not error.nearest or error.size != (asked, asked):
                raise
            config = config.replace(image_size=error.nearest[0])
            say(
                f"image_size={asked} becomes {config.image_size}, the nearest size that the "
                "networks are made for"
            )
            return self.build(config), config

    @property
    def file(self) -> Path | None:
        """The file that defines `build`; `None` if it was defined in no file."""
        file = inspect.getsourcefile(self.build)
        return Path(file).resolve() if file is not None and Path(file).is_file() else None

    @property
    def place(self) -> str:
        """The file of the recipe as cards name it: in `recipes/` for those of this package."""
        file = f"{self.preset}.py"
        ours = self.file is not None and self.file in locate.recipes().values()
        return f"recipes/{file}" if ours else file

    @property
    def sha256(self) -> str:
        """The hash of `source`."""
        return source_sha256(self.source)


def source_sha256(source: str) -> str:
    """Return the hash of a recipe's source, which stands in cards."""
    return hashlib.sha256(source.encode()).hexdigest()


def find_recipe(name: str | Path) -> Path:
    """Return the file of a recipe.

    Args:
        name: the path of a Python file, or the name of a preset of this package.

    Raises:
        RecipeError: if there is no such file.
        UnknownNameError: if there is no recipe of that name.
    """
    path, known = Path(name), locate.recipes()
    if path.is_file():
        return path
    if str(name) in known:
        return known[str(name)]
    if path.is_dir():
        raise RecipeError(f"A recipe is a Python file. Received: the folder {str(path)!r}.")
    if locate.NAME.fullmatch(str(name)):
        raise unknown_name("recipe", str(name), known, "The path of a Python file is one, too.")
    meant = f" Is {path.stem!r} meant, a recipe of the zoo?" if path.stem in known else ""
    raise RecipeError(f"There is no recipe {str(path)!r}.{meant}")


def load_recipe(path: str | Path) -> Recipe:
    """Load the `RECIPE` of a file, which may import other files of its folder.

    Args:
        path: the path of a Python file, or the name of a preset of this package.

    Raises:
        RecipeError: if there is no such file, or no recipe in it.
        UnknownNameError: if there is no recipe of that name.
    """
    path = find_recipe(path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None:
        raise RecipeError(f"A recipe is a Python file. Received: {str(path)!r}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # `inspect` looks here for the source of its functions
    with importable(path.resolve().parent):
        spec.loader.exec_module(module)
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"{path} defines no RECIPE = zoo.Recipe(...).")
    return recipe
