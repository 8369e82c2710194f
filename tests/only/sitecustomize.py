"""Makes every backend but `ZOO_TEST_BACKEND` absent: to find or import one is as if it were not
installed. So are the packages in `ZOO_TEST_ABSENT`, with spaces between. And makes the network
absent, but for this machine itself.

Python imports this file at start wherever its folder is on PYTHONPATH, so that sub-processes of
tests are bound too.
"""

import os
import socket
import sys

BACKENDS = {"tensorflow", "jax", "torch"}
# Keras imports them where they are installed, for wrappers and plots that nothing here uses: up to
# a third of the time in which a process starts.
UNUSED = {"sklearn", "matplotlib"}


class Absent:
    """A finder of modules that does not find some."""

    def __init__(self, finder, names):
        self.finder = finder
        self.names = names

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in self.names:
            return None
        return self.finder.find_spec(fullname, path, target)

    def invalidate_caches(self):
        self.finder.invalidate_caches()

    def find_distributions(self, context):
        return (
            d
            for d in self.finder.find_distributions(context)
            if d.name.partition("-")[0] not in self.names
        )


def install(backend):
    """Makes all backends but `backend` absent from now on."""
    absent = UNUSED | BACKENDS - {backend} | set(os.environ.get("ZOO_TEST_ABSENT", "").split())
    present = absent & set(sys.modules)
    if present:
        raise RuntimeError(f"{sorted(present)} were imported before the tests began")
    sys.meta_path[:] = [
        Absent(finder, absent) if hasattr(finder, "find_distributions") else finder
        for finder in sys.meta_path
    ]


def reveal():
    """Lets packages be found that are needed, but not by Keras, which was imported."""
    for finder in sys.meta_path:
        if isinstance(finder, Absent):
            finder.names = finder.names - UNUSED


def disconnect():
    """Makes connections to other machines, and the look-up of their names, an error."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def is_near(host):
        return host in (None, "", "localhost", "::1") or str(host).startswith("127.")

    def checked_connect(self, address):
        if isinstance(address, tuple) and not is_near(address[0]):
            raise ConnectionError(f"no network in tests: {address}")
        return connect(self, address)

    def checked_look_up(host, *args, **kwargs):
        if not is_near(host):
            raise ConnectionError(f"no network in tests: {host}")
        return look_up(host, *args, **kwargs)

    socket.socket.connect = checked_connect
    socket.getaddrinfo = checked_look_up


if os.environ.get("ZOO_TEST_BACKEND"):
    install(os.environ["ZOO_TEST_BACKEND"])
    disconnect()
