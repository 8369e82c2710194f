"""Files that version 0.1 wrote load, give the same outputs, and continue training.

`tests/assets/saved/<case>` holds a compiled `.keras` file after an epoch of training, a preset
folder with a card of format 3, and inputs with the outputs of the model that was saved.
"""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.models import families
from zoo.presets.locate import locate

pytestmark = pytest.mark.step_by_step

SAVED = Path(__file__).parent.parent / "assets" / "saved"
CASES = sorted(path.name for path in SAVED.iterdir())


@pytest.fixture(params=CASES)
def case(request):
    return SAVED / request.param


def outputs_differ(model, case) -> float:
    with np.load(case / "outputs.npz") as arrays:
        inputs = {name: arrays[name] for name in arrays.files if name != "outputs"}
        return float(np.abs(model.golden_outputs(inputs) - arrays["outputs"]).max())


def test_files_of_every_family(case):
    """One test for both files: what takes time is building the model."""
    model = keras.saving.load_model(case / "model.keras")
    assert outputs_differ(model, case) < 1e-4
    assert model.compiled
    before = [keras.ops.convert_to_numpy(v).copy() for v in model.trainable_variables]
    data = model.data.example(10)
    labels = () if model.condition is None else (model.condition.example(10),)
    history = model.fit(data, *labels, batch_size=10, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    moved = [
        np.abs(keras.ops.convert_to_numpy(v) - old).max() > 0
        for v, old in zip(model.trainable_variables, before, strict=True)
    ]
    assert all(moved)
    with pytest.warns(UserWarning, match="is of format 3 and was converted to 4"):
        preset = locate(case / "preset")
    card, loaded = preset.card, preset.read()
    assert outputs_differ(loaded, case) < 1e-4
    assert tuple(card.signature.tasks) == loaded.tasks
    assert card.signature.data.shape == list(loaded.data.shape)
    assert (card.signature.condition is None) == (loaded.condition is None)


@pytest.mark.once
def test_there_is_one_of_each_family_of_that_version():
    configs = [json.loads((SAVED / name / "preset" / "config.json").read_text()) for name in CASES]
    classes = {config["class_name"] for config in configs}
    assert len(classes) == 17
    assert classes <= {families.family(name).cls.__name__ for name in zoo.families()}
