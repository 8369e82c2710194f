"""Ten steps from given weights on given images and random numbers: what the backends are compared
by, for every family."""

import contextlib
from pathlib import Path
from unittest import mock

import keras
import numpy as np
from helpers import Bank, array

from zoo import engine
from zoo.engine import players
from zoo.engine.spaces import BinaryImages, LevelImages
from zoo.engine.spaces.levels import rounded
from zoo.models import families

STEPS = 10
BATCH = 40  # five minibatches of eight for a critic: batch norm over two would be chaotic
PLACE = Path(__file__).parent / "assets" / "first_steps"  # one file a family
NUMBERS = 8192  # random ones of each kind, for each step


def make(family: str):
    cls = families.family(family).cls
    return cls(**cls.test_config())


def batches(model):
    """The same batches on each backend, without end."""
    rng = np.random.default_rng(0)
    low, high = model.value_range
    while True:
        images = low + (high - low) * rng.random((BATCH, *model.image_shape), dtype="float32")
        if isinstance(model.data, BinaryImages):
            images = np.round(images)
        if isinstance(model.data, LevelImages):
            images = rounded(images)
        labels = () if model.condition is None else (model.condition.example(BATCH),)
        yield (images, *labels)


def compile_with_bank(model, *args, **kwargs) -> None:
    """Compiles `model` and gives it random numbers that are the same on each backend."""
    model.compile(*args, **kwargs)
    rng = np.random.default_rng(1)
    shape = (STEPS, NUMBERS)
    bank = Bank(rng.standard_normal(shape), rng.random(shape), step=model.optimizer.iterations)
    vars(model)["random"] = bank
    update = type(model).update

    def counted(batch):
        bank.begin()
        return update(model, batch)

    vars(model)["update"] = counted


@contextlib.contextmanager
def recorded(model):
    """Keeps what each player's optimizer is given in its first update of a step, in variables of
    the optimizer, which a compiled step may assign too."""
    variables = {
        player: [optimizer.add_variable_from_reference(v, "gradient") for v in owned]
        for (player, owned), optimizer in zip(
            model.players.items(), model.optimizers.values(), strict=True
        )
    }
    updated, update = set(), model.update

    def counted(batch):
        updated.clear()
        return update(batch)

    def step(optimizer, grads, owned, step=players.step):
        if optimizer.name not in updated:  # named after its player
            updated.add(optimizer.name)
            for variable, grad in zip(variables[optimizer.name], grads, strict=True):
                variable.assign(grad)
        step(optimizer, grads, owned)

    vars(model)["update"] = counted
    with mock.patch.object(players, "step", step):
        yield variables


def train(model, optimizer=None) -> tuple[dict, dict, list]:
    """The losses of each step, the gradients of each player's first update, and the weights after
    the last step."""
    compile_with_bank(model, optimizer)
    gradients = {}

    def keep(epoch, logs):
        if epoch == 0:
            engine.synchronize(model)
            gradients.update(
                {player: [array(v).copy() for v in own] for player, own in kept.items()}
            )

    with recorded(model) as kept:
        history = model.fit(
            engine.feed(batches(model)),
            epochs=STEPS,
            steps_per_epoch=1,
            shuffle=False,
            verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=keep)],
        ).history
    return {name: history[name] for name in model.loss_names}, gradients, model.get_weights()
