"""Every card: valid, and true where a program can check it. Offline."""

import json

import numpy as np
import pytest
from shipped import HUB, SHIPPED, tolerance

import zoo
from zoo.evaluation import Metric
from zoo.evaluation.plan import UNSCORED
from zoo.files.fetch import sha256
from zoo.models import families
from zoo.presets import locate
from zoo.presets.card import Card
from zoo.presets.page import model_card
from zoo.presets.save import EXAMPLES, class_differs, class_idea
from zoo.runs.recipe import load_recipe

pytestmark = pytest.mark.once
ROOT = locate.ROOT.parent
# Such as the Parzen windows: training images choose their width, and cannot be their centres too.
WITHOUT_REAL = {
    output for cls in Metric.named().values() if cls.baseline is None for output in cls.outputs
}


@pytest.fixture(params=SHIPPED)
def preset(request):
    """What `zoo.load` takes."""
    return request.param


@pytest.fixture
def folder(preset):
    return SHIPPED[preset]


@pytest.fixture
def card(preset):
    return zoo.info(preset)


def test_every_folder_has_a_card():
    folders = [p for base in (locate.WEIGHTS, HUB) for p in base.iterdir() if p.is_dir()]
    assert sorted(folders) == sorted(SHIPPED.values())
    names = [folder.name for folder in folders]
    assert len(set(names)) == len(names)


def test_index_of_the_hub_is_up_to_date():
    """`zoo index file://$PWD/hub` writes it."""
    listed = json.loads((HUB / "index.json").read_text())["presets"]
    cards = [zoo.info(name) for name, folder in SHIPPED.items() if folder.parent == HUB]
    assert {name: entry["title"] for name, entry in listed.items()} == {
        card.name: card.identity.title for card in cards
    }
    for card in cards:
        size = sum(file.bytes for file in card.weights.files.values())
        assert listed[card.name]["bytes"] == size


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (29, "less than a minute"),
        (31, "1 minute"),
        (89, "1 minute"),
        (91, "2 minutes"),
        (1861, "31 minutes"),
    ],
)
def test_how_long_it_took(seconds, said):
    training = zoo.info("gan_ring8").training.model_copy(update={"seconds": seconds})
    assert training.took == said


def test_name_and_place(card, folder):
    assert folder.name == card.name
    if folder.parent == locate.WEIGHTS:
        assert Card.read(locate.CARDS / f"{card.name}.json") == card
    family = families.family(card.identity.family)
    # A classifier that is there for its features is called after them.
    assert card.name.startswith((family.short + "_", "features_"))
    assert card.identity.model == f"zoo.models.{family.cls.__name__}"
    assert card.identity.group == family.group


def test_files_are_those_of_the_folder(card, folder):
    preset, everything = locate.Preset(card, folder), card.weights.all_files
    for name, file in everything.items():
        path = preset.path(name)
        assert (file.sha256, file.bytes) == (sha256(path), path.stat().st_size)
    assert {p.name for p in folder.iterdir()} <= {*everything, "README.md", "card.json"}


def test_the_package_has_each_example_once():
    """Presets share files of examples, and none is left of an earlier preset."""
    examples = list(locate.WEIGHTS.rglob("*examples*"))
    hashes = [sha256(path) for path in examples]
    assert len(set(hashes)) == len(hashes)
    presets = [locate.locate(name) for name in zoo.list()]
    paths = {p.path(EXAMPLES) for p in presets if EXAMPLES in p.card.weights.extras}
    assert set(examples) == {path for path in paths if path.is_relative_to(locate.WEIGHTS)}


def test_parameters_are_the_models(card, preset):
    assert zoo.load(preset).count_params() == card.weights.parameters


def test_backends_agree(card):
    assert set(card.signature.backends) == {"tensorflow", "jax", "torch"}
    assert max(card.signature.backends.values()) < tolerance(card.name)


@pytest.fixture
def recipe(card):
    assert card.training.recipe == f"recipes/{card.name}.py"
    return load_recipe(ROOT / card.training.recipe)


def test_recipe_is_the_presets(card, recipe):
    # The settings and functions that made the weights are those that stand there.
    assert card.training.recipe_sha256 == recipe.sha256
    facts, identity = recipe.facts, card.identity
    assert (identity.title, identity.differs) == (facts.title, facts.differs)
    cls = families.family(recipe.family).cls
    assert (identity.idea, identity.class_differs) == (class_idea(cls), class_differs(cls))
    assert card.limits == facts.limits
    known = zoo.data.rights(recipe.config.data)
    assert "unknown" not in known
    assert (card.rights.data, card.rights.weights) == known
    assert facts.classes in (None, card.signature.classes)
    published = {m.name: (m.published, m.published_source) for m in card.metrics if m.published}
    assert published == recipe.published


def test_metrics_are_complete(card, recipe):
    assert card.metrics
    for metric in card.metrics:
        protocol = metric.protocol
        assert protocol.data == card.training.data
        assert protocol.split in ("test", "train, one in ten")  # held out where there is no test
        if protocol.n_fake is not None:
            assert (protocol.n_fake, metric.seeds) == (recipe.samples, [0, 1, 2])
            assert metric.spread is not None
            why = [note for note in metric.notes if note.startswith(UNSCORED)]
            assert (metric.real_baseline is None) == (bool(why) or metric.name in WITHOUT_REAL)
        if protocol.extractor == "pixels":  # no network
            points = card.signature.data.kind == "points"
            assert points or f"classifier_{card.training.data}" not in zoo.list()
        elif protocol.extractor is not None:
            network = protocol.extractor.removesuffix(" per channel")
            weights = zoo.info(network).weights.files["model.weights.h5"]
            assert protocol.extractor_sha256 == weights.sha256
        assert (metric.published is None) == (metric.published_source is None)


def test_model_card_is_up_to_date(card, folder):
    assert (folder / "README.md").read_text() == model_card(card)


def test_example_of_the_model_card_runs(card, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    taken = card.signature.data.shape
    some = np.random.default_rng(0).random((4, *taken), dtype="float32")
    names = {"images": some}
    exec(compile(example, "model card", "exec"), names)
    coded = names.get("clean", names.get("reconstructions"))
    if coded is not None:
        assert coded.shape == some.shape
        assert len(names["codes"]) == 4
    elif "labels" in names:
        assert names["labels"].shape == (4,)
    else:
        told = example.split("# (")[1].split(")")[0]
        made = names["points" if "points" in names else "images"]
        assert ", ".join(map(str, made.shape)) == told


def test_page_shows_the_methods_of_the_tasks_alone():
    card = zoo.info("ae_mnist")
    own = card.model_copy(update={"signature": card.signature.model_copy(update={"tasks": []})})
    assert 'model = zoo.load("ae_mnist")\n```' in model_card(own)
    assert ".encode(" in model_card(card)
    assert ".encode(" not in model_card(own)


def test_weights_are_half_precision_arrays_and_no_code(folder):
    import h5py

    with h5py.File(folder / "model.weights.h5") as file:
        items = []
        file.visititems(lambda _, item: items.append(item))
        arrays = [(i.dtype, i.size) for i in items if isinstance(i, h5py.Dataset)]
    assert {kind.kind for kind, _ in arrays} <= {"f", "u", "i"}
    # One number may be a counter, beyond what half precision holds.
    assert {kind.name for kind, size in arrays if kind.kind == "f" and size > 1} == {"float16"}
    config = json.loads((folder / "config.json").read_text())
    assert config["module"] is None or config["module"].startswith("zoo.")


def test_all_weights_are_small():
    assert sum(p.stat().st_size for p in locate.WEIGHTS.rglob("*")) < 60 * 2**20


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
