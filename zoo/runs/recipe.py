"""What a recipe is: a frozen configuration and the functions that the runner calls."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import pydantic
from PIL import Image

from zoo import pictures
from zoo.data import Source
from zoo.errors import RecipeError, check_choice, unknown_name
from zoo.evaluation import Metric
from zoo.evaluation.plan import SAMPLES
from zoo.presets.card import Facts

PRECISIONS = ("float32", "bfloat16", "float16")


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings that every recipe has; a recipe's own add to them or give other defaults.

    `data` is a TensorFlow Datasets name, a folder of images, an `.npz` file or a name of
    `zoo.data.synthetic`; `flip` mirrors each image with a probability of one half; `precision`,
    `"float32"`, `"bfloat16"` or `"float16"`, is what layers compute in while they are trained;
    `binarize="stochastic"` draws binary pixels with their grey levels for probabilities, others
    each time.
    """

    data: str
    epochs: int
    batch_size: int
    seed: int = 0
    flip: bool = False
    precision: str = "float32"
    binarize: str | None = None

    def __post_init__(self):
        check_choice("precision", self.precision, PRECISIONS)

    @contextlib.contextmanager
    def dtype_policy(self) -> Iterator[None]:
        """A context in which layers are made that compute in `precision`."""
        before = keras.config.dtype_policy()
        half = self.precision != "float32"
        keras.config.set_dtype_policy(f"mixed_{self.precision}" if half else self.precision)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)

    def replace(self, **changes: Any) -> Config:
        """A copy with `changes`, each converted to the type of the setting it replaces.

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
    """How a preset is made.

    Args:
        preset: the name of the preset, which is also that of the recipe's file.
        family: the name that `zoo.create` takes.
        config: the settings.
        build: `build(config) -> model`.
        compile: `compile(model, config, steps)`, where `steps` is the length of the whole training.
        facts: what the card says that no program can find out.
        smoke: the settings that `--smoke` replaces, for a run of less than a minute.
        metrics: what the card reports, see `zoo.evaluate`; by default what suits the model.
        samples: how many samples the numbers in the card are of.
        picture: `picture(model, test)`, what is seen of the model after each epoch and on its
            model card; by default what shows it best, see `zoo.pictures.default_picture`.
        monitor: what says which checkpoint is the best: the name of a log, of which low is better
            unless a metric of this name says otherwise, or of a number of a metric, such as
            `"fid"`, which is then measured after each epoch. By default the log `"loss"` of a
            model of one player that has it; else there is no best.
        ship: the checkpoint that the preset is made of, `"last"` or `"best"`.
        reported: numbers of others, `(value, where from)` by the name of a number, which stand
            beside ours in the card.
        examples: how many test images go into the preset, to show a model by that makes none
            itself; their rights must allow it.
        packaged: whether `--publish` puts the preset into the package; else into the folder `hub`
            beside it, for those that would make the package large, or whose data are for research.
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
    reported: Mapping[str, tuple[float, str]] = dataclasses.field(default_factory=dict)
    examples: int = 0
    packaged: bool = True

    def __post_init__(self):
        check_choice("ship", self.ship, ("last", "best"))
        self.config.replace(
            **self.smoke
        )  # refuses unknown settings now and not in the middle of a run

    @property
    def source(self) -> str:
        """The text of what the training depends on: the settings, with those that are others than
        their classes say, and the two functions."""
        lineage = type(self.config).__mro__
        classes = lineage[: lineage.index(Config)][::-1]
        parts = [*classes, self.build, self.compile]
        defaults = {field.name: field.default for field in dataclasses.fields(self.config)}
        changed = {k: v for k, v in vars(self.config).items() if v != defaults[k]}
        text = "".join(map(inspect.getsource, parts))
        return text + "".join(f"{key} = {value!r}\n" for key, value in changed.items())

    @property
    def sha256(self) -> str:
        """The hash of `source`."""
        return source_sha256(self.source)


def source_sha256(source: str) -> str:
    """The hash of a recipe's source, which stands in cards."""
    return hashlib.sha256(source.encode()).hexdigest()
