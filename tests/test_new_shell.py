"""Recipes and the Python of pages run in a new shell, with any one backend.

Where nobody chose a backend, `import zoo` chooses an installed one. Keras alone takes TensorFlow,
and ends in an error where that is not installed. So `zoo` is imported first.
"""

import ast
import doctest
import json
import re
from pathlib import Path

import pytest
from helpers import python

import zoo

pytestmark = pytest.mark.once
ROOT = Path(zoo.__file__).parent.parent
RECIPES = sorted((ROOT / "recipes").glob("*.py"))
KERAS = {"keras", *(path.stem for path in RECIPES)}  # a recipe imports keras too
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(path for name in ("docs", "hub", "zoo") for path in (ROOT / name).rglob("*.md")),
]
NOTEBOOKS = [path for path in ROOT.rglob("*.ipynb") if ".venv" not in path.parts]
BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def cells_of(path):
    """The Python of a notebook, without the commands of its shell."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [re.sub(r"^[!%].*$", "", text, flags=re.MULTILINE) for text in code]


def examples_of(path):
    """The examples of each docstring of a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            examples = doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")
            yield "".join(example.source for example in examples)


def zoo_comes_first(code):
    """Whether `code` imports `zoo` before it imports `keras`, if it does."""
    imported = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.Import):
            imported += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported.append(node.module.partition(".")[0])
    first = next((name for name in imported if name in KERAS | {"zoo"}), None)
    return first in (None, "zoo")


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("import keras\nimport zoo", False),
        ("import keras, zoo", False),
        ("from keras import ops", False),
        ("import dcgan_mnist\n\nimport zoo", False),
        ("import numpy, zoo, keras", True),
        ("from zoo import errors\nimport keras.ops", True),
        ("import numpy", True),
    ],
)
def test_the_order_is_seen(code, right):
    assert zoo_comes_first(code) is right


def test_pages_and_examples_import_zoo_first():
    blocks = [(path, code) for path in PAGES for code in BLOCK.findall(path.read_text("utf-8"))]
    # A block without `import zoo` continues the one before it.
    blocks = [(path, code) for path, code in blocks if "import" in code]
    cells = [(path, "\n".join(cells_of(path))) for path in NOTEBOOKS]
    files = sorted((ROOT / "zoo").rglob("*.py"))
    examples = [(path, code) for path in files for code in examples_of(path)]
    assert len(blocks) > 20
    assert len([code for _, code in examples if code]) > 10
    for path, code in [*blocks, *cells, *examples]:
        assert zoo_comes_first(code), f"{path}:\n{code}"


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_import_zoo_first(path):
    assert zoo_comes_first(path.read_text("utf-8"))


def test_a_recipe_runs_in_a_new_shell(tmp_path):
    """`cgan_fashion_mnist` imports other recipes, which import keras."""
    path = ROOT / "recipes" / "cgan_fashion_mnist.py"
    done = python(path, "--help", KERAS_BACKEND=None, KERAS_HOME=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--smoke" in done.stdout


def test_libraries_of_the_command_line_and_of_tests_wait_for_their_use():
    code = """
import sys, zoo
early = {"click", "zoo.cli", "zoo.testing"} & {*sys.modules}
assert not early, early
assert callable(zoo.run_recipe) and callable(zoo.testing.check_model)
"""
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
