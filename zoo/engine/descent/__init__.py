"""Descent on arrays: the input of a function is optimised, and no weight changes."""

from zoo.engine.descent.adam import Adam
from zoo.engine.descent.base import Bounds, Rule
from zoo.engine.descent.lbfgs import LBFGS
from zoo.engine.descent.run import Descended, Descent

__all__ = ["LBFGS", "Adam", "Bounds", "Descended", "Descent", "Rule"]
