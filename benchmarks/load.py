"""What a user waits for: seconds that `import zoo` and `zoo.load` add to `import keras`, from a
warm cache, and milliseconds of `zoo.list`.

Run it with nothing else on the machine: python benchmarks/load.py (in an environment with all three
backends). Each round starts a process for each backend, in turn; printed are the medians, and what
they are of the time of `import keras` itself.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
GOALS = {"load": 1.0, "list": 0.05}
ROUNDS = 5
PROGRAM = """
import json, sys, time
at = [time.perf_counter()]
import keras
at.append(time.perf_counter())
import zoo
at.append(time.perf_counter())
zoo.list()
at.append(time.perf_counter())
model = zoo.load(sys.argv[1])
at.append(time.perf_counter())
model.sample(16, seed=0)
at.append(time.perf_counter())
print(json.dumps([b - a for a, b in zip(at, at[1:])]))
"""
STEPS = ("keras", "import", "list", "load", "sample")


def measured(backend: str, preset: str) -> dict[str, float]:
    """Seconds of each step in a new process."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, preset],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(zip(STEPS, json.loads(done.stdout.splitlines()[-1]), strict=True))


def main() -> None:
    """Measures each backend in turn, and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--preset", default="dcgan_mnist")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        # From the package, and from the cache, which a first load from a hub has filled.
        os.environ["ZOO_HOME"] = str(Path(home) / "home")
        hub = f"file://{home}/hub/{args.preset}"
        push = "import sys, zoo; zoo.push(*sys.argv[1:])"
        subprocess.run([sys.executable, "-c", push, args.preset, hub], check=True)
        sources = {"package": args.preset, "cache": hub}
        found = {(b, s): [] for b in BACKENDS for s in sources}
        for round_ in range(-3, args.rounds):  # the first ones fill caches, of disk and of the zoo
            for backend, source in found:
                steps = measured(backend, sources[source])
                if round_ >= 0:
                    found[backend, source].append(steps)
    print(f"median of {args.rounds} rounds; goals: load {GOALS['load']} s, list {GOALS['list']} s")
    for (backend, source), rounds in found.items():
        keras, import_, list_, load, sample = (
            statistics.median(r[step] for r in rounds) for step in STEPS
        )
        added = import_ + load
        print(
            f"{backend:10} {source:8} "
            f"import zoo {import_:.2f} s + load {load:.2f} s = {added:.2f} s "
            f"({added / keras:.2f} of import keras, {keras:.2f} s); list {1000 * list_:.1f} ms; "
            f"first 16 samples {sample:.2f} s"
        )


if __name__ == "__main__":
    main()
