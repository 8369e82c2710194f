"""Kinds of data for `fit`, `evaluate` and `predict`, each of which must do what arrays do."""

import contextlib
import functools
import re
import sys
import tempfile
from pathlib import Path

import h5py
import keras
import numpy as np

import zoo
from zoo import engine
from zoo.engine.random import Random

ROWS, BATCH = 12, 4
SMALL = {"image_shape": (8, 8, 1)}
FAMILIES = {
    "unconditional": ("gan", {**SMALL, "latent_dim": 2, "units": 8}),
    "conditional": (
        "conditional_vae",
        {**SMALL, "latent_dim": 2, "num_classes": 3, "hidden_units": (4,)},
    ),
    "classifier": ("classifier", {**SMALL, "num_classes": 3, "width": 2}),
    "autoencoder": ("autoencoder", {**SMALL, "latent_dim": 2, "width": 2}),
}
LABELLED = ("conditional", "classifier")
PIXELS = np.random.default_rng(0).integers(0, 256, (ROWS, 8, 8, 1), dtype="uint8")
GOLDEN = Path(__file__).parent / "assets" / "ways_in.npz"


# Kinds of data


class Batches(keras.utils.PyDataset):
    """Rows of arrays as a `PyDataset`."""

    def __init__(self, arrays, workers=1):
        super().__init__(workers=workers)
        self.arrays = arrays

    def __len__(self):
        return ROWS // BATCH

    def __getitem__(self, index):
        return tuple(x[index * BATCH : (index + 1) * BATCH] for x in self.arrays)


def parts(arrays):
    dataset = Batches(arrays)
    return [dataset[index] for index in range(len(dataset))]


class Iterable:
    """Batches of which nothing is known."""

    def __init__(self, arrays):
        self.arrays = arrays

    def __iter__(self):
        return iter(parts(self.arrays))


def mapped(x):
    place = tempfile.mkdtemp() + "/x.npy"
    np.save(place, x)
    return np.load(place, mmap_mode="r")


def stored(x):
    return h5py.File(tempfile.mktemp(suffix=".h5"), "w").create_dataset("x", data=x)


def endless(arrays):
    while True:
        yield from parts(arrays)


def of_zoo(arrays):
    """Batches of `zoo.data`; their images are the bytes of which the arrays were made."""
    x, *y = arrays
    if not np.array_equal(x, zoo.data.to_range(PIXELS, span(x))):
        raise NotImplementedError("batches of zoo.data hold 8-bit images of the model's range")
    return zoo.data.Batches(PIXELS, *y, batch_size=BATCH, shuffle=False, value_range=span(x))


def span(x):
    return (-1.0 if x.min() < 0 else 0.0, 1.0)


# Of arrays: each is a function from an array to another kind of it.
OF_ARRAYS = {"list": list, "nested": lambda x: x.tolist(), "memmap": mapped, "h5py": stored}
# Of batches: each is a function from the arrays to a source.
OF_BATCHES = {
    "PyDataset": Batches,
    "PyDataset of workers": lambda arrays: Batches(arrays, workers=2),
    "iterable": Iterable,
    "generator": endless,
    "zoo.data": of_zoo,
}


def with_torch():
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    def loader(arrays, workers=0):
        return DataLoader(TensorDataset(*map(torch.from_numpy, arrays)), BATCH, num_workers=workers)

    OF_ARRAYS["torch"] = lambda x: torch.from_numpy(np.array(x))
    OF_BATCHES["DataLoader"] = loader
    OF_BATCHES["DataLoader of workers"] = lambda arrays: loader(arrays, 2)


def with_jax():
    import jax

    OF_ARRAYS["jax"] = jax.numpy.asarray


def with_tensorflow():
    import tensorflow as tf

    def unknown(arrays, shapes):
        signature = tuple(
            tf.TensorSpec(shape, x.dtype) for x, shape in zip(arrays, shapes, strict=True)
        )
        return tf.data.Dataset.from_generator(
            lambda: iter(parts(arrays)), output_signature=signature
        )

    OF_ARRAYS["tensorflow"] = tf.constant
    OF_BATCHES["tf.data"] = lambda a: tf.data.Dataset.from_tensor_slices(tuple(a)).batch(BATCH)
    OF_BATCHES["tf.data of unknown sizes"] = lambda a: unknown(a, [(None,) * x.ndim for x in a])
    OF_BATCHES["tf.data of no shape"] = lambda a: unknown(a, [None] * len(a))


WITH = {"torch": with_torch, "jax": with_jax, "tensorflow": with_tensorflow}

# Kinds of labels: each is a function from int32 labels to labels that train alike.
LABELS = {
    "integers": lambda y: y,
    "column": lambda y: y[:, None],
    "list": lambda y: y.tolist(),
    "int64": lambda y: y.astype("int64"),
    "uint8": lambda y: y.astype("uint8"),
    "h5py": stored,
}

# Faults: each is a function from data and labels to wrong ones.
FAULTS = {
    "range": lambda x, y: (changed(x, 200.0), y),
    "nan": lambda x, y: (changed(x, np.nan), y),
    "shape": lambda x, y: (x[:, :-1], y),
    "label": lambda x, y: (x, changed(y, 7)),
    "negative": lambda x, y: (x, changed(y, -1)),
    "floats": lambda x, y: (x, y.astype("float32")),
    "one-hot": lambda x, y: (x, np.eye(3, dtype="int32")[y]),
    "names": lambda x, y: (x, np.array(["a", "b", "c"])[y]),
    "length": lambda x, y: (x, y[:-1]),
}
IN_LABELS = [*FAULTS][3:]


def changed(array, value):
    array = array.copy()
    array[5] = value  # in the second batch
    return array


# Trainings


class Constant(Random):
    """Draws that are the same on each backend."""

    def _draw_rows(self, draw, shape):
        return keras.ops.ones(shape) / 2


@functools.cache
def compiled(family, constant=False):
    """A compiled model, and the values of its variables, which are the same on each backend."""
    name, arguments = FAMILIES[family]
    model = zoo.create(name, **arguments)
    rng = np.random.default_rng(0)
    model.set_weights([0.1 * rng.standard_normal(w.shape) for w in model.get_weights()])
    model.compile(keras.optimizers.SGD(0.01))
    if constant:
        vars(model)["random"] = Constant(model.seed_generator)
    variables = [*model.variables, *model.optimizer.variables]
    for optimizer in model.optimizers.values():
        variables.extend(optimizer.variables)
    return model, [(v, np.array(keras.ops.convert_to_numpy(v))) for v in variables]


def restored(family, constant=False):
    """The model of `family` as it was before any training; it is compiled once."""
    model, values = compiled(family, constant)
    for variable, value in values:
        variable.assign(value)
    return model


def arrays_of(model):
    data = zoo.data.to_range(PIXELS, model.value_range)
    return data, np.arange(ROWS, dtype="int32") % 3


def source(kind, x, y):
    """The first arguments of a method for data of `kind`; `y` are no labels or one array."""
    if kind == "array":
        return (x, *y)
    if kind in OF_ARRAYS:
        return (OF_ARRAYS[kind](x), *y)  # `LABELS` has the kinds of labels
    return (OF_BATCHES[kind]((x, *map(np.asarray, y))),)


def trained(family, kind="array", labels="integers", fault=None, constant=False):
    """The weights and the number of steps after two epochs, or the error without the name of the
    argument."""
    model = restored(family, constant)
    x, y = arrays_of(model)
    if fault is not None:
        x, y = FAULTS[fault](x, y)
    elif labels is not None:
        y = LABELS[labels](y)
    options = {"epochs": 2, "verbose": 0, "shuffle": False}
    if kind == "generator":
        options["steps_per_epoch"] = ROWS // BATCH
    if kind == "array" or kind in OF_ARRAYS:
        options["batch_size"] = BATCH
    try:
        model.fit(*source(kind, x, [y] if family in LABELLED else []), **options)
    except zoo.errors.ArgumentError as error:
        return normalized(error)
    engine.synchronize(model)
    return [*model.get_weights(), np.array(model.optimizer.iterations)]


def write_golden():
    """Writes the weights of each family after a training, for the comparison of backends."""
    arrays = {family: trained(family, constant=True) for family in FAMILIES}
    named = {f"{f} {i:02}": array for f, values in arrays.items() for i, array in enumerate(values)}
    np.savez_compressed(GOLDEN, **named)


def normalized(error):
    """The text of an error, without what differs between arrays and batches."""
    text = str(error).partition("Received")[0]
    text = text.replace("images of x", "x").replace("labels of x", "y")
    return re.sub(r"\b\d+ labels", "n labels", text)


def fits(kind, fault):
    """Whether data of `kind` can have `fault`."""
    if kind == "zoo.data":
        return fault in ("label", "negative")
    if kind.startswith(("tf.data", "DataLoader")):
        return fault not in ("names", "length")  # their own errors, or texts that they cannot hold
    return True


def rounding(kind):
    """How far weights may differ from those that arrays give."""
    # On TensorFlow the size of batches of zoo.data is known, and other kernels sum them.
    return 1e-6 if (keras.backend.backend(), kind) == ("tensorflow", "zoo.data") else 0.0


def are_equal(result, wanted, kind):
    """Whether `result` are the weights `wanted`, and no error."""
    tolerance = rounding(kind)
    return not isinstance(result, str) and all(
        np.allclose(one, other, rtol=tolerance, atol=tolerance)
        for one, other in zip(result, wanted, strict=True)
    )


def differences(families=FAMILIES, faults=FAULTS):
    """Each kind of data that does not do what arrays of NumPy do."""
    for family in families:
        wanted = trained(family)
        for kind in [*OF_ARRAYS, *OF_BATCHES]:
            result = trained(family, kind)
            if not are_equal(result, wanted, kind):
                yield family, kind, result if isinstance(result, str) else "other weights"
            for fault in faults if family in LABELLED else set(faults) - set(IN_LABELS):
                if not fits(kind, fault):
                    continue
                result, error = trained(family, kind, fault=fault), trained(family, fault=fault)
                if not isinstance(error, str) or result != error:
                    yield family, kind, fault, result if isinstance(result, str) else "trained"


if __name__ == "__main__":  # in a process that has all backends
    for add in WITH.values():
        with contextlib.suppress(ImportError):  # one that is not installed
            add()
    whole = "--whole" in sys.argv
    found = list(differences() if whole else differences(["conditional"], ["nan"]))
    print(*found, sep="\n")
    raise SystemExit(bool(found))
