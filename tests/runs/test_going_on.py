"""Trainings that go on beyond their plan, checkpoints that stay, and what a run shows."""

import csv
import dataclasses
import itertools

import keras
import numpy as np
import pytest
from helpers import array
from PIL import Image
from program import arrays
from small import run_of

import zoo
from zoo.callbacks.progress import Progress, _fitting, duration
from zoo.errors import ArgumentError, IntegrityError, RecipeError
from zoo.files.fetch import sha256
from zoo.presets import checkpoint, storage
from zoo.runs import history
from zoo.schedules import LinearDecay

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("compared_here")]
SMALL = {"batch_size": 512, "epochs": 2}  # two steps an epoch


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "ring8"
    epochs: int = 2
    batch_size: int = 512
    learning_rate: float = 1e-3
    decays: bool = False


def compile_gan(model, config, steps):
    rate = LinearDecay(config.learning_rate, steps) if config.decays else config.learning_rate
    model.compile(keras.optimizers.Adam(rate))


@pytest.fixture
def rated(ring):
    """A recipe with a setting of the rate."""
    points = zoo.networks.points
    return dataclasses.replace(
        ring,
        config=Config(),
        build=lambda config: zoo.models.GAN(
            generator=points.generator(2, hidden_layers=1),
            discriminator=points.discriminator(hidden_layers=1),
            latent_dim=2,
        ),
        compile=compile_gan,
        picture=lambda model, test: Image.new("L", (8, 8)),
    )


def go(recipe, out, say=None, **more):
    """Runs, and goes on with, `recipe`."""
    keeping = {"measure": "none", "keep": 9, "resume": True}
    settings = {key: more.pop(key) for key in list(more) if key in vars(recipe.config)}
    config = recipe.config.replace(**settings)
    return run_of(recipe, config, out, say=say, **{**keeping, **more}).run()


def last(out):
    return arrays(checkpoint.saved(out / "checkpoints")[-1] / storage.WEIGHTS)


class TestMoreEpochs:
    def test_equal_to_a_training_that_was_planned_so(self, rated, tmp_path):
        """Where no schedule depends on the end."""
        said = []
        go(rated, tmp_path / "all", epochs=3)
        go(rated, tmp_path / "more", epochs=2)
        go(rated, tmp_path / "more", epochs=3, say=said.append)
        one, other = last(tmp_path / "all"), last(tmp_path / "more")
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        assert any("as planned for 2 epochs, to 0.001" in line for line in said)
        training = zoo.info(tmp_path / "more").training
        assert training.settings["epochs"] == 3
        assert [(e.step, e.settings) for e in training.earlier] == [(4, {"epochs": 2})]
        assert "Up to step 4: epochs=2." in zoo.info(tmp_path / "more").identity.differs
        # The same command again has nothing left to do, and fewer epochs than are done are refused.
        go(rated, tmp_path / "more", epochs=3)
        assert zoo.info(tmp_path / "more").training == training
        with pytest.raises(RecipeError, match="at least the 3 that are begun. Received: 2"):
            go(rated, tmp_path / "more", epochs=2)

    def test_a_schedule_that_has_ended(self, rated, tmp_path):
        rated = dataclasses.replace(rated, config=rated.config.replace(decays=True))
        go(rated, tmp_path, epochs=2)
        before = last(tmp_path)
        with pytest.raises(RecipeError, match="beyond the 2 epochs .*learning_rate=VALUE.*0.001"):
            go(rated, tmp_path, epochs=4)
        after = last(tmp_path)
        assert all(np.array_equal(before[name], after[name]) for name in before)
        go(rated, tmp_path, epochs=4, learning_rate=5e-4)
        model_rates = zoo.info(tmp_path).training.earlier
        assert model_rates[0].settings == {"epochs": 2, "learning_rate": 1e-3}
        steps = [checkpoint.step_of(place) for place in checkpoint.saved(tmp_path / "checkpoints")]
        assert steps[-1] == 8

    def test_another_constant_rate(self, rated, tmp_path, monkeypatch):
        """It replaces the one that the checkpoint holds."""
        go(rated, tmp_path, epochs=1)
        models = []
        monkeypatch.setattr(
            Progress, "on_train_begin", lambda self, logs=None: models.append(self.model)
        )
        go(rated, tmp_path, epochs=2, learning_rate=0.25, say=lambda line: None)
        for optimizer in models[0].optimizers.values():
            assert float(array(optimizer.learning_rate)) == pytest.approx(0.25)

    def test_other_settings_stay_refused(self, rated, tmp_path):
        go(rated, tmp_path, epochs=1)
        for changes in ({"batch_size": 256, "epochs": 2}, {"learning_rate": 0.25}):
            with pytest.raises(ArgumentError, match="of a training with other settings"):
                go(rated, tmp_path, **{"epochs": 1, **changes})


class TestCheckpoints:
    def test_some_stay_for_good(self, rated, tmp_path):
        go(rated, tmp_path, epochs=5, keep=1, snap=2)
        folder = tmp_path / "checkpoints"
        assert [checkpoint.step_of(place) // 2 for place in checkpoint.saved(folder)] == [2, 4, 5]
        go(rated, tmp_path, epochs=6, keep=1)  # also where later epochs are not
        assert [checkpoint.step_of(place) // 2 for place in checkpoint.saved(folder)] == [2, 4, 6]
        place = checkpoint.of_epoch(folder, 4)
        model = zoo.load(place)
        found = arrays(place / storage.WEIGHTS)
        for value in map(array, model.generator.weights):
            assert any(np.array_equal(value, other) for other in found.values())
        assert model.sample(3, seed=0).shape == (3, 2)
        assert not model.compiled
        with pytest.raises(ArgumentError, match="kept in .*: 2, 4, 6. Received: 3"):
            checkpoint.of_epoch(folder, 3)
        (checkpoint.of_epoch(folder, 2) / checkpoint.STATE).write_text("{")  # one is damaged
        assert checkpoint.of_epoch(folder, 4) == place
        with pytest.raises(ArgumentError, match="not for Keras files and checkpoints"):
            zoo.load(place, components=["generator"])

    @pytest.mark.parametrize("monitor", [None, "generator_loss"])
    def test_a_run_that_resumes_reads_the_newest_once(self, rated, tmp_path, monkeypatch, monitor):
        """It is the best one, too, if there is a monitor."""
        rated = dataclasses.replace(rated, monitor=monitor)
        go(rated, tmp_path, epochs=1)
        read = []
        monkeypatch.setattr(checkpoint, "sha256", lambda path: (read.append(path), sha256(path))[1])
        go(rated, tmp_path, epochs=2)
        place = checkpoint.place_of(tmp_path / "checkpoints", 2)
        assert read == [place / storage.WEIGHTS, place / storage.CONFIG]

    def test_damaged_or_old_ones_are_not_loaded(self, rated, tmp_path):
        go(rated, tmp_path, epochs=1)
        place = checkpoint.of_epoch(tmp_path / "checkpoints", 1)
        config = (place / "config.json").read_bytes()
        (place / "config.json").write_bytes(config + b" ")
        with pytest.raises(IntegrityError, match="is not whole: config.json is damaged"):
            zoo.load(place)
        (place / "config.json").write_bytes(config)
        state = checkpoint.read_state(place)
        weights = (place / storage.WEIGHTS).read_bytes()
        checkpoint.write(place, weights, state, config.decode())
        assert zoo.load(place).sample(1, seed=0).shape == (1, 2)
        # As earlier versions wrote it.
        older = {key: value for key, value in state.items() if key != "config_sha256"}
        content = {"sha256": checkpoint._hash(older), "state": older}
        (place / checkpoint.STATE).write_text(checkpoint.json.dumps(content))
        (place / "config.json").unlink()
        with pytest.raises(IntegrityError, match="holds no configuration.*zoo train --resume"):
            zoo.load(place)
        go(rated, tmp_path, epochs=2)


class TestHistory:
    def test_table(self, rated, tmp_path):
        go(rated, tmp_path, epochs=2)
        go(rated, tmp_path, epochs=3)
        rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
        assert [row["epoch"] for row in rows] == ["1", "2", "3"]
        state = checkpoint.read_state(checkpoint.of_epoch(tmp_path / "checkpoints", 3))
        for row, logs in zip(rows, state["history"], strict=True):
            assert {k: float(v) for k, v in row.items() if k != "epoch"} == logs
        assert not (tmp_path / "history.png").exists()  # of a smoke run

    def test_picture(self, tmp_path):
        logs = [{"loss": 1.0 / i, "seconds": 2.0} for i in range(1, 5)]
        logs[2]["fid"] = 3.0
        assert history.draw(logs, tmp_path / "history.png")
        with Image.open(tmp_path / "history.png") as picture:
            assert picture.size == (800, 300)  # two numbers
            assert len(picture.convert("L").getcolors()) > 10

    def test_without_matplotlib(self, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
        assert not history.draw([{"loss": 1.0}], tmp_path / "history.png")
        assert not list(tmp_path.iterdir())


class TestProgress:
    def lines(self, monkeypatch, seconds, epochs=3, steps=4, done=0, **options):
        """What is said of a training whose steps last `seconds`."""
        clock = itertools.count(step=seconds)
        monkeypatch.setattr("zoo.callbacks.progress.time.perf_counter", lambda: next(clock))
        said = []
        options = {"terminal": False, **options}
        progress = Progress(epochs * steps, epochs, lambda: done, said.append, **options)
        progress.on_train_begin()
        for epoch in range(done // steps, epochs):
            progress.on_epoch_begin(epoch)
            for batch in range(steps):
                progress.on_train_batch_end(batch, {"loss": 0.5})
            progress.on_epoch_end(epoch, {"loss": 0.25})
        progress.on_train_end()
        return said

    def test_lines(self, monkeypatch):
        said = self.lines(monkeypatch, seconds=2.0, steps=8)
        assert said[0] == "about 42 s for 21 more steps, not counting pictures and numbers"
        assert said[1].startswith("epoch 1/3: loss 0.25, ")
        assert said[1].endswith(" left")
        assert said[-1] == "epoch 3/3: loss 0.25"
        assert len(said) == 4

    def test_a_training_that_went_back(self, monkeypatch):
        """Or that was continued within an epoch: `fit` is called again."""
        clock = itertools.count(step=2.0)
        monkeypatch.setattr("zoo.callbacks.progress.time.perf_counter", lambda: next(clock))
        said, done = [], [0]
        progress = Progress(20, 2, lambda: done[0], said.append, terminal=False)
        for start, steps in ((0, 9), (4, 16)):  # the second one from an earlier step
            done[0] = start
            progress.on_train_begin()
            for batch in range(steps):
                progress.on_train_batch_end(batch, {"loss": 0.5})
        assert progress.done == 20
        (line,) = said  # said once
        assert line.startswith("about 34 s for 17 more steps, ")

    def test_of_slow_steps_one_tells(self, monkeypatch):
        said = self.lines(monkeypatch, seconds=60.0, epochs=1, steps=9)
        assert said[0].startswith("about 6 min for 6 more steps, ")

    def test_a_training_that_is_continued(self, monkeypatch):
        """It is said before the first step; the epoch that compiled does not count for all."""
        said = self.lines(
            monkeypatch, 2.0, epochs=5, steps=10, done=30, lasted=lambda: [99.0, 30.0, 31.0]
        )
        assert said[0] == "about 1 min for 20 more steps, at the pace of the epochs before"
        assert said[1].startswith("about 34 s for 17 more steps, not counting")

    def test_the_times_of_a_run(self, rated, tmp_path):
        go(rated, tmp_path, epochs=1)
        said = []
        go(rated, tmp_path, epochs=2, say=said.append)
        (line,) = [line for line in said if line.startswith("about ")]
        assert line.endswith(" for 2 more steps, at the pace of the epochs before")

    def test_few_lines_of_short_epochs(self, monkeypatch):
        said = self.lines(monkeypatch, seconds=0.01, epochs=200)
        assert len(said) < 10
        assert said[-1] == "epoch 200/200: loss 0.25"

    def test_on_a_terminal(self, capsys):
        progress = Progress(4, 2, lambda: 2, print, terminal=True)
        progress.on_train_begin()
        progress.on_epoch_begin(1)
        for batch in range(2):
            progress.on_train_batch_end(batch, {"loss": 0.5})
        progress.bar.refresh()
        progress.on_epoch_end(1, {"loss": 0.5})
        progress.on_train_end()
        out = capsys.readouterr().out
        assert "epoch 2/2" in out
        assert "100%" in out
        assert "step/s" in out or "s/step" in out

    def test_numbers_that_have_room(self):
        logs = {"discriminator_loss": 0.5, "generator_loss": 1.25, "penalty": 3.0}
        assert _fitting(logs, 200) == "discriminator_loss 0.5, generator_loss 1.25, penalty 3"
        assert _fitting(logs, 45) == "discriminator_loss 0.5, generator_loss 1.25"
        assert _fitting(logs, 3) == "discriminator_loss 0.5"
        assert _fitting({}, 3) == ""

    def test_durations(self):
        found = [duration(seconds) for seconds in (0.4, 59, 60, 3599, 7260)]
        assert found == ["0 s", "59 s", "1 min", "1 h 0 min", "2 h 1 min"]


class TestOptions:
    def run(self, run, out, *options):
        small = ("--smoke", "--set", "batch_size=512", "--epochs", 1, "--measure", "none")
        return run("train", "gan_ring8", *small, "--out", out, *options)

    def test_quiet(self, run, tmp_path):
        assert self.run(run, tmp_path / "out", "--quiet") == (0, "", "")

    def test_no_escapes_in_a_file(self, run, tmp_path):
        code, out, err = self.run(run, tmp_path / "out")
        assert (code, err) == (0, "")
        assert "epoch 1/1: " in out
        assert not set(out) & {"\x1b", "\r", "\b"}

    def test_callbacks(self, run, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "my_tracker.py").write_text(
            "import keras\n"
            "def track(settings, out):\n"
            "    def note(epoch, logs):\n"
            "        (out / 'noted.txt').write_text(f'{settings[\"epochs\"]} {sorted(logs)}')\n"
            "    return [keras.callbacks.LambdaCallback(on_epoch_end=note)]\n"
            "def wrong(settings, out):\n"
            "    return 3\n"
            "other = 3\n"
        )
        code, _, err = self.run(run, tmp_path / "out", "--callbacks", "my_tracker:track")
        assert (code, err) == (0, "")
        assert (tmp_path / "out" / "noted.txt").read_text().startswith("1 ['discriminator_loss'")
        for name, message in (
            ("my_tracker", "takes MODULE:FUNCTION"),
            (
                "my_trackers:track",
                "a module that can be imported. Received: 'my_trackers:track'. No",
            ),
            ("my_tracker:trak", "a function of its module. Received: 'my_tracker:trak'"),
            ("my_tracker:other", "must name a function"),
            ("my_tracker:wrong", "must return a list of Keras callbacks. Received: 3"),
        ):
            code, _, err = self.run(run, tmp_path / "wrong", "--callbacks", name)
            assert code == 1
            assert message in err

    def test_monitor_and_ship(self, run, tmp_path):
        options = ("--monitor", "modes_covered", "--ship", "best", "--epochs", 2)
        code, _, err = self.run(run, tmp_path / "out", *options)
        assert (code, err) == (0, "")
        assert zoo.info(tmp_path / "out").training.selected.monitor == "modes_covered"
        code, _, err = self.run(run, tmp_path / "other", "--monitor", "modes_coverd")
        assert code == 1
        assert "nearest: modes_covered" in err
        code, _, err = run("train", "gan_ring8", "--publish", "--ship", "best")
        assert code == 1
        assert "--publish is for the recipe as it stands. Received: --ship best" in err
