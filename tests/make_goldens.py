"""Writes what the backends are compared by: `tests/data/first_steps.npz`, the first steps of every
family, and `tests/data/inception.npz`, features of torch-fidelity's network.

Run once, on PyTorch; the tests of all three backends compare with it.
"""

import inception
import keras
import numpy as np
from first_steps import PLACE, first_gradients, make, train

import zoo

if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    arrays = {}
    for family in zoo.families():
        model = make(family)
        initial = model.get_weights()

        def fresh(family=family, initial=initial):
            model = make(family)
            model.set_weights(initial)
            return model

        losses, _ = train(fresh())
        _, final = train(fresh(), keras.optimizers.SGD(0.01))
        gradients = first_gradients(fresh())
        for kind, values in (("initial", initial), ("final", final)):
            arrays |= {f"{family}/{kind}/{i}": value for i, value in enumerate(values)}
        arrays |= {f"{family}/loss/{name}": np.array(values) for name, values in losses.items()}
        for player, grads in gradients.items():
            arrays |= {f"{family}/gradient/{player}/{i}": g for i, g in enumerate(grads)}
    np.savez_compressed(PLACE, **arrays)
    inception.write_golden()
