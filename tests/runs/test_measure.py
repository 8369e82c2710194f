"""What the card of a run holds, by `measure`: the preset is there before it is measured."""

import pytest
from PIL import Image
from small import TINY, run, run_of

import zoo

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("compared_here")]


def numbers(out):
    return {m.name for m in zoo.info(out).metrics}


def test_quick_is_for_few_held_out_images(recipe, slice_path, tmp_path):
    said = []
    run(recipe, slice_path, tmp_path, measure=None, say=said.append)
    assert numbers(tmp_path) == {"train_score", "test_score", "overfitting"}
    with Image.open(tmp_path / "neighbours.png") as picture:
        assert min(picture.size) >= 100
    assert any(line.startswith("  overfitting ") for line in said)
    page = (tmp_path / "preset" / "README.md").read_text()
    assert "overfitting" in page
    # Its data are found again, by the folder of the run alone.
    again = zoo.evaluate(tmp_path, metrics="overfitting")
    known = {m.name: m for m in zoo.info(tmp_path).metrics}
    for name in known:
        assert again[name].value == pytest.approx(known[name].value)
    assert str(slice_path) not in (tmp_path / "preset" / "card.json").read_text()


def test_none(recipe, slice_path, tmp_path):
    run(recipe, slice_path, tmp_path, measure="none")
    assert numbers(tmp_path) == set()
    assert zoo.load(tmp_path).sample(2, seed=0).shape == (2, 28, 28, 1)


def test_what_ends_a_measurement_leaves_a_preset(recipe, slice_path, tmp_path, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("zoo.runs.cards.take_measurements", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(recipe, slice_path, tmp_path)
    assert numbers(tmp_path) == set()
    assert zoo.load(tmp_path).sample(2, seed=0).shape == (2, 28, 28, 1)
    monkeypatch.undo()
    config = recipe.config.replace(**TINY, data=str(slice_path))
    run_of(recipe, config, tmp_path, resume=True, measure="quick").run()
    assert "overfitting" in numbers(tmp_path)


def test_a_wrong_choice(recipe, tmp_path):
    with pytest.raises(ValueError, match="measure: 'fast'.*quick"):
        run_of(recipe, recipe.config, tmp_path, measure="fast")
