"""The name and the licence of what a user trains."""

from __future__ import annotations

import dataclasses

from zoo.data.rights import UNKNOWN
from zoo.errors import ArgumentError
from zoo.presets import locate
from zoo.presets.card import Base, Facts

# Licences that allow any use, as Hugging Face calls them. Others may carry restrictions on.
OPEN = frozenset(
    {
        *("apache-2.0", "mit", "isc", "bsd-2-clause", "bsd-3-clause", "unlicense", "cc0-1.0"),
        *("cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
    }
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ownership:
    """The wishes of a preset's owner for its card.

    Args:
        name: the name of the preset; `None` for the recipe's.
        title: one line that describes it; `None` for that of the recipe or the data.
        license: the licence of the weights; `None` for the one that follows from the data and from
            what the training started from.
        license_override: the reason why the licence may be another one than that of the start.

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
        for option in ("title", "license"):
            text = getattr(self, option)
            if text is not None and (not text.strip() or "\n" in text):
                raise ArgumentError(f"--{option} must be one line. Received: {text!r}.")
        if self.license_override is not None and self.license is None:
            raise ArgumentError(
                "--license-override is the reason for --license. Received: "
                f"{self.license_override!r} without --license."
            )

    @property
    def asked(self) -> bool:
        """Whether anything was asked for."""
        return any(value is not None for value in vars(self).values())

    def check(self, base: Base | None) -> None:
        """Raise unless the licence may be that of a preset that started from `base`.

        Raises:
            ArgumentError: if `base` allows less.
        """
        if base is None or self.license is None or self.license_override is not None:
            return
        if _restricts(base) and self.license.lower() != base.weights_license.lower():
            raise ArgumentError(
                f"--license must be {base.weights_license!r}, that of {base.preset}, whose data "
                f"are: {base.data_rights}. Received: {self.license!r}. --license-override takes "
                "the reason for another one."
            )

    def applied(self, facts: Facts, base: Base | None) -> Facts:
        """Return `facts` with these wishes, and with the restrictions of `base`."""
        changes = {}
        if base is not None:
            changes["differs"] = [*facts.differs, f"Its training started from {base.preset}."]
            if not _is_open(base.weights_license):
                changes["license"] = base.weights_license
            if _restricts(base):
                changes["data_rights"] = (
                    f"{facts.data_rights}; and of {base.preset}, from which it started: "
                    f"{base.data_rights}"
                )
        if self.title is not None:
            changes["title"] = self.title
        if self.license is not None:
            changes["license"] = self.license
        if self.license_override is not None and base is not None:
            changes["limits"] = [
                *facts.limits,
                f"Its licence is not that of {base.preset}, {base.weights_license}: "
                f"{self.license_override}",
            ]
        return facts.model_copy(update=changes)


def _restricts(base: Base) -> bool:
    """Return whether the licence of `base` is known to forbid something."""
    return not _is_open(base.weights_license) and base.weights_license != UNKNOWN.weights


def _is_open(licence: str) -> bool:
    """Return whether a licence allows any use."""
    return licence.lower() in OPEN
