"""Numbers that are not finite are found where they appear, and named."""

import keras
import numpy as np
import pytest

import zoo
from zoo.callbacks import SampleGrids

IMAGES = np.random.default_rng(0).uniform(-1, 1, (16, 4, 4, 1)).astype("float32")


def diverging():
    model = zoo.create("gan", image_shape=(4, 4, 1), latent_dim=2, units=8)
    model.compile({"discriminator": keras.optimizers.SGD(1e30)})
    return model


def broken():
    """A GAN with a NaN in its generator."""
    model = zoo.create("gan", image_shape=(4, 4, 1), latent_dim=2, units=8)
    # Of the last layer: oneDNN's rectified units make 0 of NaN.
    weight = model.generator.trainable_variables[-1]
    weight.assign(weight * np.nan)
    return model


FOUND = r"Step \d of epoch 1 made losses of the player 'discriminator' that are not finite: "


@pytest.mark.parametrize("listed", [False, True])
def test_terminate_on_nan_stops_a_gan(tmp_path, listed):
    callbacks = [SampleGrids(tmp_path), keras.callbacks.TerminateOnNaN()]
    if listed:
        callbacks = keras.callbacks.CallbackList(callbacks, add_history=True, model=None)
    model = diverging()
    if listed:
        callbacks.set_model(model)
    with pytest.warns(UserWarning, match=FOUND):
        history = model.fit(IMAGES, batch_size=2, epochs=3, verbose=0, callbacks=callbacks)
    assert len(history.epoch) == 1
    assert not list(tmp_path.iterdir())  # no picture of NaN


def test_terminate_on_nan_raises_where_it_is_told_to():
    stop = keras.callbacks.TerminateOnNaN(raise_error=True)
    with pytest.warns(UserWarning, match=FOUND), pytest.raises(RuntimeError, match="NaN or Inf"):
        diverging().fit(IMAGES, batch_size=2, verbose=0, callbacks=stop)


def test_fit_names_the_step_without_any_callback():
    with pytest.warns(UserWarning, match=FOUND):
        diverging().fit(IMAGES, batch_size=2, verbose=0)


def test_weights_that_are_not_finite_are_saved_with_a_word(tmp_path):
    model = broken()
    for save in (
        lambda: model.save(tmp_path / "a.keras"),
        lambda: model.save_weights(tmp_path / "a.weights.h5"),
        lambda: keras.saving.save_model(model, tmp_path / "b.keras"),
    ):
        with pytest.warns(UserWarning, match="saved are not finite: .* of the player 'generator'"):
            save()


@pytest.mark.parametrize("half_precision", [False, True])
def test_no_preset_with_weights_that_are_not_finite(tmp_path, half_precision):
    with pytest.raises(ValueError, match="finite weights. Received: GAN .* 'generator'"):
        zoo.save(broken(), tmp_path / "preset", half_precision=half_precision)
    assert not (tmp_path / "preset").exists()


def test_pictures_of_nan_are_refused(tmp_path):
    with pytest.raises(ValueError, match="images must hold finite numbers. Received: 128 of 128"):
        zoo.pictures.samples(broken(), n=8, weights="raw")
    with pytest.raises(ValueError, match="finite"):
        zoo.data.save_grid(np.full((1, 2, 2, 1), np.inf), tmp_path / "grid.png")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="points must be finite"):
        zoo.pictures.scatter(np.full((3, 2), np.nan))
