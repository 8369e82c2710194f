"""The README is true: its Python runs, its commands run, its files and figures are there."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

import zoo
from zoo.cli import cli

ROOT = Path(zoo.__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)


def test_python(tmp_path, monkeypatch, capsys):
    """All blocks, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        zoo.presets.locate, "_registered", {}
    )  # what it registers is not for others
    blocks = [code for language, code in BLOCKS if language == "python"]
    assert len(blocks) >= 5
    names = {}
    for code in blocks:
        if "import zoo" in code:
            names = {}  # a block that imports stands alone; others continue the one before
        exec(compile(code, "README.md", "exec"), names)
    assert (tmp_path / "samples.png").stat().st_size > 1000
    assert (tmp_path / "mine.keras").is_file()


ZOO = r"^(ZOO_HUB=\S+ )?zoo "
# Of each block its commands, which go together.
COMMANDS = [
    [shlex.split(line, comments=True) for line in code.splitlines() if re.match(ZOO, line)]
    for language, code in BLOCKS
    if language == "bash" and re.search(ZOO, code, flags=re.MULTILINE)
]


@pytest.mark.parametrize("commands", COMMANDS, ids=lambda block: block[0][1])
def test_commands(commands, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in commands:
        words = [word.replace("$PWD", str(tmp_path)) for word in command]
        start = words.index("zoo")
        for variable in words[:start]:
            monkeypatch.setenv(*variable.split("=", 1))
        with pytest.raises(SystemExit) as caught:
            cli.main(words[start + 1 :], prog_name="zoo")
        assert not caught.value.code, command


@pytest.mark.once
class TestText:
    def test_there_are_commands(self):
        found = {command[command.index("zoo") + 1] for block in COMMANDS for command in block}
        assert found == {"list", "info", "sample", "push", "index"}

    def test_presets_are_those_of_the_cards(self):
        """`python scripts/gallery.py` brings both up to date."""
        written = runpy.run_path(str(ROOT / "scripts" / "gallery.py"))
        assert written["readme"](TEXT) == TEXT
        assert all(f"| `{name}` |" in TEXT for name in zoo.list())
        assert (ROOT / "docs" / "gallery.md").read_text() == written["gallery"]()

    def test_scripts_and_recipes_are_there(self):
        for path in re.findall(r"(?:bash|python) ((?:scripts|recipes)/[\w.]+)", TEXT):
            assert (ROOT / path).is_file(), path

    def test_options_of_recipes_are_there(self):
        from zoo.runs.recipe import load_recipe

        train = next(command for name, command in cli.commands.items() if name == "train")
        known = {option for parameter in train.params for option in parameter.opts}
        recipe = load_recipe(ROOT / "recipes" / "dcgan_mnist.py")
        for line in re.findall(r"python recipes/\S+ (.*?)(?:#.*)?\n", TEXT):
            assert set(re.findall(r"--[\w-]+", line)) <= known
            for setting in re.findall(r"--set (\S+)", line):
                assert setting.partition("=")[0] in vars(recipe.config)

    def test_links_lead_somewhere(self):
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT):
            assert (ROOT / link).exists(), link

    def test_extras_are_there(self):
        project = (ROOT / "pyproject.toml").read_text()
        for extra in re.findall(r"(?:zoo|\.)\[(\w+)\]", TEXT):
            assert re.search(rf"^{extra} = \[", project, flags=re.MULTILINE), extra
