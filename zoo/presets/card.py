"""The card of a preset, which records everything about it as data with a strict schema.

A card is written by the runner and never by hand. The class `Card` documents its format.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from zoo.base.importing import MODULE
from zoo.base.program import import_all
from zoo.base.records import Line, Record, Sha256, Text
from zoo.base.text import one_line
from zoo.base.warn import warn
from zoo.errors import ArgumentError, CardError
from zoo.files.home import write_text
from zoo.files.limits import check_limit
from zoo.metrics.protocol import Measurement
from zoo.presets import table

if TYPE_CHECKING:  # a card is read without Keras
    from zoo.engine.model import Model
    from zoo.engine.spaces import Space

FORMAT = 4
LARGEST = 2**22  # bytes of a card, and of an index

LONGEST_NAME = 100  # characters of the name of a preset
NAME = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
PresetName = Annotated[str, Field(pattern=NAME, max_length=LONGEST_NAME)]


# Windows reads these names, with any suffix, as devices.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def _plain(name: str) -> str:
    """Return `name`, or raise if the file is outside of the preset's folder, hidden, or the card.

    Upper and lower case count as equal, and a dot at the end as nothing, as on Windows.
    """
    plain = re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?", name)
    if not plain or name.lower() == "card.json" or DEVICES.fullmatch(name.lower()):
        raise ValueError(
            "a file of a preset must lie in its folder, under a name of letters, digits, dots, "
            f"hyphens and underscores, and not at {name!r}"
        )
    return name


FileName = Annotated[str, AfterValidator(_plain)]


ModuleName = Annotated[str, Field(pattern=MODULE, max_length=200)]
PartName = Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*$")]
LOADED = frozenset({"config.json", "model.weights.h5"})
NEEDED = LOADED | {"metadata.json"}  # the files of Keras's format


class Identity(Record):
    """The name of a preset, its model and its paper."""

    preset: PresetName
    family: Line  # the name that `zoo.create` takes
    group: Line  # the folder of the class in `zoo.models`, such as `gans`
    model: Line  # the name of the class
    title: Line
    paper: Text
    paper_url: Text
    differs: list[Text]  # differences of the recipe from the paper
    idea: Line | None = None  # the idea of the model and its use, from the class
    class_differs: Line | None = None  # differences of the class, from its docstring


class File(Record):
    """The hash and the size of one file of a preset."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


class Weights(Record):
    """The files of a preset."""

    files: dict[FileName, File]  # the files that `load` needs
    extras: dict[FileName, File]  # golden outputs, picture and examples
    components: dict[PartName, dict[FileName, File]] = Field({})  # parts that load alone
    parameters: Annotated[int, Field(gt=0)]  # the number of weights of all networks
    dtype: Text  # the type of the arrays in the files
    modules: dict[Line, ModuleName] = Field({})  # the module of each class of other packages

    @model_validator(mode="after")
    def _lists_all_files(self) -> Weights:
        """Raise unless the files that `load` needs are listed, and each file once."""
        if not self.files.keys() >= LOADED:
            raise ValueError(f"files must hold {', '.join(sorted(LOADED))}")
        for name, files in self.components.items():
            if files.keys() != {f"{name}.json", f"{name}.weights.h5"}:
                raise ValueError(f"the component {name} must be {name}.json and {name}.weights.h5")
        parts = [self.files, self.extras, *self.components.values()]
        if len({name.lower() for name in self.all_files}) != sum(map(len, parts)):
            raise ValueError("a file must be named once, whether in upper or in lower case")
        return self

    @property
    def needed(self) -> dict[str, File]:
        """The files of the whole model by name, whatever else a card lists among `files`."""
        return {name: file for name, file in self.files.items() if name in NEEDED}

    @property
    def all_files(self) -> dict[str, File]:
        """Every file in the card, by name."""
        parts = [part for files in self.components.values() for part in files.items()]
        return {**self.files, **self.extras, **dict(parts)}


class SpaceRecord(Record):
    """The record of a space of a model's signature, see `zoo.engine.spaces`."""

    kind: Line  # the name of the space, such as `images`
    noun: Line  # the plural noun for its values
    shape: list[int]
    range: tuple[float, float] | None = None  # the range of images; null: any value
    names: list[Line] | None = None  # the names of classes
    text: Text  # the description of the space

    @classmethod
    def of(cls, space: Space) -> SpaceRecord:
        """Return the record of `space`."""
        from zoo.engine.spaces import Classes

        classes = isinstance(space, Classes)
        return cls(
            kind=space.name,
            noun=space.noun,
            shape=[space.n] if classes else list(space.shape),
            range=getattr(space, "range", None),
            names=[*(space.names or map(str, range(space.n)))] if classes else None,
            text=space.text,
        )


class Signature(Record):
    """The spaces of a model's data, condition and noise, and its tasks."""

    data: SpaceRecord
    condition: SpaceRecord | None = None
    noise: dict[Line, SpaceRecord] = Field({})  # a single space has the key `noise`
    tasks: list[Line]  # see `zoo.engine.tasks`
    backends: dict[Text, float]  # the largest difference of each from the golden outputs

    @classmethod
    def of(cls, model: Model, backends: dict[str, float]) -> Signature:
        """Return the record of the signature of `model`."""
        from zoo.engine.spaces import Noise

        noise = {} if model.noise is None else model.noise
        spaces = {"noise": noise} if isinstance(noise, Noise) else noise
        return cls(
            data=SpaceRecord.of(model.data),
            condition=None if model.condition is None else SpaceRecord.of(model.condition),
            noise={name: SpaceRecord.of(space) for name, space in spaces.items()},
            tasks=list(model.tasks),
            backends=backends,
        )

    @property
    def noise_name(self) -> str:
        """`"latents"` for noise that is one vector of latents, else `"noise"`."""
        of_pixels = "scores" in self.tasks and "encodes" not in self.tasks
        return "noise" if of_pixels or len(self.noise) > 1 else "latents"

    @property
    def classes(self) -> list[str] | None:
        """The names of the classes, or `None` if the condition is no class."""
        return None if self.condition is None else self.condition.names

    def with_classes(self, names: list[str] | None) -> Signature:
        """Return this signature with `names` for its classes; `None` changes nothing.

        Raises:
            ArgumentError: if the model has another number of classes.
        """
        from zoo.engine.spaces import Classes

        if names is None or self.classes is None:
            return self
        if len(names) != len(self.classes):
            raise ArgumentError(
                f"classes must name {len(self.classes)} classes. Received: {names!r}."
            )
        condition = SpaceRecord.of(Classes(len(names), tuple(names)))
        return self.model_copy(update={"condition": condition})


class Restored(Record):
    """A return of a training to an earlier checkpoint, after numbers that were not finite."""

    step: int  # the step that made the numbers
    player: Text | None
    to: int  # the step of the checkpoint; the training went on with other random numbers


class Selected(Record):
    """The step of a training whose weights were the best by a number."""

    step: int
    monitor: Text  # the name of the number
    value: float


class Earlier(Record):
    """The record of a change of the settings during a training, which went on with others."""

    step: int  # the step from which on the settings were those of the training
    settings: dict[Text, Any]  # the former values of those that changed


class Base(Record):
    """The record of the model whose weights a training started from."""

    preset: Line  # its name
    repository: Line | None = None  # at Hugging Face, such as "user/repo"
    weights_license: Line
    data_rights: Line
    sha256: Sha256  # the hash of the file of its weights


class Wishes(Record):
    """The texts that the owner of a preset asked for, in place of the recipe's."""

    title: Line | None = None
    license: Line | None = None
    license_override: Line | None = None  # why the licence is not the one that follows


class Training(Record):
    """The record of the training of the weights."""

    recipe: Text
    recipe_sha256: Sha256  # the hash of the recipe's text at the training
    equal_recipe_sha256: Sha256 | None = None  # the hash of a later text with the same model
    settings: dict[str, Any]
    seed: int
    steps: int
    images_seen: int
    seconds: float
    device: Text
    versions: dict[str, Text]
    data: Text
    data_sha256: Sha256
    data_images: int
    restored: list[Restored] = Field([])
    selected: Selected | None = None  # null: the weights of the last step
    earlier: list[Earlier] = Field([])
    base: Base | None = None  # null: new weights
    wishes: Wishes | None = None  # null: all texts are the recipe's
    other_seeds: list[int] = Field([])  # the seeds of other trainings in the table of numbers

    @property
    def crop(self) -> str:
        """The crop of the training images, see `zoo.data.read`.

        Trainings to which this setting was not known took the centre.
        """
        return self.settings.get("crop", "centre")

    @property
    def minutes(self) -> int:
        """The duration in whole minutes."""
        return round(self.seconds / 60)

    @property
    def took(self) -> str:
        """The duration as text, such as "31 minutes"."""
        if self.minutes > 1:
            return f"{self.minutes} minutes"
        return ["less than a minute", "1 minute"][self.minutes]


class Rights(Record):
    """The licences of the code, the weights and the data."""

    code: Line
    weights: Line
    data: Line


class Facts(Record):
    """The texts of a preset's card: title, differences, limits, rights and names of classes.

    The author of a recipe writes them, and `zoo.save` makes them from its arguments. `data_rights`,
    `license` and `classes` may be left out.
    """

    title: Text
    differs: list[Text]  # differences from the paper, beyond those in the class's docstring
    limits: list[Text]  # sentences on the weaknesses of the model
    data_rights: Line | None = None  # null: the licence that `zoo.data.rights` knows
    license: Line | None = None  # the licence of the weights; null: also from `zoo.data.rights`
    classes: list[Line] | None = None  # the names of the classes; null: their numbers


class Card(Record):
    """The card of a preset, format 4."""

    format: Literal[4] = FORMAT
    identity: Identity
    weights: Weights
    signature: Signature
    training: Training | None  # null: no recipe of this package trained the model
    metrics: list[Measurement]
    rights: Rights
    limits: list[Text]

    @property
    def name(self) -> str:
        """The name of the preset."""
        return self.identity.preset

    @property
    def idea(self) -> str | None:
        """The idea of the model and its use. Cards of earlier versions leave it to the family."""
        if self.identity.idea is not None:
            return self.identity.idea
        import_all()
        from zoo.models import families

        family = self.identity.family
        return families.family(family).cls.idea if family in families.families() else None

    @property
    def heading(self) -> str:
        """The name and the title."""
        return f"{self.name}: {self.identity.title}"

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The rows of the table that `zoo info` prints, each a name and a text."""
        return table.rows(self)

    def __str__(self) -> str:
        return table.as_text(self.heading, self.rows)

    def _repr_html_(self) -> str:
        return table.as_html(self.heading, self.rows, vars(self).get("_picture"))

    def with_picture(self, path: Path) -> Card:
        """Return this card, which a notebook shows with the picture at `path` if it is there."""
        card = self.model_copy()
        if path.is_file():
            vars(card)["_picture"] = path  # no field: it is no part of the card
        return card

    @classmethod
    def read(cls, path: Path) -> Card:
        """Return the card in the file `path`.

        Raises:
            CardError: if it breaks the schema, with the field and the value received; or if the
                file is too large.
        """
        check_limit(f"The card {path}", "bytes", path.stat().st_size, LARGEST, CardError)
        return cls.parse(path.read_bytes(), str(path.name))

    @classmethod
    def parse(cls, text: bytes | str, source: str) -> Card:
        """Return the card in `text`, which errors call `source`.

        A card of an older format is converted, with a warning.

        Raises:
            CardError: if it breaks the schema, or its format is newer than this version reads.
        """
        try:
            raw = json.loads(text if isinstance(text, str) else text.decode())
        except (ValueError, RecursionError) as error:
            raise CardError(f"The card {source} is no JSON in UTF-8: {error}.") from error
        if not isinstance(raw, dict) or type(raw.get("format")) is not int:
            raise CardError(f"The card {source} has no number for its format.")
        raw = _converted(raw, source)
        try:
            return cls.model_validate_json(json.dumps(raw))
        except ValidationError as error:
            faults = "; ".join(
                f"{one_line('.'.join(map(str, e['loc'])) or 'the whole', 200)}: {e['msg']} "
                f"(received {str(e['input'])[:80]!r})"
                for e in error.errors()
            )
            raise CardError(f"The card {source} breaks the rules for cards: {faults}.") from error

    def write(self, path: Path) -> None:
        """Write the card to `path`, as JSON."""
        write_text(path, self.model_dump_json(indent=2) + "\n")


def _converted(raw: dict[str, Any], source: str) -> dict[str, Any]:
    """Return the card `raw` in the format of this version, and warn if it was converted."""
    format_read = raw["format"]
    if format_read == FORMAT:
        return raw
    if format_read not in _CHANGES:
        known = f"formats 1 to {FORMAT}"
        advice = " Upgrade the package." if format_read > FORMAT else ""
        raise CardError(
            f"The card {source} is of format {format_read}. This version reads {known}.{advice}"
        )
    losses = []
    for number in range(format_read, FORMAT):
        raw, change = _CHANGES[number](raw)
        losses += change
    warn(
        f"The card {source} is of format {format_read} and was converted to {FORMAT}."
        f"{''.join(' ' + text for text in losses)}"
    )
    return {**raw, "format": FORMAT}


def _from_1(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Convert format 1 to 2: leave out the numbers, whose protocols were sentences that cannot be
    compared."""
    metrics = raw.get("metrics")
    listed = metrics if isinstance(metrics, list) else []
    names = [metric.get("name") for metric in listed if isinstance(metric, dict)]
    losses = [
        f"Left out are its numbers, whose protocols were words: {', '.join(map(str, names))}."
    ]
    return {**raw, "metrics": []}, losses if names else []


def _from_2(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Convert format 2 to 3, which added optional fields only: nothing changes."""
    return raw, []


def _from_3(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Convert format 3 to 4: replace the contract by a signature, with the tasks of the family."""
    contract = raw.get("contract")
    if not isinstance(contract, dict):
        return raw, []  # the schema says what is wrong
    import_all()
    from zoo.engine.spaces import Classes, Normal, of_shape
    from zoo.engine.tasks import tasks_of
    from zoo.models import families

    identity = raw.get("identity")
    family = identity.get("family") if isinstance(identity, dict) else None
    latents = contract.get("latent_shape")
    if family in families.families():
        tasks = list(tasks_of(families.family(family).cls))
    else:
        tasks = ["samples"] if latents else []
    labels = contract.get("labels")
    try:
        shape = contract.get("input_shape") or contract["output_shape"]
        data = SpaceRecord.of(of_shape(tuple(shape), contract.get("output_range")))
        condition = Classes(len(labels), tuple(labels)) if labels else None
        signature = {
            "data": data.model_dump(),
            "condition": condition and SpaceRecord.of(condition).model_dump(),
            "noise": {"noise": SpaceRecord.of(Normal(latents)).model_dump()} if latents else {},
            "tasks": tasks,
            "backends": contract["backends"],
        }
    except (ArgumentError, KeyError, TypeError, ValueError):
        return raw, []  # the schema says what is wrong
    others = {key: value for key, value in raw.items() if key != "contract"}
    return {**others, "signature": signature}, []


# For each older format, the function that converts a card to the next one, and names the losses.
_CHANGES = {1: _from_1, 2: _from_2, 3: _from_3}
