"""Tensors that are no plain arrays: read where they hold numbers, and else refused by one error."""

import keras
import numpy as np
import pytest

import zoo
from zoo.base.arrays import as_array
from zoo.errors import ArgumentError

BACKEND = keras.backend.backend()
IMAGES = np.random.default_rng(0).random((8, 8, 8, 1), dtype="float32")


def model_of(name="vae", **options):
    model = zoo.create(name, image_shape=(8, 8, 1), latent_dim=2, hidden_units=(4,), **options)
    model.compile("sgd")
    return model


def unreadable():
    yield keras.KerasTensor(IMAGES.shape)
    if BACKEND == "torch":
        import torch

        tensor = torch.from_numpy(IMAGES)
        yield tensor.to_sparse()
        yield tensor.to("meta")
        yield torch.quantize_per_tensor(tensor, 0.1, 0, torch.quint8)
    if BACKEND == "jax":
        array = keras.ops.convert_to_tensor(IMAGES)
        array.delete()
        yield array


def readable():
    yield keras.Variable(IMAGES)
    if BACKEND == "torch":
        import torch

        yield torch.from_numpy(IMAGES).requires_grad_()
        yield torch._neg_view(torch.from_numpy(-IMAGES))
    if BACKEND == "jax":
        from jax.experimental import sparse

        yield sparse.BCOO.fromdense(IMAGES)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        yield tf.sparse.from_dense(IMAGES)
        yield tf.RaggedTensor.from_tensor(IMAGES)
        yield tf.Variable(IMAGES)


@pytest.mark.filterwarnings("ignore:.*quantize")
def test_tensors_without_numbers():
    model = model_of()
    for tensor in unreadable():
        for call in (
            lambda x: model.fit(x, verbose=0),
            lambda x: model.fit(iter([(x,)]), verbose=0),
            lambda x: model.fit(IMAGES, validation_data=x, verbose=0),
            lambda x: model.evaluate(x, verbose=0),
            lambda x: model.predict(x, verbose=0),
            model.train_on_batch,
            model.reconstruct,
            lambda x: model.sample(latents=x),
            lambda x: as_array("x", x),
        ):
            with pytest.raises(
                ArgumentError, match=r"must be an array of .* that cannot be read as one \(\w"
            ):
                call(tensor)


@pytest.mark.skipif(BACKEND != "torch", reason="sparse and meta labels are tensors of PyTorch")
def test_labels_without_numbers():
    import torch

    model = model_of("conditional_vae", num_classes=3)
    labels = torch.zeros(8, dtype=torch.int64)
    for tensor in (labels.to_sparse(), labels.to("meta")):
        with pytest.raises(
            ArgumentError, match=r"y must be .*Received: a Tensor that (cannot be read|is no array)"
        ):
            model.fit(IMAGES, tensor, verbose=0)
        with pytest.raises(
            ArgumentError,
            match=r"labels must be .*Received: a Tensor that (cannot be read|is no array)",
        ):
            model.sample(labels=tensor)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_tensors_with_numbers():
    model = model_of()
    for tensor in readable():
        predicted = model.predict(IMAGES, verbose=0)
        np.testing.assert_allclose(model.predict(tensor, verbose=0), predicted, atol=1e-6)
        np.testing.assert_allclose(model.reconstruct(tensor), model.reconstruct(IMAGES), atol=1e-6)
        for x in (tensor, iter([(tensor,)])):
            model.fit(x, validation_data=tensor, verbose=0)
        model.train_on_batch(tensor)
