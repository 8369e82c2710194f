"""The presets of the project: those of the package, and the larger ones in the folder `hub`."""

from pathlib import Path

from zoo.presets import locate

HUB = locate.HUB
# The folder of each, by the name that `zoo.load` takes.
SHIPPED: dict[str, Path] = {name: locate.place(name)[1] for name in sorted(locate.shelf())}
