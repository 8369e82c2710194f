"""The presets of the project: those of the package, and the larger ones in the folder `hub`."""

from pathlib import Path

import zoo
from zoo.presets import locate

HUB = locate.ROOT.parent / "hub"
# What `zoo.load` takes, and the folder.
SHIPPED: dict[str, Path] = {
    **{name: locate.WEIGHTS / name for name in zoo.list()},
    **{str(place.parent): place.parent for place in sorted(HUB.glob("*/card.json"))},
}
