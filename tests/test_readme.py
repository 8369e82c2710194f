"""README.md and the pages in docs/ are true: code and commands run, links and options exist."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

import zoo
from zoo.cli import cli

ROOT = Path(zoo.__file__).parent.parent
GALLERY = runpy.run_path(str(ROOT / "scripts" / "gallery.py"))
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
}
NOTES = {name: (ROOT / name).read_text("utf-8") for name in ("CONTRIBUTING.md", "CHANGELOG.md")}
LINKED = PAGES | NOTES
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
COMMAND = r"^(ZOO_HUB=\S+ )?zoo "
ONCE = {"list", "info", "push", "index"}  # they compute nothing, and so depend on no backend


def blocks_of(language):
    """Return the text of the blocks in `language`, page by page, each text once."""
    pages, earlier = {}, set()
    for page, text in PAGES.items():
        blocks = [code for name, code in FENCE.findall(text) if name == language]
        pages[page] = [code for code in blocks if code not in earlier]
        earlier.update(blocks)
    return {page: blocks for page, blocks in pages.items() if blocks}


PYTHON = blocks_of("python")
BASH = [code for blocks in blocks_of("bash").values() for code in blocks]


# README runs on every backend.
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.once] * (page != "README.md")) for page in PYTHON],
)
def test_python(page, tmp_path, monkeypatch, capsys):
    """Run the Python blocks of a page as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    # Other tests see no new name.
    monkeypatch.setattr(zoo.presets.locate, "_registered", {})
    monkeypatch.setattr(zoo.models.families, "_families", dict(zoo.models.families._families))
    names = {}
    for code in PYTHON[page]:
        if "import zoo" in code:
            names = {}  # a block that imports stands alone; others continue the one before
        exec(compile(code, page, "exec"), names)
        for written in re.findall(r'"(\w+\.(?:png|keras))"', code):
            assert (tmp_path / written).stat().st_size > 1000, written


def commands():
    """Return a parameter for each block with `zoo` commands, which run in one folder."""
    for code in BASH:
        lines = [line for line in code.splitlines() if re.match(COMMAND, line)]
        block = [shlex.split(line, comments=True) for line in lines]
        names = [words[words.index("zoo") + 1] for words in block]
        # A block with a command that computes runs whole on each backend.
        marks = [pytest.mark.once] if ONCE.issuperset(names) else []
        if block and "train" not in names:  # `test_options_of_recipes_are_there` reads those
            yield pytest.param(block, id="-".join(names), marks=marks)


@pytest.mark.parametrize("block", list(commands()))
def test_commands(block, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in block:
        words = [word.replace("$PWD", str(tmp_path)) for word in command]
        start = words.index("zoo")
        for variable in words[:start]:
            monkeypatch.setenv(*variable.split("=", 1))
        with pytest.raises(SystemExit) as caught:
            cli.main(words[start + 1 :], prog_name="zoo")
        assert not caught.value.code, command


def prose(text):
    """Return the text of a page without its blocks of code."""
    return FENCE.sub("", text)


def anchors(text):
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", prose(text), flags=re.MULTILINE)
    return {GALLERY["anchor"](heading) for heading in headings}


@pytest.mark.once
class TestText:
    def test_blocks_are_found(self):
        assert {"README.md", "docs/training.md", "docs/evaluating.md"} <= set(PYTHON)
        ids = {parameter.id for parameter in commands()}
        assert ids == {"list-info-sample", "sample", "push-index-list", "compare-compare"}

    def test_gallery_is_up_to_date(self):
        """`python scripts/gallery.py` writes it anew."""
        assert PAGES["docs/gallery.md"] == GALLERY["gallery"]()
        assert all(f"[`{name}`](#{name})" in PAGES["docs/gallery.md"] for name in zoo.list())

    @pytest.mark.parametrize("page", LINKED)
    def test_links_lead_somewhere(self, page):
        folder = (ROOT / page).parent
        links = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", prose(LINKED[page]))
        for link in [markdown or html for markdown, html in links]:
            if re.match(r"https?:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (folder / path).resolve() if path else ROOT / page
            assert target.exists(), link
            if anchor:
                assert anchor in anchors(target.read_text("utf-8")), link

    @pytest.mark.parametrize("folder", ["docs", "docs/design"])
    def test_every_page_is_in_the_contents(self, folder):
        for path in (ROOT / folder).glob("*.md"):
            if path.name != "index.md":
                assert f"]({path.name})" in PAGES[f"{folder}/index.md"], path

    @pytest.mark.parametrize("page", PAGES)
    def test_paths_are_there(self, page):
        """The scripts, recipes and files of the package that a page names."""
        run = r"(?:bash|python) ((?:scripts|recipes)/[\w.]+)"
        named = r"`((?:zoo|scripts|recipes|benchmarks)/[\w./-]*)`"
        for path in re.findall(run, PAGES[page]) + re.findall(named, PAGES[page]):
            assert (ROOT / path).exists(), path

    def test_files_in_the_layout_are_there(self):
        """Each row names a folder, and files and folders in it."""
        for row in re.findall(r"^\| \d+ \| .*$", PAGES["docs/design/layout.md"], re.MULTILINE):
            names = re.findall(r"`([\w/]+(?:\.py|/))`", row)
            for name in names[1:]:
                assert any((ROOT / place).exists() for place in (name, names[0] + name)), name

    @pytest.mark.parametrize("page", PAGES)
    def test_options_of_recipes_are_there(self, page):
        from zoo.runs.recipe import load_recipe

        train = next(command for name, command in cli.commands.items() if name == "train")
        known = {option for parameter in train.params for option in parameter.opts}
        commands = r"(?:python recipes/|zoo train )(\S+) (.*?)(?:#.*)?\n"
        for name, line in re.findall(commands, PAGES[page]):
            assert set(re.findall(r"--[\w-]+", line)) <= known
            settings = re.findall(r"--set (\S+)", line)
            if settings:
                config = load_recipe(ROOT / "recipes" / f"{Path(name).stem}.py").config
                assert {setting.partition("=")[0] for setting in settings} <= vars(config).keys()

    @pytest.mark.parametrize("page", PAGES)
    def test_extras_are_there(self, page):
        project = (ROOT / "pyproject.toml").read_text("utf-8")
        for extra in re.findall(r"(?:zoo|\.)\[(\w+)\]", PAGES[page]):
            assert re.search(rf"^{extra} = \[", project, flags=re.MULTILINE), extra
