"""Warnings point to the line of the user, whichever way led to them."""

import threading
import warnings

import numpy as np
import pytest

import zoo
from zoo.base.warn import filtered

IMAGES = np.zeros((8, 8, 8, 1), "float32")


def gan():
    model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=8)
    model.compile()
    return model


def with_labels(model):
    model.fit(IMAGES, np.zeros(8), verbose=0)


def in_another_range(model):
    model.evaluate(IMAGES + np.linspace(0, 1, 8)[:, None, None, None], verbose=0)


def of_batches(model):
    model.fit(iter([(IMAGES, np.zeros(8))] * 2), steps_per_epoch=2, verbose=0)


def frozen(model):
    model.generator.trainable = False
    model.fit(IMAGES, verbose=0)


def too_few(model):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, IMAGES.shape, dtype="uint8")
    zoo.evaluate(model, images, ["kid", "prdc"], n=8, seeds=1, extractor="pixels")


@pytest.mark.parametrize("cause", [with_labels, in_another_range, of_batches, frozen, too_few])
def test_the_line_is_the_users(cause):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        cause(gan())
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.once
def test_filters_of_two_threads_leave_none_behind():
    """Blocks of `warnings.catch_warnings` that overlap leave the filter of one for good."""
    before, entered, release = list(warnings.filters), threading.Event(), threading.Event()

    def first():
        with filtered("ignore", "first"):
            entered.set()
            release.wait(10)

    def second():
        entered.wait(10)
        with filtered("ignore", "second"):
            release.set()
            one.join(0.5)

    one, two = threading.Thread(target=first), threading.Thread(target=second)
    one.start()
    two.start()
    entered.wait(10)
    two.join(0.2)  # without the lock it is in its block now
    release.set()
    for thread in (one, two):
        thread.join()
    assert warnings.filters == before
