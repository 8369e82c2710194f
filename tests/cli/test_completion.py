"""Shells complete commands, options and names, by `zoo completion` and Click."""

import shutil
import stat
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

import zoo
from zoo.cli import cli
from zoo.cli.completion import SHELLS
from zoo.presets import locate

pytestmark = pytest.mark.once
PROGRAM = ShellComplete(cli, {}, "zoo", "_ZOO_COMPLETE")


def words(line):
    """The completions of the last word of a command line."""
    *before, last = line.split(" ")
    return [item.value for item in PROGRAM.get_completions(before, last) if item.type == "plain"]


def kinds(line):
    *before, last = line.split(" ")
    return {item.type for item in PROGRAM.get_completions(before, last)}


def test_commands_and_options():
    assert words("ev") == ["evaluate"]
    assert words("data ") == sorted(cli.commands["data"].commands)
    assert words("sample dcgan_mnist --sc") == ["--scale"]
    assert words("train dcgan_mnist --ship ") == ["last", "best"]
    assert words("completion ") == SHELLS


@pytest.mark.parametrize(
    "command",
    [
        "info",
        "sample",
        "walk",
        "fetch",
        "verify",
        "push",
        "evaluate",
        "compare a",
        "list",
        "train x --from",
    ],
)
def test_presets(command):
    assert words(f"{command} dcgan_") == [n for n in zoo.list() if n.startswith("dcgan_")] != []


def test_paths_where_no_name_begins_so():
    for command in ("info", "sample", "train", "data info", "evaluate x --extractor"):
        assert kinds(f"{command} ./") == {"file"}
    for command in ("list", "list --family", "evaluate x --metrics", "cache clean"):
        assert kinds(f"{command} ./") == set()


def test_recipes():
    assert words("train ") == list(locate.recipes())


def test_families_and_groups():
    cards = [zoo.info(name) for name in zoo.list()]
    assert words("list --family ") == sorted({card.identity.family for card in cards})
    assert words("list --group ") == sorted({card.identity.group for card in cards})


def test_metrics():
    own = [n for n, c in zoo.evaluation.Metric.named().items() if c.__module__.startswith("zoo.")]
    assert words("evaluate dcgan_mnist --metrics ") == sorted(own)
    assert words("evaluate dcgan_mnist --metrics fid,ki") == ["fid,kid"]
    assert words("evaluate dcgan_mnist --metrics kid,ki") == []  # it is there already
    assert words("compare --metrics fid,reca") == ["fid,recall"]
    assert {"fid", "recall"} < set(words("train x --monitor "))


def test_extractors_and_data():
    assert words("evaluate x --extractor ") == zoo.evaluation.extractors.names()
    assert {"classifier_cifar10", "squeezenet", "vgg19"} <= {*words("texture x --features ")}
    assert {"mnist", "kmnist", "stacked_mnist", "ring8"} < {*words("data preview ")}
    assert words("train x --data stacked_m") == ["stacked_mnist"]
    assert words("sample x --weights ") == ["ema", "raw"]
    assert words("evaluate x --split t") == ["train", "test"]


def test_a_card_that_cannot_be_read_stays_silent(tmp_path, monkeypatch, recwarn):
    (tmp_path / "broken.json").write_text("{}")
    monkeypatch.setattr(locate, "CARDS", tmp_path)
    assert "gan" not in words("list --family ")
    assert not recwarn


@pytest.mark.parametrize("shell", SHELLS)
def test_the_lines_of_each_shell(run, shell):
    code, out, _ = run("completion", shell)
    assert code == 0
    assert "_ZOO_COMPLETE" in out
    assert f"{shell}_complete" in out


def test_an_unknown_shell(run):
    code, out, err = run("completion", "bsah")
    assert (code, out) == (2, "")
    assert err.startswith("zoo: error: Invalid value for ")
    assert "'bsah' is not one of 'bash', 'zsh', 'fish'" in err


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_in_bash(tmp_path):
    program = tmp_path / "zoo"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zoo "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    script = f"""
        PATH="{tmp_path}:$PATH"
        eval "$(zoo completion bash)"
        COMP_WORDS=(zoo info dcgan_mn) COMP_CWORD=2
        _zoo_completion zoo
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("dcgan_mnist\n", "")
