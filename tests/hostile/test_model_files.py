"""`.keras` files and folders of presets that were made to fill the memory, or to take hours."""

import functools
import json
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

import zoo
from zoo.errors import IntegrityError
from zoo.files.fetch import sha256
from zoo.presets import hub, storage

CONFIG, WEIGHTS = storage.CONFIG, storage.WEIGHTS


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """The folder of a good preset."""
    folder = tmp_path_factory.mktemp("good") / "preset"
    zoo.save(zoo.create("gan", image_shape=(2,), latent_dim=2, units=4), folder)
    return folder


@pytest.fixture(scope="module")
def bad(parts, tmp_path_factory):
    """A function from the name of an attack to the members of a bad file, which are built once."""
    path = tmp_path_factory.mktemp("bad") / WEIGHTS
    return functools.cache(lambda attack: ATTACKS[attack](parts, path))


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """The members of a good file: a dense layer of 4 units."""
    path = tmp_path_factory.mktemp("good") / "model.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, name="dense")]).save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def replaced(parts, name, *pairs):
    """A member with other texts in it."""
    text = parts[name].decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return {**parts, name: text.encode()}


def with_layers(parts, *layers):
    """The members of a file whose model has these serialized layers before its own."""
    config = json.loads(parts[CONFIG])
    config["config"]["layers"][1:1] = layers
    return {**parts, CONFIG: json.dumps(config).encode()}


def with_weights(parts, path, write):
    """The members with the HDF5 file that `write` fills."""
    with h5py.File(path, "w", libver="latest") as file:
        write(file)
    return {**parts, WEIGHTS: path.read_bytes()}


def layer(name, **config):
    return {"class_name": name, "module": "keras.layers", "config": config, "registered_name": None}


def wrapped(depth):
    """A layer in so many wrappers."""
    found = layer("Dense", units=4)
    for _ in range(depth):
        found = layer("TimeDistributed", layer=found)
    return found


def nested(config, depth):
    """The text of a configuration in which the model is in so many wrappers."""
    before, after = json.dumps(layer("TimeDistributed", layer=None)).encode().split(b"null", 1)
    return before * depth + config + after * depth


def chain(group, depth):
    for _ in range(depth):
        group = group.create_group("g")


def an_array(dtype):
    config = {"value": ["x"], "dtype": dtype}
    return {"class_name": "__numpy__", "module": "builtins", "config": config}


def a_virtual(file):
    layout = h5py.VirtualLayout((10**9,), "f4")
    file.create_virtual_dataset("v", layout)


# Attacks by name: functions from the members of a good file, and a path, to those of a bad one.
ATTACKS = {
    "a huge layer": lambda p, _: replaced(p, CONFIG, ('"units": 4', '"units": 300000000')),
    "a negative layer": lambda p, _: replaced(p, CONFIG, ('"units": 4', '"units": -4')),
    "a shape beyond integers": lambda p, _: replaced(
        p, CONFIG, ('"units": 4', f'"units": {10**30}')
    ),
    "many groups": lambda p, path: with_weights(
        p, path, lambda file: [file.create_group(str(i)) for i in range(20_001)]
    ),
    "a chain of groups": lambda p, path: with_weights(p, path, lambda file: chain(file, 3_000)),
    "an array without numbers": lambda p, path: with_weights(
        p, path, lambda file: file.create_dataset("x", (2**30,), "f4")
    ),
    "a compressed array": lambda p, path: with_weights(
        p, path, lambda file: file.create_dataset("x", (2**26,), "f4", compression="gzip")
    ),
    "a virtual array": lambda p, path: with_weights(p, path, a_virtual),
    "a chain of wrappers": lambda p, _: with_layers(p, wrapped(90)),
    "a deep chain of wrappers": lambda p, _: {**p, CONFIG: nested(p[CONFIG], 2_000)},
    "a type of long texts": lambda p, _: with_layers(
        p, layer("Rescaling", scale=an_array("<U500000000"))
    ),
    "a name that is a list": lambda p, _: replaced(
        p, CONFIG, ('"registered_name": null', '"registered_name": ["x"]')
    ),
    "a large configuration": lambda p, _: {**p, CONFIG: b"[" + b"[]," * 2**21 + b"[]]"},
    "a nested configuration": lambda p, _: {**p, CONFIG: b"[" * 10**6},
    "many layers": lambda p, _: with_layers(p, *[layer("ReLU")] * 50_001),
}


def refused(path, bounded):
    with bounded(), pytest.raises(IntegrityError) as caught:
        zoo.load(path)
    text = str(caught.value)
    assert len(text) < 1000
    assert "Recursion" not in text
    return text


@pytest.mark.parametrize("attack", ATTACKS)
def test_keras_files(bad, tmp_path, bounded, attack):
    path = tmp_path / "bad.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in bad(attack).items():
            archive.writestr(name, content)
    refused(path, bounded)


def forged(preset, folder, members):
    """The folder of a preset with other members."""
    shutil.copytree(preset, folder)
    for name, content in members.items():
        (folder / name).write_bytes(content)
    card = json.loads((folder / hub.CARD).read_text())
    for name, file in card["weights"]["files"].items():  # an attacker signs what he made
        file.update(sha256=sha256(folder / name), bytes=(folder / name).stat().st_size)
    (folder / hub.CARD).write_text(json.dumps(card))
    return folder


@pytest.mark.parametrize("attack", ATTACKS)
def test_presets(bad, preset, tmp_path, bounded, attack):
    refused(forged(preset, tmp_path / "preset", bad(attack)), bounded)


@pytest.mark.once
@pytest.mark.parametrize("attack", ["a huge layer", "a chain of wrappers", "many groups"])
@pytest.mark.parametrize(
    "arguments",
    [("sample", "URL"), ("sample", "FOLDER"), ("evaluate", "URL", "--data", "ring8", "-n", "60")],
    ids=" ".join,
)
def test_commands_refuse_them_in_one_line(bad, preset, tmp_path, run, bounded, attack, arguments):
    folder = forged(preset, tmp_path / "preset", bad(attack))
    places = {"URL": folder.as_uri(), "FOLDER": folder}
    with bounded():
        code, out, err = run(*(places.get(each, each) for each in arguments))
    assert (code, out) == (1, "")
    assert err.startswith("zoo: error: ")
    assert len(err.splitlines()) == 1
    with bounded():
        assert run("info", folder.as_uri())[0] == 0  # a card alone builds nothing


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("bombed", [CONFIG, WEIGHTS])
def test_zeros_in_a_small_entry(parts, tmp_path, bounded, method, bombed):
    path = tmp_path / "bad.keras"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in {*parts} - {bombed}:
            archive.writestr(name, parts[name])
        with archive.open(bombed, "w", force_zip64=True) as file:
            for _ in range(64):
                file.write(bytes(2**20))
    refused(path, bounded)


def test_many_entries(parts, tmp_path, bounded):
    path = tmp_path / "bad.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        for i in range(20_000):
            archive.writestr(str(i), b"")
    assert "bytes in its list of members" in refused(path, bounded)


def test_sizes_that_lie(parts, tmp_path, bounded):
    """The list of members states other sizes than the members have."""
    path = tmp_path / "bad.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    good = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entries = [good.index(b"PK\x01\x02")]
        for _ in archive.infolist()[1:]:
            entries.append(good.index(b"PK\x01\x02", entries[-1] + 1))
    for at in entries:
        for field, size in ((20, 2**31), (24, 2**31), (20, 1), (24, 1)):
            bad = bytearray(good)
            bad[at + field : at + field + 4] = size.to_bytes(4, "little")
            path.write_bytes(bad)
            refused(path, bounded)


def test_one_setting_raises_the_limits(parts, tmp_path, monkeypatch):
    path = tmp_path / "deflated.keras"
    many = np.zeros(2**20, "float32")

    def write(file):
        file["layers/dense/vars/0"] = np.ones((2, 4), "float32")
        file["layers/dense/vars/1"] = np.zeros(4, "float32")
        file["more"] = many

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in with_weights(parts, tmp_path / "weights.h5", write).items():
            archive.writestr(name, content)
    with pytest.raises(
        IntegrityError, match=r"times the limit of 20\. .*ZOO_FILE_LIMITS=(\d+)"
    ) as e:
        zoo.load(path)
    needed = str(e.value).partition("ZOO_FILE_LIMITS=")[2].partition(",")[0]
    monkeypatch.setenv("ZOO_FILE_LIMITS", needed)
    model = zoo.load(path)
    np.testing.assert_array_equal(model.get_weights()[0], np.ones((2, 4)))
    monkeypatch.setenv("ZOO_FILE_LIMITS", "much")
    with pytest.raises(ValueError, match="ZOO_FILE_LIMITS must be a number of at least 1.*'much'"):
        zoo.load(path)
