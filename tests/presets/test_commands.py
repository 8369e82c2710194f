"""`zoo fetch`, `zoo verify`, `zoo push`, `zoo index`, `zoo cache` and `zoo list --hub`."""

import os
import shutil

import pytest

import zoo
from zoo.presets import locate

pytestmark = pytest.mark.once


@pytest.fixture
def root(hub_folder):
    return hub_folder


def files(home):
    return {p.name for p in home.glob("presets/*/*") if not p.name.startswith(".")}


class TestFetch:
    def test_by_address(self, run, root, home):
        code, out, _ = run("fetch", f"file://{root}/my-gan")
        assert code == 0
        assert f"{home}/presets/my-gan-" in out
        assert files(home) == {"config.json", "metadata.json", "model.weights.h5"}

    def test_component_and_extras(self, run, root, home):
        url = f"file://{root}/my-gan"
        assert run("fetch", url, "--component", "generator")[0] == 0
        assert files(home) == {"generator.json", "generator.weights.h5"}
        assert run("fetch", url, "--extras")[0] == 0
        assert {"golden.npz", "samples.png", "config.json"} < files(home)

    def test_all(self, run, root, home, monkeypatch):
        monkeypatch.setenv("ZOO_HUB", f"file://{root}")
        code, out, _ = run("fetch", "--all")
        assert code == 0
        assert [line.partition(":")[0] for line in out.splitlines()] == zoo.list(hub=True)
        assert "my-gan" in out

    def test_all_but_one(self, run, root, home, tmp_path, monkeypatch):
        """One that cannot be had does not stop the others."""
        place = shutil.copytree(root, tmp_path / "copied")
        shutil.copytree(place / "my-gan", place / "a-gan")
        for name in ("card.json", "README.md"):
            path = place / "a-gan" / name
            path.write_text(path.read_text().replace('"my-gan"', '"a-gan"'))
        zoo.hub.write_index(f"file://{place}")
        (place / "a-gan" / "model.weights.h5").unlink()
        monkeypatch.setenv("ZOO_HUB", f"file://{place}")
        code, out, err = run("fetch", "--all")
        assert code == 1
        assert err.count("\n") == 1
        assert "model.weights.h5 could not be fetched" in err
        assert "my-gan:" in out

    def test_fresh(self, run, root, home, tmp_path):
        place = shutil.copytree(root, tmp_path / "copied") / "my-gan"
        run("fetch", f"file://{place}")
        zoo.save(zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=90), place)
        assert run("fetch", f"file://{place}", "--fresh")[0] == 0
        assert zoo.load(f"file://{place}").constructor_argument("units") == 90

    @pytest.mark.parametrize(
        ("args", "received"), [([], "neither"), (["dcgan_mnist", "--all"], "both")]
    )
    def test_names_or_all(self, run, args, received):
        code, _, err = run("fetch", *args)
        said = f"zoo: error: zoo fetch takes names, or --all. Received: {received}.\n"
        assert (code, err) == (1, said)

    def test_unknown(self, run):
        code, _, err = run("fetch", "dcgan_mnits")
        assert code == 1
        assert err.count("\n") == 1
        assert "'dcgan_mnits'" in err


class TestVerify:
    def test_all_at_hand(self, run, root):
        zoo.load(f"file://{root}/my-gan")
        code, out, err = run("verify")
        assert (code, err) == (0, "")
        found = dict(line.rsplit(": ", 1) for line in out.splitlines())
        assert set(found) == {*zoo.list(pretrained=True), f"file://{root}/my-gan"}
        assert found["dcgan_mnist"] == "5 files are whole"

    def test_outputs_that_are_not_there(self, run, root):
        url = f"file://{root}/my-gan"
        run("fetch", url, "--component", "generator")
        assert run("verify", url)[1] == (
            f"{url}: 2 files are whole, not fetched: config.json, metadata.json, model.weights.h5\n"
        )
        run("fetch", url)
        code, _, err = run("verify", url, "--outputs")
        assert code == 1
        assert "golden.npz must be there, which `zoo fetch --extras` sees to" in err
        run("fetch", url, "--extras")
        assert run("verify", url, "--outputs")[0] == 0

    def test_outputs(self, run):
        code, out, _ = run("verify", "gan_ring8", "--outputs")
        assert code == 0
        assert float(out.rsplit(" ", 1)[1]) < 1e-3

    def test_a_changed_file(self, run, root, tmp_path):
        """Is named, and the others are checked all the same."""
        place = shutil.copytree(root, tmp_path / "copied") / "my-gan"
        (place / "model.weights.h5").write_bytes(b"x")
        code, out, err = run("verify", place, "gan_ring8")
        assert code == 1
        assert out == "gan_ring8: 5 files are whole\n"
        assert "model.weights.h5 is not what its card names" in err

    def test_a_cached_file_is_read_whatever_is_remembered_of_it(self, run, root, home):
        """A disk may change what no time shows."""
        url = f"file://{root}/my-gan"
        zoo.load(url)
        path = locate.locate(url).folder / "model.weights.h5"
        path.write_bytes(bytes(path.stat().st_size))
        sha256 = zoo.info(url).weights.files[path.name].sha256
        zoo.files.notes.write_note(path, zoo.files.fetch._state(path, sha256).text)
        later = path.stat().st_ctime_ns + 10 * zoo.files.fetch.SETTLED
        os.utime(zoo.files.notes._place(path), ns=(later, later))
        zoo.files.fetch.verify_cached(path, sha256, 1)  # is taken in by it
        code, _, err = run("verify")
        assert code == 1
        assert "model.weights.h5 is not what its card names" in err

    def test_what_is_not_at_hand(self, run, root):
        url = f"file://{root}/my-gan"
        assert run("verify", url)[:2] == (0, f"{url}: not fetched\n")
        code, out, err = run("verify", "nothing_at_all", "gan_ring8")
        assert code == 1
        assert out == "gan_ring8: 5 files are whole\n"
        assert "Unknown preset: 'nothing_at_all'" in err


class TestPush:
    def test_and_index(self, run, root, tmp_path, monkeypatch):
        share = f"file://{tmp_path}/share"
        assert run("push", root / "my-gan", f"{share}/my-gan")[0] == 0
        assert run("push", "gan_ring8", f"{share}/gan_ring8")[0] == 0
        code, out, _ = run("index", share)
        assert (code, out) == (0, f"{share}: gan_ring8, my-gan\n")
        monkeypatch.setenv("ZOO_HUB", share)
        out = run("list", "my*", "--hub")[1]
        assert out == "my-gan  A small GAN.\n"
        assert run("info", "my-gan")[1].startswith("my-gan: A small GAN.\n")

    def test_another_preset(self, run, root, tmp_path):
        url = f"file://{tmp_path}/share/my-gan"
        run("push", root / "my-gan", url)
        code, _, err = run("push", "gan_ring8", url)
        assert code == 1
        assert "holds the preset 'my-gan', and not 'gan_ring8'" in err
        assert run("push", "gan_ring8", url, "--overwrite")[0] == 0


class TestList:
    def test_without_a_hub(self, run, monkeypatch):
        code, out, err = run("list", "--hub")
        assert code == 0
        assert "dcgan_mnist" in out
        assert err == "zoo: ZOO_HUB names no hub to ask.\n"
        monkeypatch.setenv("ZOO_HUB", "https://example.org")
        monkeypatch.setenv("ZOO_OFFLINE", "1")
        code, out, err = run("list", "--hub")
        assert code == 0
        assert "dcgan_mnist" in out
        assert "ZOO_OFFLINE=1 forbids" in err


class TestCache:
    def test_list_and_clean(self, run, root, home):
        url = f"file://{root}/my-gan"
        zoo.load(url)
        (home / "mine.txt").write_text("not of this package")
        out = run("cache", "list")[1]
        assert out.startswith(f"{home}: 0.")
        assert f"MiB  {url}\n" in out
        assert run("cache", "clean", "my-gan")[1].startswith("removed: my-gan-")
        assert files(home) == set()
        zoo.load(url)
        assert run("cache", "clean")[0] == 0
        assert sorted(p.name for p in home.iterdir()) == ["locks", "mine.txt"]
        assert run("cache", "list")[1] == f"{home}: 0.0 MiB\n"

    def test_unknown(self, run):
        code, _, err = run("cache", "clean", "nothing")
        assert code == 1
        assert "Unknown entry of the cache: 'nothing'" in err

    def test_nothing_at_all(self, run, home):
        assert run("cache", "clean") == (0, "", "")
        assert run("cache", "list") == (0, f"{home}: 0.0 MiB\n", "")


def test_info_of_what_no_recipe_made(run, root, tmp_path):
    code, out, _ = run("info", root / "my-gan")
    assert code == 0
    assert not any(line.split()[0].startswith("trained") for line in out.splitlines() if line)
    assert run("sample", root / "my-gan", "-n", 4, "-o", tmp_path / "x.png")[0] == 0
    code, _, err = run("evaluate", root / "my-gan")
    assert code == 1
    assert "--data is needed" in err
