"""The name and the licence of what a user trains."""

from __future__ import annotations

import dataclasses

from zoo.data.rights import UNKNOWN
from zoo.errors import ArgumentError
from zoo.presets import locate
from zoo.presets.card import LONGEST_NAME, Base, Facts, Wishes
from zoo.presets.save import check_license, check_line

# Licences that allow any use, as Hugging Face calls them: some ask for nothing, and some for a
# notice. Others bind what is made of them.
FREE = frozenset({"unlicense", "cc0-1.0"})
NOTICE = frozenset(
    {"apache-2.0", "mit", "isc", "bsd-2-clause", "bsd-3-clause", "cc-by-3.0", "cc-by-4.0"}
)
OTHER = "other"  # one that none of these names describes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ownership:
    """The wishes of a preset's owner for its card.

    Args:
        name: the name of the preset; `None` for the recipe's.
        title: one line that describes it; `None` for that of the recipe or the data.
        license: the licence of the weights; `None` for the one that follows from the data and from
            what the training started from.
        license_override: the reason why the licence may be another one.

    Raises:
        ArgumentError: if the name is none, or that of a preset of the zoo.
    """

    name: str | None = None
    title: str | None = None
    license: str | None = None
    license_override: str | None = None

    def __post_init__(self):
        if self.name is not None and not locate.NAME.fullmatch(self.name):
            raise ArgumentError(
                "--name must be of small letters and digits, with single underscores or hyphens "
                f"between. Received: {self.name!r}."
            )
        if self.name is not None and self.name in {*locate.known_names(), *locate.recipes()}:
            raise ArgumentError(
                f"--name must be a new one. Received: {self.name!r}, the name of another preset."
            )
        if self.name is not None and len(self.name) > LONGEST_NAME:
            raise ArgumentError(
                f"--name must have at most {LONGEST_NAME} characters. Received: {len(self.name)}."
            )
        for option in ("title", "license", "license_override"):
            if (text := getattr(self, option)) is not None:
                check_line(f"--{option.replace('_', '-')}", text)
        if self.license is not None:
            check_license("--license", self.license)
        if self.license_override is not None and self.license is None:
            raise ArgumentError(
                "--license-override is the reason for --license. Received: "
                f"{self.license_override!r} without --license."
            )

    @property
    def wishes(self) -> Wishes | None:
        """The record of the wishes in a card, beside the name; `None` without any."""
        texts = {k: v for k, v in vars(self).items() if k != "name" and v is not None}
        return Wishes(**texts) if texts else None

    def check(self, facts: Facts, base: Base | None) -> None:
        """Raise unless the licence may be that of weights which `facts` and `base` describe.

        Raises:
            ArgumentError: if the data, or the start, allow less.
        """
        inherited = _inherited(facts, base)
        if self.license is None or self.license_override is not None:
            return
        allowed = self.license.lower() == inherited.lower() or (
            not _binds(inherited) and _strictness(self.license) >= _strictness(inherited)
        )
        if not allowed and inherited != UNKNOWN.weights:
            start = "" if base is None else f"; and of {base.preset}: {base.data_rights}"
            raise ArgumentError(
                f"--license must be {inherited!r}, which follows from the data: "
                f"{facts.data_rights}{start}. Received: {self.license!r}. --license-override takes "
                "the reason for another one."
            )

    def applied(self, facts: Facts, base: Base | None) -> Facts:
        """Return `facts` with these wishes, and with the restrictions of `base`."""
        inherited = _inherited(facts, base)
        changes = {"license": self.license or inherited, "title": self.title or facts.title}
        if base is not None:
            changes["differs"] = [*facts.differs, f"Its training started from {base.preset}."]
            changes["data_rights"] = (
                f"{facts.data_rights}; and of {base.preset}, from which it started: "
                f"{base.data_rights}"
            )
        if self.license_override is not None:
            sentence = f"Its licence is not the one that follows, {inherited}: "
            changes["limits"] = [*facts.limits, sentence + self.license_override]
        return facts.model_copy(update=changes)


def _inherited(facts: Facts, base: Base | None) -> str:
    """Return the licence that follows from the data and the start: the stricter of both.

    Two that bind and differ follow together as no licence with a name.
    """
    licences = [facts.license or UNKNOWN.weights]
    if base is not None:
        licences.insert(0, base.weights_license)  # of equally strict ones that of the weights
    binding = {licence.lower(): licence for licence in licences if _binds(licence)}
    return OTHER if len(binding) > 1 else max(licences, key=_strictness)


def _binds(licence: str) -> bool:
    """Return whether a licence is known, and asks for its like or forbids something."""
    return _strictness(licence) == 3


def _strictness(licence: str) -> int:
    """Return how much a licence asks: nothing, a notice, what is not known, or more."""
    name = licence.lower()
    if name in FREE:
        return 0
    return 1 if name in NOTICE else 2 if name == UNKNOWN.weights else 3
