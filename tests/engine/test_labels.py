"""Labels: every conditional model takes them, and no other."""

import keras
import numpy as np
import pytest
from contract import BATCH, data_for, images_for, sampling_only
from helpers import array, weights_of


def test_conditional_models_need_labels(make):
    model = make()
    if model.num_classes is None:
        pytest.skip("the model is not conditional")
    model.compile()
    images, labels = data_for(model)
    with pytest.raises(ValueError, match=r"needs integer labels.*Received: none"):
        model.fit(images, batch_size=BATCH, verbose=0)
    with pytest.raises(ValueError, match="y must be integer labels.*float64"):
        model.fit(images, labels / 2, batch_size=BATCH, verbose=0)
    with pytest.raises(ValueError, match=f"y must lie in 0 to {model.num_classes - 1}, .* -1"):
        model.fit(images, labels - 1, batch_size=BATCH, verbose=0)
    with pytest.raises(ValueError, match=f"y must lie in 0 to .* Received: {model.num_classes}"):
        model.fit(images, labels + 1, batch_size=BATCH, verbose=0)


def test_labels_out_of_range_in_a_stream_do_not_train_in_silence(make):
    model = make()
    if model.num_classes is None:
        pytest.skip("the model is not conditional")
    model.compile(run_eagerly=True)

    def stream(labels):
        yield images_for(model), labels

    for wrong in (-1, model.num_classes):
        labels = np.full(BATCH, wrong, "int32")
        with pytest.raises(ValueError, match=f"labels of x must lie in 0 to .* Received: {wrong}"):
            model.fit(stream(labels), steps_per_epoch=1, shuffle=False, verbose=0)
        # Where only the device sees them, the loss says so.
        batch = model.unpack((images_for(model), keras.ops.convert_to_tensor(labels)))
        assert np.isnan(array(batch.images)).all()
    with pytest.raises(ValueError, match=r"labels of x must be integer labels of shape \(n,\)"):
        model.fit(
            stream(np.zeros((BATCH, 3), "int32")), steps_per_epoch=1, shuffle=False, verbose=0
        )


def test_labels_choose_the_class(make):
    model = make()
    sampling_only(model)
    latents = model.sample_latents(4, seed=0)
    if model.num_classes is None:
        with pytest.raises(ValueError, match="is not conditional and takes no labels"):
            model.sample(4, labels=0)
        return
    ones = model.sample(4, seed=0, labels=1)
    np.testing.assert_array_equal(ones, model.sample(latents=latents, labels=[1] * 4))
    np.testing.assert_array_equal(ones, model.sample(seed=0, labels=np.ones(4, int)))
    assert np.abs(ones - model.sample(4, seed=0, labels=0)).max() > 1e-6
    classes = model.num_classes
    every = model.sample(2 * classes, seed=0, labels="all")
    np.testing.assert_array_equal(
        every, model.sample(seed=0, labels=np.repeat(np.arange(classes), 2))
    )
    assert len(model.sample(labels="all")) == classes
    for labels, message in (
        (classes, f"labels must lie in 0 to {classes - 1}.*Received: {classes}"),
        ([0, 0, 0, -1], "labels must lie in 0 to .*Received: -1"),
        (0.5, "labels must be integer labels"),
        ("each", "labels must be integers, one integer, 'all' or None. Received: 'each'"),
        ([0] * 5, "labels must be 4 labels. Received: 5"),
    ):
        with pytest.raises(ValueError, match=message):
            model.sample(4, labels=labels)
    with pytest.raises(ValueError, match=f"n must be a multiple of num_classes={classes}"):
        model.sample(classes + 1, labels="all")


def test_integer_labels_are_ignored_by_unconditional_models(make):
    if make().num_classes is not None:
        pytest.skip("the model is conditional")
    results = []
    for labels in (None, np.arange(BATCH) % 3):
        keras.utils.set_random_seed(1)
        model = make()
        model.compile()
        model.fit(images_for(model), labels, batch_size=BATCH, verbose=0, shuffle=False)
        results.append(weights_of(model))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)
