"""The product of adversarial rules and architectures, from the two registries alone."""

import keras
import numpy as np
import pytest

import zoo
from zoo.engine.spaces import of_image_shape
from zoo.layers import BatchNormalization
from zoo.models import families
from zoo.networks import Architecture
from zoo.testing import data_for

pytestmark = pytest.mark.step_by_step

RULES = [name for name in zoo.families() if families.family(name).group == "gans"]
ARCHITECTURES = sorted(Architecture.named())
PRODUCT = [(rule, architecture) for rule in RULES for architecture in ARCHITECTURES]


def classes_of(rule):
    """The number of classes, of a rule that needs any."""
    return {"num_classes": 3} if "num_classes" in families.family(rule).cls.test_config() else {}


def create(rule, architecture, **options):
    """The smallest model of a rule with an architecture."""
    config = {**Architecture.named()[architecture].test_config(), "latent_dim": 2}
    return zoo.create(rule, architecture=architecture, **{**config, **classes_of(rule), **options})


def allowed(rule, architecture):
    names = families.family(rule).cls.architectures
    return names is None or architecture in names


def test_there_is_a_product():
    assert len(RULES) >= 8
    assert {"dcgan", "mlp", "points", "resnet", "sngan"} <= set(ARCHITECTURES)
    assert not all(allowed(*pair) for pair in PRODUCT)


def is_spectral(layer):
    return hasattr(layer, "normalized_kernel")


def check_demands(model):
    """The discriminator is what the rule asks for."""
    demands, layers = type(model).demands, list(model.discriminator._flatten_layers())
    if demands.per_image:
        normalizations = (BatchNormalization, keras.layers.BatchNormalization)
        assert not any(isinstance(layer, normalizations) for layer in layers)
    with_kernels = [layer for layer in layers if hasattr(layer, "kernel")]
    assert with_kernels
    if demands.spectral:
        plain = [layer for layer in with_kernels if not is_spectral(layer)]
        assert not plain, plain
    head = next(layer for layer in layers if layer.name == "logit")
    assert head.use_bias is demands.output_bias


@pytest.mark.parametrize(("rule", "architecture"), PRODUCT, ids=["-".join(p) for p in PRODUCT])
def test_a_rule_with_an_architecture(rule, architecture):
    """Two steps, or the name of the family that takes it."""
    if not allowed(rule, architecture):
        own = families.family(rule).cls.rule
        message = rf"is a rule with the architecture .*zoo.create\('{own}', architecture="
        with pytest.raises(ValueError, match=message):
            create(rule, architecture)
        assert allowed(own, architecture)
        return
    model = create(rule, architecture)
    check_demands(model)
    model.compile(**model.test_compile())
    history = model.fit(*data_for(model, 8), batch_size=4, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    assert set(history) == set(model.loss_names)
    assert model.sample(2, seed=0).shape == (2, *model.data.shape)


def test_points_need_no_name():
    model = zoo.create("wgan_gp", image_shape=(2,))
    assert model.sample(3, seed=0).shape == (3, 2)
    assert model.data.name == "points"


def test_residual_networks_of_any_rule():
    model = zoo.create("lsgan", image_shape=(32, 32, 3), architecture="resnet", width=2)
    assert model.sample(1, seed=0).shape == (1, 32, 32, 3)


SHAPES = [(2,), (8, 8, 1), (9, 7, 3), (64, 64, 1)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_data_that_do_not_fit(architecture, shape):
    """The error names the architectures that do."""
    data = of_image_shape(shape, (-1, 1))
    if Architecture.named()[architecture].fits(data):
        return
    fitting = Architecture.fitting(data)
    assert fitting
    assert architecture not in fitting
    message = f"'{architecture}' does not fit .*Allowed: {', '.join(map(repr, fitting))}, or"
    with pytest.raises(ValueError, match=message):
        zoo.create("gan", image_shape=shape, architecture=architecture)


def test_names_that_are_nearly_right():
    with pytest.raises(ValueError, match="Unknown architecture: 'dcgam'.*: dcgan"):
        zoo.create("gan", image_shape=(8, 8, 1), architecture="dcgam")
    with pytest.raises(ValueError, match="'widht'.*width"):
        zoo.create("gan", image_shape=(8, 8, 1), architecture="dcgan", widht=2)
    with pytest.raises(ValueError, match="setting of the architecture dcgan: 'units'"):
        zoo.models.GAN((8, 8, 1), architecture="dcgan", units=2)
    with pytest.raises(ValueError, match="units must be settings of the architecture object"):
        zoo.models.GAN((8, 8, 1), architecture=zoo.networks.MLP(), units=60)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_object_round_trips(architecture, tmp_path):
    """With its settings, through a `.keras` file; it builds what its name builds."""
    config = dict(Architecture.named()[architecture].test_config())
    shape = config.pop("image_shape")
    chosen = Architecture.named()[architecture](**config)
    model = zoo.create("gan", image_shape=shape, latent_dim=2, architecture=chosen)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    again = loaded.constructor_argument("architecture")
    assert type(again) is type(chosen)
    assert again.get_config() == chosen.get_config()
    np.testing.assert_array_equal(loaded.sample(3, seed=0), model.sample(3, seed=0))
    named = create("gan", architecture)
    assert [v.shape for v in named.weights] == [v.shape for v in model.weights]


def test_an_architecture_of_ones_own():
    class Tiny(zoo.networks.Points):
        name = "tiny"
        fits_words = "points, in this test"

        @classmethod
        def fits(cls, data):
            return False  # by itself

        def check_fits(self, data):
            pass

    model = zoo.create("wgan_gp", image_shape=(2,), architecture=Tiny(units=4), latent_dim=2)
    assert model.sample(3, seed=0).shape == (3, 2)
    with pytest.raises(ValueError, match="SNGAN is a rule with the architecture .*'gan'"):
        zoo.create("sngan", image_shape=(2,), architecture=Tiny(units=4))
