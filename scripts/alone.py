"""Try what README says in environments that have one backend and nothing else of ours.

python scripts/alone.py [FOLDER] [--backends jax torch tensorflow]

In each environment, with the wheel installed and then with the checkout: `zoo data prepare` of
`mnist` and `fashion_mnist`, from their files and through a server on this machine; a recipe's
`--smoke`; `zoo evaluate`. FOLDER has the folders `mnist` and `fashion_mnist` with the published
files. Without it the short form runs, in at most a minute: JAX alone, each way once, and a few
digits of the tests stand in for the published files.

It runs in an environment with pip and NumPy, such as that of `scripts/test`, and installs uv there.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import functools
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
STAND_INS = ROOT / "tests" / "published.py"
BACKENDS = {  # what is installed for each, and what must be absent
    "jax": ("jax", "tensorflow torch"),
    "torch": ("torch", "tensorflow jax"),
    "tensorflow": ("tensorflow-cpu", "jax torch"),
}
SETS = {"mnist": "gan_mnist", "fashion_mnist": "vae_fashion_mnist"}  # with a preset of each
OTHER_DATA = "are of other data"
OF_THE_USER = ("PYTHONPATH", "VIRTUAL_ENV", "TFDS_DATA_DIR", "ZOO_", "KERAS_HOME")


class Failed(Exception):
    """A command did something else than it should."""


def call(*command, cwd: Path | None = None, **variables: object) -> str:
    """Run a command, and return what it prints.

    Raises:
        Failed: if it fails or shows a traceback, with all that it printed.
    """
    start = time.monotonic()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(OF_THE_USER)}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=kept | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
    )
    words = [Path(str(command[0])).name, *map(str, command[1:])]
    text = " ".join(word.replace(str(ROOT), ".") for word in words)
    print(f"{time.monotonic() - start:6.1f} s  {text}", flush=True)
    if done.returncode or "Traceback" in done.stderr:
        raise Failed(f"{text}\n{done.stdout}\n{done.stderr}\nexit status {done.returncode}")
    return done.stdout


def uv(*arguments, **variables) -> str:
    """Run uv, with the certificates of the system, as pip has them."""
    return call(sys.executable, "-m", "uv", "--quiet", "--system-certs", *arguments, **variables)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve `folder` on this machine inside of a `with` block, and yield its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Print no line for each request."""

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class Alone:
    """An environment with one backend, in which commands are tried.

    Args:
        backend: the backend.
        work: an empty folder.
        sets: the folder of the published files.
        short: whether they are stand-ins.
    """

    def __init__(self, backend: str, work: Path, sets: Path, short: bool):
        self.backend, self.work, self.sets, self.short = backend, work, sets, short
        self.bin = work / "venv" / "bin"
        self.python = self.bin / "python"
        self.install = ("pip", "install", "--constraint", CONSTRAINTS, "--python", self.python)

    def make(self, wheel: Path) -> None:
        """Make the environment, with the package from `wheel`."""
        package, others = BACKENDS[self.backend]
        uv("venv", self.bin.parent)
        if self.backend == "torch":  # pip knows where the build for the CPU lies, and uv does not
            pip = (sys.executable, "-m", "pip", "--quiet", "--python", self.python)
            call(*pip, "install", "-c", CONSTRAINTS, _pinned("torch"))
        uv(*self.install, package, wheel)
        absent = f"all(importlib.util.find_spec(name) is None for name in {others.split()})"
        call(self.python, "-c", f"import importlib.util; assert {absent}")

    def take_checkout(self) -> None:
        """Put the checkout in the place of the wheel."""
        uv(*self.install, "--no-deps", "--editable", ROOT)

    def run(self, program: Path, *arguments, data: Path) -> str:
        """Run a Python program in a new shell, with the sets that are prepared in `data`."""
        stand_ins = (STAND_INS, self.sets) if self.short else ()
        return call(
            *(self.python, *stand_ins, program, *arguments),
            cwd=self.work,
            TFDS_DATA_DIR=data,
            ZOO_HOME=self.work / "home",
            KERAS_HOME=self.work / "keras",
        )

    def zoo(self, *arguments, data: Path) -> str:
        """Run the command `zoo`."""
        return self.run(self.bin / "zoo", *arguments, data=data)

    def prepare(self, name: str, downloaded: object, data: Path) -> None:
        """Prepare a set, and compare it with that of a card.

        Raises:
            Failed: if it is another one.
        """
        self.zoo("data", "prepare", name, "--downloaded", downloaded, data=data)
        if self.short:
            return
        card = json.loads((ROOT / "zoo" / "cards" / f"{SETS[name]}.json").read_text("utf-8"))
        if card["training"]["data_sha256"] not in self.zoo("data", "info", name, data=data):
            raise Failed(f"{name} is not the set that the card of {SETS[name]} names")

    def train(self, data: Path) -> None:
        """Run a recipe's `--smoke`, by the name of its preset."""
        self.zoo("train", "ae_mnist", "--smoke", data=data)

    def measure(self, data: Path) -> None:
        """Measure a preset.

        Raises:
            Failed: if the report speaks of other data where it should not, or does not where it
                should.
        """
        few = ("-n", 200) if self.short else ()
        options = ("--metrics", "kid", "--seeds", 1, *few)
        if (OTHER_DATA in self.zoo("evaluate", "gan_mnist", *options, data=data)) != self.short:
            raise Failed("the line about other data is wrong")


def together(*tasks: Callable[[], None]) -> None:
    """Run `tasks` side by side."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda task: task(), tasks))


def try_all(alone: Alone, url: str, mode: str) -> None:
    """Try everything: both sets from their files and from `url`, the recipe, the preset."""
    from_files, from_server = (alone.work / f"{mode}-{way}" for way in ("files", "server"))
    for name in SETS:
        alone.prepare(name, alone.sets / name, from_files)
        alone.prepare(name, f"{url}/{name}", from_server)
    alone.train(from_files)
    alone.measure(from_files)


def try_briefly(alone: Alone, url: str, mode: str) -> None:
    """Try each way once: of the wheel one set from its files, the other one from `url`, and the
    recipe and the preset; of the checkout the first set from `url`."""
    data = alone.work / mode
    if mode == "checkout":
        alone.prepare("mnist", f"{url}/mnist", data)
        return
    together(
        lambda: alone.prepare("mnist", alone.sets / "mnist", data),
        lambda: alone.prepare("fashion_mnist", f"{url}/fashion_mnist", data),
    )
    together(lambda: alone.train(data), lambda: alone.measure(data))


def main() -> None:
    """Try it in each environment."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="the folder of the published files")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, metavar="BACKEND")
    options = parser.parse_args()
    short, start = options.folder is None, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="zoo-alone-") as temporary:
        work = Path(temporary)
        sets = work / "published" if short else options.folder.resolve()
        if short:
            sys.path.insert(0, str(STAND_INS.parent))
            import published

            published.write_slices(sets, ROOT / "tests" / "assets" / "mnist_slice.npz")
        call(sys.executable, "-m", "pip", "install", "--quiet", "-c", CONSTRAINTS, "uv")
        uv("build", "--wheel", "--out-dir", work / "dist", ROOT)
        (wheel,) = (work / "dist").glob("*.whl")
        for backend in options.backends or (["jax"] if short else BACKENDS):
            alone = Alone(backend, work / backend, sets, short)
            alone.work.mkdir()
            with served(sets) as url:
                for mode in ("wheel", "checkout"):
                    print(f"== {backend} alone, {mode}")
                    alone.take_checkout() if mode == "checkout" else alone.make(wheel)
                    (try_briefly if short else try_all)(alone, url, mode)
    print(f"passed in {time.monotonic() - start:.0f} s")


def _pinned(name: str) -> str:
    """Return the line of a package in constraints.txt."""
    lines = CONSTRAINTS.read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"{name}=="))


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(str(error))
