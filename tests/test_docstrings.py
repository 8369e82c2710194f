"""The examples in docstrings run, on each backend."""

import doctest
import importlib
import pkgutil

import pytest

import zoo

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(zoo.__path__, "zoo.")
    if not module.name.startswith("zoo.engine.") and module.name != "zoo.__main__"
)


@pytest.mark.parametrize("name", ["zoo", *MODULES])
def test_examples(name, monkeypatch):
    registered = zoo.models.families._families
    monkeypatch.setattr(zoo.models.families, "_families", {**registered})  # examples add to it
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [t for m in MODULES for t in finder.find(importlib.import_module(m)) if t.examples]
    assert len(found) >= 4
