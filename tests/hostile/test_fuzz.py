"""Files that are changed at random: whatever they hold, only our own errors come out.

`scripts/fuzz` tries many more, and others each time.
"""

import contextlib
import io
import json
import os
import warnings
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import zoo
from zoo.data import decode
from zoo.errors import ZooError
from zoo.presets import hub, locate
from zoo.presets.card import Card
from zoo.presets.page import model_card

pytestmark = pytest.mark.once
FACTOR = int(os.environ.get("ZOO_FUZZ", "1"))


def tried(examples):
    """The settings of a test: nothing is kept in the checkout, and each run is the same."""
    return settings(
        max_examples=examples * FACTOR,
        derandomize=FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@contextlib.contextmanager
def only_our_errors():
    """Fails if anything but a `ZooError` comes out of the block."""
    with contextlib.suppress(ZooError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def changed(good):
    """Bytes that are those of `good` but for a few places."""
    place = st.integers(0, len(good) - 1) | st.integers(-64, -1)
    change = st.tuples(place, st.integers(0, 8), st.binary(max_size=8))

    def apply(changes):
        content = bytearray(good)
        for at, removed, added in changes:
            at = at % max(len(content), 1)
            content[at : at + removed] = added
        return bytes(content)

    return st.lists(change, min_size=1, max_size=4).map(apply) | st.binary(max_size=200)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["a\n---\n", "<U500000000", 10**30, -1, "x" * 10**5]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


def paths(value, path=()):
    """The paths to everything inside of JSON."""
    yield path
    keys = value if isinstance(value, dict) else range(len(value) if type(value) is list else 0)
    for key in keys:
        yield from paths(value[key], (*path, key))


def put(value, path, new):
    """A copy of `value` with `new` at `path`; `...` removes what is there."""
    if not path:
        return None if new is ... else new
    copied = value.copy()
    if new is ... and len(path) == 1:
        copied.pop(path[0])
    else:
        copied[path[0]] = put(value[path[0]], path[1:], new)
    return copied


def changed_json(good):
    """The text of JSON that is `good` but for one place, or changed bytes."""
    place = st.sampled_from([*paths(good)])
    values = st.builds(lambda at, new: put(good, at, new), place, VALUES | st.just(...))
    return values.map(lambda value: json.dumps(value).encode()) | changed(json.dumps(good).encode())


CARD = json.loads(locate.place("dcgan_mnist")[0].read_text())


@tried(150)
@given(changed_json(CARD))
def test_cards(content):
    with only_our_errors():
        model_card(Card.parse(content, "of a stranger"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


INDEX = {"format": 1, "presets": {"a": {"title": "A.", "family": "gan", "bytes": 1}}}


@tried(60)
@given(content=changed_json(INDEX))
def test_indices(folder, content):
    (folder / "index.json").write_bytes(content)
    with only_our_errors(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_HUB", folder.as_uri())
        hub.index()


def archive(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return file.getvalue()


def array(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


X, Y = array(np.arange(48, dtype="uint8").reshape(3, 4, 4, 1)), array(np.arange(3))


@tried(250)
@given(content=changed(archive({"x.npy": X, "y.npy": Y})))
def test_array_files(folder, content):
    (folder / "a.npz").write_bytes(content)
    with only_our_errors():
        zoo.data.read(folder / "a.npz")


@tried(250)
@given(x=changed(X), y=changed(Y) | st.just(Y))
def test_arrays(folder, x, y):
    (folder / "a.npz").write_bytes(archive({"x.npy": x, "y.npy": y}))
    with only_our_errors():
        zoo.data.read(folder / "a.npz")


def encoded(kind):
    file = io.BytesIO()
    image = Image.fromarray(np.arange(192, dtype="uint8").reshape(8, 8, 3))
    more = {"save_all": True, "append_images": [image.copy()]} if kind in ("GIF", "WEBP") else {}
    image.save(file, kind, **more)
    return file.getvalue()


IMAGES = st.sampled_from(decode.formats()).flatmap(lambda kind: changed(encoded(kind)))


@tried(250)
@given(content=IMAGES, limit=st.sampled_from([0, 2**31]))
def test_images(folder, content, limit):
    path = folder / "a.zip"
    path.write_bytes(archive({"bad.png": content, "good.png": encoded("PNG")}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(zoo.data.read(path, image_size=4, channels=3, memory_limit=limit).images[:])


@tried(150)
@given(content=changed(archive({"a.png": encoded("PNG"), "b/c.jpg": encoded("JPEG")})))
def test_zip_files(folder, content):
    (folder / "a.zip").write_bytes(content)
    with only_our_errors():
        zoo.data.read(folder / "a.zip", image_size=4, channels=3)


@pytest.fixture(scope="module")
def members(folder):
    path = folder / "good.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, name="dense")]).save(path)
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "the file"])
def test_models(folder, members, name):
    if name == "the file":
        contents = changed(archive(members))
    else:
        good = members[name]
        change = changed_json(json.loads(good)) if name.endswith(".json") else changed(good)
        contents = change.map(lambda content: archive({**members, name: content}))

    @tried(25)
    @given(contents)
    def load(content):
        (folder / "a.keras").write_bytes(content)
        with only_our_errors():
            zoo.load(folder / "a.keras")

    load()
