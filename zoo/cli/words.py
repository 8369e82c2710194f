"""The words of command lines that a shell completes: names of presets, recipes, metrics and data.

Each is the argument `shell_complete` of an argument or an option of Click.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

from click.shell_completion import CompletionItem

Names = Callable[[], Iterable[str]]


def one_of(names: Names, or_path: bool = False):
    """Return the completion of a word that is one of `names()`, or also a path."""

    def complete(context, parameter, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(name) for name in _quiet(names) if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")] * or_path

    return complete


def several_of(names: Names):
    """Return the completion of a word that holds several of `names()`, separated by commas."""

    def complete(context, parameter, incomplete: str) -> list[CompletionItem]:
        earlier, comma, last = incomplete.rpartition(",")
        free = [name for name in _quiet(names) if name not in earlier.split(",")]
        return [CompletionItem(earlier + comma + n) for n in free if n.startswith(last)]

    return complete


def _quiet(names: Names) -> list[str]:
    """Return `names()` without warnings, which would stand in the line that is being typed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(names())


def _presets() -> list[str]:
    """Return the names of the presets that are known on this machine."""
    from zoo.presets.locate import known_names

    return known_names()


def _recipes() -> Iterable[str]:
    """Return the names of the recipes of the project."""
    from zoo.presets.locate import recipes

    return recipes()


def _families() -> list[str]:
    """Return the families of the presets that are known on this machine."""
    return sorted({identity.family for identity in _identities()})


def _groups() -> list[str]:
    """Return the groups of the presets that are known on this machine."""
    return sorted({identity.group for identity in _identities()})


def _identities() -> list:
    """Return the parts of the cards of all known presets that tell the model."""
    from zoo.presets import locate

    return [locate.locate(name).card.identity for name in locate.names()]


def _extractors() -> list[str]:
    """Return the names of extractors, of which each classifier is one."""
    from zoo.presets.locate import names

    return [*names(family="classifier"), "inception", "pixels"]


def _networks_of_style() -> list[str]:
    """Return the names of networks whose features make textures and styles."""
    from zoo.presets.locate import names

    return [*names(family="classifier"), "squeezenet", "vgg16", "vgg19"]


def _data_sets() -> list[str]:
    """Return the names of the sets that can be prepared and read without TensorFlow Datasets."""
    from zoo.data import idx, stacked, synthetic

    return [*idx.SETS, *(stacked.PREFIX + name for name in idx.SETS), *synthetic.NAMED]


def _cached() -> list[str]:
    """Return the names of the entries of the cache."""
    from zoo.presets.cache import entries

    return [entry.name for entry in entries()]


def _metrics() -> list[str]:
    """Return the names of metrics."""
    from zoo.metrics.meanings import MEANINGS

    return sorted(MEANINGS)


def _numbers() -> list[str]:
    """Return the names of the numbers that metrics compute."""
    from zoo.metrics.meanings import MEANINGS

    return sorted({number for numbers in MEANINGS.values() for number in numbers})


preset, preset_or_path = one_of(_presets), one_of(_presets, or_path=True)
recipe = one_of(_recipes, or_path=True)
family, group = one_of(_families), one_of(_groups)
extractor = one_of(_extractors, or_path=True)
network_of_style = one_of(_networks_of_style, or_path=True)
data_set, data_set_or_path = one_of(_data_sets), one_of(_data_sets, or_path=True)
cached = one_of(_cached)
metrics, number, numbers = several_of(_metrics), one_of(_numbers), several_of(_numbers)
generator = one_of(lambda: ("ema", "raw"))
split = one_of(lambda: ("train", "test"))
