"""A model that was saved and loaded gives the same outputs, and takes the same next step.

What is attached to the layers of a model meets each way of saving. The sample that CI runs has
each pair of an attachment and a way, with several attachments in one model. `heavy` has each
attachment alone, with each model and each way.
"""

import copy
import gc
import itertools
import pickle

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

import zoo
from zoo.engine.attached import own_variables

RNG = np.random.default_rng(0)
EAGER = keras.backend.backend() != "torch"  # compiling takes most of the time
FIT = {"batch_size": 4, "verbose": 0, "shuffle": False}
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*no trainable weight", "ignore:Layer .* (have a|cannot be)"
)


@pytest.fixture(autouse=True)
def _no_garbage_collection(monkeypatch):
    """Keras collects all garbage for each kernel that it quantizes, which takes seconds here."""
    monkeypatch.setattr(gc, "collect", lambda *args: 0)


# Models


def gan():
    return zoo.models.GAN(image_shape=(4, 4, 1), latent_dim=3, units=20)


def own_gan():
    generator = [layers.Dense(6, name="first"), layers.Dense(16, "tanh"), layers.Reshape((4, 4, 1))]
    discriminator = [layers.Flatten(), zoo.layers.SpectralDense(5), layers.Dense(1)]
    return zoo.models.GAN(
        generator=keras.Sequential([keras.Input((3,)), *generator]),
        discriminator=keras.Sequential([keras.Input((4, 4, 1)), *discriminator]),
        latent_dim=3,
    )


def vae():
    return zoo.models.VAE(image_shape=(4, 4, 1), latent_dim=2, hidden_units=(6,))


MODELS = {"gan": gan, "own_gan": own_gan, "vae": vae}


# Attachments


def networks(model):
    return [getattr(model, name) for name in ("generator", "decoder") if hasattr(model, name)]


def dense(model):
    parts = [layer for network in networks(model) for layer in network._flatten_layers()]
    return [layer for layer in parts if type(layer) is layers.Dense]


def freeze_layer(model):
    dense(model)[0].trainable = False
    dense(model)[-1].bias.trainable = False


def freeze_network(model):
    networks(model)[0].trainable = False


def adapt(model):
    for layer in dense(model):
        layer.enable_lora(2, lora_alpha=3)
        layer.lora_kernel_b.assign(RNG.normal(size=layer.lora_kernel_b.shape))


def set_policy(model):
    dense(model)[0].dtype_policy = "mixed_bfloat16"


def compile_body(model):
    networks(model)[0].compile("adam", "mse")
    networks(model)[0].optimizer.build(networks(model)[0].trainable_variables)


ATTACHMENTS = {
    "nothing": lambda model: None,
    "frozen layer": freeze_layer,
    "frozen network": freeze_network,
    "int8": lambda model: model.quantize("int8"),
    "float8": lambda model: model.quantize("float8"),
    "adapters": adapt,
    "policy": set_policy,
    "compiled body": compile_body,
}


# Ways of saving


def as_file(model, make, folder):
    model.save(folder / "model.keras")
    return keras.saving.load_model(folder / "model.keras")


def as_preset(model, make, folder):
    picture = Image.new("L", (4, 4))  # faster than a picture of samples
    again = zoo.load(zoo.save(model, folder / "preset", half_precision=False, picture=picture))
    for each in (model, again):
        each.compile(run_eagerly=EAGER)  # a preset has no optimizers
    return again


def as_checkpoint(model, make, folder):
    model.save_weights(folder / "model.weights.h5")
    again = make()
    again.load_weights(folder / "model.weights.h5")
    return again


WAYS = {
    "keras": as_file,
    "preset": as_preset,
    "deepcopy": lambda model, make, folder: copy.deepcopy(model),
    "pickle": lambda model, make, folder: pickle.loads(pickle.dumps(model)),
    "checkpoint": as_checkpoint,
}
ALL = list(itertools.product(MODELS, ATTACHMENTS, WAYS))
# Groups that together hold each attachment, so that each meets each way.
GROUPS = (
    "frozen layer+adapters+policy+compiled body",
    "frozen network+int8",
    "float8+compiled body",
)
SAMPLE = [
    (list(MODELS)[(i + j) % len(MODELS)], group, way)
    for i, group in enumerate(GROUPS)
    for j, way in enumerate(WAYS)
]


def array(x):
    return ops.convert_to_numpy(ops.cast(x, "float32"))


def outputs(model):
    latents = np.random.default_rng(1).normal(size=(3, model.latent_dim))
    return model.sample(latents=latents.astype("float32"))


def check(model, attachments, way, folder):
    def make():
        made = MODELS[model]()
        for attachment in attachments.split("+"):
            ATTACHMENTS[attachment](made)
        made.compile(run_eagerly=EAGER)
        return made

    low = MODELS[model]().value_range[0]
    x = np.random.default_rng(2).uniform(low, 1, (4, 4, 4, 1)).astype("float32")
    original = make()
    original.fit(x, **FIT)
    again = WAYS[way](original, make, folder)
    np.testing.assert_allclose(outputs(again), outputs(original), atol=1e-6)
    for each in (original, again):
        each.fit(x, **FIT)
    for old, new in zip(original._flatten_layers(), again._flatten_layers(), strict=True):
        for a, b in zip(own_variables(old), own_variables(new), strict=True):
            np.testing.assert_allclose(array(b), array(a), rtol=1e-5, atol=1e-6, err_msg=a.path)
    for a, b in zip(original.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_allclose(array(b), array(a), rtol=1e-5, atol=1e-7, err_msg=a.path)


@pytest.mark.parametrize(("model", "attachments", "way"), SAMPLE)
def test_a_sample_of_round_trips(model, attachments, way, tmp_path):
    check(model, attachments, way, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize(("model", "attachment", "way"), ALL)
def test_all_round_trips(model, attachment, way, tmp_path):
    check(model, attachment, way, tmp_path)
