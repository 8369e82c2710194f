"""Pages of presets teach: the idea of the model, and its main numbers with what is good."""

import re

import pytest

import zoo
from zoo.errors import ArgumentError
from zoo.models import families
from zoo.presets import main_numbers, table
from zoo.presets.page import model_card

pytestmark = pytest.mark.once
SENTENCES = re.compile(r"(?<=[.!?])\s+")


@pytest.fixture(scope="module")
def card():
    return zoo.info("dcgan_mnist")


def with_identity(card, **changes):
    return card.model_copy(update={"identity": card.identity.model_copy(update=changes)})


@pytest.mark.parametrize("name", zoo.families())
def test_every_family_has_an_idea_in_three_sentences(name):
    cls = families.family(name).cls
    assert "idea" in vars(cls), f"{cls.__name__}.idea is missing"
    assert len(SENTENCES.split(cls.idea)) == 3
    assert cls.idea[-1] == "."
    assert "  " not in cls.idea


def test_a_page_begins_with_the_idea_and_the_numbers(card):
    page = model_card(card)
    places = [page.find(text) for text in (card.identity.title, card.idea, "- [fid](#fid) **0.1")]
    places += [page.find(text) for text in ("![", "```python", "<details>", "| [kid ↓](#kid)")]
    assert -1 not in places
    assert places == sorted(places)
    good = page[: page.index("![")].split(card.idea)[1]
    assert good.count("\n- ") == main_numbers.COUNT
    assert "Lower is better: 0 is the best; training images in place of samples have 0.03" in good
    assert page.count("<details>") == page.count("</details>") == 1


def test_every_number_links_to_its_meaning():
    for name in zoo.list():
        page = model_card(zoo.info(name))
        headings = re.findall(r"^#+ `(\w+)`$", page, re.MULTILINE)
        assert set(re.findall(r"\]\(#(\w+)\)", page)) == set(headings)
        assert headings == [m.name for m in zoo.info(name).metrics]


def test_numbers_of_others_have_no_link(card):
    first, *others = card.metrics
    foreign = first.model_copy(update={"name": "mine"})
    page = model_card(card.model_copy(update={"metrics": [foreign, *others]}))
    assert "| mine ↓ |" in page
    assert "(#mine)" not in page
    alone = model_card(card.model_copy(update={"metrics": [foreign]}))
    assert "- mine **0.1871 ± 0.041.** Lower is better" in alone
    none = model_card(card.model_copy(update={"metrics": []}))
    assert "<details>" not in none
    assert "is better" not in none


@pytest.mark.parametrize(
    ("preset", "names"),
    [
        ("dcgan_mnist", ["fid", "precision", "recall"]),
        ("cgan_mnist", ["label_accuracy", "fid", "precision"]),
        ("wgan_gp_ring8", ["high_quality", "modes_covered", "mode_width"]),
        ("sparse_ae_mnist", ["inactive", "squared_error", "probe_error"]),
        ("classifier_mnist", ["accuracy"]),
    ],
)
def test_main_numbers(preset, names):
    card = zoo.info(preset)
    assert [m.name for m in main_numbers.main_numbers(card)] == names
    reversed_card = card.model_copy(update={"metrics": card.metrics[::-1]})
    assert [m.name for m in main_numbers.main_numbers(reversed_card)] == names


def test_a_card_of_an_earlier_version_has_the_idea_of_its_family(card):
    earlier = with_identity(card, idea=None)
    assert earlier.idea == zoo.models.DCGAN.idea
    own = with_identity(card, idea="One. Two. Three.")
    assert own.idea == "One. Two. Three."
    assert "\n\nOne. Two. Three.\n\n" in model_card(own)
    foreign = with_identity(card, idea=None, family="of_somebody")
    assert foreign.idea is None
    assert f"{card.identity.title}\n\n- [fid]" in model_card(foreign)


def test_the_idea_of_a_family_from_outside_goes_with_its_presets(tmp_path, monkeypatch):
    monkeypatch.setattr(families, "_families", dict(families._families))

    @zoo.register_family("idea_gan", package="tests_of_pages")
    class IdeaGAN(zoo.models.GAN):
        idea = """It is mine. It plays.
            It is good for tests."""

    model = IdeaGAN(image_shape=(2,), latent_dim=2)
    folder = zoo.save(model, tmp_path / "idea-gan")
    families._families.pop("idea_gan")  # as on a machine that does not know the class
    text = "It is mine. It plays. It is good for tests."
    assert zoo.info(folder).identity.idea == text
    assert zoo.push(folder, (tmp_path / "pushed").as_uri())
    assert f"\n\n{text}\n\n" in (tmp_path / "pushed" / "README.md").read_text("utf-8")
    IdeaGAN.idea = 3
    with pytest.raises(ArgumentError, match=r"IdeaGAN.idea must be a text of .* Received: 3"):
        zoo.save(model, tmp_path / "other")
    IdeaGAN.idea = None
    assert zoo.info(zoo.save(model, tmp_path / "none")).identity.idea is None


def test_the_table_begins_with_them_too(card):
    first = table.rows(card)[:6]
    assert [name for name, _ in first] == ["idea", "", "", "good", "", ""]
    assert " ".join(text for _, text in first[:3]) == card.idea
    assert first[3][1].startswith("fid 0.1871 ± 0.041. The Fréchet distance")
    assert str(card).splitlines()[2].split(maxsplit=1) == [*first[0]]
