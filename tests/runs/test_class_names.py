"""Names of class folders reach the card of a run."""

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.runs import training
from zoo.runs.recipe import Config

pytestmark = pytest.mark.once


def test_a_folder_names_the_classes_of_a_model(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(4):
            pixels = np.full((8, 8), 50 * i, "uint8")
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    names = {}
    for n in (2, 3):
        model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=2, units=5, num_classes=n)
        training.read(Config(str(tmp_path), epochs=1, batch_size=2), model)
        names[n] = model.condition.names
    assert names == {2: ("cat", "dog"), 3: None}
    assert zoo.data.read(tmp_path).classes == ("cat", "dog")
