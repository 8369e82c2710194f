"""Files that were tampered with: refused by name, and nothing is run or built from them."""

import base64
import json
import shutil
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import zoo
from zoo.errors import CardError, IntegrityError
from zoo.files.fetch import sha256
from zoo.models import families
from zoo.presets import hub, safety

WEIGHTS = "model.weights.h5"


@pytest.fixture
def folder(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "tampered")
    return tmp_path / "tampered"


def sign(folder):
    """Makes the card name the files as they are: whoever tampers can do that too."""
    path = folder / hub.CARD
    card = json.loads(path.read_text())
    for name, file in card["weights"]["files"].items():
        file.update(sha256=sha256(folder / name), bytes=(folder / name).stat().st_size)
    path.write_text(json.dumps(card))


def generator_of(*layers):
    """The configuration of a GAN whose generator has these serialized layers."""
    body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(64)])
    config = keras.saving.serialize_keras_object(body)
    config["config"]["layers"][1:1] = layers
    return config


def part(class_name, module=None, config=None, registered=None):
    return {
        "class_name": class_name,
        "module": module,
        "config": config or {},
        "registered_name": registered,
    }


RUN = []


class Unregistered(keras.layers.Layer):
    def __init__(self, **kwargs):
        RUN.append("Unregistered")
        super().__init__(**kwargs)


# What a file might name in order to run something, or to reach it.
PARTS = {
    "lambda layer": part("Lambda", "keras.layers", {"function": {"class_name": "__lambda__"}}),
    "lambda": part(
        "__lambda__", "builtins", {"value": base64.b64encode(b"code").decode(), "defaults": None}
    ),
    "unknown": part("Evil", "evil"),
    "unregistered": part("Unregistered", __name__, registered="Unregistered"),
    "unregistered by name": part("Unregistered", None, registered="mine>Unregistered"),
    "os": part("function", "os", "system", "function"),
    "subprocess": part("Popen", "subprocess", {"args": ["touch", "x"]}),
    "builtins": part("eval", "builtins", {"source": "1"}),
    "keras downloads": part("function", "keras.utils", "get_file", "function"),
    "keras loads": part("function", "keras.saving", "load_model", "function"),
    "keras unlocks": part("function", "keras.config", "enable_unsafe_deserialization", "function"),
    "torch module": part("TorchModuleWrapper", "keras.layers", {"module": "x"}),
    "saved model": part("TFSMLayer", "keras.layers", {"filepath": "saved"}),
    "jax layer": part("JaxLayer", "keras.layers", {"call_fn": "x"}),
    "zoo's own": part("home", "zoo.home", {}),
    "a path as a name": part("layers.Lambda", "keras", {"function": "x"}),
    "a path to a function": part("datasets.mnist.load_data", "keras"),
    "a function as a class": part("clone_model", "keras.models", {"model": "x"}),
    "a function of layers": part("deserialize", "keras.layers", {"config": "x"}),
    "a finder": part("function", "keras.activations", "get", "function"),
    "applications": part("function", "keras.applications.vgg16", "VGG16", "function"),
    "a lambda under another name": part("Lambda", "keras.layers", {}, "zoo>GAN"),
    "a lambda that claims a class": part("__lambda__", "keras", {"value": "x"}, "zoo>GAN"),
    "a type that claims a class": part("__typespec__", "keras", [], "zoo>GAN"),
    "a function that claims a class": part("function", "os", "system", "zoo>GAN"),
    "as older versions wrote": {"class_name": "Lambda", "config": {"function": "x"}},
    "as older versions wrote, claiming a class": {
        "class_name": "Lambda",
        "config": {},
        "registered_name": "zoo>GAN",
    },
    "by its inner module": part("Lambda", "keras.src.layers.core.lambda_layer"),
    "an inner function": part("get_file", "keras.src.utils.file_utils", {"origin": "x"}),
    "no name": part(["Dense"], "keras.layers"),
    "type spec": {**part("__typespec__", "os", []), "spec_name": "PathLike"},
}


@pytest.mark.parametrize("what", PARTS)
@pytest.mark.parametrize("deep", [False, True], ids=["as a layer", "in a layer"])
def test_classes_that_are_refused(folder, what, deep):
    hidden = PARTS[what]
    if deep:
        hidden = part("Dense", "keras.layers", {"units": 3, "kernel_initializer": hidden})
    config = json.loads((folder / "config.json").read_text())
    config["config"]["generator"] = generator_of(hidden)
    (folder / "config.json").write_text(json.dumps(config))
    sign(folder)
    with pytest.raises(IntegrityError, match="names .*, which is refused"):
        zoo.load(folder)
    with pytest.raises(IntegrityError, match="registered"):
        zoo.load(f"file://{folder}")
    assert RUN == []


def test_a_class_of_one_s_own_must_be_registered(folder):
    hidden = part("Own", None, {"name": "own"}, "mine>Own")
    config = json.loads((folder / "config.json").read_text())
    config["config"]["generator"] = generator_of(hidden)
    with pytest.raises(IntegrityError, match="mine>Own.*register_keras_serializable"):
        safety.check_config(config, "it")

    @keras.saving.register_keras_serializable("mine")
    class Own(keras.layers.Layer):
        pass

    try:
        safety.check_config(config, "it")
    finally:
        keras.saving.get_custom_objects().pop("mine>Own")


def test_every_configuration_of_the_package_is_allowed():
    for family in zoo.families():
        cls = families.family(family).cls
        model = cls(**cls.test_config())
        model.compile()
        safety.check_config(keras.saving.serialize_keras_object(model), family)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"nonsense", b'{"class_name": "Dense"}'])
def test_configurations_that_are_none(folder, text):
    (folder / "config.json").write_bytes(text)
    sign(folder)
    with pytest.raises(IntegrityError):
        zoo.load(folder)


def test_a_configuration_that_is_no_model(folder):
    dense = keras.saving.serialize_keras_object(keras.layers.Dense(3))
    (folder / "config.json").write_text(json.dumps(dense))
    sign(folder)
    with pytest.raises(IntegrityError, match="not the configuration of a model"):
        zoo.load(folder)


def datasets(file):
    """The paths of all arrays of the file."""
    found = []

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found.append(name)

    file.visititems(visit)
    return found


def wrong_shape(file, outside):
    name = next(n for n in datasets(file) if file[n].ndim == 2)
    array = file[name][()]
    del file[name]
    file[name] = np.zeros((array.shape[0] + 1, array.shape[1]), "float16")


def swapped(file, outside):
    """The right shapes, in the wrong places."""
    names = [n for n in datasets(file) if file[n].ndim == 2]
    a = names[0]
    b = next(n for n in names if file[n].shape != file[a].shape)
    one, other = file[a][()], file[b][()]
    del file[a], file[b]
    file[a], file[b] = other, one


def too_many(file, outside):
    file["more/vars/0"] = np.zeros(3, "float16")


def too_few(file, outside):
    del file[datasets(file)[0]]


def external_link(file, outside):
    name = datasets(file)[0]
    del file[name]
    file[name] = h5py.ExternalLink(str(outside), "/x")


def external_group(file, outside):
    file["more"] = h5py.ExternalLink(str(outside), "/")


def soft_link(file, outside):
    names = datasets(file)
    del file[names[0]]
    file[names[0]] = h5py.SoftLink("/" + names[1])


def external_storage(file, outside):
    name = datasets(file)[0]
    shape = file[name].shape
    del file[name]
    raw = outside.with_name("passwords")
    raw.write_bytes(bytes(4 * int(np.prod(shape, dtype=int)) + 8))
    size = max(4, 4 * int(np.prod(shape, dtype=int)))
    shape = shape or (1,)
    file.create_dataset(name, shape, "float32", external=[(str(raw), 0, size)])


def virtual(file, outside):
    name = next(n for n in datasets(file) if file[n].ndim == 1)
    shape = file[name].shape
    del file[name]
    layout = h5py.VirtualLayout(shape, "float32")
    layout[:] = h5py.VirtualSource(str(outside), "x", shape=shape)
    file.create_virtual_dataset(name, layout)


def bomb(file, outside):
    """An array of a terabyte in a file of some kilobytes."""
    name = next(n for n in datasets(file) if file[n].ndim == 2)
    del file[name]
    file.create_dataset(name, (2**20, 2**18), "float32", chunks=(1024, 1024))


def compressed(file, outside):
    name = next(n for n in datasets(file) if file[n].ndim == 2)
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, data=np.zeros(shape), compression="gzip")


def cycle(file, outside):
    file["more/again"] = file["/"]


def doubling(file, outside):
    """Groups that each hold the one before twice: a million million paths in some kilobytes."""
    file.create_group("g0")
    for i in range(40):
        group = file.create_group(f"g{i + 1}")
        group["a"] = group["b"] = file[f"g{i}"]


def text(file, outside):
    name = datasets(file)[0]
    del file[name]
    file[name] = "a string"


TAMPERED = {
    wrong_shape: "does not fit the model.*too many: 1 of shape.*missing: 1 of shape",
    swapped: "does not fit the model",
    too_many: "does not fit the model.*too many",
    too_few: "does not fit the model.*missing: 1 of shape",
    external_link: "holds a link at",
    external_group: "holds a link at /more",
    soft_link: "holds a link at",
    external_storage: "whose numbers are not in the file",
    virtual: "whose numbers are not in the file",
    bomb: "whose numbers are not in the file",
    compressed: "whose numbers are not in the file",
    text: "Allowed: arrays of numbers",
    cycle: "holds a link at",
    doubling: "holds a link at",
}


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda f: f.__name__)
def test_arrays_that_are_refused(folder, tmp_path, tamper):
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["x"] = np.zeros(1000, "float32")
    with h5py.File(folder / WEIGHTS, "r+") as file:
        tamper(file, outside)
    sign(folder)
    with pytest.raises(IntegrityError, match=TAMPERED[tamper]):
        zoo.load(folder)


def test_a_weights_file_that_is_none(folder):
    (folder / WEIGHTS).write_bytes(b"nothing")
    sign(folder)
    with pytest.raises(IntegrityError, match=r"model\.weights\.h5 is no whole HDF5 file"):
        zoo.load(folder)


def test_changed_bytes_are_one_kind_of_error(folder):
    """Whatever the HDF5 library makes of them."""
    content, rng = (folder / WEIGHTS).read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        changed = bytearray(content)
        # Where HDF5 keeps its structure, in half of the cases.
        end = len(changed) if rng.random() < 0.5 else 4096
        for place in rng.integers(0, end, 4):
            changed[place] = rng.integers(256)
        (folder / WEIGHTS).write_bytes(changed)
        try:
            safety.check_arrays(folder / WEIGHTS, "it")
        except IntegrityError:
            refused += 1
    assert refused > 10


def test_a_model_larger_than_its_weights(folder):
    """Is refused before there is room for it."""
    config = json.loads((folder / "config.json").read_text())
    config["config"]["units"] = 10**7
    (folder / "config.json").write_text(json.dumps(config))
    sign(folder)
    with pytest.raises(IntegrityError, match="more numbers than there are to be set"):
        zoo.load(folder)


@pytest.mark.parametrize(
    "changes",
    [{"units": -3}, {"units": "x"}, {"wrong": 1}, {"image_shape": None}, {"generator": 3}],
)
def test_configurations_that_no_model_is_made_of(folder, changes):
    config = json.loads((folder / "config.json").read_text())
    config["config"].update(changes)
    (folder / "config.json").write_text(json.dumps(config))
    sign(folder)
    with pytest.raises(IntegrityError, match="No model can be built of the file"):
        zoo.load(folder)


def test_deep_configurations(folder):
    (folder / "config.json").write_text("[" * 10**5 + "]" * 10**5)
    sign(folder)
    with pytest.raises(IntegrityError, match="nested too deeply"):
        zoo.load(folder)


class TestCards:
    """A card names all that is loaded; what it does not name is not read."""

    def change(self, folder, change):
        path = folder / hub.CARD
        card = json.loads(path.read_text())
        change(card["weights"])
        path.write_text(json.dumps(card))

    @pytest.mark.parametrize("name", ["config.json", WEIGHTS])
    def test_of_the_whole(self, folder, name):
        self.change(folder, lambda weights: weights["files"].pop(name))
        with pytest.raises(CardError, match=r"files must hold config\.json, model\.weights\.h5"):
            zoo.load(folder)

    def test_of_a_component(self, folder):
        def change(weights):
            weights["components"]["generator"] = {
                "metadata.json": weights["files"].pop("metadata.json")
            }

        self.change(folder, change)
        with pytest.raises(CardError, match="the component generator must be generator.json"):
            zoo.load(folder, components=["generator"])

    @pytest.mark.parametrize("name", [WEIGHTS, WEIGHTS.upper()])  # on Windows it is one file
    def test_once(self, folder, name):
        self.change(folder, lambda w: w["extras"].update({name: {"sha256": "0" * 64, "bytes": 1}}))
        with pytest.raises(CardError, match="a file must be named once"):
            zoo.load(folder)

    @pytest.mark.parametrize("name", ["../generator", "a/b", "", "A"])
    def test_names_of_components(self, folder, name):
        self.change(folder, lambda w: w["components"].update({name: w["components"]["generator"]}))
        with pytest.raises(CardError, match="components"):
            zoo.load(folder)

    @pytest.mark.parametrize(
        "text",
        [
            b"[" * 10**5,
            b"[]",
            b'"x"',
            "{}".encode("utf-16"),
            b"\xef\xbb\xbf{}",
            b'{"format": true}',
        ],
    )
    def test_what_is_no_card(self, folder, text):
        (folder / hub.CARD).write_bytes(text)
        for source in (folder, f"file://{folder}"):
            with pytest.raises(CardError, match="no JSON in UTF-8|no number for its format"):
                zoo.load(source)


class TestKerasFiles:
    @pytest.fixture
    def path(self, tmp_path):
        model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=60)
        model.compile()
        model.save(tmp_path / "model.keras")
        return tmp_path / "model.keras"

    def change(self, path, name, content):
        with zipfile.ZipFile(path) as archive:
            files = {n: archive.read(n) for n in archive.namelist()}
        files[name] = content(files.get(name)) if callable(content) else content
        with zipfile.ZipFile(path, "w") as archive:
            for n, data in files.items():
                archive.writestr(n, data)

    def test_loads_as_keras_does(self, path):
        model = zoo.load(path)
        assert model.compiled
        expected = keras.saving.load_model(path).sample(2, seed=0)
        np.testing.assert_array_equal(model.sample(2, seed=0), expected)
        np.testing.assert_array_equal(zoo.load(str(path)).sample(2, seed=0), expected)

    def test_other_models(self, tmp_path):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "relu")])
        model.compile("adam", "mse", metrics=["mae"])
        model.fit(np.zeros((4, 3)), np.zeros((4, 2)), verbose=0)
        model.save(tmp_path / "plain.keras")
        assert zoo.load(tmp_path / "plain.keras").count_params() == 8

    def test_has_no_card(self, path):
        with pytest.raises(ValueError, match="is a Keras file, which has no card"):
            zoo.info(path)
        with pytest.raises(ValueError, match="components= is not for Keras files"):
            zoo.load(path, components=["generator"])

    def test_a_class_that_is_not_known(self, path):
        def tamper(content):
            config = json.loads(content)
            config["config"]["generator"] = PARTS["lambda layer"]
            return json.dumps(config)

        self.change(path, "config.json", tamper)
        with pytest.raises(IntegrityError, match="Lambda"):
            zoo.load(path)

    @pytest.mark.parametrize("name", ["../evil.txt", "assets/x", "/evil.txt"])
    def test_other_files_in_it(self, path, name):
        self.change(path, name, b"evil")
        with pytest.raises(IntegrityError, match=r"holds .*Allowed: config\.json"):
            zoo.load(path)
        assert not Path("/evil.txt").exists()
        assert not path.parent.with_name("evil.txt").exists()

    def test_links_in_its_weights(self, path, tmp_path):
        with zipfile.ZipFile(path) as archive:
            archive.extract(WEIGHTS, tmp_path)
        with h5py.File(tmp_path / WEIGHTS, "r+") as file:
            file["more"] = h5py.ExternalLink("/etc/passwd", "/")
        self.change(path, WEIGHTS, (tmp_path / WEIGHTS).read_bytes())
        with pytest.raises(IntegrityError, match="holds a link at /more"):
            zoo.load(path)

    def test_what_is_no_archive(self, path):
        path.write_bytes(b"nothing")
        with pytest.raises(IntegrityError, match="no whole zip file|which is encrypted"):
            zoo.load(path)

    def test_an_encrypted_archive(self, path):
        """As its first bytes say; zipfile cannot write one."""
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            places = [info.header_offset for info in archive.infolist()]
        for place in places:
            content[place + 6] |= 1
        at = content.find(b"PK\x01\x02")
        while at != -1:
            content[at + 8] |= 1
            at = content.find(b"PK\x01\x02", at + 4)
        path.write_bytes(content)
        with pytest.raises(IntegrityError, match="no whole zip file|which is encrypted"):
            zoo.load(path)
