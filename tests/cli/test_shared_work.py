"""Processes that share the work of one command: how many there are, and how they end."""

import time

import pytest

from zoo.cli import processes
from zoo.errors import ArgumentError

pytestmark = pytest.mark.once


@pytest.fixture
def here(monkeypatch):
    """No launcher has started this process, and there are no GPUs."""
    for name in ("ZOO_PROCESS", "RANK", "WORLD_SIZE", "TF_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(processes, "_gpus", lambda: 0)
    return monkeypatch


def test_one_process_starts_no_other(here):
    here.setattr(processes, "_together", None)
    assert processes.divided(None) == processes.divided(1) == processes.divided("auto") == (0, 1)


def test_the_place_of_a_process(here):
    here.setenv("ZOO_PROCESS", "2/3")
    assert processes.divided(3) == (2, 3)
    here.delenv("ZOO_PROCESS")
    here.setattr("zoo.engine.started", lambda: (1, 4))
    assert processes.divided(None) == processes.divided("auto") == (1, 4)
    with pytest.raises(ArgumentError, match=r"that were started, 4. Received: 2"):
        processes.divided(2)


def test_gpus_are_counted(here):
    here.undo()
    assert processes._gpus() == 0  # they are hidden
    here.setattr(processes, "_gpus", lambda: 2)
    started = []
    here.setattr(processes, "_together", lambda *args: started.append(args))
    assert processes.divided("auto", {"A": "1"}) == processes.divided(2) == (0, 1)
    assert started == [(2, True, {"A": "1"}), (2, True, {})]
    with pytest.raises(ArgumentError, match=r"at most the number of GPUs, 2. Received: 3"):
        processes.divided(3)


def program(monkeypatch, code):
    head = "import os, time; i, n = os.environ['ZOO_PROCESS'].split('/'); "
    monkeypatch.setattr(processes, "this_program", lambda: ["-c", head + code])


def test_all_processes_do_their_part(here, tmp_path):
    code = f"open(r'{tmp_path}' + '/' + i + n + os.environ['EXTRA'], 'w').close(); print(i)"
    program(here, code)
    processes._together(3, False, {"EXTRA": "x"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["03x", "13x", "23x"]


def test_one_that_fails_ends_the_others(here):
    program(here, "time.sleep(60) if i == '0' else os._exit(3)")
    began = time.monotonic()
    with pytest.raises(SystemExit) as caught:
        processes._together(2, False, {})
    assert caught.value.code == 3
    assert time.monotonic() - began < 30


def test_threads_and_gpus_are_divided(here):
    for name in processes.THREADS:
        here.delenv(name, raising=False)
    here.setattr("os.cpu_count", lambda: 8)
    environment = processes._environment(1, 4, False)
    assert [environment[name] for name in processes.THREADS] == ["2", "2"]
    here.setenv("OMP_NUM_THREADS", "7")  # the user's own
    assert processes._environment(1, 4, False)["OMP_NUM_THREADS"] == "7"
    here.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    assert processes._environment(1, 2, True)["CUDA_VISIBLE_DEVICES"] == "5"
