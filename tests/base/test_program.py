"""The program `zoo`, which chooses what a backend reads when it is imported."""

import os

import pytest

import zoo
from zoo.base import program

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("0", "0")])
def test_tensorflow_is_imported_with_onednn(monkeypatch, given, expected):
    """Unless the user has chosen."""
    monkeypatch.setenv(program.TENSORFLOW_ONEDNN, given or "")
    if given is None:
        monkeypatch.delenv(program.TENSORFLOW_ONEDNN)
    seen = []
    monkeypatch.setattr(program, "_waiting", True)
    monkeypatch.setattr(
        type(zoo.__spec__.loader),
        "exec_module",
        lambda loader, package: seen.append(os.environ[program.TENSORFLOW_ONEDNN]),
    )
    program.import_all()
    assert seen == [expected]
    assert not program.is_waiting()
