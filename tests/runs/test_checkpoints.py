"""Checkpoints: what is kept, what is torn, what is refused, and what they hold."""

import json
import re
import shutil

import keras
import numpy as np
import pytest
from helpers import weights_of
from program import arrays, timeless

import zoo
from zoo import engine
from zoo.callbacks import Checkpoints, SampleGrids
from zoo.callbacks.checkpoints import Monitor
from zoo.errors import ArgumentError, IntegrityError
from zoo.presets import checkpoint, storage

STEPS = 6  # of an epoch
POINTS = np.random.default_rng(0).normal(size=(STEPS * 8, 2)).astype("float32")
BATCHES = zoo.data.Batches(POINTS, batch_size=8)


def model():
    keras.utils.set_random_seed(3)
    made = zoo.models.GAN(
        generator=zoo.networks.points.generator(2, hidden_layers=1),
        discriminator=zoo.networks.points.discriminator(hidden_layers=1),
        latent_dim=2,
    )
    made.compile()
    return made


def fit(made, checkpoints, epochs, *more):
    """Trains until the end of epoch `epochs`, from where `made` was restored."""
    while checkpoints.steps < epochs * STEPS:
        epoch, begun = divmod(checkpoints.steps, STEPS)
        made.fit(
            zoo.engine.feed(BATCHES, checkpoints.steps),
            steps_per_epoch=STEPS - begun,
            initial_epoch=epoch,
            epochs=epoch + 1 if begun else epochs,
            shuffle=False,
            verbose=0,
            callbacks=[*more, checkpoints],
        )


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two epochs, with checkpoints at steps 9 and 12; and the weights in the end."""
    folder = tmp_path_factory.mktemp("trained") / "checkpoints"
    made = model()
    checkpoints = Checkpoints(folder, STEPS, {"rate": 1}, every=3)
    fit(made, checkpoints, 2)
    return folder, weights_of(made), checkpoints.history


@pytest.fixture
def copied(trained, tmp_path):
    shutil.copytree(trained[0], tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


class Seen(keras.callbacks.Callback):
    """What is in the folder after each step."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.found = []

    def on_train_batch_begin(self, batch, logs=None):
        self.found.append([int(name[5:]) for name in names(self.folder)])


def test_the_last_ones_are_kept(tmp_path):
    """One before the first step, one each `every` steps, one at the end of each epoch."""
    seen = Seen(tmp_path)
    fit(model(), Checkpoints(tmp_path, STEPS, {}, every=4, keep=3), 2, seen)
    steps = [[0]] * 4 + [[0, 4]] * 2 + [[0, 4, 6]] * 4 + [[4, 6, 10]] * 2
    assert seen.found == steps
    assert names(tmp_path) == ["step-00000006", "step-00000010", "step-00000012"]
    assert names(tmp_path / "step-00000012") == ["config.json", "model.weights.h5", "state.json"]


def test_what_a_checkpoint_holds(trained):
    folder, weights, history = trained
    state = checkpoint.check(folder / "step-00000009")
    assert (state["step"], state["epoch"], state["about"]) == (9, 1, {"rate": 1})
    assert len(state["history"]) == 1
    assert state["means"]  # of the half of an epoch
    assert checkpoint.check(folder / "step-00000012")["history"] == history
    found = arrays(folder / "step-00000012" / storage.WEIGHTS)
    for part in ("generator", "discriminator", "ema_generator", "optimizer"):
        assert any(part in name for name in found), part
    for array in weights:  # seed generators among them
        assert any(np.array_equal(array, other) for other in found.values())


def test_restored_within_an_epoch(trained, copied):
    """It ends with the same weights, and the same history: the means of the epoch go on."""
    shutil.rmtree(copied / "step-00000012")
    made = model()
    checkpoints = Checkpoints(copied, STEPS, {"rate": 1})
    assert checkpoints.restore(made) == 9
    fit(made, checkpoints, 2)
    for a, b in zip(weights_of(made), trained[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert timeless(checkpoints.history) == timeless(trained[2])


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def _other_number(path):
    text = path.read_text()
    path.write_text(text.replace('"step": 12', '"step": 13'))
    assert path.read_text() != text


@pytest.mark.once
@pytest.mark.parametrize(
    ("file", "damage", "why"),
    [
        ("model.weights.h5", _truncate, r"model\.weights\.h5 is damaged"),
        ("model.weights.h5", _flip, r"model\.weights\.h5 is damaged"),
        ("model.weights.h5", lambda path: path.unlink(), r"model\.weights\.h5 is missing"),
        ("state.json", lambda path: path.unlink(), r"state\.json is missing"),
        ("state.json", _truncate, r"state\.json is damaged"),
        ("state.json", _other_number, r"state\.json is damaged"),
        ("state.json", lambda path: path.write_bytes(b"\xff\x00"), r"state\.json is damaged"),
        ("state.json", lambda path: path.write_text("[3]"), r"state\.json is damaged"),
        ("state.json", lambda path: (path.unlink(), path.mkdir()), r"state\.json cannot be read"),
    ],
)
def test_a_torn_checkpoint_falls_back(trained, copied, file, damage, why):
    """To the one before, with one line; and training on ends the same."""
    damage(copied / "step-00000012" / file)
    made, said = model(), []
    checkpoints = Checkpoints(copied, STEPS, {"rate": 1}, keep=1)
    assert checkpoints.restore(made, said.append) == 9
    (line,) = said
    assert re.search(rf"step-00000012 is left out: {why}.*; step-00000009 is taken\.$", line)
    assert names(copied) == ["step-00000009", "step-00000012"]
    fit(made, checkpoints, 2)
    assert names(copied) == ["step-00000012"]
    checkpoint.check(copied / "step-00000012")
    for a, b in zip(weights_of(made), trained[1], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.once
class TestTorn:
    def test_a_newer_torn_one_does_not_push_a_good_one_out(self, copied):
        shutil.copytree(copied / "step-00000012", copied / "step-00000099")
        _flip(copied / "step-00000099" / "model.weights.h5")
        made = model()
        checkpoints = Checkpoints(copied, STEPS, {"rate": 1}, keep=1)
        assert checkpoints.restore(made, lambda line: None) == 12
        fit(made, checkpoints, 3)
        assert names(copied) == ["step-00000018"]

    def test_what_was_being_written(self, copied):
        (copied / "step-00000015.k2j4h5.partial").mkdir()
        said = []
        checkpoints = Checkpoints(copied, STEPS, {"rate": 1})
        made = model()
        assert checkpoints.restore(made, said.append) == 12
        (line,) = said
        assert "step-00000015.k2j4h5.partial is left out: it was not finished; step-00" in line
        fit(made, checkpoints, 3)
        assert names(copied) == ["step-00000012", "step-00000018"]

    def test_killed_in_the_first_save(self, tmp_path):
        """Nothing was there to be lost: the training starts."""
        (tmp_path / "step-00000000.abc.partial").mkdir()
        said = []
        assert Checkpoints(tmp_path, STEPS, {}).restore(model(), said.append) == 0
        (line,) = said
        assert "step-00000000.abc.partial is left out: it was not finished; there is no" in line

    def test_none_is_whole(self, copied):
        """Nothing starts anew over what somebody may still repair."""
        _flip(copied / "step-00000012" / "model.weights.h5")
        (copied / "step-00000009" / "state.json").unlink()
        made = model()
        before = weights_of(made)
        with pytest.raises(IntegrityError, match="is whole") as caught:
            Checkpoints(copied, STEPS, {"rate": 1}).restore(made)
        assert "step-00000009: state.json is missing" in str(caught.value)
        assert "step-00000012: model.weights.h5 is damaged" in str(caught.value)
        assert names(copied) == ["step-00000009", "step-00000012"]
        for a, b in zip(weights_of(made), before, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_another_format(self, copied):
        for place in checkpoint.saved(copied):
            state = checkpoint.read_state(place) | {"format": 7}
            content = {"sha256": checkpoint._hash(state), "state": state}
            (place / "state.json").write_text(json.dumps(content))
        with pytest.raises(IntegrityError, match="its format is 7, and this version reads 1"):
            Checkpoints(copied, STEPS, {"rate": 1}).restore(model())


@pytest.mark.once
class TestRefused:
    def test_other_settings(self, copied):
        with pytest.raises(ArgumentError, match=r"with other settings: rate 1 -> 2, more None -> "):
            Checkpoints(copied, STEPS, {"rate": 2, "more": 3}).restore(model())

    def test_other_data(self, tmp_path):
        fit(model(), Checkpoints(tmp_path, STEPS, {"data_sha256": "a" * 64}), 1)
        with pytest.raises(ArgumentError, match=r"with other settings: other data\. Give"):
            Checkpoints(tmp_path, STEPS, {"data_sha256": "b" * 64}).restore(model())

    def test_another_text(self, tmp_path):
        old = "".join(f"line {i}\n" for i in range(200))
        fit(model(), Checkpoints(tmp_path, STEPS, {"recipe": old}), 1)
        new = old.replace("line 100\n", "line one hundred\n")
        with pytest.raises(ArgumentError, match="other settings: recipe, see below") as caught:
            Checkpoints(tmp_path, STEPS, {"recipe": new}).restore(model())
        (note,) = caught.value.__notes__
        assert note.splitlines() == [
            "--- recipe of the checkpoints",
            "+++ recipe",
            "@@ -100,3 +100,3 @@",
            " line 99",
            "-line 100",
            "+line one hundred",
            " line 101",
        ]
        with pytest.raises(ArgumentError) as caught:
            Checkpoints(tmp_path, STEPS, {"recipe": "another\ntext\n"}).restore(model())
        assert len(caught.value.__notes__[0].splitlines()) == 41

    def test_a_folder_in_use(self, copied):
        """A training that does not begin with what is there would remove it."""
        before = names(copied)
        with pytest.raises(ArgumentError, match="holds checkpoints already: restore the model"):
            fit(model(), Checkpoints(copied, STEPS, {"rate": 1}), 1)
        assert names(copied) == before


class Numbers(keras.callbacks.Callback):
    """Joins given numbers to the logs."""

    def on_epoch_end(self, epoch, logs=None):
        logs["fid"] = [float("nan"), 5.0, 3.0, 4.0, 6.0, 2.0][epoch]


class TestBest:
    def test_it_is_kept_beside_the_last(self, tmp_path):
        checkpoints = Checkpoints(tmp_path, STEPS, {}, keep=1, monitor=Monitor("fid"))
        found = []
        for epochs in (1, 2, 3, 4, 5):
            fit(model(), checkpoints, epochs, Numbers())
            found.append([int(name[5:]) // STEPS for name in names(tmp_path)])
        assert found == [[1], [2], [3], [3, 4], [3, 5]]
        best = {"name": "fid", "value": 3.0, "step": 3 * STEPS}
        assert checkpoint.check(tmp_path / "step-00000030")["best"] == best
        # A checkpoint before the best one of all names another one, which is there too.
        fit(model(), checkpoints, 6, Numbers())
        assert names(tmp_path) == ["step-00000036"]

    def test_the_best_of_each_that_is_kept(self, tmp_path):
        checkpoints = Checkpoints(tmp_path, STEPS, {}, keep=2, monitor=Monitor("fid"))
        fit(model(), checkpoints, 6, Numbers())
        steps = [int(name[5:]) // STEPS for name in names(tmp_path)]
        assert steps == [3, 5, 6]  # if the last is torn, the one before still has its best
        _truncate(tmp_path / "step-00000036" / "state.json")
        again = Checkpoints(tmp_path, STEPS, {}, monitor=Monitor("fid"))
        assert again.restore(model(), lambda line: None) == 5 * STEPS
        assert again.best["step"] == 3 * STEPS
        made = model()
        again.load_best(made)
        best = arrays(tmp_path / "step-00000018" / storage.WEIGHTS)
        for array in weights_of(made):
            assert any(np.array_equal(array, other) for other in best.values())

    @pytest.mark.once
    def test_high_is_best(self):
        assert Monitor("accuracy", lower=False).better(0.9, 0.8)
        assert not Monitor("loss").better(0.9, 0.8)
        assert not Monitor("loss").better(float("nan"), 0.8)

    @pytest.mark.once
    def test_lost_or_of_another_number(self, tmp_path):
        checkpoints = Checkpoints(tmp_path, STEPS, {}, keep=1, monitor=Monitor("fid"))
        fit(model(), checkpoints, 5, Numbers())
        other = Checkpoints(tmp_path, STEPS, {}, monitor=Monitor("loss"))
        assert other.restore(model()) == 5 * STEPS
        assert other.best is None
        _flip(tmp_path / "step-00000018" / storage.WEIGHTS)
        with pytest.raises(IntegrityError, match=r"step-00000018, is lost: model\.weights\.h5 is"):
            checkpoints.load_best(model())
        again = Checkpoints(tmp_path, STEPS, {}, monitor=Monitor("fid"))
        with pytest.warns(UserWarning, match=r"step-00000018, is lost: .*the best from now on"):
            again.restore(model())
        assert again.best is None
        with pytest.raises(IntegrityError, match="There is no best checkpoint"):
            again.load_best(model())


@pytest.mark.once
def test_one_process_writes(tmp_path, monkeypatch):
    """Of several that train together the others only count."""
    monkeypatch.setattr(engine, "is_chief", lambda: False)
    checkpoints = Checkpoints(tmp_path / "checkpoints", STEPS, {}, every=2)
    fit(model(), checkpoints, 1, SampleGrids(tmp_path / "samples"))
    assert checkpoints.newest == STEPS
    assert len(checkpoints.history) == 1
    assert not list(tmp_path.iterdir())
