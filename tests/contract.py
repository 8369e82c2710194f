"""Small data for every family, and a question about it."""

import pytest

from zoo.testing import data_for

__all__ = ["data_for", "sampling_only"]


def sampling_only(model):
    if "samples" not in model.tasks:
        pytest.skip(f"{type(model).__name__} does not sample")
