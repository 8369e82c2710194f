"""Several threads use one model: one trains it, and the others sample from it, save it or wait."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

import zoo
from zoo import engine
from zoo.base.turns import Turns
from zoo.errors import BusyError, ForkError

IMAGES = 1 - 2 * np.random.default_rng(0).random((64, 8, 8, 1), dtype="float32")


@pytest.fixture
def gan():
    model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=8)
    model.compile()
    return model


class Training(keras.callbacks.Callback):
    """A `fit` in a thread of its own, which goes on until `end` is called.

    Args:
        model: the compiled model.
        x: the data; by default images in batches of 8.
        remembers: whether the samples after each step are kept in `samples`.
    """

    def __init__(self, model, x=None, remembers=False):
        super().__init__()
        self.started, self.enough = threading.Event(), threading.Event()
        self.samples, self.remembers = [], remembers
        self.trained = model
        self.pool = ThreadPoolExecutor(1)
        x, batch_size = (IMAGES, 8) if x is None else (x, None)
        self.fit = self.pool.submit(
            model.fit, x, batch_size=batch_size, epochs=10**6, verbose=0, callbacks=[self]
        )

    def on_train_batch_end(self, batch, logs=None):
        if self.remembers:
            self.samples.append(self.trained.sample(2, seed=0))
        self.started.set()
        if self.enough.is_set():
            self.model.stop_training = True

    def __enter__(self):
        while not self.started.wait(0.1):
            if self.fit.done():
                self.end()  # raises its error
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.enough.set()
        self.fit.result(120)
        self.pool.shutdown()


def test_samples_beside_training_are_those_of_one_whole_step(gan):
    end = time.monotonic() + 60
    with Training(gan, remembers=True) as training:
        found = set()
        while len(found) <= 3 and time.monotonic() < end:
            found |= {gan.sample(2, seed=0).round(6).tobytes() for _ in range(10)}
    states = {x.round(6).tobytes() for x in training.samples}
    assert len(found) > 3
    assert found <= states


def test_many_threads_sample_beside_training(gan):
    with Training(gan) as training, ThreadPoolExecutor(4) as pool:
        results = [pool.submit(gan.sample, 3, seed=i) for i in range(40)]
        assert all(np.isfinite(each.result(120)).all() for each in results)
        assert not training.fit.done()
    np.testing.assert_array_equal(gan.sample(2, seed=0), gan.sample(2, seed=0))


def test_what_keeps_state_of_its_own_waits_for_the_end_of_fit(gan):
    with Training(gan):
        for name, call in (
            ("fit", lambda: gan.fit(IMAGES, verbose=0)),
            ("evaluate", lambda: gan.evaluate(IMAGES, verbose=0)),
            ("predict", lambda: gan.predict(gan.sample_latents(2, seed=0), verbose=0)),
            ("train_on_batch", lambda: gan.train_on_batch(IMAGES[:8])),
            ("test_on_batch", lambda: gan.test_on_batch(IMAGES[:8])),
            ("compile", gan.compile),
        ):
            with pytest.raises(BusyError, match=f"GAN is trained by another thread, and {name} "):
                call()
    gan.fit(IMAGES, verbose=0)


def test_calls_of_other_threads_are_waited_for(gan):
    latents = gan.sample_latents(40, seed=0)
    expected = gan.predict(latents, batch_size=8, verbose=0)
    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(gan.predict, latents, batch_size=8, verbose=0) for _ in range(8)]
        results.append(pool.submit(gan.fit, IMAGES, verbose=0))
        for each in results[:-1]:
            if each.exception(120) is None:  # those behind the training are refused
                found = each.result()
                assert found.shape == expected.shape
            else:
                assert isinstance(each.exception(), BusyError)
        results[-1].result(120)


def test_a_model_is_saved_beside_training(gan, tmp_path):
    with Training(gan, remembers=True) as training:
        for i in range(3):
            gan.save(tmp_path / f"{i}.keras")
            gan.save_weights(tmp_path / f"{i}.weights.h5")
    states = {x.round(6).tobytes() for x in training.samples}
    for i in range(3):
        again = keras.saving.load_model(tmp_path / f"{i}.keras")
        assert again.sample(2, seed=0).round(6).tobytes() in states
        gan.load_weights(tmp_path / f"{i}.weights.h5")
        assert gan.sample(2, seed=0).round(6).tobytes() in states


def test_data_may_come_from_the_model_itself(gan):
    """The thread that reads them must not wait for the step that waits for them."""

    def batches():
        while True:
            yield -gan.sample(8, seed=0)

    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(gan.fit, batches(), steps_per_epoch=5, epochs=2, verbose=0)
        assert len(fit.result(120).epoch) == 2


def test_an_error_in_training_frees_the_model(gan):
    class Fails(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise RuntimeError("mine")

    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(gan.fit, IMAGES, batch_size=8, verbose=0, callbacks=[Fails()])
        with pytest.raises(RuntimeError, match="mine"):
            fit.result(120)
    assert np.isfinite(gan.sample(2, seed=0)).all()
    gan.fit(IMAGES, verbose=0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_a_forked_process_does_not_hang(gan, monkeypatch):
    monkeypatch.setattr(engine, "computes_after_a_fork", lambda: False)
    gan.sample(2, seed=0)
    child = os.fork()
    if not child:
        said = 0
        try:
            for call in (lambda: gan.sample(2, seed=0), lambda: gan.fit(IMAGES, verbose=0)):
                try:
                    call()
                except ForkError:
                    said += 1
        finally:
            os._exit(said)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    gan.sample(2, seed=0)


@pytest.mark.once
def test_a_thread_that_waits_comes_to_its_turn():
    turns, order = Turns(), []

    def other():
        with turns:
            order.append("other")

    with turns, turns:
        thread = threading.Thread(target=other)
        thread.start()
        while not turns._next.locked():
            pass
        order.append("first")
    with turns:  # at once, but behind the thread that waits
        order.append("first again")
    thread.join()
    assert order == ["first", "other", "first again"]
