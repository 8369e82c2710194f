"""Deep generative models in Keras 3, on TensorFlow, JAX and PyTorch.

>>> import zoo
>>> model = zoo.load("dcgan_mnist")  # a keras.Model with verified weights
>>> model.sample(64, seed=0).shape
(64, 28, 28, 1)
"""

import importlib

from zoo.base.backends import one_backend_error
from zoo.base.program import import_all, is_waiting
from zoo.version import __version__

if not is_waiting():  # the program `zoo` waits until a command needs them
    with one_backend_error():
        import keras  # noqa: F401 (one error where it cannot be imported)

    from zoo import (
        augmentation,
        callbacks,
        corruption,
        data,
        engine,
        errors,
        evaluation,
        latents,
        layers,
        losses,
        metrics,
        models,
        networks,
        pictures,
        style,
    )
    from zoo.engine import distribute
    from zoo.evaluation import compare, evaluate
    from zoo.models.families import create, families, groups, register_family
    from zoo.presets import hub
    from zoo.presets.card import Card, Facts
    from zoo.presets.load import info, load
    from zoo.presets.locate import names as list
    from zoo.presets.locate import register
    from zoo.presets.save import push, save
    from zoo.presets.writing import write_samples
    from zoo.runs.recipe import Config, Recipe
    from zoo.schedules import LinearDecay, WarmCosine

__all__ = [
    "Card",
    "Config",
    "Facts",
    "LinearDecay",
    "Recipe",
    "WarmCosine",
    "__version__",
    "augmentation",
    "callbacks",
    "compare",
    "corruption",
    "create",
    "data",
    "distribute",
    "engine",
    "errors",
    "evaluate",
    "evaluation",
    "families",
    "groups",
    "hub",
    "info",
    "latents",
    "layers",
    "list",
    "load",
    "losses",
    "metrics",
    "models",
    "networks",
    "pictures",
    "push",
    "register",
    "register_family",
    "run_recipe",
    "save",
    "style",
    "testing",
    "write_samples",
]


def __getattr__(name: str):
    # Few programs test models or run recipes, and the libraries for that take time to import.
    if name == "testing":
        return importlib.import_module("zoo.testing")
    if name == "run_recipe":
        return importlib.import_module("zoo.cli").run_recipe
    if name in __all__ and is_waiting():
        import_all()
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
