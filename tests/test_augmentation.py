"""Differentiable augmentation: what it does to images, and its gradients."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops

import zoo
from zoo import engine
from zoo.augmentation import Augmentation, DiffAugment
from zoo.engine.random import Fixed

IMAGES = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 3)).astype("float32")


def augmented(*policy, images=IMAGES, random=None):
    return array(DiffAugment(policy)(ops.convert_to_tensor(images), random or Fixed()))


def test_colour():
    found = augmented("colour")
    assert np.abs(found - IMAGES).max(axis=(1, 2, 3)).min() > 0
    # Each image goes through one linear map of its own, so its grey parts are mapped affinely.
    grey, before = found.mean(axis=-1).reshape(6, -1), IMAGES.mean(axis=-1).reshape(6, -1)
    for after, first in zip(grey, before, strict=True):
        slope, offset = np.polyfit(first, after, 1)
        np.testing.assert_allclose(after, slope * first + offset, atol=1e-4)
        assert 0.5 <= slope <= 1.5
        assert abs(after.mean() - first.mean()) <= 0.5 + 1e-5


def test_translation_moves_by_whole_pixels_and_fills_with_zeros():
    found = augmented("translation")
    shifts = set()
    for after, before in zip(found, IMAGES, strict=True):
        fits = [
            shift
            for shift in np.ndindex(3, 3)
            if np.allclose(
                np.pad(before, ((1, 1), (1, 1), (0, 0)))[
                    shift[0] : shift[0] + 8, shift[1] : shift[1] + 8
                ],
                after,
            )
        ]
        assert len(fits) == 1
        shifts.add(fits[0])
    assert len(shifts) > 1


def test_cutout_sets_part_of_a_square_of_half_the_size_to_zero():
    found = augmented("cutout")
    for after, before in zip(found, IMAGES, strict=True):
        cut = (after == 0).all(axis=-1)
        rows, columns = cut.any(axis=1).nonzero()[0], cut.any(axis=0).nonzero()[0]
        assert cut[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert 2 <= len(rows) <= 4
        assert 2 <= len(columns) <= 4
        np.testing.assert_array_equal(after[~cut], before[~cut])
    assert len({tuple((x == 0).all(axis=-1).ravel()) for x in found}) > 1


def test_every_call_draws_anew():
    random = Fixed()
    assert np.abs(augmented("colour", random=random) - augmented("colour", random=random)).max() > 0


@pytest.mark.parametrize("size", [(8, 8), (7, 5)])
def test_gradients(size):
    images = IMAGES[:2, : size[0], : size[1]]
    weight = np.random.default_rng(1).normal(size=images.shape).astype("float32")
    rng = np.random.default_rng(1)
    weight = ops.convert_to_tensor(rng.normal(size=images.shape).astype("float32"))
    augment = DiffAugment()

    def loss(x):
        return ops.sum(augment(ops.convert_to_tensor(x, dtype="float32"), Fixed()) * weight)

    found = array(engine.gradient(loss, ops.convert_to_tensor(images)))
    assert np.abs(found).max() > 0
    for _ in range(3):
        # The augmentation is affine in the images: differences are exact derivatives.
        step = rng.normal(size=images.shape)
        difference = (float(array(loss(images + step))) - float(array(loss(images - step)))) / 2
        assert (found * step).sum() == pytest.approx(difference, rel=1e-3, abs=1e-3)


def test_a_gan_trains_with_it_and_with_a_penalty_through_it(tmp_path):
    model = zoo.create("dcgan", image_shape=(8, 8, 3), latent_dim=4, width=2)
    model.compile(augmentation="diffaugment", penalty="gradient_penalty")
    history = model.fit(IMAGES, batch_size=3, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    model.compile(augmentation=DiffAugment(("cutout",)))
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").augmentation.policy == ("cutout",)


def test_the_discriminator_sees_augmented_images_in_training_only():
    class Black(Augmentation):
        def __call__(self, images, random):
            return 0.0 * images

        def get_config(self):
            return {}

    model = zoo.create("gan", image_shape=(8, 8, 3), latent_dim=4)
    model.compile(augmentation=Black())
    images = ops.convert_to_tensor(IMAGES)
    black = array(model.judge(images, training=True))
    np.testing.assert_allclose(black, np.repeat(black[:1], 6, axis=0), atol=1e-6)
    np.testing.assert_allclose(
        array(model.judge(images, training=False))[:, 0], model.discriminate(IMAGES), atol=1e-5
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DiffAugment("colour"), "policy must be a sequence of colour, translation, cutout"),
        (lambda: DiffAugment(()), "policy must be a sequence"),
        (lambda: DiffAugment(("color",)), "Unknown kind of augmentation in policy: 'color'"),
        (lambda: Augmentation.get("ada"), "Unknown augmentation: 'ada'. Allowed: diffaugment."),
        (
            lambda: zoo.create("gan", image_shape=(2,)).compile(augmentation="diffaugment"),
            "augmentation is for images. Received: .*DiffAugment object.* for points of shape",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
