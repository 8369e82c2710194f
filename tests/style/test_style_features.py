"""Networks and layers by name: what they give, and what is refused."""

import keras
import numpy as np
import pytest
import tiny_networks
from keras import layers

import zoo
from zoo.errors import ArgumentError, FetchError
from zoo.style import features


def source(network, **options):
    return features.source_of(network, options.get("weights"), options.get("prepare"))


def test_maps_are_those_of_the_layers():
    network = tiny_networks.network()
    images = tiny_networks.pictures(3)
    made = features.Features(source(network), ["second", "first", "second"]).of(images, 2)
    assert list(made) == ["second", "first"]
    assert made["second"].shape == (3, 4, 4, 6)
    wanted = network.layers[0](images)
    np.testing.assert_allclose(made["first"], zoo.engine.to_numpy(wanted), rtol=1e-5)


def test_a_network_of_one_size_takes_others():
    small = tiny_networks.network(size=(8, 8))
    found = features.Features(source(small), ["second"]).of(tiny_networks.pictures(1, 12))
    wanted = features.Features(source(tiny_networks.network()), ["second"])
    np.testing.assert_allclose(
        found["second"], wanted.of(tiny_networks.pictures(1, 12))["second"], rtol=1e-5
    )
    assert small.input_shape == (None, 8, 8, 3)


def test_a_preset_of_the_zoo():
    model = zoo.load("classifier_cifar10")
    made = source("classifier_cifar10")
    assert made.name == "classifier_cifar10"
    names = list(made.maps)
    assert names[:3] == ["conv2d", "batch_normalization", "re_lu"]
    images = tiny_networks.pictures(2, 32)
    maps = features.Features(made, names[-1:]).of(images)
    np.testing.assert_allclose(
        maps[names[-1]].mean((1, 2)), model.features(images), rtol=1e-3, atol=1e-4
    )
    with pytest.raises(ArgumentError, match="no default: names of layers, such as conv2d"):
        made.layers("style_layers", None, "style")


def test_images_are_prepared():
    network = tiny_networks.network()
    made = source(network, prepare=lambda images: 2.0 * images - 1.0)
    images = tiny_networks.pictures(1)
    wanted = features.Features(source(network), ["first"]).of(2 * images - 1)["first"]
    found = features.Features(made, ["first"]).of(images)["first"]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.once
class TestOfKeras:
    def test_a_file_of_weights(self, tmp_path):
        vgg = keras.applications.VGG16(weights=None, include_top=False)
        vgg.save_weights(tmp_path / "vgg16.weights.h5")
        made = source("vgg16", weights=tmp_path / "vgg16.weights.h5")
        assert made.layers("content_layers", None, "content") == {"block4_conv2": 1.0}
        assert len(made.layers("style_layers", None, "style")) == 5
        images = tiny_networks.pictures(1, 16)
        found = features.Features(made, ["block1_conv1"]).of(images)["block1_conv1"]
        prepared = 255 * images[..., ::-1] - [103.939, 116.779, 123.68]
        wanted = vgg.get_layer("block1_conv1")(prepared.astype("float32"))
        np.testing.assert_allclose(found, zoo.engine.to_numpy(wanted), rtol=1e-3, atol=1e-2)

    def test_weights_that_cannot_be_read(self, tmp_path):
        with pytest.raises(FetchError, match="vgg19 cannot be read or fetched"):
            source("vgg19", weights=tmp_path / "none.weights.h5")


def bad_networks():
    two = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    return {
        "of one input": keras.Model(two, layers.Add()(two)),
        "name of a network": 3,
        "That is a class": zoo.models.Classifier,
        "preset that classifies": "gan_ring8",
        "Nearest: vgg19": "vgg91",
        "Nearest: squeezenet": "squeezenett",
        "weights is needed": "squeezenet",
    }


@pytest.mark.once
@pytest.mark.parametrize("text", bad_networks())
def test_networks_that_are_refused(text):
    with pytest.raises(ArgumentError, match=text):
        source(bad_networks()[text]).layers("style_layers", ["first"], "style")


@pytest.mark.once
def test_arguments_that_do_not_go_together(tmp_path):
    with pytest.raises(ArgumentError, match="weights must be None with a Keras model"):
        source(tiny_networks.network(), weights=tmp_path)
    with pytest.raises(ArgumentError, match="weights must be None with a preset"):
        source("classifier_cifar10", weights=tmp_path)
    with pytest.raises(ArgumentError, match="prepare must be None with a network"):
        source("vgg19", prepare=abs)


@pytest.mark.once
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["frist"], "Unknown layer of tiny in style_layers: 'frist'. Allowed: first, pool, second"),
        ({"first": -1.0}, r"style_layers\['first'\] must be a finite number of at least 0"),
        ({"first": 0.0}, "a layer with a weight above 0"),
        ([], "a layer with a weight above 0"),
    ],
)
def test_layers_that_are_refused(value, text):
    with pytest.raises(ArgumentError, match=text):
        source(tiny_networks.network()).layers("style_layers", value, "style")


def test_layers_have_weights_of_sum_1():
    made = source(tiny_networks.network())
    assert made.layers("style_layers", "first", "style") == {"first": 1.0}
    assert made.layers("style_layers", {"first": 3, "pool": 1}, "style") == {
        "first": 0.75,
        "pool": 0.25,
    }


def test_layers_that_are_used_elsewhere_too():
    whole = tiny_networks.network()
    part = keras.Sequential([keras.Input((None, None, 3)), *whole.layers[:3]], name="part")
    images = tiny_networks.pictures(1)
    made = source(part)
    assert list(made.maps) == ["first", "pool", "second"]
    wanted = features.Features(source(tiny_networks.network()), ["second"]).of(images)["second"]
    found = features.Features(made, ["second"]).of(images)["second"]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_layers_of_two_networks_with_one_input():
    inputs, layer = keras.Input((8, 8, 3)), layers.Conv2D(2, 3, padding="same", name="both")
    keras.Model(inputs, layer(inputs))
    negative = keras.Model(inputs, layer(layers.Rescaling(-1.0, name="turned")(inputs)))
    images = tiny_networks.pictures(1)
    found = features.Features(source(negative), ["both"]).of(images)["both"]
    wanted = zoo.engine.to_numpy(layer(-images))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_network_within_two_networks():
    inner = tiny_networks.network()
    keras.Sequential([keras.Input((8, 8, 3)), inner])
    outer = keras.Sequential([keras.Input((8, 8, 3)), layers.Rescaling(0.5), inner])
    images = tiny_networks.pictures(1)
    found = features.Features(source(outer), ["tiny"]).of(images)["tiny"]
    np.testing.assert_allclose(found, zoo.engine.to_numpy(inner(images / 2)), rtol=1e-4)
