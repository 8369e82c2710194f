"""The product of models that encode and architectures of encoders and decoders, from the two
registries alone."""

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.engine.spaces import of_image_shape
from zoo.models import families
from zoo.networks import Coders, ConvolutionalCoders, MLPCoders, OneLayerCoders, Posterior
from zoo.networks.choosing import TakesCoders
from zoo.testing import data_for

pytestmark = pytest.mark.step_by_step

RULES = [name for name in zoo.families() if issubclass(families.family(name).cls, TakesCoders)]
ARCHITECTURES = sorted(Coders.named())
PRODUCT = [(rule, architecture) for rule in RULES for architecture in ARCHITECTURES]
OF_VAES = Coders.fitting(of_image_shape((8, 8, 1)), Posterior)


@pytest.fixture(scope="module", autouse=True)
def pooled():
    """Coders of a user's own, with a setting that no other has.

    They are made after all tests were collected, whose lists they are not in.
    """

    @keras.saving.register_keras_serializable("test_coders")
    class Pooled(Coders):
        name = "pooled"
        fits_words = "images of even sizes, in this test"

        def __init__(self, depth=1):
            self.depth = depth

        @classmethod
        def fits(cls, data, coding):
            return data.name == "images" and data.height % 2 == data.width % 2 == 0

        @classmethod
        def test_config(cls):
            return {"image_shape": (8, 8, 1)}

        def features(self, x, data, coding):
            for _ in range(self.depth):
                x = layers.Conv2D(3, 3, padding="same", data_format="channels_last")(x)
            return layers.Flatten()(layers.AveragePooling2D(2, data_format="channels_last")(x))

        def pixels(self, x, data, channels, coding):
            height, width, _ = data.shape
            x = layers.Dense(height // 2 * (width // 2) * channels)(x)
            x = layers.Reshape((height // 2, width // 2, channels))(x)
            return layers.UpSampling2D(2, data_format="channels_last", dtype="float32")(x)

    return Pooled


def config_of(rule, architecture):
    """The arguments of the smallest model of a rule with an architecture."""
    arguments = families.family(rule).cls.test_config()
    classes = {key: arguments[key] for key in ("num_classes",) if key in arguments}
    return {**Coders.named()[architecture].test_config(), "latent_dim": 4, **classes}


def fits(rule, architecture):
    return architecture in OF_VAES or families.family(rule).group == "autoencoders"


def trained(model):
    """`model` after two steps, with finite losses of the names that it promises."""
    model.compile(**model.test_compile())
    history = model.fit(*data_for(model, 8), batch_size=4, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    assert set(history) == set(model.loss_names)
    return model


def reconstruction(model):
    images, *labels = data_for(model, 3)
    return model.reconstruct(images, *labels)


def test_there_is_a_product():
    assert len(RULES) >= 8
    assert {"convolutional", "mlp", "one_layer"} <= set(ARCHITECTURES)
    assert not all(fits(*pair) for pair in PRODUCT)


@pytest.mark.parametrize(("rule", "architecture"), PRODUCT, ids=["-".join(p) for p in PRODUCT])
def test_a_rule_with_an_architecture(rule, architecture):
    """Two steps, or the names of those that fit."""
    config = config_of(rule, architecture)
    if not fits(rule, architecture):
        message = f"'{architecture}' does not fit images .*Allowed: 'convolutional', 'mlp'"
        with pytest.raises(ValueError, match=message):
            zoo.create(rule, architecture=architecture, **config)
        return
    model = trained(zoo.create(rule, architecture=architecture, **config))
    assert reconstruction(model).shape == (3, 8, 8, 1)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_object_builds_what_its_name_builds(architecture, tmp_path):
    """It comes back from a `.keras` file with its settings."""
    rule = "vae" if architecture in OF_VAES else "sparse_autoencoder"
    named = zoo.create(rule, architecture=architecture, **config_of(rule, architecture))
    settings = dict(Coders.named()[architecture].test_config())
    shape = settings.pop("image_shape")
    chosen = Coders.named()[architecture](**settings)
    model = zoo.create(rule, image_shape=shape, latent_dim=4, architecture=chosen)
    weights = [[(v.name, tuple(v.shape)) for v in each.weights] for each in (named, model)]
    assert weights[0] == weights[1]
    kinds = [[type(x) for x in each._flatten_layers()] for each in (named, model)]
    assert kinds[0] == kinds[1]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    again = loaded.constructor_argument("architecture")
    assert type(again) is type(chosen)
    assert again.get_config() == chosen.get_config()
    np.testing.assert_array_equal(reconstruction(loaded), reconstruction(model))


@pytest.mark.parametrize("given", ["name", "object"])
@pytest.mark.parametrize("rule", ["conditional_vae", "contractive_autoencoder"])
def test_an_architecture_of_ones_own(rule, given, pooled, tmp_path):
    """By name with a setting, or as an object; through a `.keras` file and a preset folder."""
    config = config_of(rule, "pooled")
    if given == "name":
        model = zoo.create(rule, architecture="pooled", depth=2, **config)
    else:
        model = zoo.create(rule, architecture=pooled(depth=2), **config)
    convolutions = [x for x in model.encoder.layers if isinstance(x, layers.Conv2D)]
    assert len(convolutions) == 2
    trained(model)
    model.save(tmp_path / "model.keras")
    folder = zoo.save(model, tmp_path / "preset", half_precision=False)
    for loaded in (keras.saving.load_model(tmp_path / "model.keras"), zoo.load(folder)):
        assert len(loaded.encoder.layers) == len(model.encoder.layers)
        np.testing.assert_allclose(reconstruction(loaded), reconstruction(model), atol=1e-6)


def test_labels_are_planes_or_vectors():
    """Images get a channel for each class, flat vectors a number."""
    images = zoo.create("cvae", architecture="pooled", **config_of("cvae", "pooled"))
    first = next(x for x in images.encoder.layers if isinstance(x, layers.Conv2D))
    assert tuple(first.kernel.shape) == (3, 3, 1 + 3, 3)
    flat = zoo.create("cvae", architecture="mlp", **config_of("cvae", "mlp"))
    first = next(x for x in flat.encoder.layers if isinstance(x, layers.Dense))
    assert tuple(first.kernel.shape) == (64 + 3, 6)


def test_settings_of_the_model_and_of_the_architecture():
    """A setting that is left open is the model's; one that is given wins."""
    shape, codes = {"image_shape": (8, 8, 1)}, zoo.create("iwae", image_shape=(8, 8, 1))
    assert units(codes) == [("tanh", 200), ("tanh", 200)]
    assert units(zoo.create("iwae", **shape, architecture=MLPCoders())) == units(codes)
    assert units(zoo.create("ae", **shape, architecture=MLPCoders())) == [("relu", 500)]
    assert units(zoo.create("ae", **shape, architecture=ConvolutionalCoders(width=2))) == []
    own = {"hidden_units": (5,), "activation": "elu"}
    assert units(zoo.create("iwae", **shape, **own)) == [("elu", 5)]
    assert units(zoo.create("iwae", **shape, architecture=MLPCoders(**own))) == [("elu", 5)]
    beta = zoo.create("beta_vae", **shape, width=2, upsampling="interpolation")
    assert units(beta) == [("relu", 256)]
    assert any(isinstance(x, layers.UpSampling2D) for x in beta.decoder.layers)


def units(model):
    """The activation and the units of each dense hidden layer of the encoder."""
    ends = ("code", "mean", "log_variance")
    dense = [x for x in model.encoder.layers if isinstance(x, layers.Dense)]
    return [(x.activation.__name__, x.units) for x in dense if x.name not in ends]


def test_tied_weights_beside_an_object():
    """The model's argument, as for the name: a contractive autoencoder has them by default."""
    shape = {"image_shape": (8, 8, 1), "latent_dim": 3}
    count = {
        tied: len(zoo.create("ae", **shape, architecture=OneLayerCoders(), tied=tied).weights)
        for tied in (True, False, None)
    }
    assert count == {True: 3, False: 4, None: 3}
    assert len(zoo.create("contractive_ae", **shape, architecture=OneLayerCoders()).weights) == 3
    assert len(zoo.create("contractive_ae", **shape, architecture=MLPCoders()).weights) == 8


@pytest.mark.once
@pytest.mark.parametrize(
    ("family", "arguments", "message"),
    [
        ("vae", {"architecture": "mpl"}, "Unknown architecture: 'mpl'. Allowed: .*mlp"),
        ("vae", {"architecture": "dcgan"}, "Unknown architecture: 'dcgan'"),
        ("vae", {"width": 2}, "setting of the architecture mlp: 'width'. Allowed: .*hidden_units"),
        ("vae", {"upsampling": "interpolation"}, "Unknown argument of vae: 'upsampling'"),
        ("ae", {"widht": 2}, "Unknown argument of ae: 'widht'. Nearest: width"),
        (
            "ae",
            {"architecture": MLPCoders(), "hidden_units": (5,)},
            r"hidden_units must be settings of the architecture object .*MLPCoders\(hidden_units",
        ),
        ("ae", {"architecture": MLPCoders(), "tied": True}, "tied=True is for .*'one_layer'"),
        (
            "vae",
            {"architecture": OneLayerCoders()},
            "'one_layer' does not fit .*not for the posterior of a VAE. Allowed: 'convol.*'mlp'",
        ),
        (
            "vae",
            {"architecture": ConvolutionalCoders(), "image_shape": (9, 7, 3)},
            r"'convolutional' does not fit images of shape \(9, 7, 3\).*Allowed: 'mlp', or",
        ),
        ("vae", {"architecture": MLPCoders}, "architecture must be one of .*Received"),
        ("vae", {"architecture": zoo.networks.MLP()}, "architecture must be one of .*Received"),
    ],
)
def test_errors(family, arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.create(family, **{"image_shape": (8, 8, 1), **arguments})


@pytest.mark.once
def test_settings_that_nothing_uses():
    """They are an error, except in a file of an earlier version, which wrote them always."""
    encoder = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])
    decoder = keras.Sequential([keras.Input((64,)), layers.Reshape((8, 8, 1))])
    with pytest.raises(ValueError, match="width must be settings of an architecture, .*encoder="):
        zoo.models.Autoencoder(encoder=encoder, decoder=decoder, width=3)
    with pytest.raises(ValueError, match="setting of the architecture mlp: 'widht'"):
        zoo.models.VAE((8, 8, 1), widht=None)
    model = zoo.models.Autoencoder(encoder=encoder, decoder=decoder)
    former = {"hidden_units": None, "width": 32, "upsampling": "transposed"}
    again = zoo.models.Autoencoder.from_config({**model.get_config(), **former})
    np.testing.assert_array_equal(reconstruction(again), reconstruction(model))
    one_layer = zoo.create("sparse_ae", image_shape=(8, 8, 1), latent_dim=3)
    again = type(one_layer).from_config({**one_layer.get_config(), **former})
    assert [v.shape for v in again.weights] == [v.shape for v in one_layer.weights]


@pytest.mark.once
def test_a_rule_of_ones_own_without_the_argument():
    """Its arguments are its own, whatever their names."""

    class Thin(zoo.models.VAE):
        def __init__(self, width=3):
            super().__init__((8, 8, 1), hidden_units=(width,))

    again = Thin.from_config(Thin(width=5).get_config())
    assert units(again) == [("tanh", 5)]
    assert set(Thin.constructor_names({})) == {"width", "dtype"}


@pytest.mark.once
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLPCoders(hidden_units=50), "hidden_units must be a sequence"),
        (lambda: MLPCoders(activation="tanf"), "activation.*tanf"),
        (lambda: ConvolutionalCoders(width=0), "width must be a whole number"),
        (lambda: ConvolutionalCoders(upsampling="nearest"), "Unknown upsampling: 'nearest'"),
    ],
)
def test_errors_of_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()
