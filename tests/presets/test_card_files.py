"""Cards of other formats, and cards that name what they must not."""

import json
import shutil
import warnings

import pytest

import zoo
from zoo.engine.tasks import tasks_of
from zoo.errors import CardError, FetchError, IntegrityError, WrongBytesError
from zoo.presets import hub
from zoo.presets.card import FORMAT, Card

pytestmark = pytest.mark.once


@pytest.fixture
def root(hub_folder):
    return hub_folder


def rewrite(path, change):
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


class TestFormats:
    def test_an_older_card_is_converted(self, copied):
        path = copied / "dcgan_mnist" / "card.json"
        newest = Card.read(path)

        def older(card):
            card["format"] = 2
            del card["weights"]["components"]
            signature = card.pop("signature")
            (noise,) = signature["noise"].values()
            card["contract"] = {
                "latent_law": noise["text"],
                "latent_shape": noise["shape"],
                "output_shape": signature["data"]["shape"],
                "output_range": signature["data"]["range"],
                "backends": signature["backends"],
            }
            names = {
                "real_baseline": "of_real",
                "other_trainings": "again",
                "published": "reported",
                "published_source": "reported_source",
            }
            for metric in card["metrics"]:
                for new, old in names.items():
                    metric[old] = metric.pop(new)

        rewrite(path, older)
        with pytest.warns(UserWarning, match=f"is of format 2 and was converted to {FORMAT}"):
            card = Card.read(path)
        # The tasks are those that the family has now; a card keeps those that its model had.
        tasks = list(tasks_of(zoo.models.families.family(card.identity.family).cls))
        assert card.signature.tasks == tasks
        newest.signature.tasks[:] = tasks
        assert card == newest

        def oldest(card):
            card["format"] = 1
            card["metrics"] = [{"name": "fid", "protocol": "in words", "value": 1.0}]

        rewrite(path, oldest)
        with pytest.warns(UserWarning, match="format 1.*Left out are its numbers.*: fid"):
            card = Card.read(path)
        assert card == newest.model_copy(update={"metrics": []})
        with pytest.warns(UserWarning, match="format 1"):
            assert zoo.load(path.parent).built

    @pytest.mark.parametrize("number", [FORMAT + 1, 0])
    def test_another_card_is_refused(self, copied, number):
        path = copied / "my-gan" / "card.json"
        rewrite(path, lambda card: card.update(format=number))
        says = rf"card.json is of format {number}. This version reads formats 1 to {FORMAT}."
        with pytest.raises(CardError, match=says) as caught:
            zoo.load(path.parent)
        assert ("Upgrade" in str(caught.value)) == (number > FORMAT)

    def test_this_format_is_read_in_silence(self, root):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Card.read(root / "my-gan" / "card.json")


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            *("../config.json", "/etc/passwd", "a/b", "..", ".hidden", "card.json", "a\0b", ""),
            *("a\\b", "C:a", "Card.json", "a.", "nul", "CON.json", "com1.weights.h5"),  # Windows
        ],
    )
    @pytest.mark.parametrize("place", ["files", "extras"])
    def test_a_card_names_files_of_its_folder_alone(self, copied, name, place):
        folder = copied / "my-gan"

        def tamper(card):
            files = card["weights"][place]
            files[name] = files.pop(next(iter(files)))

        rewrite(folder / "card.json", tamper)
        for source in (folder, f"file://{folder}"):
            with pytest.raises(CardError, match="must lie in its folder"):
                zoo.load(source)

    @pytest.mark.parametrize("name", ["../../x", "a/b", "/x", "A", ""])
    def test_a_preset_s_name_is_no_path(self, copied, name):
        folder = copied / "my-gan"
        rewrite(folder / "card.json", lambda card: card["identity"].update(preset=name))
        with pytest.raises(CardError, match="preset"):
            zoo.load(f"file://{folder}")

    def test_links_out_of_the_folder(self, copied, tmp_path):
        path = copied / "my-gan" / "model.weights.h5"
        shutil.move(path, tmp_path / "outside.h5")
        path.symlink_to(tmp_path / "outside.h5")
        with pytest.raises(IntegrityError, match=r"is a link to .*outside\.h5.*refused"):
            zoo.load(copied / "my-gan")

    def test_a_card_says_how_large_a_file_may_be(self, copied):
        folder = copied / "my-gan"
        path = folder / "model.weights.h5"
        path.write_bytes(path.read_bytes() + bytes(10))
        with pytest.raises(WrongBytesError, match="bytes, expected"):
            zoo.load(f"file://{folder}")

    def test_a_card_is_not_endless(self, copied):
        path = copied / "my-gan" / "card.json"
        path.write_bytes(path.read_bytes() + b" " * hub.LARGEST)
        with pytest.raises(FetchError, match=f"larger than {hub.LARGEST} bytes"):
            zoo.load(f"file://{path.parent}")
