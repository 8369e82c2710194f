"""What the card of a run holds, by `measure`: the preset is there before it is measured."""

import pytest
from PIL import Image
from small import run, run_of

import zoo

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("compared_here")]


def numbers(out):
    return {m.name for m in zoo.info(out).metrics}


def ship(recipe, data, out, **options):
    """Makes the preset of the training in `out` anew."""
    run(recipe, data, out, resume=True, **options)


def test_quick_is_for_few_held_out_images(recipe, slice_path, copied):
    said = []
    ship(recipe, slice_path, copied, measure=None, say=said.append)
    assert numbers(copied) == {"train_score", "test_score", "overfitting"}
    with Image.open(copied / "neighbours.png") as picture:
        assert min(picture.size) >= 100
    assert any(line.startswith("  overfitting ") for line in said)
    page = (copied / "preset" / "README.md").read_text()
    assert "overfitting" in page
    # Its data are found again, by the folder of the run alone.
    again = zoo.evaluate(copied, metrics="overfitting")
    known = {m.name: m for m in zoo.info(copied).metrics}
    for name in known:
        assert again[name].value == pytest.approx(known[name].value)
    assert str(slice_path) not in (copied / "preset" / "card.json").read_text()


def test_none(recipe, slice_path, copied):
    ship(recipe, slice_path, copied, measure="none")
    assert numbers(copied) == set()
    assert zoo.load(copied).sample(2, seed=0).shape == (2, 28, 28, 1)


def test_what_ends_a_measurement_leaves_a_preset(recipe, slice_path, copied, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("zoo.runs.cards.take_measurements", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ship(recipe, slice_path, copied, measure="full")
    assert numbers(copied) == set()
    assert zoo.load(copied).sample(2, seed=0).shape == (2, 28, 28, 1)
    ship(recipe, slice_path, copied, measure="quick")
    assert "overfitting" in numbers(copied)


def test_a_wrong_choice(recipe, tmp_path):
    with pytest.raises(ValueError, match="measure: 'fast'.*quick"):
        run_of(recipe, recipe.config, tmp_path, measure="fast")
