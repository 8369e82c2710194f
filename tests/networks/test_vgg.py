"""The small VGG: the names of its layers, and its size."""

import numpy as np
import pytest

import zoo


@pytest.mark.once
def test_layers_and_features():
    body = zoo.networks.vgg.body((32, 32, 3), width=2)
    shapes = {layer.name: layer.output.shape[1:] for layer in body.layers}
    assert shapes["relu1_2"] == (32, 32, 2)
    assert shapes["relu2_1"] == shapes["norm2_2"] == (16, 16, 4)
    assert shapes["conv3_1"] == (8, 8, 8)
    assert shapes["pool3"] == (4, 4, 8)
    assert shapes["relu4_2"] == (4, 4, 10)
    assert body.output_shape == (None, 10)
    images = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    assert (np.asarray(body.predict(images, verbose=0)) >= 0).all()


@pytest.mark.once
def test_weights_of_the_preset_fit_into_four_mebibytes():
    assert 4 * zoo.networks.vgg.body((32, 32, 3)).count_params() < 4 * 2**20


@pytest.mark.once
def test_it_is_a_body_of_classifiers():
    model = zoo.models.Classifier(body=zoo.networks.vgg.body((8, 8, 3), width=2), num_classes=3)
    assert model.features(np.zeros((2, 8, 8, 3), "float32")).shape == (2, 10)
