"""Kinds of data for `fit`, and trainings on them: each kind must give the same weights."""

import tempfile

import h5py
import keras
import numpy as np

import zoo
from zoo import engine

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
LABELS = ("integers", "column", "list", "int64")
WRONG = ("range", "nan", "shape", "label")


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


# Of arrays: each is a function from an array to another kind of it.
OF_ARRAYS = {"list": list, "nested": lambda x: x.tolist(), "memmap": mapped, "h5py": stored}
# Of batches: each is a function from the arrays to a source.
OF_BATCHES = {
    "PyDataset": Batches,
    "PyDataset of workers": lambda arrays: Batches(arrays, workers=2),
    "iterable": Iterable,
    "generator": endless,
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
    OF_BATCHES["tf.data"] = lambda a: tf.data.Dataset.from_tensor_slices(a).batch(BATCH)
    OF_BATCHES["tf.data of unknown sizes"] = lambda a: unknown(a, [(None,) * x.ndim for x in a])
    OF_BATCHES["tf.data of no shape"] = lambda a: unknown(a, [None] * len(a))


WITH = {"torch": with_torch, "jax": with_jax, "tensorflow": with_tensorflow}


def made(family):
    """A model whose weights are the same on each backend."""
    name, arguments = FAMILIES[family]
    keras.utils.set_random_seed(0)
    model = zoo.create(name, **arguments)
    rng = np.random.default_rng(0)
    model.set_weights([0.1 * rng.standard_normal(w.shape) for w in model.get_weights()])
    model.compile(keras.optimizers.SGD(0.01))
    return model


def arrays_for(model, wrong=None):
    data = model.data.example(ROWS).copy()
    labels = np.arange(ROWS, dtype="int32") % 3
    if wrong == "range":
        data[5] = 200.0  # in the second batch
    elif wrong == "nan":
        data[5] = np.nan
    elif wrong == "shape":
        data = data[:, :-1]
    elif wrong == "label":
        labels[5] = 7
    return (data,) if model.condition is None else (data, labels)


def labels_as(kind, labels):
    return {
        "integers": lambda: labels,
        "column": lambda: labels[:, None],
        "list": lambda: labels.tolist(),
        "int64": lambda: labels.astype("int64"),
    }[kind]()


def trained(family, kind, labels="integers", wrong=None):
    """The weights after two epochs, or the error without the name of the argument."""
    model = made(family)
    x, *y = arrays_for(model, wrong)
    options = {"epochs": 2, "verbose": 0, "shuffle": False}
    y = [labels_as(labels, values) for values in y]
    try:
        if kind == "array":
            model.fit(x, *y, batch_size=BATCH, **options)
        elif kind in OF_ARRAYS:
            # A list of labels is no array of another library: `labels` has it already.
            model.fit(OF_ARRAYS[kind](x), *y, batch_size=BATCH, **options)
        else:
            arrays = (x, *(np.asarray(values) for values in y))
            if kind == "generator":
                options["steps_per_epoch"] = ROWS // BATCH
            model.fit(OF_BATCHES[kind](arrays), **options)
    except ValueError as error:
        return (
            str(error)
            .partition("Received")[0]
            .replace("images of x", "x")
            .replace("labels of x", "y")
        )
    engine.synchronize(model)
    return model.get_weights()


def differences(families=FAMILIES):
    """Each kind of data that does not do what arrays of NumPy do."""
    for family in families:
        wanted = trained(family, "array")
        for kind in [*OF_ARRAYS, *OF_BATCHES]:
            result = trained(family, kind)
            equal = not isinstance(result, str) and all(map(np.array_equal, result, wanted))
            if not equal:
                yield family, kind, result if isinstance(result, str) else "other weights"


if __name__ == "__main__":  # in a process that has all backends
    for add in WITH.values():
        add()
    found = list(differences())
    print(*found, sep="\n")
    raise SystemExit(bool(found))
