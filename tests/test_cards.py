"""Every card: valid, and true where a program can check it. Offline."""

import json

import pytest

import zoo
from zoo import registry, runner
from zoo.card import Card
from zoo.evaluation import Metric
from zoo.fetch import sha256
from zoo.model_card import model_card

pytestmark = pytest.mark.once
ROOT = registry.ROOT.parent
PRESETS = zoo.list()
# Such as the Parzen windows: training images choose their width, and cannot be their centres too.
WITHOUT_REAL = {
    output for cls in Metric.named().values() if cls.baseline is None for output in cls.outputs
}


@pytest.fixture(params=PRESETS)
def card(request):
    return zoo.info(request.param)


def test_every_weights_folder_has_a_card():
    assert sorted(p.name for p in registry.WEIGHTS.iterdir() if p.is_dir()) == PRESETS


def test_name_and_place(card):
    assert Card.read(registry.CARDS / f"{card.name}.json") == card
    short = {family: name for name, family in registry.SHORT.items()}
    family = card.identity.family
    assert card.name.startswith(short.get(family, family) + "_")
    module, cls = registry.FAMILIES[card.identity.family]
    assert card.identity.model == f"zoo.models.{cls}"
    assert module.endswith("." + card.identity.group)


def test_files_are_those_of_the_folder(card):
    folder = registry.WEIGHTS / card.name
    everything = {**card.weights.files, **card.weights.extras}
    listed = {name: (file.sha256, file.bytes) for name, file in everything.items()}
    present = {
        p.name: (sha256(p), p.stat().st_size) for p in folder.iterdir() if p.name != "README.md"
    }
    assert listed == present


def test_parameters_are_the_models(card):
    assert zoo.load(card.name).count_params() == card.weights.parameters


def test_backends_agree(card):
    assert set(card.contract.backends) == {"tensorflow", "jax", "torch"}
    assert max(card.contract.backends.values()) < 1e-3


def test_recipe_is_the_presets(card):
    assert card.training.recipe == f"recipes/{card.name}.py"
    recipe = runner.load_recipe(ROOT / card.training.recipe)
    # The settings and functions that made the weights are those that stand there.
    assert card.training.recipe_sha256 == recipe.sha256
    assert card.limits == recipe.facts.limits


def test_metrics_are_complete(card):
    assert card.metrics
    for metric in card.metrics:
        protocol = metric.protocol
        assert protocol.data == card.training.data
        assert protocol.split in ("test", "train, one in ten")  # held out where there is no test
        if protocol.n_fake is not None:
            assert (protocol.n_fake, metric.seeds) == (10_000, [0, 1, 2])
            assert metric.spread is not None
            why = [note for note in metric.notes if note.startswith("no number of real images")]
            assert (metric.of_real is None) == (bool(why) or metric.name in WITHOUT_REAL)
        if protocol.extractor == "pixels":  # no network
            assert len(card.contract.output_shape) == 1 or card.training.data == "frey_faces"
        elif protocol.extractor is not None:
            weights = zoo.info(protocol.extractor).weights.files["model.weights.h5"]
            assert protocol.extractor_sha256 == weights.sha256
        assert (metric.reported is None) == (metric.reported_source is None)


def test_model_card_is_up_to_date(card):
    assert (registry.WEIGHTS / card.name / "README.md").read_text() == model_card(card)


def test_weights_are_half_precision_arrays_and_no_code(card):
    import h5py

    with h5py.File(registry.WEIGHTS / card.name / "model.weights.h5") as file:
        kinds = []
        file.visititems(
            lambda _, item: kinds.append(item.dtype.kind if hasattr(item, "dtype") else "f")
        )
    assert set(kinds) <= {"f", "u", "i"}
    config = json.loads((registry.WEIGHTS / card.name / "config.json").read_text())
    assert config["module"] is None or config["module"].startswith("zoo.")


def test_all_weights_are_small():
    assert sum(p.stat().st_size for p in registry.WEIGHTS.rglob("*")) < 60 * 2**20


@pytest.mark.parametrize(
    ("preset", "least"),
    [
        ("classifier_mnist", 0.992),
        ("classifier_fashion_mnist", 0.92),
        ("classifier_cifar10", 0.85),
    ],
)
def test_extractors_know_their_classes(preset, least):
    """Of test images; features that do not tell classes apart would measure nothing."""
    (accuracy,) = zoo.info(preset).metrics
    assert accuracy.name == "accuracy"
    assert accuracy.value >= least
