"""Speed and memory of the zoo beside loops written by hand, in the same run.

Run it with nothing else on the machine, in an environment with all three backends and optax:

    python benchmarks/speed.py             # all of it: two hours on two cores
    python benchmarks/speed.py --quick     # fewer rounds and no torch.compile: 45 minutes
    python benchmarks/speed.py --device gpu    # on a GPU: eight minutes
    python benchmarks/speed.py --device gpu --toy    # the same form on any device, with tiny models
    python benchmarks/speed.py --only training memory --cases dcgan_28

`keep` marks what `zoo train` does (the allocator keeps memory, and TensorFlow and JAX use oneDNN),
`ten` ten steps in one compiled call, `onednn` a loop by hand with that setting, `plain` steps of
PyTorch that are not captured. On a GPU products are exact float32, but for `tf32` and `bfloat16`;
`compiled` is `torch.compile`, `graphs` replays CUDA graphs, and a clock is read after a wait for
the device.
Every contender is a process of its own that stands still while others compute; they take turns,
round by round. Printed are medians, and ratios of the same round, of which again the median: a
machine that is shared changes its speed from minute to minute. The rows go to
`benchmarks/results/<device>.csv`, with the machine and the versions in the first lines.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from cases import CASES, TOY, weights_of
from costs import flops, least_seconds, moved
from table import PARTS, Table, ratio

HERE = Path(__file__).parent
BACKENDS = ("tensorflow", "torch", "jax")
BFLOAT16 = "zoo tensorflow bfloat16 keep"
PLAIN = "loop torch"
ON_CPU = ("dcgan_28_of_32", "gan_2d_of_32", "gan_2d_of_8")  # too small for a GPU
ON_GPU = ("", " tf32", " bfloat16")  # the precisions of the contenders on a GPU
# Contenders on one GPU take what they need, and not three quarters of its memory each.
MEMORY = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}

# The environments in which a backend computes with oneDNN, and in which `zoo train` imports it.
ONEDNN = {
    "tensorflow": {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "jax": {"XLA_FLAGS": "--xla_cpu_use_onednn=true"},
}
BEFORE = {"tensorflow": ONEDNN["tensorflow"], "torch": {}, "jax": {}}


class Contender:
    """A worker process, see `worker.py`; its name says what it is: side, backend, and options."""

    def __init__(self, name: str, case: str, changes: dict | None = None, device: str = "cpu"):
        side, backend, *options = name.split()
        self.name = name
        spec = {
            "side": side,
            "backend": backend,
            "case": case,
            "changes": changes or {},
            "device": device,
            "precision": next((o for o in options if o in ("bfloat16", "tf32")), None),
            "keep_memory": "keep" in options,
            "compile": _of_compile(options),
            "peer": _of_peer(options),
            "weights": weights_of(CASES[case].replace(**(changes or {}))),
        }
        self.process = subprocess.Popen(
            [sys.executable, HERE / "worker.py", json.dumps(spec)],
            env={
                **{**os.environ, **MEMORY, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
                **(ONEDNN[backend] if "onednn" in options else {}),
                **(BEFORE[backend] if "keep" in options else {}),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.about = self._answer()
        self.first_step = self.about["built"] + self.ask(steps=1)["seconds"]
        self.ask(steps=4)

    def ask(self, **command) -> dict:
        print(json.dumps(command), file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with exit code {self.process.wait()}.")
        return json.loads(line)

    def end_training(self) -> None:
        found = self.ask(end=True)
        self.peak, self.of_device = found["peak"], found["of_device"]

    def quit(self) -> None:
        self.ask(quit=True)
        self.process.stdin.close()
        self.process.wait()


def _of_compile(options: list[str]) -> dict:
    """The arguments of `compile` of a model of the zoo."""
    ten = {"steps_per_execution": 10} if "ten" in options else {}
    return ten | ({"jit_compile": False} if "plain" in options else {})


def _of_peer(options: list[str]) -> dict:
    """The arguments of the loop by hand on PyTorch that are not the plain ones."""
    arguments = {"compiled": True} if {"compiled", "graphs"} & set(options) else {}
    if "graphs" in options:
        arguments["mode"] = "reduce-overhead"
    if "bfloat16" in options:
        arguments["half"] = True
    return arguments


def train(
    case: str, names: list[str], rounds: int, changes: dict | None = None, device: str = "cpu"
):
    """The contenders, trained, and the seconds of a step of each in every round."""
    contenders = [Contender(name, case, changes, device) for name in names]
    steps = {name: CASES[case].steps for name in names}
    for name in names:
        if "ten" in name.split():
            steps[name] = 10 * -(-steps[name] // 10)  # whole calls
    seconds = {name: [] for name in names}
    for round in range(rounds):
        turn = round % len(contenders)
        for contender in contenders[turn:] + contenders[:turn]:
            n = steps[contender.name]
            seconds[contender.name].append(contender.ask(steps=n)["seconds"] / n)
    return contenders, seconds


def measure_on_gpu(table: Table, case: str, options) -> None:
    """Training of one case on a GPU, one group of contenders after the other: all of them would not
    fit into its memory."""
    changes, rounds = (TOY[case], 1) if options.toy else ({}, 3 if options.quick else 5)
    model = CASES[case].replace(**changes)
    for backend in options.backends:
        names = [f"zoo {backend}{precision}" for precision in ON_GPU] + [f"loop {backend}"]
        if backend == "torch":
            names += ["loop torch tf32", "loop torch bfloat16"]
            names += [] if options.toy else ["loop torch compiled tf32", "loop torch graphs tf32"]
        contenders, seconds = train(case, names, rounds, changes, "gpu")
        share = table.rates.get(backend)
        for contender in contenders:
            name, step = contender.name, statistics.median(seconds[contender.name])
            beside = f"loop {backend}"
            faster = ratio(seconds[beside], seconds[name])
            table.add("training", case, name, model.batch / step, "images/s", beside, faster)
            done = flops(model) / step / 1e9
            of_rate = None if share is None else done / share
            table.add("training", case, name, done, "GFLOP/s", "matrix rate", of_rate)
            contender.end_training()
            grown = (contender.peak - contender.about["before"]) / 2**20
            table.add("memory", case, name, grown, "MiB growth")
            if contender.of_device is not None:
                table.add("memory", case, name, contender.of_device / 2**20, "MiB on device")
            contender.quit()


# How many times as fast as a loop by hand of the same framework: on TensorFlow, PyTorch and JAX,
# and than that of JAX with oneDNN.
GOALS = {
    "dcgan_28": (1.0, 1.1, 3.0, 1.2),
    "dcgan_28_of_32": (1.0, 1.1, 3.0, 1.2),
    "dcgan_64": (1.0, 1.0, 3.0, 1.1),
    "wgan_gp_28": (1.0, 1.1, 3.0, 1.2),
    "vae_28": (1.0, 1.0, 1.0, 1.0),
    "vae_28_of_32": (1.0, 1.2, 1.0, 1.0),
    "vae_28_of_8": (1.0, 1.2, 1.0, 1.0),
    "gan_2d_of_32": (1.0, 1.2, 1.0, 1.0),
    "gan_2d_of_8": (1.0, 1.2, 1.0, 1.0),
}


def goals_of_training(case: str, names) -> list[tuple[str, str, float]]:
    """(contender, beside whom, how many times as fast it is to be)."""
    goals = [
        (f"zoo {b}{options}", f"loop {b}", goal)
        for b, goal in zip(BACKENDS, GOALS[case], strict=False)
        for options in ("", " keep", " keep ten")
    ]
    goals += [("zoo jax keep", "loop jax onednn", GOALS[case][3])]
    goals += [("zoo tensorflow keep", "loop tensorflow onednn", GOALS[case][0])]
    if case == "dcgan_28":
        # Elsewhere bfloat16 is computed in float32.
        goals += [(BFLOAT16, PLAIN, 1.8)] if has_bfloat16() else []
    return [goal for goal in goals if {goal[0], goal[1]} <= set(names)]


def has_bfloat16() -> bool:
    """Whether the processor multiplies matrices in bfloat16."""
    text = Path("/proc/cpuinfo").read_text()
    return "avx512_bf16" in text or "amx_bf16" in text


def measure(table: Table, case: str, options) -> None:
    """Training, memory, the first step and sampling of one case."""
    names = [f"{side} {backend}" for backend in BACKENDS for side in ("zoo", "loop")]
    names += [f"zoo {backend} keep" for backend in BACKENDS]
    names += ["loop tensorflow onednn", "loop jax onednn", "zoo torch plain"]
    names += ["zoo tensorflow keep ten", "zoo jax keep ten"]
    if case == "dcgan_28":
        names += [BFLOAT16, *([] if options.quick else ["loop torch compiled"])]
    names = [name for name in names if name.split()[1] in options.backends]
    rounds = 3 if options.quick else 7
    contenders, seconds = train(case, names, rounds)
    images = CASES[case].batch
    goals = goals_of_training(case, names)
    if "training" in options.only:
        table.add("training", case, "a step", flops(CASES[case]) / 1e9, "GFLOP")
        table.add("training", case, "a step", moved(CASES[case]) / 1e6, "MB")
        for name in names:
            step = statistics.median(seconds[name])
            own = [(beside, goal) for who, beside, goal in goals if who == name]
            for beside, goal in own or ([(PLAIN, None)] if PLAIN in names else []):
                rate = ratio(seconds[beside], seconds[name])
                table.add("training", case, name, images / step, "images/s", beside, rate, goal)
            at_least = least(table, case)
            share = None if at_least is None or name == BFLOAT16 else at_least / step
            table.add("training", case, name, 1e3 * step, "ms", "its least time", share)
        kept = [name for name in names if name.startswith("zoo") and name.endswith("keep")]
        if case == "dcgan_28" and PLAIN in names:
            name = min(set(kept) - {BFLOAT16}, key=lambda name: statistics.median(seconds[name]))
            rate = ratio(seconds[PLAIN], seconds[name])
            step = statistics.median(seconds[name])
            table.add("training", case, "the fastest", 1e3 * step, "ms", PLAIN, rate, 1.25)
    for contender in contenders:
        contender.end_training()
    by_name = {c.name: c for c in contenders}
    if "memory" in options.only:
        for c in contenders:
            grown = c.peak - c.about["before"]
            table.add("memory", case, c.name, c.about["imported"] / 2**20, "MiB imported")
            beside = c.name.replace("zoo", "loop").split(" keep")[0]
            if c.name.startswith("zoo") and beside in by_name:
                other = by_name[beside]
                times = grown / (other.peak - other.about["before"])
                table.add(
                    "memory", case, c.name, grown / 2**20, "MiB growth", beside, times, 1.05, True
                )
            else:
                table.add("memory", case, c.name, grown / 2**20, "MiB growth")
    if "first_step" in options.only:
        for c in contenders:
            table.add("first_step", case, c.name, c.first_step, "s")
    if "sampling" in options.only:
        sample(table, case, [by_name[f"zoo {b}"] for b in options.backends], rounds)
    for contender in contenders:
        contender.quit()


def sample(table: Table, case: str, contenders: list[Contender], rounds: int) -> None:
    batches = 4 if "width" in CASES[case].options else 40  # of networks that convolve
    for c in contenders:
        seconds = {what: [] for what in ("sample", "bare", "kept")}
        for _ in range(rounds):
            for what, found in seconds.items():
                found.append(c.ask(what=what, batches=batches)["seconds"])
        rate = batches * CASES[case].samples / statistics.median(seconds["sample"])
        for what, beside, goal in (("bare", "", 0.95), ("kept", ", images kept", None)):
            found = ratio(seconds[what], seconds["sample"])
            beside = f"its network, jitted{beside}"
            table.add("sampling", case, c.name, rate, "images/s", beside, found, goal)


def sizes(table: Table, quick: bool) -> None:
    """The cost of an image against the size of the batch and of the image, width 32."""
    narrow = {"options": {"width": 32}}
    changes = {
        f"batch {b}": {"batch": b, **narrow} for b in ((8, 128) if quick else (8, 32, 128, 512))
    }
    for size in (28, 64) if quick else (28, 32, 64, 128):
        changes[f"{size} pixels"] = {"size": size, "batch": 16, **narrow}
    names = [f"{side} {backend}" for backend in BACKENDS for side in ("zoo", "loop")]
    for what, change in changes.items():
        contenders, seconds = train("dcgan_28", names, 3, change)
        for name in names:
            cost = statistics.median(seconds[name]) / change["batch"]
            beside = name.replace("zoo", "loop")
            faster = ratio(seconds[beside], seconds[name])
            table.add("sizes", what, name, 1e3 * cost, "ms/image", beside, faster)
        for contender in contenders:
            contender.end_training()
            contender.quit()


RATE = """
import sys, time
sys.path.insert(0, {here!r})
import accelerators
accelerators.prepare({backend!r}, {device!r}, None, True)
{imports}
for work in (lambda: {product}, lambda: {addition}):
    times = []
    for _ in range(30):
        start = time.perf_counter()
        work()
        accelerators.wait({backend!r})
        times.append(time.perf_counter() - start)
    print(sorted(times)[len(times) // 2])
"""
# Of a matrix: what makes it, its product with itself, and a sum that reads and writes all of it.
WORK = {
    "tensorflow": (
        "import tensorflow as tf; x = tf.random.normal(({size}, {size}))",
        "tf.matmul(x, x).numpy()[0, 0]",
        "tf.add(x, 1.0)",
    ),
    "torch": (
        "import torch; x = torch.randn({size}, {size}); y = torch.empty_like(x)",
        "x @ x",
        "torch.add(x, 1.0, out=y)",
    ),
    "jax": (
        "import jax; x = jax.random.normal(jax.random.key(0), ({size}, {size})); "
        "add = jax.jit(lambda x: x + 1.0, donate_argnums=0); y = [x + 0.0]",
        "(x @ x).block_until_ready()",
        "y.append(add(y.pop()).block_until_ready())",
    ),
}


def rate(table: Table, backends, device: str, size: int) -> None:
    """What a product of matrices reaches in float32, which no convolution does better than, and
    how fast memory is read and written."""
    for backend in backends:
        imports, product, addition = (part.format(size=size) for part in WORK[backend])
        code = RATE.format(
            here=str(HERE),
            backend=backend,
            device=device,
            imports=imports,
            product=product,
            addition=addition,
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        products, sums = (float(line) for line in done.stdout.split()[-2:])
        table.rates[backend] = 2 * size**3 / products / 1e9
        table.bandwidths[backend] = 2 * 4 * size**2 / sums / 1e9
        table.add("rate", f"{size} squared", backend, table.rates[backend], "GFLOP/s")
        table.add("rate", f"{size} squared", backend, table.bandwidths[backend], "GB/s")


def least(table: Table, case: str) -> float | None:
    """The seconds of a step at the best of these rates, if they were measured."""
    if not table.rates:
        return None
    rates = (max(each.values()) for each in (table.rates, table.bandwidths))
    return least_seconds(CASES[case], *rates)


COLD = "import keras, zoo; zoo.load('dcgan_mnist').sample(16, seed=0)"


def start(table: Table, rounds: int) -> None:
    """Seconds of whole processes: those that import Keras, and those that sample."""
    for backend in BACKENDS:
        found = {"import keras": [], COLD: []}
        for _ in range(rounds):
            for code, seconds in found.items():
                begun = time.perf_counter()
                subprocess.run(
                    [sys.executable, "-c", code],
                    env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
                    stderr=subprocess.DEVNULL,
                    check=True,
                )
                seconds.append(time.perf_counter() - begun)
        bare, whole = (statistics.median(s) for s in found.values())
        table.add(
            "start", "load and 16", f"zoo {backend}", whole, "s", "import keras", whole / bare
        )


COMMANDS = ("--help", "train --help", "data --help", "list", "info dcgan_mnist")
AT_ONCE = 0.6  # seconds that a command may take that computes nothing


def commands(table: Table, rounds: int) -> None:
    """Seconds of user time in which the program prints help, a list and a card: they hardly depend
    on what else the machine does."""
    found = {words: [] for words in COMMANDS}
    for _ in range(rounds):
        for words, seconds in found.items():
            begun = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            subprocess.run(
                [sys.executable, "-m", "keras_generative_zoo", *words.split()],
                stdout=subprocess.DEVNULL,
                check=True,
            )
            seconds.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begun)
    for words, seconds in found.items():
        value = statistics.median(seconds)
        limit = f"{AT_ONCE} s"
        table.add("commands", words, "zoo", value, "s, user", limit, value / AT_ONCE, 1.0, True)


def machine() -> list[str]:
    """What the numbers hang on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    packages = ("keras", "tensorflow-cpu", "tensorflow", "torch", "jax", "optax", "numpy")
    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue  # TensorFlow goes by two names
    flags = Path("/proc/cpuinfo").read_text().split()
    vectors = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    return [
        f"{len(os.sched_getaffinity(0))} cores of {model} ({', '.join(vectors)}), "
        f"{platform.system()}",
        f"python {platform.python_version()}, {', '.join(versions)}",
    ]


NAME = "import zoo; print(zoo.engine.device())"


def on_gpu(options, head: list[str]) -> None:
    """The rate and the training of each case on a GPU, within eight minutes."""
    done = subprocess.run(
        [sys.executable, "-c", NAME],
        env={**os.environ, **MEMORY, "KERAS_BACKEND": options.backends[0]},
        capture_output=True,
        text=True,
        check=True,
    )
    name = done.stdout.strip()
    if name == "CPU" and not options.toy:
        sys.exit(f"{options.backends[0]} sees no GPU. --toy runs this form on the CPU.")
    print("\n".join([name, *head]))
    table = Table()
    place = options.out or HERE / "results" / f"{name.lower().replace(' ', '_')}.csv"
    rate(table, options.backends, "gpu", 256 if options.toy else 8192)
    for case in options.cases:
        measure_on_gpu(table, case, options)
        table.write(place, [name, *head])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--cases", nargs="+", choices=CASES)
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--toy", action="store_true", help="with --device gpu: tiny models")
    parser.add_argument("--out", type=Path, help="[default: benchmarks/results/DEVICE.csv]")
    options = parser.parse_args()
    if options.cases is None:
        options.cases = [c for c in CASES if options.device == "cpu" or c not in ON_CPU]
    head = machine()
    if options.device == "gpu":
        on_gpu(options, head)
        return
    options.out = options.out or HERE / "results" / "cpu.csv"
    print("\n".join(head))
    table = Table()
    if "rate" in options.only:
        rate(table, BACKENDS, "cpu", 2048)
    if set(options.only) & {"training", "memory", "sampling", "first_step"}:
        for case in options.cases:
            measure(table, case, options)
            table.write(options.out, head)  # half an hour is long
    if "start" in options.only:
        start(table, 1 if options.quick else 5)
    if "commands" in options.only:
        commands(table, 1 if options.quick else 5)
    if "sizes" in options.only:
        sizes(table, options.quick)
    table.write(options.out, head)


if __name__ == "__main__":
    main()
