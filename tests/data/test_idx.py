"""MNIST and its kind are prepared and read with one backend; files of two sets never meet."""

import hashlib
import logging
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import published
import pytest
from servers import Flaky, serving

import zoo
from zoo.data import idx, named
from zoo.errors import ArgumentError, DataError, MissingSplitError
from zoo.files import fetch

ASSETS = Path(__file__).parent.parent / "assets"
RNG = np.random.default_rng(0)
COUNTS = {"train": 40, "test": 20}
once = pytest.mark.once


@pytest.fixture
def sets(tmp_path, monkeypatch):
    """The arrays of two sets, whose files lie in folders of their names below `tmp_path`."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))
    found = {}
    for name in published.NAMES:
        found[name] = {
            split: (
                RNG.integers(0, 256, (count, 28, 28), dtype="uint8"),
                RNG.integers(0, 10, count, dtype="uint8"),
            )
            for split, count in COUNTS.items()
        }
        published.write(tmp_path / name, found[name])
        monkeypatch.setitem(idx.SETS, name, idx.SETS[name])  # it is as it was after the test
        published.take_the_place(tmp_path / name, name)
    return found


def in_order_of_tfds(images, labels, split):
    hashing = pytest.importorskip("tensorflow_datasets.core.hashing", reason="the order is TFDS's")
    order = sorted(range(len(images)), key=hashing.Hasher(split).hash_key)
    return images[order][..., None], labels[order]


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_a_set_is_prepared_and_read_with_one_backend(run, sets, tmp_path, name):
    code, out, _ = run("data", "prepare", name, "--downloaded", tmp_path / name)
    assert (code, out) == (0, f"{name}: {tmp_path / 'prepared' / name / 'idx'}\n")
    for split, arrays in sets[name].items():
        source = zoo.data.read(name, split)
        images, labels = in_order_of_tfds(*arrays, split)
        np.testing.assert_array_equal(source.images, images)
        np.testing.assert_array_equal(source.labels, labels)
        assert source.labels.dtype == "int64"
    if keras.backend.backend() != "tensorflow":
        assert "tensorflow" not in sys.modules


@once
def test_through_a_server(run, sets, tmp_path):
    with serving(Flaky(tmp_path)) as url:
        assert run("data", "prepare", "mnist", "--downloaded", f"{url}/mnist/")[0] == 0
    assert len(zoo.data.read("mnist").images) == COUNTS["train"]


@once
def test_from_the_address_of_the_set_and_only_once(run, sets, tmp_path):
    assert run("data", "prepare", "mnist")[0] == 0
    shutil.rmtree(tmp_path / "mnist")
    assert run("data", "prepare", "mnist")[0] == 0


@once
def test_needs_no_tensorflow_datasets(sets, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)  # as if it were not installed
    with pytest.raises(DataError, match="'mnist' is not prepared in .*: zoo data prepare mnist"):
        zoo.data.read("mnist")
    named.prepare("mnist", tmp_path / "mnist")
    assert len(zoo.data.read("mnist").images) == COUNTS["train"]


@once
def test_files_of_another_set_are_refused_and_leave_nothing(run, sets, tmp_path):
    assert run("data", "prepare", "mnist", "--downloaded", tmp_path / "mnist")[0] == 0
    before = zoo.data.read("mnist").sha256
    code, _, err = run("data", "prepare", "fashion_mnist", "--downloaded", tmp_path / "mnist")
    assert code == 1
    assert "'fashion_mnist' cannot be prepared: train-images-idx3-ubyte.gz is refused." in err
    assert err.count("\n") == 1
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == ["mnist"]
    assert zoo.data.read("mnist").sha256 == before


@once
@pytest.mark.parametrize("fault", ["wrong", "missing"])
def test_one_bad_file_leaves_nothing(sets, tmp_path, fault):
    bad = tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz"
    if fault == "wrong":
        bad.write_bytes(bytes(bad.stat().st_size))
    else:
        bad.unlink()
    with pytest.raises(DataError, match="'mnist' cannot be prepared: t10k-labels-idx1-ubyte.gz"):
        named.prepare("mnist", tmp_path / "mnist")
    assert not (tmp_path / "prepared").exists()


@once
def test_what_arrived_before_a_break_is_kept(sets, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "WAIT", 0.0)
    server = Flaky(tmp_path, [None, *[500] * 20])
    with serving(server) as url:
        with pytest.raises(DataError, match="'mnist' cannot be prepared: .*it answers 500"):
            named.prepare("mnist", f"{url}/mnist")
        assert not idx.is_prepared("mnist")
        server.faults, server.asked = [], []
        named.prepare("mnist", f"{url}/mnist")
    assert len(server.asked) == 3


@once
def test_a_damaged_file_is_an_error_and_is_fetched_again(sets, tmp_path):
    path = named.prepare("mnist", tmp_path / "mnist") / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match="is not the file of 'mnist'.*: zoo data prepare mnist"):
        zoo.data.read("mnist")
    with pytest.warns(UserWarning, match="It is fetched anew"):
        named.prepare("mnist", tmp_path / "mnist")
    assert len(zoo.data.read("mnist").images) == COUNTS["train"]


@once
def test_splits_sizes_and_memory(sets, tmp_path):
    named.prepare("mnist", tmp_path / "mnist")
    with pytest.raises(MissingSplitError, match=r"one of \['test', 'train'\]. Received: 'valid'"):
        zoo.data.read("mnist", "valid")
    expected = zoo.data.read("mnist", image_size=32, channels=3)
    assert expected.images.shape == (COUNTS["train"], 32, 32, 3)
    source = zoo.data.read("mnist", image_size=32, channels=3, memory_limit=0)
    assert not isinstance(source.images, np.ndarray)
    np.testing.assert_array_equal(source.images[np.arange(COUNTS["train"])], expected.images)
    np.testing.assert_array_equal(source.labels, expected.labels)


@once
@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_downloaded_must_be_a_folder(sets, name):
    with pytest.raises(ArgumentError, match="downloaded must be a folder.* Received: '/nowhere'"):
        named.prepare(name, "/nowhere")


@once
@pytest.mark.parametrize("name", list(idx.SETS))
def test_the_published_files_are_those_of_tfds(name):
    tfds = pytest.importorskip("tensorflow_datasets", reason="it registers the files too")
    text = (Path(tfds.__file__).parent / "url_checksums" / f"{name}.txt").read_text()
    registered = {}
    for line in text.splitlines():
        url, size, sha256, file = line.split("\t")
        registered[file] = idx.File(int(size), sha256)
        assert url == f"{idx.SETS[name].url}/{file}"
    assert idx.SETS[name].files == registered


class Builder:
    """Takes the place of a builder of TFDS: writes what it is asked to extract."""

    def __init__(self, folder, configs):
        self.data_path = folder / "cifar10" / "3.0.2"
        self.configs = configs

    def download_and_prepare(self, download_config):
        extracted = Path(download_config.extract_dir)
        assert extracted.is_dir()
        assert not list(extracted.iterdir())
        (extracted / "GZIP.train-images.gz").write_text("")
        self.configs.append(download_config)
        raise OSError("no network\nand more")


class TestTFDS:
    @once
    def test_sets_are_extracted_apart_as_array_records(self, monkeypatch, tmp_path):
        """Two sets may have files of one name: of `mnist` and `fashion_mnist` all are."""
        asked, configs = [], []
        monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))
        monkeypatch.setattr(named, "_has_tensorflow", lambda: True)

        def builder(_, **options):
            asked.append(options)
            return Builder(tmp_path, configs)

        monkeypatch.setattr(named, "builder", builder)
        for _ in range(2):
            with pytest.raises(DataError, match=r"'cifar10' cannot be prepared: no network$"):
                named.prepare("cifar10")
        assert asked[-1] == {"file_format": "array_record"}
        places = {config.extract_dir for config in configs}
        assert len(places) == 2
        assert not (tmp_path / "prepared").exists()

    @once
    def test_a_set_that_needs_tensorflow_says_so_before_the_download(self, run, monkeypatch):
        monkeypatch.setattr(named, "_has_tensorflow", lambda: False)
        code, _, err = run("data", "prepare", "cifar10")
        assert code == 1
        assert "'cifar10' is prepared by TensorFlow, which is not installed: pip install" in err
        assert "keras-generative-zoo[data,tensorflow]" in err
        assert err.count("\n") == 1

    @pytest.mark.skipif(
        keras.backend.backend() == "tensorflow", reason="TensorFlow reads its own files"
    )
    def test_tf_records_without_tensorflow(self, run, sets, monkeypatch, tmp_path):
        shutil.copytree(ASSETS / "tfds_tfrecord", tmp_path / "prepared")
        code, _, err = run("data", "info", "mnist")
        assert code == 1
        assert "as tfrecord files, which TensorFlow alone reads, and it is not installed" in err
        assert "zoo data prepare mnist" in err
        assert err.count("\n") == 1
        assert run("data", "prepare", "mnist")[0] == 0
        assert len(zoo.data.read("mnist").images) == COUNTS["train"]

    @once
    def test_advice_about_opencv_is_not_shown(self, monkeypatch, caplog):
        feature = pytest.importorskip("tensorflow_datasets.core.features.image_feature")
        monkeypatch.setattr(feature, "cv2", None)
        monkeypatch.setattr(
            feature.logging, "log_first_n", lambda level, text, n: feature.logging.log(level, text)
        )
        monkeypatch.setenv("TFDS_DATA_DIR", str(ASSETS / "tfds_array_record"))
        with caplog.at_level(logging.DEBUG):
            zoo.data.read("mnist")
            source = zoo.data.read("mnist", image_size=28, channels=1, memory_limit=0)
            source.images[np.arange(2)]
        assert "OpenCV" not in caplog.text


@once
def test_the_order_is_that_of_tfds():
    """Of the real training set, so that the hashes in cards hold."""
    digest = hashlib.sha256(np.array(idx._order("train", 60_000), "<i4")).hexdigest()
    assert digest == "315c8c89b50bb1ce8d319f8bd1fbbc1777251e85f1b3a3a321e0cf10dff0934a"
