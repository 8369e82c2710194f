"""The contract suite: whether a class of models keeps the promises of this package.

>>> import zoo
>>> zoo.testing.check_model(zoo.models.VAE, checks=["configuration", "encodes"])
{}
"""

from zoo.testing.examples import Skipped, data_for
from zoo.testing.suite import check_model, checks, maker

__all__ = ["Skipped", "check_model", "checks", "data_for", "maker"]
