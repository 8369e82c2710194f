"""Keeping memory, where the system can."""

import sys
from types import SimpleNamespace

import pytest

from zoo.engine import allocator

pytestmark = pytest.mark.once


def test_windows_is_left_as_it_is(monkeypatch):
    """It opens no library without a name."""

    def refuse(name):
        raise TypeError(f"a name is needed, and not {name!r}")

    monkeypatch.setattr(allocator.ctypes, "CDLL", refuse)
    monkeypatch.setattr(allocator, "sys", SimpleNamespace(platform="win32"))
    assert allocator.keep_memory() is False


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_linux_keeps_it_where_the_library_can():
    assert allocator.keep_memory() is hasattr(allocator.ctypes.CDLL(None), "mallopt")
