"""Faults that a device shows and a CPU does not: each must be found by the run of some family."""

from __future__ import annotations

import contextlib
from unittest import mock

import torch

import zoo
from zoo.engine.draws import torch as draws
from zoo.engine.means import Means
from zoo.engine.spaces.base import Space
from zoo.models.gans import players

average, update_state = players.average, Means.update_state


def reads(how):
    """`Means.update_state` that also reads a number of the device."""

    def update(self, values, size):
        how(next(iter(values.values())))
        update_state(self, values, size)

    return update


def faults() -> dict[str, contextlib.AbstractContextManager]:
    """Contexts by what is wrong in them."""
    return {
        "a tensor of the CPU in the average": mock.patch.object(
            players, "average", lambda *a, decay: average(*a, decay=torch.full((1,), 0.5))
        ),
        "item": mock.patch.object(Means, "update_state", reads(lambda x: x.item())),
        "numpy": mock.patch.object(Means, "update_state", reads(lambda x: x.numpy())),
        "a generator of the CPU": mock.patch.object(
            draws, "_generator", return_value=torch.Generator().manual_seed(0)
        ),
        "a batch on the host": mock.patch.object(Space, "tensor", lambda self, values: values),
        "a count that is copied": mock.patch.object(
            zoo.engine.scalars, "add_to", lambda variable, number: variable.assign_add(number)
        ),
    }
