"""Writes the cards of the project's presets, and the pages made of them, in the format of today.

Nothing is measured anew: a card of an older format is converted as `Card.read` does, and what a
class says of its idea and of its paper is read from it.

python scripts/upgrade_cards.py
"""

from __future__ import annotations

import warnings

from zoo.models import families
from zoo.presets import locate
from zoo.presets.card import Card
from zoo.presets.save import class_differs, class_idea
from zoo.runs.collection import rewrite_card


def described_anew(card: Card) -> Card:
    """The card with what the class says today."""
    cls = families.family(card.identity.family).cls
    changes = {"idea": class_idea(cls), "class_differs": class_differs(cls)}
    return card.model_copy(update={"identity": card.identity.model_copy(update=changes)})


def upgrade() -> list[str]:
    """Rewrite every card, and return the names of the presets."""
    presets = locate.shelf()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* was converted to ")
        for preset, path in sorted(presets.items()):
            rewrite_card(preset, described_anew(Card.read(path)))
    return sorted(presets)


if __name__ == "__main__":
    print(*upgrade(), sep="\n")
