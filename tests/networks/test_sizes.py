"""Each architecture makes images of many sizes and channels.

The rules do not look at sizes: tests/networks/test_architectures.py tries each with each
architecture, at its smallest size. The sizes of `dcgan` are tested in tests/models/gans.
"""

import numpy as np
import pytest

import zoo
from zoo.engine.spaces import of_image_shape
from zoo.models import families
from zoo.networks import Architecture, Coders, Posterior
from zoo.testing import data_for

SHAPES = [(28, 28, 1), (32, 32, 3), (64, 64, 3), (128, 128, 1)]
OF_GANS = sorted(Architecture.named())  # tests of others register more
OF_VAES = Coders.fitting(of_image_shape((8, 8, 1)), Posterior)
MODELS = [
    *(("gan", architecture) for architecture in OF_GANS),
    *((family, architecture) for family in ("autoencoder", "vae") for architecture in OF_VAES),
    ("classifier", None),
]
CASES = [
    (family, architecture, shape)
    for family, architecture in MODELS
    for shape in SHAPES
    if architecture != "dcgan"
    and (family != "gan" or Architecture.named()[architecture].fits(of_image_shape(shape)))
]


def test_every_architecture_of_images_has_sizes():
    names = {architecture for family, architecture, _ in CASES if family == "gan"}
    assert names == set(OF_GANS) - {"dcgan", "points"}


def create(family, architecture, shape):
    """The smallest model of these names with data of this shape."""
    if family == "gan":
        config = {**Architecture.named()[architecture].test_config(), "latent_dim": 2}
    else:
        config = families.family(family).cls.test_config()
        if architecture is not None:
            config = {**Coders.named()[architecture].test_config(), "latent_dim": 2}
    chosen = {} if architecture is None else {"architecture": architecture}
    return zoo.create(family, **{**config, **chosen, "image_shape": shape})


# Sizes are arithmetic, the same on each backend: the larger ones are tried on one.
LARGE = [pytest.mark.once]


@pytest.mark.parametrize(
    ("family", "architecture", "shape"),
    [pytest.param(*case, marks=LARGE if case[2][0] > 32 else []) for case in CASES],
    ids=str,
)
def test_a_step_and_its_outputs(family, architecture, shape):
    model = create(family, architecture, shape)
    model.compile()
    images, *labels = data_for(model, 5)
    history = model.fit(images, *labels, batch_size=5, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    if "samples" in model.tasks:
        outputs = model.sample(2, seed=0)
    elif "encodes" in model.tasks:
        outputs = model.reconstruct(images[:2])
    else:
        assert model.classify(images[:2]).shape == (2,)
        return
    assert outputs.shape == (2, *shape)
    model.data.check_values("outputs", outputs, in_training=False)
