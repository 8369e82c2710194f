"""Small runs of two recipes, in this process."""

from pathlib import Path

import numpy as np
import program
import pytest

import zoo
from zoo.presets import golden
from zoo.runs.recipe import load_recipe
from zoo.runs.run import Run
from zoo.runs.training import Keeping

RECIPES = sorted((Path(zoo.__file__).parent.parent / "recipes").glob("*.py"))
DCGAN, RING = (
    next(path for path in RECIPES if path.stem == name) for name in ("dcgan_mnist", "gan_ring8")
)
TINY = {"epochs": 2, "width": 4, "hidden_units": 8, "batch_size": 32}


def smoke_data(recipe, slice_path, folder) -> str:
    """Where the data can be drawn, the recipe's own; else a slice of MNIST, of the model's size."""
    if recipe.config.data in zoo.data.synthetic.NAMED:
        return recipe.config.data
    height, width, _ = recipe.build(recipe.config.replace(**recipe.smoke)).image_shape
    if height == width:
        return str(slice_path)
    with np.load(slice_path) as arrays:
        cut = {k: v[:, :height, :width] if k.startswith("x") else v for k, v in arrays.items()}
    np.savez(folder / "cut.npz", **cut)
    return str(folder / "cut.npz")


def run_of(
    recipe, config, out, anew=False, start=None, ownership=None, say=None, measure="none", **keeping
):
    """A smoke run that says and measures nothing."""
    return Run(
        recipe,
        config,
        out,
        smoke=True,
        echo=say or (lambda line: None),
        anew=anew,
        keeping=Keeping(**keeping),
        start=start,
        ownership=ownership,
        measure=measure,
    )


def run(recipe, data, out, settings=None, **options):
    """Runs a small DCGAN on `data`; returns the folder of its preset."""
    config = recipe.config.replace(**{**TINY, "data": str(data), **(settings or {})})
    return run_of(recipe, config, out, **options).run()


def run_short(out, **options):
    """Runs the tiny GAN of `program.py` with its short options, measured in full."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(golden, "differences", golden.differences)  # which the recipe replaces
        recipe = load_recipe(program.TINY)
        config = recipe.config.replace(epochs=program.EPOCHS)
        options = {"measure": "full", "checkpoint_steps": program.STEPS, **options}
        run_of(recipe, config, out, **options).run()
