"""Constructors that extend their parent's."""

import inspect

import keras
import numpy as np
import pytest

import zoo
from zoo.base.extends import extends
from zoo.errors import UnknownNameError
from zoo.models import families


def test_a_rule_shows_and_remembers_what_it_passes_on():
    signature = inspect.signature(zoo.models.IWAE)
    assert signature.parameters["latent_dim"].default == 50
    assert signature.parameters["likelihood"].default == "bernoulli"
    model = zoo.create("iwae", image_shape=(8, 8, 1), likelihood="gaussian", hidden_units=(4,))
    config = model.get_config()
    assert config["likelihood"] == "gaussian"
    assert config["architecture"] == "mlp"  # the parent's default, also after it has changed
    again = type(model).from_config(config)
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


def test_a_misspelt_argument_that_would_be_passed_on():
    with pytest.raises(UnknownNameError, match="likelihod.*likelihood"):
        zoo.create("iwae", image_shape=(8, 8, 1), likelihod="gaussian")


def test_help_describes_the_arguments_that_are_passed_on():
    for family in families.families():
        compile = families.family(family).cls.compile
        arguments = list(inspect.signature(compile).parameters)[1:-1]
        lines = inspect.getdoc(compile).partition("Args:\n")[2].splitlines()
        described = [line.strip().split(":")[0] for line in lines if line[:5].count(" ") == 4]
        assert [a for a in described if a in arguments] == arguments, family


class Parent:
    def compile(self, loss, rate):
        """What the parent does.

        Args:
            loss: its loss,
                on two lines.
            rate: its rate.

        Raises:
            ValueError: the parent's.
        """


ERRORS = "Raises:\n    ValueError: the parent's."


@pytest.mark.parametrize(
    ("doc", "joined"),
    [
        (
            "It.",
            "It.\n\nArgs:\n    loss: its loss,\n        on two lines.\n    rate: its rate.\n\n",
        ),
        (
            """It.

            Args:
                a: new.

                loss: the child's.
            """,
            "It.\n\nArgs:\n    loss: the child's.\n    a: new.\n    rate: its rate.\n\n",
        ),
    ],
)
def test_help_of_own_arguments_and_those_that_are_passed_on(doc, joined):
    def compile(self, loss, a=1, **kwargs):
        pass

    compile.__doc__ = doc
    assert extends(Parent)(compile).__doc__ == joined + ERRORS


def test_help_of_own_errors_and_examples():
    class Child(Parent):
        @extends(Parent)
        def compile(self, rate=2, **kwargs):
            """It.

            Raises:
                TypeError: the child's.

            Example:

            >>> 1
            1
            """

    class Grandchild(Child):
        @extends(Child)
        def compile(self, **kwargs):
            pass

    head, arguments, errors, example = Child.compile.__doc__.split("\n\n", 3)
    assert head == "It."
    assert arguments.splitlines()[:2] == ["Args:", "    rate: its rate."]
    assert errors == ERRORS.replace("Raises:", "Raises:\n    TypeError: the child's.")
    assert example == "Example:\n\n>>> 1\n1"
    assert Grandchild.compile.__doc__ is None


@keras.saving.register_keras_serializable("tests")
class OneBody(zoo.models.GAN):
    """A rule of a user's, that decides some of its parent's arguments itself."""

    def __init__(self, width=4, **kwargs):
        body = [keras.Input((4,)), keras.layers.Dense(width), keras.layers.Dense(64)]
        generator = keras.Sequential([*body, keras.layers.Reshape((8, 8, 1))])
        super().__init__((8, 8, 1), latent_dim=4, generator=generator, units=60, **kwargs)


def test_without_the_decorator_only_what_was_given_is_remembered(tmp_path):
    model = OneBody(width=3, ema_half_life_images=100)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.ema_half_life_images == 100
    latents = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(again.sample(latents=latents), model.sample(latents=latents))


def test_only_a_constructor_that_passes_something_on_can_extend():
    with pytest.raises(TypeError, match=r"must end in \*\*kwargs"):

        class Closed(zoo.models.GAN):
            @extends(zoo.models.GAN)
            def __init__(self, width=4):
                super().__init__()
