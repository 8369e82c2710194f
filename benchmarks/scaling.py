"""The cost of training with two processes in place of one: steps a second, and bytes exchanged.

    python benchmarks/scaling.py                   # on Linux, with nothing else on the machine
    python benchmarks/scaling.py --backends torch --rounds 1 --toy    # to see that it works

Each process has one core and one thread, and the same number of rows of each batch. Three forms
take turns: one process `alone`; two processes that do not know each other, `apart`, which share the
machine's memory and caches; and two that train `together`. Without any cost `together` is as fast
as `apart`: this ratio is the efficiency. The bytes are those of the loopback device in a step.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from cases import CASES, TOY
from processes import environments

BACKENDS = ("tensorflow", "torch", "jax")
FORMS = {"alone": 1, "apart": 2, "together": 2}
WARM_UP = 3  # steps before the clock runs
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


def exchanged() -> int:
    """The bytes that the processes of this machine have sent to each other so far."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "lo":
            return int(numbers.split()[8])
    raise RuntimeError("There is no loopback device.")


def train(spec: dict) -> None:
    """Train as one of the processes, and print what the first one measures, as JSON."""
    import keras

    import zoo

    case = CASES[spec["case"]].replace(**spec["changes"])

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch + 1 == WARM_UP:
                self.began, self.bytes = time.perf_counter(), exchanged()

        def on_train_end(self, logs=None):
            self.seconds = time.perf_counter() - self.began
            self.bytes = exchanged() - self.bytes

    clock = Clock()
    with zoo.distribute() as first:
        model = case.model()
        model.compile()
        images = case.images(4 * case.batch)
        batches = zoo.data.Batches(
            case.pixels(len(images)), batch_size=case.batch, value_range=case.value_range
        )
        steps = WARM_UP + spec["steps"]
        model.fit(batches, steps_per_epoch=steps, verbose=0, callbacks=[clock])
    if first:
        rate = spec["steps"] / clock.seconds
        print(json.dumps({"rate": rate, "bytes": clock.bytes / spec["steps"]}), flush=True)


def run(form: str, backend: str, args) -> dict:
    """The steps a second of a form, the slower of processes that are apart, and its bytes."""
    count = FORMS[form]
    together = form == "together"
    rows = 4 if args.toy else args.rows
    spec = {
        "case": args.case,
        "changes": {
            **(TOY[args.case] if args.toy else {}),
            "batch": rows * (count if together else 1),
        },
        "steps": args.steps,
    }
    meeting = environments(backend, count) if together else [{}] * count
    cores = sorted(os.sched_getaffinity(0))
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "--worker", json.dumps(spec)],
            env={**os.environ, **ONE_THREAD, **variables, "KERAS_BACKEND": backend},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=lambda core=core: os.sched_setaffinity(0, {core}),
        )
        for variables, core in zip(meeting, cores, strict=False)
    ]
    outputs = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError(f"{form} on {backend} failed.")
    lines = [line for output in outputs for line in output.splitlines()]
    # Libraries print lines of their own.
    found = [json.loads(line) for line in lines if line.startswith('{"rate"')]
    return min(found, key=lambda one: one["rate"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--case", default="dcgan_64", choices=CASES)
    parser.add_argument("--rows", type=int, default=32, help="of each batch, for each process")
    parser.add_argument("--steps", type=int, default=10, help="that are timed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--toy", action="store_true", help="a tiny model, to see that it works")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        train(json.loads(args.worker))
        return
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("there must be two cores")
    print("backend     alone  apart  together  efficiency  MB a step")
    for backend in args.backends:
        rounds = [{form: run(form, backend, args) for form in FORMS} for _ in range(args.rounds)]
        rates = {form: statistics.median(r[form]["rate"] for r in rounds) for form in FORMS}
        efficiency = statistics.median(r["together"]["rate"] / r["apart"]["rate"] for r in rounds)
        sent = statistics.median(r["together"]["bytes"] for r in rounds) / 1e6
        row = "  ".join(f"{rates[form]:5.2f}" for form in FORMS)
        print(f"{backend:10}  {row}     {efficiency:9.2f}  {sent:9.2f}", flush=True)


if __name__ == "__main__":
    main()
