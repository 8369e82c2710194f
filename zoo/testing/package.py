"""Checks of what the rest of the package makes of a model: pictures, numbers, presets."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from zoo import pictures
from zoo.cli import cli
from zoo.evaluation import evaluate
from zoo.evaluation.collected import OF_FEATURES
from zoo.evaluation.defaults import default_metrics
from zoo.evaluation.metric import Metric
from zoo.evaluation.report import Report
from zoo.presets import golden
from zoo.presets.card import Card, Signature
from zoo.presets.load import load
from zoo.presets.page import PAGE_NAME, model_card
from zoo.presets.save import save
from zoo.testing.examples import Make, Skipped, assert_close, source_for

N = 20  # samples and real data
SHOWN = 4


def picture(make: Make) -> None:
    """The default picture can be drawn."""
    model = make()
    if not pictures.PICTURES.keys() & {*model.tasks}:
        raise Skipped(f"the tasks {', '.join(model.tasks)} have no picture")
    drawn = pictures.default_picture(model, source_for(model, N), n=SHOWN)
    assert isinstance(drawn, Image.Image), f"the picture is a {type(drawn).__name__}"
    assert min(drawn.size) > 1, f"the picture has the size {drawn.size}"


def metrics(make: Make) -> None:
    """The default metrics can be measured, but for those that need an extractor with classes."""
    model = make()
    names = default_metrics(model, source_for(model, N))
    names = [name for name in names if "probabilities" not in Metric.get(name).needs]
    if not names:
        raise Skipped(f"no metric suits the tasks {', '.join(model.tasks)} by itself")
    featured = any(Metric.get(name).needs & OF_FEATURES for name in names)
    options = {"extractor": "pixels"} if featured else {}
    n = max(N, *(Metric.get(name).fewest for name in names))  # fewer are left out
    test, train = source_for(model, n), source_for(model, n, seed=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few samples
        report = evaluate(
            model, test, names, n, 1, train=train, cache=False, progress=False, **options
        )
    assert report.measurements, "there is no number"
    for measurement in report.measurements:
        assert np.isfinite(measurement.value), f"{measurement.name} is not finite"
        assert measurement.name in str(report), f"print(report) lacks {measurement.name}"
    again = Report.model_validate_json(report.model_dump_json())
    assert again == report, "the report changes on its way through JSON"


def preset(make: Make) -> None:
    """`zoo.save` writes a card, a page, golden outputs and parts, which are read back.

    `zoo info` and `zoo sample` work on its folder.
    """
    model = make()
    with tempfile.TemporaryDirectory() as place:
        folder = save(model, Path(place) / "checked", license="cc0-1.0")
        card = Card.read(folder / "card.json")
        wanted = Signature.of(model, card.signature.backends)
        assert card.signature == wanted, "the card has another signature than the model"
        page = (folder / PAGE_NAME).read_text(encoding="utf-8")
        assert page == model_card(card), "the page is not that of the card"
        loaded = load(folder)
        configs = [json.loads(json.dumps(each.get_config())) for each in (loaded, model)]
        assert configs[0] == configs[1], "it loads with another configuration"
        _golden_outputs(model, loaded, folder)
        _components(loaded, folder)
        shown = _program("info", folder)
        for text in ("checked", ", ".join(model.tasks)):
            assert text in shown, f"zoo info prints {shown!r}, without {text!r}"
        if not pictures.needs_test_data(model):
            _program("sample", folder, "-n", SHOWN, "--seed", 0, "-o", folder / "shown.png")
            with Image.open(folder / "shown.png") as drawn:
                assert min(drawn.size) > 1, f"zoo sample draws a picture of {drawn.size}"


def _golden_outputs(model, loaded, folder: Path) -> None:
    with np.load(folder / golden.GOLDEN) as arrays:
        outputs = arrays["outputs"]
    assert np.isfinite(outputs).all(), "golden outputs are not finite"
    off, allowed = golden.difference(loaded, folder), 1e-4 * max(1.0, np.abs(outputs).max())
    assert off <= allowed, f"golden outputs of the loaded model differ by {off:g}"


def _components(loaded, folder: Path) -> None:
    for name in loaded.components():
        part = load(folder, components=[name])
        if "samples" in loaded.tasks and hasattr(part, "sample"):
            noise = {"noise": loaded.sample_noise(SHOWN, seed=0)}
            if loaded.condition is not None:
                noise["condition"] = loaded.condition.example(SHOWN)
            text = f"the component {name!r} samples otherwise"
            assert_close(part.sample(**noise), loaded.sample(**noise), text)


def _program(*arguments) -> str:
    """Run the program `zoo`, and return what it prints."""
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="zoo")
    assert done.exit_code == 0, f"zoo {arguments[0]} fails: {done.output.strip()}"
    return done.output
