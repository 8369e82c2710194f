"""Cards whose texts would write headings, cells, links, HTML and code into a generated page."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

import zoo
from zoo.presets import locate, main_numbers
from zoo.presets.card import Card
from zoo.presets.page import model_card

pytestmark = pytest.mark.once
ROOT = Path(zoo.__file__).parent.parent
LINE = "`x` | y | <script>alert(1)</script> [c](https://evil.org) ``` --- \"q\" 'q' ![i](x) \x1b[2K"
EVIL = (
    f"--- \n\n# evil\nevil: 1\n```\n| a | b |\n|---|---|\n| 1 | 2 |\n[x]: https://evil.org\n{LINE}"
)
# Fields that may hold any text, as paths into a card. Some are of one line.
TEXTS = ("identity.paper", "training.device", "training.data", "training.recipe", "limits.0")
TEXTS += ("identity.differs.0", "signature.data.text", "signature.noise.noise.text")
TEXTS += ("metrics.0.name", "metrics.0.notes.0", "metrics.0.published_source")
TEXTS += ("metrics.0.protocol.data", "metrics.0.protocol.extractor", "identity.paper_url")
LINES = ("identity.title", "identity.family", "identity.model", "identity.class_differs")
LINES += ("rights.code", "rights.weights", "rights.data", "signature.data.noun")
LINES += ("signature.tasks.1", "identity.idea")


@pytest.fixture(scope="module")
def good():
    """A card with a text in each of the fields, as data."""
    raw = json.loads(locate.place("dcgan_mnist")[0].read_text())
    raw["metrics"][0] |= {"notes": ["a note"], "published": 1.0, "published_source": "a paper"}
    raw["identity"]["class_differs"] = "no difference"
    raw["identity"]["idea"] = "an idea"
    raw["signature"]["tasks"] = ["samples", "more"]
    raw["identity"]["differs"] = ["a difference"]
    return raw


def put(raw, path, text):
    """A copy of a card with `text` in the field `path`."""
    raw = json.loads(json.dumps(raw))
    *inner, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place = raw
    for key in inner:
        place = place[key]
    assert isinstance(place[last], str), path
    place[last] = text
    return Card.parse(json.dumps(raw), "of a stranger")


def front_matter(page):
    return yaml.safe_load(page.split("---\n")[1])


def shape(page):
    """The lines of a page that begin a block, and the number of cells of its tables."""
    starts = (line for line in page.splitlines() if re.match(r"[#|`>~=]|---|- |\[|\d+[.)] ", line))
    kinds = [re.match(r"(#+|\||```\w*|---|- |.)", line)[0] for line in starts]
    cells = [len(re.findall(r"(?<!\\)\|", row)) for row in page.splitlines() if row[:1] == "|"]
    return kinds, cells


def prose(page):
    """A page without front matter, whose texts are quoted, escaped characters and spans of code."""
    body = page.removeprefix("---\n").partition("\n---\n")[2] or page
    return re.sub(r"`[^`\n]+`", "", re.sub(r"\\[^\n]", "", body))


def links(page):
    return re.findall(r"\]\(.*?\)|<http.*?>|\]: |\]\[", prose(page))


def check(page, expected):
    assert shape(page) == shape(expected)
    assert links(page) == links(expected)
    assert "<script" not in prose(page)
    assert "//evil" not in prose(page)
    assert "\x1b" not in page


@pytest.mark.parametrize("path", [*TEXTS, *LINES])
def test_pages_of_presets(good, path):
    text = EVIL if path in TEXTS else " ".join(EVIL.split("\n"))
    expected, page = (model_card(put(good, path, value)) for value in ("text", text))
    check(page, expected)
    assert front_matter(page).keys() == front_matter(expected).keys()
    code, before = (re.search(r"```python\n(.*?)```", p, re.DOTALL)[1] for p in (page, expected))
    assert code.count("\n") == before.count("\n")
    compile(code, "page", "exec")


def test_a_path_is_a_string_of_python(good):
    page = model_card(put(good, "identity.title", "text"), 'file:///a"); import os; ("\n```')
    (call,) = re.findall(r"zoo\.load\((.*)\)\.sample", page)
    assert json.loads(call) == 'file:///a"); import os; ("\n```'


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "scripts" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not (ROOT / "scripts").is_dir(), reason="a checkout has the script")
@pytest.mark.parametrize("path", [p for p in (*TEXTS, *LINES) if p != "identity.family"])
def test_the_gallery(good, script, monkeypatch, path):
    text = EVIL if path in TEXTS else " ".join(EVIL.split("\n"))
    pages = []
    for value in ("text", text):
        card = put(good, path, value)
        monkeypatch.setattr(script, "presets", lambda card=card: [(card, "hub/dcgan_mnist")])
        monkeypatch.setattr(main_numbers, "ORDER", [card.metrics[0].name])
        monkeypatch.setattr(script, "untrained", dict)
        pages.append(script.gallery())
    check(pages[1], pages[0])
