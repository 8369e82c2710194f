"""One contender of `speed.py`, in a process of its own: waits for commands, one JSON line each, and
answers each with one.

Training is one call of `fit`, or one loop, that stands still between two commands: so contenders
can take turns, and what is timed is the steady state.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

import accelerators

SPEC = json.loads(sys.argv[1]) if __name__ == "__main__" else {}


class Done(Exception):
    """Ends a training."""


def memory(field: str) -> int:
    """A line of this process's status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def forget_peak() -> None:
    """The peak of memory is counted from now on."""
    Path("/proc/self/clear_refs").write_text("5")


class Turns:
    """Answers commands between two steps."""

    def __init__(self, reply):
        self.reply = reply
        self.left = 0
        self.started = None

    def step_is_done(self, steps: int, wait) -> None:
        self.left -= steps
        if self.left > 0:
            return
        if self.started is not None:
            wait()
            self.reply({"seconds": time.perf_counter() - self.started})
        self.next()

    def next(self) -> None:
        command = json.loads(sys.stdin.readline())
        if "steps" not in command:
            raise Done
        self.left = command["steps"]
        self.started = time.perf_counter()


class Zoo:
    """A model of this package, trained by `fit`."""

    def __init__(self, case, options):
        import keras

        import zoo

        self.case = case
        if options.get("keep_memory"):  # as `zoo train` does
            zoo.engine.keep_memory()
            zoo.engine.use_onednn()
        if options.get("precision") == "bfloat16":
            keras.config.set_dtype_policy("mixed_bfloat16")
        self.model = case.model()
        self.model.compile(**options.get("compile", {}))
        self.batches = zoo.data.Batches(
            case.pixels(), batch_size=case.batch, value_range=case.value_range
        )

    def train(self, turns: Turns) -> None:
        import keras

        class Pause(keras.callbacks.Callback):
            batch = 0

            def on_train_begin(self, logs=None):
                turns.next()

            # Not at a batch's end: Keras would read the logs of each step before the next one.
            def on_train_batch_begin(self, batch, logs=None):
                steps, self.batch = batch - self.batch, batch
                if steps:
                    turns.step_is_done(steps, lambda: accelerators.wait(SPEC["backend"]))

        self.model.fit(
            self.batches, epochs=1, steps_per_epoch=10**9, verbose=0, callbacks=[Pause()]
        )

    def sample(self, latents) -> None:
        self.model.sample(latents=latents, batch_size=self.case.samples)

    def bare(self):
        """The jitted forward pass of the network that makes images, alone."""
        import keras

        model = self.model
        if self.case.family == "vae":

            def network(z, training):
                return model.likelihood.mean(model.decoder(z, training=training))

        else:
            network = model.ema_generator
        backend = keras.backend.backend()
        if backend == "tensorflow":
            import tensorflow as tf

            return tf.function(lambda z: network(z, training=False)), tf.convert_to_tensor
        if backend == "jax":
            import jax

            function = jax.jit(lambda z: network(z, training=False))
            return lambda z: jax.block_until_ready(function(z)), jax.numpy.asarray
        import torch

        function = torch.no_grad()(lambda z: network(z, training=False))
        return function, keras.ops.convert_to_tensor


class Loop:
    """A loop written by hand."""

    def __init__(self, case, options):
        import numpy as np

        backend = os.environ["KERAS_BACKEND"]
        # Weights of the same shapes, made without the zoo: its memory must not be counted here.
        rng = np.random.default_rng(0)
        weights = {
            name: [
                np.ones(shape, "float32")
                if kind == "ones"
                else np.zeros(shape, "float32")
                if kind == "zeros"
                else rng.standard_normal(shape, dtype="float32") * np.float32(0.02)
                for kind, shape in arrays
            ]
            for name, arrays in options["weights"].items()
        }
        peer = importlib.import_module(f"peers.{backend}_loop").Peer
        self.peer = peer(case, weights, **options.get("peer", {}))
        self.images = case.images()

    def train(self, turns: Turns) -> None:
        batches = self.peer.batches(self.images)
        turns.next()
        for batch in batches:
            logs = self.peer.step(batch)
            turns.step_is_done(1, lambda logs=logs: self.wait(logs))

    def wait(self, logs) -> None:
        self.peer.wait()
        accelerators.wait(SPEC["backend"])
        for value in logs.values():
            float(value)

    def sample(self, latents) -> None:
        import numpy as np

        np.asarray(self.peer.sample(latents))


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def reply(found) -> None:
        print(json.dumps(found), file=answers, flush=True)

    import numpy as np
    from cases import CASES

    case = CASES[SPEC["case"]].replace(**SPEC.get("changes", {}))
    side = {"zoo": Zoo, "loop": Loop}[SPEC["side"]]
    importlib.import_module(SPEC["backend"])
    by_hand = SPEC["side"] == "loop"
    accelerators.prepare(SPEC["backend"], SPEC["device"], SPEC["precision"], by_hand)
    if SPEC["side"] == "zoo":
        importlib.import_module("zoo")  # a part of what is imported, and not of what grows
    imported = memory("VmRSS")
    start = time.perf_counter()
    contender = side(case, SPEC)
    built = time.perf_counter() - start
    forget_peak()
    before = memory("VmRSS")
    reply({"imported": imported, "before": before, "built": built})
    try:
        contender.train(Turns(reply))
    except Done:
        reply({"peak": memory("VmHWM"), "of_device": accelerators.peak(SPEC["backend"])})
    bare = None
    for line in sys.stdin:
        command = json.loads(line)
        if "quit" in command:
            reply({})
            break
        n, size = command["batches"], case.samples
        latents = np.random.default_rng(0).standard_normal((n * size, case.latent_dim), "float32")
        if command["what"] in ("bare", "kept"):
            import keras

            bare = bare or contender.bare()
            function, prepared = bare
            parts = [prepared(latents[i * size : (i + 1) * size]) for i in range(n)]
            function(parts[0])
            keep = command["what"] == "kept"  # all images, as `sample` returns them
            start = time.perf_counter()
            images = np.empty((len(latents), *case.image_shape), "float32") if keep else None
            for i, part in enumerate(parts):
                made = function(part)
                if keep:
                    images[i * size : (i + 1) * size] = keras.ops.convert_to_numpy(made)
            accelerators.wait(SPEC["backend"])
        else:
            contender.sample(latents[:size])
            start = time.perf_counter()
            contender.sample(latents)
        reply({"seconds": time.perf_counter() - start})


if __name__ == "__main__":
    main()
