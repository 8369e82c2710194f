"""Classes of other modules: a card names the module, and it is imported if the user allows it."""

import importlib
import json
import sys
import typing

import keras
import pytest

import zoo
from zoo.errors import ArgumentError, CardError, TrustError
from zoo.presets import trust
from zoo.presets.card import Card

MODULE = """
import zoo, keras

@zoo.register_family("tiny_own", package="trusted")
class TinyOwn(zoo.models.LatentModel):
    loss_names = ("loss",)

    def __init__(self, latent_dim=2, name=None):
        super().__init__(name=name)
        self.latent_dim = latent_dim
        self.data = zoo.engine.spaces.Points(2)
        self.dense = keras.layers.Dense(2, activation=double)
        self.dense.build((None, latent_dim))
        self.built = True

    def generate(self, latents, labels=None):
        return self.dense(latents)

    def call(self, latents, training=False):
        return self.dense(latents)
"""
FUNCTION = """
import keras

@keras.saving.register_keras_serializable("trusted")
def double(x):
    return 2.0 * x
"""
NAME = "trusted>TinyOwn"


def forget():
    """Forget the modules and the classes of this test, as a new program does not know them."""
    for name in [n for n in sys.modules if n.partition(".")[0] in ("tiny_own", "tiny_package")]:
        del sys.modules[name]
    for name in (NAME, "trusted>double"):
        keras.saving.get_custom_objects().pop(name, None)
    zoo.models.families._families.pop("tiny_own", None)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of modules on the path, with the module `tiny_own`."""
    (tmp_path / "tiny_own.py").write_text(FUNCTION + MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    known = dict(zoo.models.families._families)
    yield tmp_path
    forget()
    monkeypatch.setattr(zoo.models.families, "_families", known)


@pytest.fixture
def preset(place):
    """A preset of a class whose module this program no longer knows."""
    model = importlib.import_module("tiny_own").TinyOwn()
    folder = zoo.save(model, place / "tiny-preset", license="cc0-1.0")
    forget()
    return folder


def test_a_card_names_the_module(preset):
    card = Card.read(preset / "card.json")
    assert card.weights.modules == {NAME: "tiny_own"}
    assert f"{NAME}, of the module tiny_own" in str(card)
    page = (preset / "README.md").read_text("utf-8")
    assert 'zoo.load("path/to/tiny-preset", trust=["tiny_own"])' in page


def test_a_card_of_this_package_names_none():
    assert zoo.info("gan_ring8").weights.modules == {}


def test_without_trust_nothing_is_imported(preset):
    for allowed in ((), ["tiny"], ["tiny_own.more"], ["os"]):
        with pytest.raises(TrustError, match=r"needs 'trusted>TinyOwn' of the module 'tiny_own'"):
            zoo.load(preset, trust=allowed)
    assert "tiny_own" not in sys.modules


@pytest.mark.parametrize("allowed", [["tiny_own"], "tiny_own", ("json", "tiny_own")])
def test_with_trust_it_loads(preset, allowed):
    model = zoo.load(preset, trust=allowed)
    assert model.sample(3, seed=0).shape == (3, 2)
    assert zoo.create("tiny_own").latent_dim == 2
    assert zoo.load(preset).latent_dim == 2  # the module is imported now


def test_an_imported_module_needs_no_trust(preset):
    importlib.import_module("tiny_own")
    assert zoo.load(preset).sample(3, seed=0).shape == (3, 2)


def test_trust_ends_with_the_call(preset):
    zoo.load(preset, trust=["tiny_own"])
    forget()
    with pytest.raises(TrustError):
        zoo.load(preset)


@pytest.mark.once
def test_a_package_stands_for_its_modules(preset, place):
    (place / "tiny_package").mkdir()
    (place / "tiny_own.py").rename(place / "tiny_package" / "models.py")
    change(preset, {NAME: "tiny_package.models"})
    assert zoo.load(preset, trust=["tiny_package"]).sample(2, seed=0).shape == (2, 2)


def change(preset, modules):
    """Write other modules into the card of a preset."""
    card = json.loads((preset / "card.json").read_text("utf-8"))
    card["weights"]["modules"] = modules
    (preset / "card.json").write_text(json.dumps(card), "utf-8")


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be imported: ModuleNotFoundError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("raise SystemExit(0)", "cannot be imported: SystemExit"),
        ("value = 1", "tiny_own.py and registers no such class"),
    ],
)
def test_a_module_that_does_not_help(preset, place, text, message):
    (place / "tiny_own.py").unlink()
    if text is not None:
        (place / "tiny_own.py").write_text(text)
    importlib.invalidate_caches()
    with pytest.raises(TrustError, match=message):
        zoo.load(preset, trust=["tiny_own"])


@pytest.mark.once
class TestHostileCards:
    def test_one_trusted_module_brings_no_other(self, preset, place):
        (place / "tiny_package.py").write_text("1 / 0")
        change(preset, {NAME: "tiny_own", "other>Class": "tiny_package"})
        with pytest.raises(TrustError, match=r"needs 'other>Class' of the module 'tiny_package'"):
            zoo.load(preset, trust=["tiny_own"])
        assert "tiny_package" not in sys.modules

    def test_a_class_without_a_module_is_refused(self, preset):
        change(preset, {})
        with pytest.raises(zoo.errors.IntegrityError, match="TinyOwn', which is refused"):
            zoo.load(preset, trust=["tiny_own"])

    def test_a_known_class_causes_no_import(self, preset, place):
        importlib.import_module("tiny_own")
        (place / "tiny_package.py").write_text("1 / 0")
        change(preset, {NAME: "tiny_package"})
        zoo.load(preset, trust=["tiny_package"])

    @pytest.mark.parametrize(
        "module", ["../evil", "a b", "", ".a", "a..b", "https://x/y", "x" * 300]
    )
    def test_names_of_modules_are_names(self, preset, module):
        change(preset, {NAME: module})
        with pytest.raises(CardError, match="modules"):
            zoo.load(preset, trust=["tiny_own"])

    def test_info_and_list_import_nothing(self, preset, monkeypatch):
        monkeypatch.setattr(zoo.presets.locate, "_registered", {})
        zoo.register("tiny-preset", preset)
        assert "tiny-preset" in zoo.list(family="tiny_own")
        assert "tiny-preset" in zoo.list(group="own")
        assert zoo.info("tiny-preset").identity.family == "tiny_own"
        assert "tiny_own" not in sys.modules


@pytest.mark.once
@pytest.mark.parametrize("allowed", [3, [3], ["a b"], {"a": "b"}, None, [""]])
def test_trust_is_a_list_of_names(allowed):
    with pytest.raises(ArgumentError, match="trust must"):
        zoo.load("gan_ring8", trust=allowed)


@pytest.mark.once
def test_keras_files_name_no_modules(tmp_path):
    zoo.create("gan", image_shape=(2,), latent_dim=2, units=2).save(tmp_path / "a.keras")
    with pytest.raises(ArgumentError, match=r"trust= is not for Keras files.*import mine before"):
        zoo.load(tmp_path / "a.keras", trust=["mine"])


def test_commands_take_trust(preset, place, run):
    code, _, error = run("sample", preset, "-o", place / "a.png")
    assert code == 1
    assert "--trust tiny_own" in error
    code, out, _ = run("verify", preset, "--outputs", "--trust", "tiny_own")
    assert code == 0
    assert "outputs off by" in out
    forget()
    code, _, error = run("sample", preset, "-o", place / "a.png", "--trust", "tiny_own")
    assert code == 0, error
    assert (place / "a.png").is_file()


@pytest.mark.once
def test_a_class_of_no_file_has_no_module():
    """As in a notebook, whose code no other program can import."""
    names = {"__name__": "builtins"}
    exec(FUNCTION.replace("trusted", "nowhere"), names)
    dense = keras.layers.Dense(2, activation=names["double"])
    config = keras.saving.serialize_keras_object(dense)
    assert trust.foreign_classes(config, "x") == {"nowhere>double": None}


@pytest.mark.once
def test_types_complete_the_methods_of_tasks():
    for function in (zoo.load, zoo.create):
        returned = typing.get_type_hints(function)["return"]
        assert returned is zoo.models.AnyModel
        for task in zoo.engine.tasks.named().values():
            assert issubclass(returned, task)
            assert all(callable(getattr(returned, method)) for method in task.promises)
