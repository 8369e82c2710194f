"""Objects that are given by name."""

import pytest

import zoo
from zoo.base.named import Named
from zoo.errors import ArgumentError

pytestmark = pytest.mark.once


def kind():
    class Kind(Named):
        kind = "kind"
        required = ()

        def __init__(self, size=1):
            self.size = size

    return Kind


def named(parent, name, qualname="Own", **members):
    return type(parent)(
        qualname,
        (parent,),
        {"name": name, "__module__": "mine", "__qualname__": qualname, **members},
    )


def test_a_name_belongs_to_one_class():
    base = kind()
    first = named(base, "a")
    with pytest.raises(ArgumentError, match=r"no other kind has.*'a' of mine.Other.*of mine.Own"):
        named(base, "a", "Other")
    assert base.named()["a"] is first


def test_a_name_of_the_package_is_taken():
    with pytest.raises(ArgumentError, match="'hinge' of .*Mine, which is that of zoo.losses"):

        class Mine(zoo.losses.AdversarialLoss):
            name = "hinge"


def test_the_last_definition_of_a_class_counts():
    """As after a cell of a notebook has run twice."""
    base = kind()
    earlier, later = named(base, "a"), named(base, "a")
    assert earlier is not later
    assert base.named() == {"a": later}


def test_arguments_that_are_passed_on_are_in_the_configuration():
    base = kind()

    def init(self, depth=2, **kwargs):
        base.__init__(self, **kwargs)
        self.depth = depth

    cls = named(base, "a", __init__=init)
    assert cls.argument_names() == ["depth", "size"]
    config = cls(depth=3, size=4).get_config()
    assert config == {"depth": 3, "size": 4}
    assert cls.from_config(config).size == 4


def test_an_argument_that_is_not_kept():
    def init(self, depth=2):
        pass

    cls = named(kind(), "a", __init__=init)
    with pytest.raises(ArgumentError, match="Own must keep each argument.*'depth'"):
        cls().get_config()
