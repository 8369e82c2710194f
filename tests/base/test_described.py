"""Help describes all arguments in full."""

import inspect
import re

import pytest

import zoo
from zoo.base.described import complete, described_by
from zoo.base.extends import entries_of, sections_of

pytestmark = pytest.mark.once
CLASSES = {
    cls.__name__: cls
    for module in (zoo.models, zoo.networks)
    for cls in vars(module).values()
    if isinstance(cls, type)
}


@pytest.mark.parametrize("name", CLASSES)
def test_no_help_refers_to_another_page(name):
    """Of the class, and of each of its public methods."""
    cls = CLASSES[name]
    members = [member for key, member in inspect.getmembers(cls) if not key.startswith("_")]
    for member in [cls, *filter(inspect.isfunction, members)]:
        if member.__module__.partition(".")[0] == "zoo":
            text = member.__doc__ or ""
            assert not re.search(r"^ +\w+: as for|arguments are as for", text, re.MULTILINE), member


@pytest.mark.parametrize("family", zoo.families())
def test_help_of_a_family_describes_its_arguments(family):
    cls = zoo.models.families.family(family).cls
    lines = sections_of(cls.__doc__)["Args:"]
    shape = {"classifier": set(), "latent_encoder": {"generator"}}.get(family, {"image_shape"})
    assert shape | {"name"} <= entries_of(lines).keys()
    for method in ("sample", "encode", "reconstruct", "classify", "denoise"):
        function = getattr(cls, method, None)
        if function is None:
            continue
        described = entries_of(sections_of(function.__doc__).get("Args:", []))
        assert described.keys() == inspect.signature(function).parameters.keys() - {"self"}, method


class Parent:
    """A parent.

    Args:
        size: how large,
            and how small.
        color: its color.
        shape: its shape.
    """

    def __init__(self, size, color, shape):
        pass


def test_a_reference_is_replaced():
    class Child(Parent):
        """A child.

        It is smaller.

        Args:
            size: as for `Parent`, and all other arguments; it is small.
            shape: its own.

        Differs from the paper: none.
        """

    complete(Child)
    assert Child.__doc__ == (
        "A child.\n\nIt is smaller.\n\nArgs:\n    size: how large,\n        and how small.\n"
        "        It is small.\n    color: its color.\n    shape: its own.\n\n"
        "Differs from the paper: none."
    )


def test_names_are_chosen():
    class Child(Parent):
        """A child.

        Args:
            size: as for `Parent`, and `shape`.
        """

    complete(Child)
    described = entries_of(sections_of(Child.__doc__)["Args:"])
    assert described["shape"] == ["    shape: its shape."]
    assert "color" not in described


def test_a_reference_to_nothing_stays():
    class Child(Parent):
        """A child.

        Args:
            size: as for `Nobody`.
        """

    text = Child.__doc__
    complete(Child)
    assert Child.__doc__ == text


def test_own_descriptions_come_first():
    def first(size, color):
        """Do it.

        Args:
            size: how large.
            color: how red.
        """

    @described_by(first)
    def second(color, size):
        """Undo it.

        Args:
            color: how blue.
        """

    assert second.__doc__ == "Undo it.\n\nArgs:\n    color: how blue.\n    size: how large."
