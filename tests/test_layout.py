"""The house keeps its order: floors, no circles, the backend seam, small files, plain words."""

import ast
import graphlib
import importlib
import inspect
import itertools
import re
import tomllib
from pathlib import Path

import pytest

import zoo
from zoo.engine.model import GenerativeModel, Model
from zoo.models import families

pytestmark = pytest.mark.once
ROOT = Path(zoo.__file__).parent.parent
FILES = sorted((ROOT / "zoo").rglob("*.py"))
MODEL_FILES = [path for path in FILES if path.match("zoo/models/*/[!_]*.py")]
TREES = {path: ast.parse(path.read_text()) for path in FILES}
ENGINE = ROOT / "zoo" / "engine"
BACKENDS = {"tensorflow", "jax", "torch"}

# Longest prefix wins. A file may import from its own floor and below.
FLOORS = {
    "zoo.version": 0,
    "zoo.errors": 0,
    "zoo.base.text": 0,
    "zoo.base": 1,
    "zoo.files": 2,
    "zoo.engine": 3,
    "zoo.data": 3,
    "zoo.augmentation": 4,
    "zoo.corruption": 4,
    "zoo.schedules": 4,
    "zoo.layers": 4,
    "zoo.losses": 4,
    "zoo.metrics": 4,
    "zoo.networks": 5,
    "zoo.models": 6,
    "zoo.pictures": 7,
    "zoo.presets": 8,
    "zoo.evaluation": 9,
    "zoo.callbacks": 10,
    "zoo.latents": 10,
    "zoo.style": 10,
    "zoo.runs": 11,
    "zoo.cli": 12,
    "zoo.testing": 13,
    "zoo.__main__": 14,
    "zoo": 14,
}
# Packages of one floor that must not know each other.
APART = [("zoo.engine", "zoo.data"), ("zoo.layers", "zoo.losses", "zoo.metrics")]


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports_of(path):
    """Every name that the file imports, at any depth, as full names."""
    names = set()
    for node in ast.walk(TREES.get(path) or ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def known(module):
    """The longest entry of FLOORS that the module lies under."""
    return max(
        (name for name in FLOORS if module == name or module.startswith(name + ".")), key=len
    )


def floor(module):
    # `from zoo import x` names the module zoo.x.
    return FLOORS[known(module)]


def test_imports_go_down():
    for path in FILES:
        here = module_of(path)
        for name in imports_of(path):
            if name.partition(".")[0] != "zoo":
                continue
            assert floor(name) <= floor(here), f"{here} imports {name} from a higher floor"
            for group in APART:
                if known(here) in group and known(name) in group:
                    assert known(here) == known(name), f"{here} imports {name} sideways"


def test_modules_have_an_order():
    """No module imports one that imports it, by however many steps, also inside of functions."""
    graph = {}
    for module, path in MODULES.items():
        names = {n for n in imports_of(path) if n.partition(".")[0] == "zoo"}
        modules = {n if n in MODULES else n.rpartition(".")[0] for n in names}
        graph[module] = modules - {module}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, with the circle


def test_few_files_lie_flat():
    assert len(list((ROOT / "zoo").glob("*.py"))) <= 9


def test_model_groups_do_not_know_each_other():
    for path in (ROOT / "zoo" / "models").glob("*/*.py"):
        for name in imports_of(path):
            if name.startswith("zoo.models.") and not name.startswith("zoo.models.families"):
                assert name.split(".")[2] == path.parent.name, f"{path} imports {name}"


RULES = {
    name
    for name, cls in vars(zoo.models).items()
    if isinstance(cls, type) and cls is not Model and cls is not GenerativeModel
}
# Questions that guess what a model is, and why each of these may stay.
ALLOWED = {
    "engine/spaces/data.py: len(shape) == 1": "the spaces themselves: points have one axis",
    "engine/spaces/data.py: len(shape) == 3": "the spaces themselves: images have three axes",
    "engine/spaces/data.py: len(shape) != 3": "the check of the argument image_shape",
    "engine/spaces/classes.py: num_classes is not None": "the check of the argument num_classes",
    "networks/features.py: getattr(network, key, None)": "any Keras model, which has no spaces",
}


def guesses_of(node):
    """Whether the node of a syntax tree asks for what a model should say."""
    text = ast.unparse(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "hasattr":
            return bool(re.search(r"\b(model|cls|rule|network)\b|^hasattr\(self,", text))
        if node.func.id == "getattr" and len(node.args) == 3:
            return bool(re.search(r"\b(model\w*|cls|rule|network)$", ast.unparse(node.args[0])))
        if node.func.id in ("isinstance", "issubclass"):
            return bool(RULES & {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)})
    if isinstance(node, ast.Compare):
        counts = re.search(r"len\([\w.\[\]]*shape\)", text)
        return bool(counts or re.search(r"num_classes is (not )?None", text))
    return False


def test_nobody_guesses_what_a_model_is():
    """A model states its spaces and its tasks; callers ask it. At most six exceptions."""
    found = {
        f"{path.relative_to(ROOT / 'zoo')}: {ast.unparse(node)}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if guesses_of(node)
    }
    assert found == set(ALLOWED)
    assert len(found) <= 6


@pytest.mark.parametrize(
    ("code", "guesses"),
    [
        ("hasattr(model, 'sample')", True),
        ("hasattr(self.model, 'sample')", True),
        ("getattr(model, 'tasks', ())", True),
        ("isinstance(x, GAN)", True),
        ("issubclass(cls, (Autoencoder, Classifier))", True),
        ("len(model.image_shape) == 1", True),
        ("len(shape) != 3", True),
        ("model.num_classes is None", True),
        ("'samples' in model.tasks", False),
        ("hasattr(x, 'stream')", False),
        ("getattr(model, name)", False),
        ("getattr(self.likelihood, 'pixels', 'levels')", False),
        ("isinstance(x, Images)", False),
        ("len(names) == 1", False),
    ],
)
def test_guesses_are_seen(code, guesses):
    assert guesses_of(ast.parse(code, mode="eval").body) is guesses


def test_only_the_engine_imports_backends():
    for path in [*FILES, *(ROOT / "recipes").glob("*.py")]:
        used = {name.partition(".")[0] for name in imports_of(path)} & BACKENDS
        # A backend has a file, or a package whose modules are its own.
        named = {path.stem, path.parent.name} & BACKENDS
        allowed = named if path.is_relative_to(ENGINE) else set()
        assert used <= allowed, f"{path} imports {used - allowed}"


def test_the_ground_floor_does_not_import_keras():
    for path in FILES:
        if floor(module_of(path)) <= FLOORS["zoo.files"]:
            assert "keras" not in {name.partition(".")[0] for name in imports_of(path)}, path


@pytest.mark.parametrize("folder", sorted({p.parent for p in ENGINE.rglob("*.py")}), ids=module_of)
def test_backend_files_export_the_same(folder):
    """Each package of the engine has a file for each backend, or for none.

    `compiled.py` is the file of those that have none of their own.
    """
    if not any((folder / f"{backend}.py").is_file() for backend in BACKENDS):
        return
    exported = []
    for backend in BACKENDS:
        forms = (folder / f"{backend}.py", folder / backend / "__init__.py", folder / "compiled.py")
        tree = ast.parse(next(path for path in forms if path.is_file()).read_text())
        exported.append(
            {
                node.name: ast.unparse(node.args) if isinstance(node, ast.FunctionDef) else None
                for node in tree.body
                if hasattr(node, "name") and not node.name.startswith("_") and node.name != "Scope"
            }
        )
    # The same names, with the same arguments.
    assert exported[0] == exported[1] == exported[2]
    if folder == ENGINE:
        assert set(exported[0]) <= set(zoo.engine.__all__)


def test_files_and_classes_are_small():
    for path in [*FILES, *(ROOT / "tests").rglob("*.py")]:
        assert len(path.read_text().splitlines()) <= 500, path
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                assert node.end_lineno - node.lineno < 300, f"{path}: {node.name}"


def test_text_is_written_in_one_way():
    """In UTF-8 and with one line end on every system: `zoo.files.home.write_text`."""
    for path, tree in TREES.items():
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert "write_text" not in names or path == ROOT / "zoo" / "files" / "home.py", path


WRITING = {"write_bytes", "savez", "savez_compressed", "save", "copyfile"}
WHOLE = {"atomic_file", "atomic_folder", "atomic_together", "TemporaryDirectory"}
# Functions that write into a folder that their callers replace as a whole.
IN_PLACE = {
    "files/together.py: prepare",
    "presets/golden.py: write_here",
    "presets/save.py: write",
    "presets/storage.py: _write_weights",
}


def calls_of(node):
    """The names of the functions and methods that a syntax tree calls."""
    calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    return {getattr(f, "attr", getattr(f, "id", "")) for f in calls}


def test_no_file_is_written_in_place():
    """A crash leaves the earlier file: `zoo.files.home` writes a new one, which replaces it."""
    found = {
        f"{path.relative_to(ROOT / 'zoo')}: {function.name}"
        for path, tree in TREES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and WRITING & calls_of(function)
        and not WHOLE & calls_of(function)
    }
    assert found == IN_PLACE


def test_every_file_says_what_it_is():
    for path, tree in TREES.items():
        assert ast.get_docstring(tree), path


CLAUSES = ("What", "How", "As", "Those", "Of", "Where", "Which", "That")


def test_docstrings_start_with_a_verb_or_a_noun():
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                continue
            first = re.match(r"\w*", ast.get_docstring(node) or "")[0]
            assert first not in CLAUSES, f"{path}:{getattr(node, 'lineno', 1)}"


def models_of(path: Path) -> list[type]:
    """The classes of models that a file defines, also if nothing imports the file."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return [
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls) and issubclass(cls, Model) and cls.__module__ == module.__name__
    ]


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: path.stem)
def test_every_model_is_registered_exported_and_tested(path):
    for cls in models_of(path):
        family = families.family_of(cls)
        assert family is not None, (
            f'{cls.__name__} is no family: write @register_family("{path.stem}", package="zoo") '
            "above it."
        )
        group = importlib.import_module(f"zoo.models.{path.parent.name}")
        assert cls.__name__ in group.__all__, (
            f"{cls.__name__} is not exported: import it in {path.parent.name}/__init__.py, and "
            "write its name into __all__ there."
        )
        assert getattr(zoo.models, cls.__name__) is cls
        test = ROOT / "tests" / "models" / path.parent.name / f"test_{path.stem}.py"
        assert test.is_file(), f"{cls.__name__} has no test: write {test.relative_to(ROOT)}."
        golden = ROOT / "tests" / "assets" / "first_steps" / f"{family.name}.npz"
        assert golden.is_file(), (
            f"{family.name} has no golden: cd tests && python make_goldens.py {family.name}"
        )


def test_pages_name_every_family():
    text = (ROOT / "docs" / "training.md").read_text()
    own = (families.family(name) for name in zoo.families())
    names = [each.name for each in own if each.cls.__module__.startswith("zoo.models.")]
    missing = [name for name in names if f"`{name}`" not in text]
    assert not missing, f"docs/training.md has no row for {missing}"


def test_preset_recipe_and_card_bear_one_name():
    recipes = {p.stem for p in (ROOT / "recipes").glob("*.py")}
    assert set(zoo.list()) <= recipes
    for path in (ROOT / "recipes").glob("*.py"):
        assert len(path.read_text().splitlines()) <= 60
        assert f'preset="{path.stem}"' in path.read_text()


def test_models_docstrings():
    """In a fixed order: the objective, its arguments, errors, an example, the departures."""
    for family in zoo.families():
        cls = families.family(family).cls
        text = cls.__doc__
        parts = (cls.paper_url, "Args:", "Raises:", "Example:", "Differs from the paper:")
        places = [text.find(part) for part in parts]
        assert -1 not in places, (family, places)
        assert places == sorted(places), family
        assert re.search(r"equation|section", text), family


KINDS = (
    zoo.layers.Prior,
    zoo.networks.Architecture,
    zoo.augmentation.Augmentation,
    zoo.corruption.Corruption,
    zoo.losses.AdversarialLoss,
    zoo.losses.Contraction,
    zoo.losses.Likelihood,
    zoo.losses.Penalty,
    zoo.losses.PixelDistribution,
    zoo.losses.ReconstructionLoss,
    zoo.losses.Sparsity,
)


def test_what_is_given_by_name_says_its_paper_and_departures():
    for kind in KINDS:
        assert kind.named()
        for cls in kind.named().values():
            if cls.__module__.startswith("zoo."):
                assert "https://" in cls.__doc__ or cls is zoo.networks.Points, cls
                assert "Differs from the paper:" in cls.__doc__, cls


def test_public_names():
    """A change here is a change for users: it belongs in the changelog."""
    assert sorted(zoo.__all__) == [
        "Card",
        "Config",
        "Facts",
        "LinearDecay",
        "Recipe",
        "WarmCosine",
        "__version__",
        "augmentation",
        "callbacks",
        "compare",
        "corruption",
        "create",
        "data",
        "distribute",
        "engine",
        "errors",
        "evaluate",
        "evaluation",
        "families",
        "groups",
        "hub",
        "info",
        "latents",
        "layers",
        "list",
        "load",
        "losses",
        "metrics",
        "models",
        "networks",
        "pictures",
        "push",
        "register",
        "register_family",
        "run_recipe",
        "save",
        "style",
        "testing",
        "write_samples",
    ]
    for name in zoo.__all__:
        assert hasattr(zoo, name)


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_requirements_have_lower_bounds():
    """`scripts/lowest` tests with them."""
    for requirement in itertools.chain(
        PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()
    ):
        assert re.search(r">=|==", requirement) or requirement.startswith(PROJECT["name"])


def test_pythons_are_those_that_are_tried():
    """`scripts/newest` tries them."""
    (line,) = re.findall(r"for version in (.*); do", (ROOT / "scripts" / "newest").read_text())
    versions = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if ":: 3." in c]
    assert versions == line.split()
    assert PROJECT["requires-python"] == f">={versions[0]}"


def test_versions_are_pinned_once():
    """The linter of pre-commit, of the extras and of CI is one."""
    texts = [
        (ROOT / name).read_text()
        for name in ("pyproject.toml", "constraints.txt", ".pre-commit-config.yaml")
    ]
    found = [re.search(r"ruff(?:==|-pre-commit\s+rev: v)([\d.]+)", text).group(1) for text in texts]
    assert len(set(found)) == 1
