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
from zoo.errors import CardError
from zoo.metrics.protocol import Measurement

FORMAT = 3

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


class Contract(Record):
    """What goes in and what comes out."""

    input_shape: list[int] | None = None  # of models that take images
    latent_law: Text | None = None
    latent_shape: list[int] | None = None
    output_shape: list[int]
    output_range: tuple[float, float] | None  # null: any value, of points
    labels: list[Text] | None = None  # names of the classes of a conditional model
    backends: dict[Text, float]  # verified, with the largest difference to the golden samples

    @property
    def told_labels(self) -> list[str]:
        """The number of each class, with its name where it has one."""
        names = enumerate(self.labels or [])
        return [name if name == str(i) else f"{i} {name}" for i, name in names]


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
    recipe_sha256: Sha256
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
    """A card, format 3."""

    format: Literal[3] = FORMAT
    identity: Identity
    weights: Weights
    contract: Contract
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
    """Protocols of format 1 were sentences, which cannot be compared."""
    metrics = raw.get("metrics")
    listed = metrics if isinstance(metrics, list) else []
    names = [metric.get("name") for metric in listed if isinstance(metric, dict)]
    lost = [f"Left out are its numbers, whose protocols were words: {', '.join(map(str, names))}."]
    return {**raw, "metrics": []}, lost if names else []


def _from_2(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Format 3 added what may be missing: components, and models without a recipe."""
    return raw, []


_CHANGES = {1: _from_1, 2: _from_2}
