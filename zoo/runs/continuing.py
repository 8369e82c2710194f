"""Trainings that go on beyond the epochs that they were planned for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.errors import RecipeError
from zoo.presets import checkpoint

OF_PLANS = ("schedule_epochs", "earlier")  # what checkpoints record of it beside the settings


@dataclasses.dataclass(frozen=True)
class Plan:
    """The number of epochs that schedules are made for, and the settings of earlier steps.

    A training that goes on with other `epochs` keeps its schedules, which were made for fewer
    epochs, unless a setting of the recipe has another value, too.

    Attributes:
        epochs: the number of epochs that the schedules are made for.
        earlier: for each change of the settings, the step from which they were others, and the
            former values of those that changed.
        replaced: the settings that the last checkpoint has and that now have other values.
        recorded: what the last checkpoint records of its plan.
        anew: whether the schedules are new ones.
    """

    epochs: int
    earlier: Sequence[dict[str, Any]] = ()
    replaced: dict[str, Any] = dataclasses.field(default_factory=dict)
    recorded: dict[str, Any] = dataclasses.field(default_factory=dict)
    anew: bool = False

    def record(self, epochs: int) -> dict[str, Any]:
        """Return the record for the checkpoints of a training of `epochs`."""
        made_for = {} if self.epochs == epochs else {"schedule_epochs": self.epochs}
        return {**made_for, **({"earlier": list(self.earlier)} if self.earlier else {})}


def plan(newest: checkpoint.Newest, settings: dict[str, Any], own: set[str]) -> Plan:
    """Return the plan of a training with `settings`.

    Args:
        newest: the checkpoint that it goes on from, if there is one.
        settings: its settings.
        own: the names of the settings that only its recipe has. They may change with the epochs.

    Raises:
        RecipeError: if more epochs are done already.
    """
    if newest.place is None:
        return Plan(settings["epochs"])
    state, about = newest.state, newest.state["about"]
    now = json.loads(json.dumps(settings))  # as checkpoints hold them: tuples are lists
    recorded = {key: about[key] for key in OF_PLANS if key in about}
    made_for, earlier = about.get("schedule_epochs", about["epochs"]), about.get("earlier", [])
    if about["epochs"] == settings["epochs"]:
        return Plan(made_for, earlier, recorded=recorded)
    begun = state["epoch"] + (state["means"] is not None)
    if settings["epochs"] < begun:
        raise RecipeError(
            f"epochs must be at least the {begun} that are begun. Received: {settings['epochs']}."
        )
    changed = {key: about[key] for key in own & {*about} if about[key] != now.get(key)}
    replaced = {"epochs": about["epochs"], **changed}
    return Plan(
        settings["epochs"] if changed else made_for,
        [*earlier, {"step": state["step"], "settings": replaced}],
        replaced,
        recorded,
        anew=bool(changed),
    )


def constant_rates(model: keras.Model) -> dict[str, float]:
    """Return the learning rates of the players that have no schedule."""
    return {
        player: _number(optimizer.learning_rate)
        for player, optimizer in model.optimizers.items()
        if _schedule(optimizer) is None
    }


def rates_at(model: keras.Model, step: int) -> dict[str, float]:
    """Return the learning rate of each player at `step`."""
    return {
        player: _number(optimizer.learning_rate if schedule is None else schedule(step))
        for player, optimizer in model.optimizers.items()
        for schedule in [_schedule(optimizer)]
    }


def check_rates(model: keras.Model, plan: Plan, epochs: int, last_step: int, own: set[str]) -> None:
    """Raise if a player would not learn at the last step, since its schedule has ended.

    Args:
        model: the compiled model.
        plan: the plan of its training.
        epochs: the epochs of the training.
        last_step: the number of its last step, counted from 0.
        own: the names of the settings that only its recipe has.

    Raises:
        RecipeError: if the learning rate of a player is 0.
    """
    if plan.epochs >= epochs:
        return
    idle = [player for player, rate in rates_at(model, last_step).items() if rate == 0]
    if idle:
        settings = sorted(name for name in own if "rate" in name)
        first = rates_at(model, 0)[idle[0]]
        change = (
            f"--set {settings[0]}=VALUE, with another value such as half of {first:g},"
            if settings
            else "Another --set"
        )
        raise RecipeError(
            f"epochs={epochs} goes beyond the {plan.epochs} epochs that the schedule of the "
            f"learning rate was made for: the rate of {' and '.join(idle)} is 0 then. {change} "
            f"makes a schedule for {epochs} epochs."
        )


def _schedule(optimizer: keras.optimizers.Optimizer):
    """Return the schedule of the learning rate of `optimizer`, or `None`."""
    rate = optimizer._learning_rate
    return rate if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None


def _number(rate) -> float:
    return float(ops.convert_to_numpy(rate))
