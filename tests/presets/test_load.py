"""`zoo.load` from elsewhere: names, hubs and mirrors, the cache, many processes, encryption."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from helpers import python
from servers import Flaky, Nginx, serving

import zoo
from zoo.errors import (
    ArgumentError,
    CardError,
    FetchError,
    UnknownNameError,
    WrongBytesError,
)
from zoo.presets import cache, hub, locate
from zoo.presets.card import FORMAT

pytestmark = pytest.mark.once


@pytest.fixture
def root(hub_folder):
    return hub_folder


class TestAddresses:
    def test_first_load_fetches_second_asks_nothing(self, nginx, root, monkeypatch):
        url = f"{nginx.url}/dcgan_mnist"
        images = zoo.load(url).sample(2, seed=0)
        np.testing.assert_array_equal(images, zoo.load("dcgan_mnist").sample(2, seed=0))
        files = {"card.json", "config.json", "metadata.json", "model.weights.h5"}
        assert {path for path, *_ in nginx.requests()} == {f"/dcgan_mnist/{f}" for f in files}
        assert len(nginx.requests()) == 4
        monkeypatch.setenv("ZOO_OFFLINE", "1")
        zoo.load(url)
        assert zoo.info(url).name == "dcgan_mnist"
        assert len(nginx.requests()) == 4

    def test_components(self, nginx, root):
        part = zoo.load(f"{nginx.url}/my-gan", components=["generator"])
        assert isinstance(part, zoo.models.Sampler)
        whole = zoo.load(root / "my-gan")
        np.testing.assert_allclose(part.sample(5, seed=1), whole.sample(5, seed=1), atol=1e-6)
        assert part.count_params() == whole.ema_generator.count_params()
        assert [path for path, *_ in nginx.requests()] == [
            f"/my-gan/{file}" for file in ("card.json", "generator.json", "generator.weights.h5")
        ]
        with pytest.raises(ArgumentError, match="cannot be trained"):
            part.compile()

    @pytest.mark.parametrize("components", [["discriminator"], ["generater"]])
    @pytest.mark.parametrize("preset", ["dcgan_mnist", "my-gan"])
    def test_unknown_components(self, root, preset, components):
        with pytest.raises(UnknownNameError, match=f"of {preset}: '{components[0]}'.*generator"):
            zoo.load(f"file://{root}/{preset}", components=components)

    @pytest.mark.parametrize("components", [[], ["generator", "generator"], [3], 3])
    def test_components_are_one_name(self, components):
        with pytest.raises(ArgumentError, match="components must hold one name"):
            zoo.load("dcgan_mnist", components=components)

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("ftp://example.org/x", "Unknown scheme 'ftp'.*https://, http://, hf://, s3://"),
            ("https://", "the place of a folder"),
            ("https://example.org/../x", "without '..'"),
            ("https://example.org/x?y=z", "query and fragment"),
            ("hf://user", r"user/repo\[@revision\]"),
            ("file://x/y", "file:///x/y, with three slashes"),
            ("https://example.org/x.keras", "has no card to check it by"),
        ],
    )
    def test_what_is_no_address(self, url, says):
        with pytest.raises(ArgumentError, match=says):
            zoo.load(url)

    def test_a_password_is_not_shown(self, nginx, home):
        url = nginx.url.replace("http://", "http://me:secret@") + "/nowhere"
        with pytest.raises(FetchError, match="404") as caught:
            zoo.load(url)
        assert "secret" not in str(caught.value)
        assert "127.0.0.1" in str(caught.value)
        with pytest.raises(ArgumentError) as caught:
            zoo.load(url + "?x=y")
        assert "secret" not in str(caught.value)
        with_password = url.removesuffix("nowhere") + "my-gan"
        assert zoo.load(with_password).built
        zoo.load(with_password)
        assert len(nginx.requests()) == 5  # remembered
        kept = [p.read_bytes() for p in home.rglob("*") if p.is_file()]
        assert not any(b"secret" in content for content in kept)

    def test_addresses_as_pathlib_writes_them(self, root, tmp_path):
        place = shutil.copytree(root / "my-gan", tmp_path / "My Models" / "100% mine")
        assert zoo.load(place.as_uri()).built
        assert zoo.load(f"file://{place}").built

    def test_a_folder_that_is_right_there(self, root, monkeypatch):
        monkeypatch.chdir(root)
        with pytest.raises(UnknownNameError, match=r"There is a folder of that name: '\./my-gan'"):
            zoo.load("my-gan")
        assert zoo.load("./my-gan").built

    def test_a_name_of_no_letters(self):
        with pytest.raises(UnknownNameError, match="preset: ''") as refused:
            zoo.load("")
        assert "folder" not in str(refused.value)

    def test_a_page_in_place_of_a_card(self, nginx):
        with pytest.raises(FetchError, match="web page"):
            zoo.load(f"{nginx.url}/page")

    def test_a_changed_file(self, copied):
        url = f"file://{copied}/my-gan"
        path = copied / "my-gan" / "model.weights.h5"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(WrongBytesError, match=r"model\.weights\.h5 is refused.*SHA-256"):
            zoo.load(url)

    def test_a_corrupted_memory_of_a_card_is_asked_for_again(self, root, home):
        url = f"file://{root}/my-gan"
        zoo.load(url)
        (memory,) = (home / "cards").iterdir()
        memory.write_text("{")
        assert zoo.info(url).name == "my-gan"
        assert zoo.load(url).built


class TestRepublished:
    """What was remembered of an address is no longer what lies there."""

    def republish(self, copied):
        model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=90)
        zoo.save(model, copied / "my-gan")

    def units(self, url, **options):
        return zoo.load(url, **options).constructor_argument("units")

    def test_after_its_files_are_gone(self, copied, home):
        url = f"file://{copied}/my-gan"
        assert self.units(url) == 60
        self.republish(copied)
        assert self.units(url) == 60  # whole in the cache
        shutil.rmtree(home / "presets")
        assert self.units(url) == 90

    def test_after_a_component(self, copied):
        url = f"file://{copied}/my-gan"
        zoo.load(url, components=["generator"])
        self.republish(copied)
        assert self.units(url) == 90

    def test_after_cleaning(self, copied):
        url = f"file://{copied}/my-gan"
        zoo.load(url)
        self.republish(copied)
        cache.clean("my-gan")
        assert self.units(url) == 90

    def test_what_is_wrong_stays_wrong(self, copied, home):
        url = f"file://{copied}/my-gan"
        zoo.load(url)
        shutil.rmtree(home / "presets")
        (copied / "my-gan" / "config.json").write_text("{}")
        with pytest.raises(WrongBytesError, match=r"config\.json is refused"):
            zoo.load(url)


class TestCacheThatIsBroken:
    def test_cards(self, root, home):
        zoo.load(f"file://{root}/my-gan")
        for name, text in ((".left.json", ""), ("a.json", "{"), ("b.json", '{"source": "x"}')):
            (home / "cards" / name).write_text(text)
        (memory,) = (p for p in (home / "cards").glob("[!.]*.json") if len(p.stem) > 1)
        newer = json.loads(memory.read_text())
        newer["card"] = newer["card"].replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}')
        (home / "cards" / "c.json").write_text(json.dumps(newer))
        assert "dcgan_mnist" in zoo.list()
        assert [e.name for e in cache.entries() if e.name.startswith("my-gan")]
        assert cache.clean()

    def test_marks(self, root, home):
        url = f"file://{root}/my-gan"
        zoo.load(url)
        for mark in home.glob("verified/*"):
            mark.write_bytes(b"\xff\xfe")
        zoo.load(url)

    def test_a_card_that_cannot_be_remembered(self, root, home, monkeypatch):
        """Another address of what is in a cache that cannot be written."""
        zoo.load(f"file://{root}/my-gan")
        monkeypatch.setattr(hub, "write_text", lambda *_: (_ for _ in ()).throw(OSError(30, "x")))
        other = root.with_name("linked")
        if not other.exists():
            other.symlink_to(root)
        assert zoo.load(f"file://{other}/my-gan").built


class TestHub:
    def test_names(self, nginx, monkeypatch):
        with pytest.raises(UnknownNameError, match="Unknown preset: 'my-gan'"):
            zoo.load("my-gan")
        monkeypatch.setenv("ZOO_HUB", nginx.url)
        assert "my-gan" not in zoo.list()
        assert "my-gan" in zoo.list(hub=True)
        assert "my-gan" in zoo.list("my*", family="gan", group="gans", hub=True)
        assert "my-gan" in zoo.list(hub=True, pretrained=False)
        assert zoo.load("my-gan").sample(1).shape == (1, 8, 8, 1)
        assert "my-gan" in zoo.list()  # known by now
        assert "my-gan" in zoo.list(hub=True, pretrained=True)
        asked = len(nginx.requests())
        monkeypatch.setenv("ZOO_OFFLINE", "1")
        zoo.load("my-gan")
        assert len(nginx.requests()) == asked

    def test_unknown_names(self, nginx, monkeypatch):
        monkeypatch.setenv("ZOO_HUB", nginx.url)
        with pytest.raises(UnknownNameError, match=r"'dcgan_mnits'.*dcgan_mnist.*Nor is it at"):
            zoo.load("dcgan_mnits")
        with pytest.raises(UnknownNameError, match="'a b'"):
            zoo.load("a b")

    def test_offline_it_is_an_unknown_name(self, nginx, monkeypatch):
        monkeypatch.setenv("ZOO_HUB", nginx.url)
        monkeypatch.setenv("ZOO_OFFLINE", "1")
        with pytest.raises(UnknownNameError, match=r"'my-gan'.*ZOO_OFFLINE=1 forbids to ask http"):
            zoo.load("my-gan")
        assert nginx.requests() == []

    def test_a_registered_address_that_is_down(self, monkeypatch):
        """Does not break what others are listed by."""
        zoo.register("mine", "http://127.0.0.1:9/mine")
        assert "mine" in zoo.list()
        assert "mine" not in zoo.list(family="gan")
        assert "mine" in zoo.list(pretrained=False)
        assert "dcgan_mnist" in zoo.list(group="gans", pretrained=True)

    def test_a_hub_that_is_down_is_no_unknown_name(self, monkeypatch):
        monkeypatch.setenv("ZOO_HUB", "http://127.0.0.1:9")
        with pytest.raises(FetchError, match="Cannot connect"):
            zoo.load("my-gan")
        with pytest.raises(FetchError, match="Cannot connect"):
            zoo.list(hub=True)
        assert "dcgan_mnist" in zoo.list()
        assert zoo.load("dcgan_mnist").built

    def test_mirrors(self, nginx, root, monkeypatch, home):
        monkeypatch.setenv("ZOO_HUB", f"http://127.0.0.1:9, {nginx.url}/nowhere {nginx.url}")
        assert zoo.load("my-gan").built
        shutil.rmtree(home)
        with serving(Flaky(root, [500] * 4)) as flaky:
            monkeypatch.setenv("ZOO_HUB", f"{flaky},{nginx.url}")
            assert zoo.load("my-gan").built

    def test_other_names_than_the_folder_s(self, copied, monkeypatch):
        shutil.move(copied / "my-gan", copied / "other")
        monkeypatch.setenv("ZOO_HUB", f"file://{copied}")
        with pytest.raises(CardError, match="other holds the preset 'my-gan', and not 'other'"):
            zoo.load("other")
        with pytest.warns(UserWarning, match="other holds the preset 'my-gan'.*is left out"):
            assert hub.write_index(f"file://{copied}") == ["dcgan_mnist"]
        assert zoo.load(f"file://{copied}/other").built

    def test_a_new_version(self, copied, home):
        """Is asked for with `fresh`; the earlier one stays whole in its own folder."""
        url = f"file://{copied}/my-gan"
        before = zoo.load(url).sample(2, seed=0)
        model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=60)
        model.set_weights([weight + 0.1 for weight in model.get_weights()])  # whatever the seed was
        zoo.save(model, copied / "my-gan")
        np.testing.assert_array_equal(zoo.load(url).sample(2, seed=0), before)
        fresh = locate.locate(url, fresh=True)
        fresh.ensure()
        after = zoo.load(url).sample(2, seed=0)
        assert np.abs(after - before).max() > 0.01
        assert len(list((home / "presets").iterdir())) == 2

    @pytest.mark.parametrize("text", ["[]", '{"format": 1, "presets": {"../x": {}}}', "<html>"])
    def test_a_broken_index(self, tmp_path, text, monkeypatch):
        (tmp_path / "index.json").write_text(text)
        monkeypatch.setenv("ZOO_HUB", f"file://{tmp_path}")
        with pytest.raises(CardError, match=r"index.json.*breaks the rules"):
            zoo.list(hub=True)

    def test_weights_that_are_not_in_the_package(self, nginx, home, monkeypatch, tmp_path):
        """Names of this package whose weights lie at a hub; the card is the package's."""
        monkeypatch.setattr(locate, "WEIGHTS", tmp_path / "none")
        with pytest.raises(FetchError, match="ZOO_HUB names no hub"):
            zoo.load("dcgan_mnist")
        assert "dcgan_mnist" not in zoo.list(pretrained=True)
        monkeypatch.setenv("ZOO_HUB", nginx.url)
        assert zoo.load("dcgan_mnist").built
        assert {path for path, *_ in nginx.requests()} == {
            f"/dcgan_mnist/{f}" for f in ("config.json", "metadata.json", "model.weights.h5")
        }
        monkeypatch.delenv("ZOO_HUB")  # from the cache
        assert zoo.load("dcgan_mnist").built
        assert "dcgan_mnist" in zoo.list(pretrained=True)


class TestRegister:
    def test_folder_and_address(self, root, nginx):
        zoo.register("mine", root / "my-gan")
        zoo.register("mine", root / "my-gan")  # the same again
        zoo.register("my_other", f"{nginx.url}/my-gan")
        assert {"mine", "my_other"} <= set(zoo.list())
        images = [zoo.load(name).sample(2, seed=0) for name in ("mine", "my_other")]
        np.testing.assert_array_equal(*images)
        assert zoo.info("mine").name == "my-gan"
        assert "mine" in zoo.list(family="gan")

    def test_refusals(self, root):
        with pytest.raises(ArgumentError, match="'dcgan_mnist' is taken: it is of this package"):
            zoo.register("dcgan_mnist", root / "my-gan")
        zoo.register("mine", root / "my-gan")
        with pytest.raises(ArgumentError, match="'mine' is taken: it is that of"):
            zoo.register("mine", root / "dcgan_mnist")
        with pytest.raises(ArgumentError, match="name must be of small letters.*'My GAN'"):
            zoo.register("My GAN", root / "my-gan")
        with pytest.raises(ArgumentError, match="source must be a folder or a URL"):
            zoo.register("more", root / "nowhere")
        with pytest.raises(ArgumentError, match="Unknown scheme 'ftp'"):
            zoo.register("more", "ftp://example.org")


LOAD = """
import sys, zoo
print(zoo.load(sys.argv[1]).sample(2, seed=0).mean())
"""


@pytest.mark.parametrize("number", [2, pytest.param(8, marks=pytest.mark.heavy)])
def test_several_processes_make_one_download(nginx, home, number):
    program = [sys.executable, "-c", LOAD, f"{nginx.url}/slow/dcgan_mnist"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(program, env=os.environ, **pipes) for _ in range(number)]
    printed = set()
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        printed.add(out)
    assert len(printed) == 1
    asked = [path.rpartition("/")[2] for path, *_ in nginx.requests()]
    assert asked.count("model.weights.h5") == 1
    assert asked.count("config.json") == 1


ENCRYPTED = """
server {{
  listen 127.0.0.1:{port} ssl;
  ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
  root {root};
  location /down/ {{ return 302 http://127.0.0.1:{plain}/my-gan/card.json; }}
  location /along/ {{ rewrite ^/along/(.*)$ /my-gan/$1 redirect; }}
}}
"""
LOAD_EACH = """
import sys, zoo
for url in sys.argv[1:]:
    try:
        zoo.load(url)
        print("loaded")
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="needs nginx and openssl"
)
def test_encryption(root, tmp_path, home):
    """A certificate is checked, and no redirect leads from https to http; along https it may."""
    from servers import free_port

    port, plain = free_port(), free_port()
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"]
    subprocess.run([*made, *files], check=True, capture_output=True)
    more = ENCRYPTED.format(port=port, plain=plain, folder=tmp_path, root=root)
    base = f"https://127.0.0.1:{port}"
    with Nginx(root, tmp_path, more=more):
        trusted = {"SSL_CERT_FILE": tmp_path / "cert.pem"}
        urls = [f"{base}/{path}" for path in ("my-gan", "down", "along")]
        done = python("-c", LOAD_EACH, *urls, **trusted)
        shutil.rmtree(home)
        with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
            zoo.load(urls[0])
    whole, down, along = done.stdout.splitlines()
    assert (whole, along) == ("loaded", "loaded"), (done.stdout, done.stderr)
    assert down.startswith("FetchError ")
    assert "it redirects from https to http, which is refused" in down
