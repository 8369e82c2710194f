"""Presets at other stores: an S3-compatible server, and Hugging Face's calls answered here."""

import shutil

import numpy as np
import pytest
from helpers import python
from servers import HuggingFace, serving

import zoo
from zoo.errors import ArgumentError, FetchError
from zoo.files import remote
from zoo.presets import hub

pytestmark = pytest.mark.once


def check_round_trip(saved, url, home):
    """Pushed, and loaded from another machine's point of view: with another, empty cache."""
    assert zoo.push(saved, url) == url
    shutil.rmtree(home, ignore_errors=True)
    expected = zoo.load(saved).sample(3, seed=0)
    np.testing.assert_array_equal(zoo.load(url).sample(3, seed=0), expected)
    shutil.rmtree(home)
    part = zoo.load(url, components=["generator"])
    np.testing.assert_allclose(part.sample(3, seed=0), expected, atol=1e-6)
    assert [p.name for p in home.glob("presets/*/[a-z]*.h5")] == ["generator.weights.h5"]


@pytest.fixture(scope="module")
def s3():
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield "s3://bucket"
    server.stop()


class TestS3:
    def test_round_trip(self, s3, saved, home):
        check_round_trip(saved, f"{s3}/some/my-gan", home)

    def test_is_a_hub(self, s3, saved, monkeypatch):
        zoo.push(saved, f"{s3}/hub/my-gan")
        assert hub.write_index(f"{s3}/hub") == ["my-gan"]
        monkeypatch.setenv("ZOO_HUB", f"{s3}/hub")
        assert "my-gan" in zoo.list(hub=True)
        assert zoo.load("my-gan").sample(1).shape == (1, 8, 8, 1)

    def test_a_missing_preset(self, s3):
        with pytest.raises(FetchError, match=r"There is no preset.*there is no such file"):
            zoo.load(f"{s3}/nothing/here")

    def test_a_missing_bucket(self, s3, saved):
        with pytest.raises(FetchError, match="s3://nowhere/my-gan"):
            zoo.push(saved, "s3://nowhere/my-gan")

    def test_resumes(self, s3, saved, home, monkeypatch):
        """A part that is there is not fetched again."""
        url = f"{s3}/resumed/my-gan"
        zoo.push(saved, url)
        card = zoo.info(url)
        name, file = "model.weights.h5", card.weights.files["model.weights.h5"]
        place = zoo.presets.locate.locate(url).folder / name
        place.parent.mkdir(parents=True)
        content = (saved / name).read_bytes()
        part = place.with_name(f".{name}.{file.sha256[:12]}.partial")
        part.write_bytes(content[: len(content) // 2])
        starts, body = [], remote.Body

        def opened(url, start=0):
            starts.append(start)
            return body(url, start)

        monkeypatch.setattr(remote, "Body", opened)
        zoo.load(url)
        assert place.read_bytes() == content
        assert sorted(starts) == [0, 0, len(content) // 2]


PUSH_AND_LOAD = """
import sys
import numpy as np
import zoo

saved, url = sys.argv[1:]
print(zoo.push(saved, url))
expected = zoo.load(saved).sample(3, seed=0)
np.testing.assert_array_equal(zoo.load(url).sample(3, seed=0), expected)
part = zoo.load(url, components=["generator"]).sample(3, seed=0)
np.testing.assert_allclose(part, expected, atol=1e-6)
zoo.push(saved, "hf://me/presets/inner/my-gan")  # a folder in a repository of many
print(zoo.info("hf://me/presets@v1/inner/my-gan").name)
for wrong in ("hf://me/nothing", "hf://me/my-gan@v9", "hf://me/my-gan/inner"):
    try:
        zoo.load(wrong)
    except zoo.errors.FetchError as error:
        print(error)
"""


def test_hugging_face(saved, home):
    """By the calls of `huggingface_hub`, answered here; it reads the address at its import."""
    pytest.importorskip("huggingface_hub")
    server = HuggingFace()
    with serving(server) as address:
        done = python(
            "-c",
            PUSH_AND_LOAD,
            saved,
            "hf://me/my-gan",
            HF_ENDPOINT=address,
            HF_HUB_DISABLE_XET="1",
            HF_TOKEN="testing",
            HF_HOME=home / "hf",
        )
    assert done.returncode == 0, (done.stderr, server.unknown)
    url, name, *errors = done.stdout.splitlines()
    assert (url, name) == ("hf://me/my-gan", "my-gan")
    assert len(errors) == 3
    assert all(text.startswith("There is no preset to be had.") for text in errors), errors
    empty, files = server.repositories["me/my-gan"]  # all in one commit
    assert empty == {}
    assert {"card.json", "README.md", "model.weights.h5", "generator.json"} <= set(files)
    assert files["README.md"].startswith(b"---\nlibrary_name: keras\nlicense: cc0-1.0\n")


@pytest.mark.parametrize(
    ("scheme", "package"), [("s3", "s3fs"), ("gs", "gcsfs"), ("hf", "huggingface_hub")]
)
def test_a_scheme_without_its_package(scheme, package, monkeypatch):
    import fsspec

    def absent(*_, **__):
        raise ImportError(f"install {package}")

    monkeypatch.setattr(fsspec.core, "url_to_fs", absent)
    says = rf"{scheme}:// needs {package}.*pip install 'keras-generative-zoo\[{scheme}\]'"
    with pytest.raises(ArgumentError, match=says):
        zoo.load(f"{scheme}://user/repo")
