"""Ten steps from given weights on given images and random numbers: what the backends are compared
by, for every family."""

from pathlib import Path

import numpy as np
from helpers import Bank, array

from zoo import engine
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
        labels = () if model.num_classes is None else (np.arange(BATCH) % model.num_classes,)
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


def train(model, optimizer=None) -> tuple[dict, list]:
    """The losses of each step, and the weights after the last."""
    compile_with_bank(model, optimizer)
    history = model.fit(
        engine.feed(batches(model)), epochs=STEPS, steps_per_epoch=1, shuffle=False, verbose=0
    ).history
    return {name: history[name] for name in model.loss_names}, model.get_weights()


def first_gradients(model) -> dict[str, list[np.ndarray]]:
    """What each player's optimizer, the paper's, is given in its first update."""
    compile_with_bank(model, run_eagerly=True)
    found = {}
    for player, optimizer in model.optimizers.items():

        def apply(grads, variables, player=player, apply=optimizer.apply):
            found.setdefault(player, [array(g) for g in grads])
            return apply(grads, variables)

        optimizer.apply = apply
    model.fit(engine.feed(batches(model)), epochs=1, steps_per_epoch=1, shuffle=False, verbose=0)
    return found
