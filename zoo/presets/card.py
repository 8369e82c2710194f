"""The card of a preset: everything that is known of it, as data with a strict schema.

A card is written by the runner and never by hand; its class is the documentation of its format.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from zoo.base.records import Line, Record, Sha256, Text
from zoo.engine.model import Model
from zoo.engine.spaces import Classes, Noise, Normal, Space, of_shape
from zoo.engine.tasks import tasks_of
from zoo.errors import ArgumentError, CardError
from zoo.metrics.protocol import Measurement
from zoo.models import families

FORMAT = 4

PresetName = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=100)]


def _plain(name: str) -> str:
    """Refuses file names that leave the preset's folder, or hide in it, or are the card's own."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) or name == "card.json":
        raise ValueError(
            "a file of a preset must lie in its folder, under a name of letters, digits, dots, "
            f"hyphens and underscores, and not at {name!r}"
        )
    return name


FileName = Annotated[str, AfterValidator(_plain)]


PartName = Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*$")]
LOADED = frozenset({"config.json", "model.weights.h5"})


class Identity(Record):
    """What the preset is."""

    preset: PresetName
    family: Line  # the name that `zoo.create` takes
    group: Line  # the folder of the rule: `gans`
    model: Line  # the class, as text
    title: Line
    paper: Text
    paper_url: Text
    differs: list[Text]  # from the paper
    class_differs: Line | None = None  # what the class's docstring says of the same


class File(Record):
    """One file of a preset and what it must be."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


class Weights(Record):
    """The files of a preset."""

    files: dict[FileName, File]  # all that `load` needs
    extras: dict[FileName, File]  # golden outputs, picture
    components: dict[PartName, dict[FileName, File]] = Field({})  # parts that load alone
    parameters: Annotated[int, Field(gt=0)]  # of all networks, as they are in memory
    dtype: Text  # of the arrays as stored

    @model_validator(mode="after")
    def _names_all_that_is_loaded(self) -> Weights:
        if not self.files.keys() >= LOADED:
            raise ValueError(f"files must hold {', '.join(sorted(LOADED))}")
        for name, files in self.components.items():
            if files.keys() != {f"{name}.json", f"{name}.weights.h5"}:
                raise ValueError(f"the component {name} must be {name}.json and {name}.weights.h5")
        parts = [self.files, self.extras, *self.components.values()]
        if len(self.all_files) != sum(map(len, parts)):
            raise ValueError("a file must be named once")
        return self

    @property
    def all_files(self) -> dict[str, File]:
        """Every file that the card names."""
        parts = [part for files in self.components.values() for part in files.items()]
        return {**self.files, **self.extras, **dict(parts)}


class SpaceRecord(Record):
    """A space of a model's signature, see `zoo.engine.spaces`."""

    kind: Line  # the name of the space, such as `images`
    noun: Line  # the plural of its values
    shape: list[int]
    range: tuple[float, float] | None = None  # of images; null: any value
    names: list[Line] | None = None  # of classes
    text: Text  # the space in words

    @classmethod
    def of(cls, space: Space) -> SpaceRecord:
        """Record `space`."""
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
    """The spaces and the tasks of a model: what goes in and what comes out."""

    data: SpaceRecord
    condition: SpaceRecord | None = None
    noise: dict[Line, SpaceRecord] = Field({})  # a single space is called `noise`
    tasks: list[Line]  # see `zoo.engine.tasks`
    backends: dict[Text, float]  # verified, with the largest difference to the golden outputs

    @classmethod
    def of(cls, model: Model, backends: dict[str, float]) -> Signature:
        """Record the signature of `model`."""
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
    def classes(self) -> list[str] | None:
        """The names of the classes of the condition, or `None` where it is none of classes."""
        return None if self.condition is None else self.condition.names

    def with_classes(self, names: list[str] | None) -> Signature:
        """Return this signature with the names of its classes; `None` leaves them as they are.

        Raises:
            ArgumentError: if there are more or fewer classes.
        """
        if names is None or self.classes is None:
            return self
        if len(names) != len(self.classes):
            raise ArgumentError(
                f"classes must name {len(self.classes)} classes. Received: {names!r}."
            )
        condition = SpaceRecord.of(Classes(len(names), tuple(names)))
        return self.model_copy(update={"condition": condition})


class Restored(Record):
    """Where a training made numbers that are not finite, and went back."""

    step: int  # that made them
    player: Text | None
    to: int  # the step of the checkpoint from which it went on, with other random numbers


class Selected(Record):
    """Which weights of a training these are, where they are not the last."""

    step: int
    monitor: Text  # the number by which it was the best
    value: float


class Training(Record):
    """How the weights came to be."""

    recipe: Text
    recipe_sha256: Sha256  # of the text that trained it
    equal_recipe_sha256: Sha256 | None = None  # of a later text that builds the same model
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
    selected: Selected | None = None  # null: the last
    other_seeds: list[int] = Field([])  # of trainings whose numbers stand beside these

    @property
    def minutes(self) -> int:
        """How long it took, in whole minutes."""
        return round(self.seconds / 60)

    @property
    def took(self) -> str:
        """How long it took, for texts: such as 31 minutes."""
        if self.minutes > 1:
            return f"{self.minutes} minutes"
        return ["less than a minute", "1 minute"][self.minutes]


class Rights(Record):
    """Licences."""

    code: Line
    weights: Line
    data: Line


class Facts(Record):
    """What no program can find out, given by the recipe."""

    title: Text
    differs: list[Text]  # from the paper, beyond what the model's docstring says
    limits: list[Text]
    data_rights: Line | None = None  # null: what `zoo.data.rights` knows of the data
    license: Line | None = None  # of the weights, as above
    classes: list[Line] | None = None  # their names, where they are more than numbers


class Card(Record):
    """The card of a preset, format 4."""

    format: Literal[4] = FORMAT
    identity: Identity
    weights: Weights
    signature: Signature
    training: Training | None  # null: of a model that no recipe of this package made
    metrics: list[Measurement]
    rights: Rights
    limits: list[Text]

    @property
    def name(self) -> str:
        return self.identity.preset

    @classmethod
    def read(cls, path: Path) -> Card:
        """The card in the file `path`.

        Raises:
            CardError: if it breaks the schema, with the place and what was received.
        """
        return cls.parse(path.read_bytes(), str(path.name))

    @classmethod
    def parse(cls, text: bytes | str, source: str) -> Card:
        """The card in `text`; `source` is what errors call it. One of an older format is converted,
        with a warning.

        Raises:
            CardError: if it breaks the schema, or is of a newer format than this version reads.
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
                f"{'.'.join(map(str, e['loc'])) or 'the whole'}: {e['msg']} (received "
                f"{str(e['input'])[:80]!r})"
                for e in error.errors()
            )
            raise CardError(f"The card {source} breaks the rules for cards: {faults}.") from error

    def write(self, path: Path) -> None:
        """Writes the card to `path`."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _converted(raw: dict[str, Any], source: str) -> dict[str, Any]:
    """What the card `raw` says, in the format of this version."""
    found = raw["format"]
    if found == FORMAT:
        return raw
    if found not in _CHANGES:
        known = f"formats 1 to {FORMAT}"
        advice = " Upgrade the package." if found > FORMAT else ""
        raise CardError(
            f"The card {source} is of format {found}. This version reads {known}.{advice}"
        )
    said = []
    for number in range(found, FORMAT):
        raw, change = _CHANGES[number](raw)
        said += change
    warnings.warn(
        f"The card {source} is of format {found} and was converted to {FORMAT}."
        f"{''.join(' ' + text for text in said)}",
        stacklevel=4,
    )
    return {**raw, "format": FORMAT}


def _from_1(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Leave out the numbers, whose protocols were sentences that cannot be compared."""
    metrics = raw.get("metrics")
    listed = metrics if isinstance(metrics, list) else []
    names = [metric.get("name") for metric in listed if isinstance(metric, dict)]
    lost = [f"Left out are its numbers, whose protocols were words: {', '.join(map(str, names))}."]
    return {**raw, "metrics": []}, lost if names else []


def _from_2(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Leave all as it is: format 3 added what may be missing, components, and models without a
    recipe."""
    return raw, []


def _from_3(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Put a signature in the place of the contract; the tasks are those of the family."""
    contract = raw.get("contract")
    if not isinstance(contract, dict):
        return raw, []  # the schema says what is wrong
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
    kept = {key: value for key, value in raw.items() if key != "contract"}
    return {**kept, "signature": signature}, []


_CHANGES = {1: _from_1, 2: _from_2, 3: _from_3}
