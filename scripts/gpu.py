"""Compare every GPU that a backend sees with the CPU, and write a report to paste into an issue.

python scripts/gpu.py [--backends torch jax tensorflow] [--minutes 10] [--cpu] [--out report.md]

On each backend that sees a GPU: each family is trained for a few steps on the GPU and on the CPU,
the presets' golden outputs are computed, the recipes whose data are prepared are run with
`--smoke`, and the short form of the benchmark is run. Products are float32 in the comparisons, and
as they are by default elsewhere. What the minutes do not suffice for is named. `--cpu` takes the
CPU in place of the GPU and tiny parts of everything, to see that the script works.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = ("torch", "jax", "tensorflow")
TOLERANCE = 1e-3  # of weights after some steps, and of outputs: rounding, in other orders
GOLDEN = 1e-2  # of golden outputs, in the range of the images
SHARES = {"families": 0.3, "goldens": 0.2, "recipes": 0.3, "benchmark": 0.2}  # of the time
TINY = 2  # of everything, with --cpu

# The CPU comes first, and gives the other its initial weights. Draws of a step are NumPy's.
TRAINED = """
import itertools, pathlib, sys
import keras, numpy as np
import zoo
from zoo.engine import draws
from zoo.models import families
from zoo.testing.examples import data_for

here, first = map(pathlib.Path, sys.argv[1:3])

def drawn(kind):
    def draw(shape, seed):
        numbers = getattr(np.random.default_rng(next(count)), kind)(size=shape)
        return keras.ops.convert_to_tensor(numbers.astype("float32"))
    return draw

draws.normal, draws.uniform = drawn("standard_normal"), drawn("random")
for name in sys.argv[3:]:
    keras.utils.set_random_seed(0)
    count = itertools.count()
    cls = families.family(name).cls
    model = cls(**cls.test_config())
    initial = first / f"{name}-initial.npz"
    if not initial.exists():
        np.savez(initial, *model.get_weights())
    with np.load(initial) as saved:
        model.set_weights([saved[key] for key in saved.files])
    model.compile(**{**model.test_compile(), "jit_compile": "auto"})
    for player, optimizer in model.optimizers.items():
        optimizer.learning_rate = 1e-3
    with zoo.engine.exact_float32():
        data = data_for(model, 8)
        logs = model.fit(*data, batch_size=4, epochs=2, shuffle=False, verbose=0).history
        outputs = model.golden_outputs(model.golden_inputs(4))
    logs = {key: np.asarray(values) for key, values in logs.items()}
    weights = {f"weight {i}": w for i, w in enumerate(model.get_weights())}
    np.savez(here / f"{name}.npz", outputs=outputs, **logs, **weights)
    print(name, flush=True)
"""
GOLDENS = """
import sys
from zoo.presets import golden, storage
from zoo.presets.locate import locate
for name in sys.argv[1:]:
    preset = locate(name)
    print(name, golden.difference(storage.read_model(preset.folder), preset.folder), flush=True)
"""
SEES = """
import importlib
import zoo
print(importlib.import_module({!r}).__version__)
print(zoo.engine.device())
print(*zoo.families())
print(*zoo.list(pretrained=True))
"""


class Report:
    """Lines of Markdown, which are printed as they come."""

    def __init__(self):
        self.lines: list[str] = []
        self.failed = 0

    def add(self, line: str = "", bad: bool = False) -> None:
        self.failed += bad
        self.lines.append(f"**{line}**" if bad else line)
        print(self.lines[-1], flush=True)


def run(program: list, backend: str, device: str, seconds: float) -> tuple[int | None, str, str]:
    """Run Python on a device; return the exit code, or `None` after too long, and the texts."""
    from zoo.base import devices

    variables = {**devices.environment(device), "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *map(str, program)]
    try:
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=max(seconds, 1)
        )
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        return None, output.decode() if isinstance(output, bytes) else output, ""
    return done.returncode, done.stdout, done.stderr


def last(text: str) -> str:
    """The last line, where an error stands."""
    return (text.strip().splitlines() or ["no message"])[-1][:300]


def compare_families(report, backend, device, names, seconds) -> None:
    """The same steps on the device and on the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        there, here = Path(folder) / "there", Path(folder) / "here"
        for where, place in ((here, "cpu"), (there, device)):
            where.mkdir()
            program = ["-c", TRAINED, where, here, *names]
            code, _, error = run(program, backend, place, seconds / 2)
            if code:
                report.add(f"families on {place}: {last(error)}", bad=True)
        for name in names:
            files = [place / f"{name}.npz" for place in (there, here)]
            if not all(file.is_file() for file in files):
                report.add(f"- {name}: not compared")
                continue
            one, other = (dict(np.load(file)) for file in files)
            worst = max(
                (np.abs(one[k] - other[k]).max() / max(1.0, np.abs(other[k]).max()), k)
                for k in other
            )
            report.add(f"- {name}: {worst[0]:.1e} ({worst[1]})", bad=not worst[0] < TOLERANCE)


def compare_goldens(report, backend, device, names, seconds) -> None:
    """The golden outputs of presets, which were computed on a CPU."""
    code, output, error = run(["-c", GOLDENS, *names], backend, device, seconds)
    found = dict(line.split() for line in output.splitlines())
    for name, value in found.items():
        report.add(f"- {name}: {float(value):.1e}", bad=not float(value) < GOLDEN)
    if code:
        report.add(f"{last(error)}", bad=True)
    if left := [name for name in names if name not in found]:
        report.add(f"- not computed: {', '.join(left)}")


def run_recipes(report, backend, device, recipes, seconds) -> None:
    """Each recipe with `--smoke`, as long as there is time."""
    end, left = time.monotonic() + seconds, []
    for recipe in recipes:
        rest = end - time.monotonic()
        if rest < 5:
            left.append(recipe.stem)
            continue
        with tempfile.TemporaryDirectory() as folder:
            begun = time.monotonic()
            program = [recipe, "--smoke", "--out", Path(folder) / "out"]
            code, _, error = run(program, backend, device, rest)
        if code is None:
            left.append(recipe.stem)
        elif code and "is not prepared" in error:
            report.add(f"- {recipe.stem}: left out, {last(error)}")
        else:
            said = last(error) if code else f"{time.monotonic() - begun:.0f} s"
            report.add(f"- {recipe.stem}: {said}", bad=bool(code))
    if left:
        report.add(f"- no time for {', '.join(left)}")


def run_benchmark(report, backend, device, tiny, seconds) -> None:
    """The short form of the benchmark, of this backend alone."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        program = [ROOT / "benchmarks" / "speed.py", "--quick", "--device", "gpu"]
        program += ["--backends", backend, "--out", table]
        program += ["--cases", "vae_28", *([] if tiny else ["dcgan_28", "dcgan_64"])]
        code, output, error = run(program + ["--toy"] * tiny, backend, device, seconds)
    if code is None:
        report.add("- no time for all of it")
    elif code:
        report.add(f"{last(error)}", bad=True)
    for line in ("```", *output.splitlines(), "```"):
        report.add(line)


def examine(report, backend, options) -> None:
    """Everything on one backend."""
    device = "cpu" if options.cpu else "gpu"
    code, output, error = run(["-c", SEES.format(backend)], backend, device, 300)
    report.add(f"\n## {backend}\n")
    if code:
        report.add(last(error), bad=True)
        return
    version, name, families, presets = output.splitlines()
    if name == "CPU" and not options.cpu:
        report.add("It sees no GPU: nothing was run on it.")
        return
    report.add(f"{backend} {version} on {name}")
    families, presets = families.split(), presets.split()
    recipes = sorted((ROOT / "recipes").glob("*.py"))
    if options.cpu:
        families, presets = families[:TINY], presets[:TINY]
        recipes = [ROOT / "recipes" / "gan_ring8.py"]  # whose data are drawn
    seconds = {part: share * 60 * options.minutes for part, share in SHARES.items()}
    report.add("\n### Families: the largest difference from the CPU after four steps\n")
    compare_families(report, backend, device, families, seconds["families"])
    report.add("\n### Golden outputs: the largest difference\n")
    compare_goldens(report, backend, device, presets, seconds["goldens"])
    report.add("\n### Recipes with --smoke\n")
    run_recipes(report, backend, device, recipes, seconds["recipes"])
    report.add("\n### Benchmark\n")
    run_benchmark(report, backend, device, options.cpu, seconds["benchmark"])


def main() -> int:
    """Examine each backend, and write the report."""
    from zoo.base import backends

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backends", nargs="+", choices=BACKENDS)
    parser.add_argument("--minutes", type=float, default=10, help="in all")
    parser.add_argument("--cpu", action="store_true", help="the CPU in place of the GPU, tiny")
    parser.add_argument("--out", type=Path, default=Path("report.md"))
    options = parser.parse_args()
    chosen = options.backends or backends.installed()
    options.minutes /= len(chosen)
    report = Report()
    report.add(f"# {'CPU' if options.cpu else 'GPU'} report\n")
    report.add(f"Python {platform.python_version()}, Keras {importlib.metadata.version('keras')}, ")
    report.add(f"{os.cpu_count()} {platform.machine()} cores, {platform.system()}")
    for backend in chosen:
        examine(report, backend, options)
    report.add(f"\n{report.failed} differences or errors")
    options.out.write_text("\n".join(report.lines) + "\n", encoding="utf-8")
    return min(report.failed, 1)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
