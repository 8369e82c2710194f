"""Samples for many clients at once, from one model on the threads of `http.server`.

    KERAS_BACKEND=torch python benchmarks/serving.py --seconds 60 [--training]

Each client asks for the samples of a seed, compares them with those that the model gave alone, and
asks again. With `--training` another thread trains the model meanwhile, and the samples are only
checked to be finite. It prints the requests, the errors, the median and the longest wait, and the
memory of the process after a tenth of the time and at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import statistics
import threading
import time
import urllib.request
from pathlib import Path

import keras
import numpy as np

import zoo  # before keras: it chooses an installed backend

CLIENTS = 8
SEEDS = 16
IMAGES = 16


def handler(model):
    """Return the handler of requests `/<seed>`, which answers with the bytes of samples."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = model.sample(IMAGES, seed=int(self.path[1:])).tobytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


@contextlib.contextmanager
def serving(model):
    """Serve `model` in threads; the value is the URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(model))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def training(model):
    """Train `model` in a thread until the end of the block."""
    enough = threading.Event()

    class Ends(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = enough.is_set()

    images = model.sample(256, seed=0)
    model.compile()
    fit = {"batch_size": 32, "epochs": 10**9, "verbose": 0, "callbacks": [Ends()]}
    thread = threading.Thread(target=model.fit, args=(images,), kwargs=fit)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def resident() -> float | None:
    """Return the memory of this process in MiB on Linux, else `None`."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    (line,) = [x for x in status.read_text().splitlines() if "VmRSS" in x]
    return int(line.split()[1]) / 1024


def client(url: str, expected: list[np.ndarray] | None, until: float, waits: list, errors: list):
    """Ask for samples until the time `until`, and note how long each answer took."""
    rng = np.random.default_rng(threading.get_ident())
    while time.perf_counter() < until:
        seed = int(rng.integers(SEEDS))
        began = time.perf_counter()
        try:
            with urllib.request.urlopen(f"{url}/{seed}", timeout=60) as answer:
                images = np.frombuffer(answer.read(), "float32")
        except OSError as error:
            errors.append(repr(error))
            continue
        waits.append(time.perf_counter() - began)
        if expected is None:
            right = np.isfinite(images).all()
        else:
            right = np.abs(images - expected[seed].ravel()).max() < 1e-5
        if not right:
            errors.append(f"wrong images of seed {seed}")


def soak(model, seconds: float, clients: int = CLIENTS, trained: bool = False) -> dict:
    """Let `clients` ask for samples of `model` for `seconds`; return what was measured."""
    expected = None if trained else [model.sample(IMAGES, seed=i) for i in range(SEEDS)]
    waits, errors = [], []
    with serving(model) as url, training(model) if trained else contextlib.nullcontext():
        until = time.perf_counter() + seconds
        arguments = (url, expected, until, waits, errors)
        threads = [threading.Thread(target=client, args=arguments) for _ in range(clients)]
        for thread in threads:
            thread.start()
        time.sleep(seconds / 10)
        early = resident()
        for thread in threads:
            thread.join()
        late = resident()
    return {"waits": waits, "errors": errors, "early": early, "late": late}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="dcgan_mnist")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--training", action="store_true")
    given = parser.parse_args()
    found = soak(zoo.load(given.preset), given.seconds, given.clients, given.training)
    waits, errors = found["waits"], found["errors"]
    memory = [f"{found[key] or 0:.0f}" for key in ("early", "late")]
    print(
        f"{keras.backend.backend()}: {len(waits)} answers to {given.clients} clients in "
        f"{given.seconds:g} s, {len(errors)} errors{f', such as {errors[0]}' if errors else ''}; "
        f"wait {1000 * statistics.median(waits):.0f} ms, longest {1000 * max(waits):.0f} ms; "
        f"memory {memory[0]} MiB after a tenth of the time, {memory[1]} at the end"
    )


if __name__ == "__main__":
    main()
