"""Writes the cards of the project's presets, and the pages made of them, in the format of today.

Nothing is measured anew: a card of an older format is converted as `Card.read` does.

python scripts/upgrade_cards.py
"""

from __future__ import annotations

import warnings

from zoo.presets import hub, locate
from zoo.presets.card import Card
from zoo.runs.collection import rewrite_card


def upgrade() -> list[str]:
    """Rewrite every card, and return the names of the presets."""
    presets = {path.stem: path for path in locate.CARDS.glob("*.json")}
    presets |= {str(path.parent): path for path in locate.HUB.glob(f"*/{hub.CARD}")}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* was converted to ")
        for preset, path in sorted(presets.items()):
            rewrite_card(preset, Card.read(path))
    return sorted(presets)


if __name__ == "__main__":
    print(*upgrade(), sep="\n")
