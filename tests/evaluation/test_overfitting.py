"""`Overfitting`: a model that knows its training data by heart scores them higher."""

import numpy as np
import pytest

import zoo
from zoo.errors import ArgumentError
from zoo.evaluation import Overfitting

RNG = np.random.default_rng(0)
TRAIN, TEST = RNG.integers(0, 256, (2, 60, 8, 8, 1), dtype="uint8")
DARK = TRAIN // 4  # unlike the held-out images


def measured(model, train, test=TEST, **options):
    return zoo.evaluate(model, test, "overfitting", train=train, **options)


def small(name, **config):
    config = {"image_shape": (8, 8, 1), **config}
    return zoo.create(name, **config)


@pytest.mark.parametrize(
    ("name", "config", "score"),
    [
        ("dcgan", {"width": 2}, "discriminator"),
        ("conditional_gan", {"num_classes": 3}, "discriminator"),
        ("acgan", {"num_classes": 3}, "discriminator"),
        ("vae", {"latent_dim": 2, "hidden_units": (4,)}, "log_prob"),
        ("conditional_vae", {"hidden_units": (4,), "num_classes": 3}, "log_prob"),
        ("autoencoder", {"hidden_units": (4,)}, "reconstruction"),
    ],
)
def test_scores(name, config, score):
    """The numbers are means of the model's own score, and their difference in its deviations."""
    labels = np.arange(60) % 3 if "num_classes" in config else None
    train, test = (data if labels is None else (data, labels) for data in (DARK, TEST))
    model = small(name, **config)
    report = measured(model, train, test)
    assert dict(report["overfitting"].protocol.settings) == {"n": 500, "score": score}
    own = []
    for images in (DARK, TEST):
        images = model.data.from_stored(images)
        conditions = () if labels is None else (labels,)
        if score == "discriminator":
            own.append(model.discriminate(images, *(() if name == "acgan" else conditions)))
        elif score == "log_prob":
            own.append(model.log_prob(images, *conditions, method="elbo", k=1, seed=0))
        else:
            own.append(-np.square(model.reconstruct(images) - images).mean(axis=(1, 2, 3)))
    means = [float(np.mean(values, dtype="float64")) for values in own]
    assert report["train_score"].value == pytest.approx(means[0], rel=1e-4)
    assert report["test_score"].value == pytest.approx(means[1], rel=1e-4)
    deviation = np.std(own[1].astype("float64"), ddof=1)
    assert report["overfitting"].value == pytest.approx(
        (means[0] - means[1]) / deviation, rel=1e-3, abs=1e-4
    )
    assert report["overfitting"].better == "lower"
    assert report["overfitting"].standard_error > 0


@pytest.mark.once
def test_images_that_are_learnt_by_heart():
    """Eight of them, by an autoencoder; of new images like them the score tells nothing."""
    model = small("autoencoder", hidden_units=(64,))
    model.compile()
    few = TRAIN[:8]
    model.fit(model.data.from_stored(few), batch_size=8, epochs=60, verbose=0)
    learnt = measured(model, few)["overfitting"]
    assert learnt.value > 3 * learnt.standard_error > 0
    new = measured(small("autoencoder", hidden_units=(64,)), TRAIN)["overfitting"]
    assert abs(new.value) < 3 * new.standard_error
    assert measured(model, TRAIN)["train_score"].protocol.n_train == 60


@pytest.mark.once
def test_sorted_data_are_drawn_from():
    """Of images in the order of their classes the first ones are of one class."""
    images = np.repeat(np.arange(0, 250, 10, dtype="uint8"), 40)[:, None, None, None]
    images = np.broadcast_to(images, (1000, 8, 8, 1))
    model = small("autoencoder", hidden_units=(4,))
    found = measured(model, images, images[::10])["overfitting"]
    assert abs(found.value) < 3 * found.standard_error


@pytest.mark.once
def test_a_model_without_a_score():
    model = small("classifier", num_classes=3)
    with pytest.raises(ArgumentError, match="'overfitting' is for models with a discriminator, l"):
        measured(model, (TRAIN, np.arange(60) % 3), (TEST, np.arange(60) % 3))
    with pytest.raises(ArgumentError, match="n must be"):
        Overfitting(n=1)
