"""Writes the files that the backends are compared by.

They are `tests/assets/first_steps/<family>.npz`, the first steps of a family,
`tests/assets/inception.npz`, features of torch-fidelity's network, and `tests/assets/ways_in.npz`,
weights after trainings. Run on PyTorch with the names of families whose goldens are made, with
`inception` or with `ways_in`; the tests of all backends compare with them.
"""

import sys

import inception
import keras
import numpy as np
import ways
from first_steps import PLACE, make, train

if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    for family in sys.argv[1:]:
        if family == "inception":
            inception.write_golden()
            continue
        if family == "ways_in":
            ways.write_golden()
            continue
        arrays = {}
        model = make(family)
        initial = model.get_weights()

        def fresh(family=family, initial=initial):
            model = make(family)
            model.set_weights(initial)
            return model

        losses, gradients, _ = train(fresh())
        _, _, final = train(fresh(), keras.optimizers.SGD(0.01))
        for kind, values in (("initial", initial), ("final", final)):
            arrays |= {f"{kind}/{i}": value for i, value in enumerate(values)}
        arrays |= {f"loss/{name}": np.array(values) for name, values in losses.items()}
        for player, grads in gradients.items():
            arrays |= {f"gradient/{player}/{i}": g for i, g in enumerate(grads)}
        PLACE.mkdir(exist_ok=True)
        np.savez_compressed(PLACE / f"{family}.npz", **arrays)
