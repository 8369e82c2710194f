"""The contract suite, on models that it has never seen and on models that break a promise."""

import ast
import importlib.util
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo import testing
from zoo.engine.model import GenerativeModel
from zoo.engine.spaces import Points
from zoo.engine.tasks import Encodes

spec = importlib.util.spec_from_file_location("unseen", Path(__file__).parent / "models.py")
unseen = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(unseen)

UNSEEN = {
    unseen.Translator: {"inverts", "encodes", "samples", "scores"},
    unseen.AffineFlow: {"encodes", "translates"},
    unseen.Bernoullis: {"inverts", "encodes", "translates"},
}


@pytest.mark.parametrize("cls", UNSEEN)
def test_a_model_never_seen_keeps_the_contract(cls):
    """By its spaces and its tasks alone."""
    skipped = testing.check_model(cls)
    assert all(skipped.values())
    allowed = {"conditions", "players", "eager", "metrics"}
    assert skipped.keys() <= allowed
    assert ("players" in skipped) == (len(testing.maker(cls)().players) == 1)
    assert not testing.checks(cls).keys() & UNSEEN[cls]


WAYS = [
    (unseen.Sampling, "any", None),
    (unseen.Sampling, "bytes", "classes"),
    (unseen.Sampling, "points", "any"),
    (unseen.Sampling, "bits", "classes"),
    (unseen.Sampling, "frames", None),
    (unseen.Encoding, "any", "classes"),
    (unseen.Encoding, "points", None),
    (unseen.Encoding, "bits", None),
    (unseen.Encoding, "frames", None),
]
OF_SPACES = (
    "tasks",
    "configuration",
    "data_arguments",
    "conditions",
    "training",
    "picture",
    "metrics",
    "preset",
)


@pytest.mark.parametrize(("cls", "space", "condition"), WAYS)
def test_models_of_every_space(cls, space, condition):
    config = {"space": space, "condition": condition}
    task = "samples" if cls is unseen.Sampling else "encodes"
    skipped = testing.check_model(cls, config, [*OF_SPACES, task])
    assert skipped.keys() <= {"conditions", "metrics"}


def broken(base, **members):
    """Return a registered subclass of a model with other members."""
    cls = type("Broken", (base,), members)
    return keras.saving.register_keras_serializable("tests")(cls)


def hidden_state(self, noise, condition=None):
    vars(self)["calls"] = vars(self).get("calls", 0) + 1
    self._inference_functions.clear()  # or the first number would be compiled in
    return unseen.AffineFlow.generate(self, noise) + 1e-3 * self.calls


def training_validate(self, batch):
    self.seed_generator.next()
    return unseen.AffineFlow.validate(self, batch)


def other_golden_outputs(self, inputs, calls=[]):  # noqa: B006
    calls.append(1)
    return unseen.AffineFlow.golden_outputs(self, inputs) * len(calls)


def half_a_likelihood(self, data, batch_size=256):
    return unseen.AffineFlow.log_prob(self, data)[: len(data) // 2]


def other_inverse(self, points):
    return (points - self.shift) * ops.exp(self.log_scale) + 9.0


@pytest.mark.parametrize(
    ("name", "members", "message"),
    [
        ("samples", {"generate": hidden_state}, "samples depend on a hidden state"),
        ("training", {"validate": training_validate}, "evaluate changes the model"),
        ("preset", {"golden_outputs": other_golden_outputs}, "golden outputs"),
        ("scores", {"log_prob": half_a_likelihood}, r"log_prob has the shape \(3,\), not \(7,\)"),
        ("inverts", {"inverse": other_inverse}, "finds data no nearer"),
        ("configuration", {"get_config": lambda self: {}}, "get_config lacks"),
        ("training", {"loss_names": ("loss", "other")}, "fit reports|other"),
    ],
)
def test_a_model_that_breaks_a_promise_fails_its_check(name, members, message):
    with pytest.raises(AssertionError, match=f"Broken fails the check '{name}': .*{message}"):
        testing.check_model(broken(unseen.AffineFlow, **members), checks=[name])


def learns_nothing(self, batch, training):
    loss, logs = unseen.AffineFlow.objective(self, batch, training)
    return 0.0 * loss, logs


def two_optimizers(self):
    return {name: keras.optimizers.Adam() for name in ("model", "other")}


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "members", "message"),
    [
        (
            "learns",
            {"objective": learns_nothing},
            r"mean \|sample\(seed=0\) - x\| must fall below .* it was .* before, and is .* after",
        ),
        (
            "configuration",
            {"players": property(lambda self: {"model": [self.shift]})},
            "log_scale must belong to one player, and belongs to none",
        ),
        (
            "configuration",
            {"default_optimizers": two_optimizers},
            r"default_optimizers\(\) has \['model', 'other'\], and the players are \['model'\]",
        ),
        (
            "tasks",
            {"condition": "classes"},
            "condition must be a space or None, not 'classes'",
        ),
    ],
)
def test_a_failure_says_what_was_compared(name, members, message):
    with pytest.raises(AssertionError, match=f"Broken fails the check '{name}': .*{message}"):
        testing.check_model(broken(unseen.AffineFlow, **members), checks=[name])


@pytest.mark.once
def test_every_assertion_of_the_suite_has_a_text():
    """Outside of pytest an assertion without one says nothing."""
    for path in sorted(Path(testing.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not isinstance(node, ast.Assert) or node.msg, f"{path.name}:{node.lineno}"


def test_the_first_check_that_fails_is_named():
    with pytest.raises(AssertionError, match="fails the check 'inverts'"):
        testing.check_model(
            broken(unseen.AffineFlow, inverse=other_inverse), checks=["tasks", "scores", "inverts"]
        )


class NoDecoder(Encodes, GenerativeModel):
    def __init__(self):
        super().__init__()
        self.data = Points(2)

    def encode(self, data, batch_size=256):
        return data

    def reconstruct(self, data, batch_size=256):
        return data

    @classmethod
    def test_config(cls):
        return {}


def test_an_encoder_without_a_decoder():
    with pytest.raises(AssertionError, match="fails the check 'tasks'.*no method 'decode'"):
        testing.check_model(NoDecoder)


def test_a_model_without_a_task():
    class Nothing(GenerativeModel):
        @classmethod
        def test_config(cls):
            return {}

    with pytest.raises(AssertionError, match="fails the check 'tasks'.*Nothing has no task"):
        testing.check_model(Nothing)


def test_a_model_that_is_not_registered():
    cls = type("Unregistered", (unseen.AffineFlow,), {})
    with pytest.raises(AssertionError, match="fails the check 'preset'.*refused"):
        testing.check_model(cls, checks=["preset"])


def test_names_of_checks():
    with pytest.raises(zoo.errors.UnknownNameError, match="check of AffineFlow: 'sample'.*samples"):
        testing.check_model(unseen.AffineFlow, checks=["sample"])
    with pytest.raises(zoo.errors.UnknownNameError, match="'classifies'"):
        testing.check_model(unseen.AffineFlow, checks=["classifies"])
    assert testing.check_model(unseen.AffineFlow, checks="scores") == {}


def test_a_model_without_a_small_configuration():
    cls = broken(unseen.AffineFlow, test_config=classmethod(GenerativeModel.test_config.__func__))
    with pytest.raises(AssertionError, match="has no test_config.*config= is needed"):
        testing.check_model(cls, checks=["tasks"])
    testing.check_model(cls, {"n": 3}, ["tasks"])


def test_the_flow_is_exact():
    """Against its density in float64."""
    model = unseen.AffineFlow()
    model.shift.assign([1.0, -2.0])
    model.log_scale.assign([0.5, -0.25])
    points = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    noise = (points - [1.0, -2.0]) * np.exp([-0.5, 0.25])
    expected = -0.5 * (noise**2 + np.log(2 * np.pi)).sum(axis=1) - 0.25
    np.testing.assert_allclose(model.log_prob(points), expected, rtol=1e-5)
