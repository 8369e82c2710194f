"""Closed, full and unread output, and names of files that nobody gave."""

import io
import os
import subprocess
import sys

import pytest
from PIL import Image

from zoo.base import console
from zoo.base.console import Enduring, enduring_output
from zoo.cli.base import outliving_its_output
from zoo.files.home import free_file

pytestmark = pytest.mark.once


class Full(io.StringIO):
    """A stream on a full disk."""

    def __init__(self, error=None):
        super().__init__()
        self.error = error or OSError(28, "No space left on device")

    def write(self, text):
        raise self.error


class TestStreams:
    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
    def test_closed_and_full_streams_of_a_program(self, tmp_path):
        """A library that prints does not write into a file that got the number of a stream, and
        Python reports no error at its end."""
        done = subprocess.run(
            [
                "bash",
                "-c",
                f"{sys.executable} -m zoo sample gan_ring8 -n 20 -o x.png <&- > /dev/full 2>&-",
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=100,
        )
        assert done.returncode == 1
        Image.open(tmp_path / "x.png").close()

    @pytest.mark.parametrize("arguments", [("list",), ("info", "gan_ring8"), ("--help",)])
    def test_each_command_says_one_line(self, run, monkeypatch, arguments):
        monkeypatch.setattr(sys, "stdout", Full())
        code, _, err = run(*arguments)
        assert code == 1
        assert err.count("\n") == 1
        assert "No space left on device" in err

    def test_a_reader_that_has_enough_is_no_error(self, run, monkeypatch):
        monkeypatch.setattr(sys, "stdout", Full(BrokenPipeError(32, "Broken pipe")))
        assert run("list") == (1, "", "")

    def test_without_any_stream_the_exit_code_tells(self, run, monkeypatch):
        monkeypatch.setattr(sys, "stdout", Full())
        monkeypatch.setattr(sys, "stderr", Full())
        assert run("list") == (1, "", "")

    def test_missing_streams_are_replaced(self, monkeypatch):
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, None)
        console.make_printing_safe()
        try:
            assert sys.stdin.read() == ""
            print("nobody reads this", file=sys.stdout, flush=True)
            print("nor this", file=sys.stderr, flush=True)
        finally:
            for stream in (sys.stdin, sys.stdout, sys.stderr):
                stream.close()


class TestEnduring:
    def test_a_full_disk_ends_the_output_and_not_the_work(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdout", Full())
        with outliving_its_output():
            print("1/10", flush=True)
            print("2/10", flush=True)
        assert capsys.readouterr().err == (
            "zoo: The output could not be written: No space left on device. The work went on "
            "without it.\n"
        )
        assert isinstance(sys.stdout, Full)

    def test_where_there_is_room_again_it_goes_on(self):
        stream = Full()
        enduring = Enduring(stream)
        enduring.write("lost")
        stream.write = lambda text: io.StringIO.write(stream, text)
        enduring.write("kept")
        assert stream.getvalue() == "kept"
        assert enduring.fault.errno == 28
        assert enduring.isatty() is False

    def test_other_errors_pass(self):
        with pytest.raises(ZeroDivisionError), enduring_output():
            raise ZeroDivisionError
        assert not isinstance(sys.stdout, Enduring)


class TestNamesThatNobodyGave:
    @pytest.mark.parametrize(
        ("arguments", "name"),
        [
            (("sample", "gan_ring8", "-n", 20), "samples"),
            (("data", "preview", "ring8"), "preview"),
        ],
    )
    def test_a_file_that_is_there_stays(self, run, monkeypatch, tmp_path, arguments, name):
        monkeypatch.chdir(tmp_path)
        (tmp_path / f"{name}.png").write_text("mine")
        (tmp_path / f"{name}-1.png").symlink_to(tmp_path / "nothing")
        code, out, _ = run(*arguments)
        assert code == 0
        assert f": {name}-2.png\n" in out
        assert (tmp_path / f"{name}.png").read_text() == "mine"
        Image.open(tmp_path / f"{name}-2.png").close()
        assert len(list(tmp_path.iterdir())) == 3

    def test_a_name_that_was_given_is_replaced(self, run, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "samples.png").write_text("mine")
        assert run("sample", "gan_ring8", "-n", 20, "-o", "samples.png")[0] == 0
        Image.open(tmp_path / "samples.png").close()
        assert len(list(tmp_path.iterdir())) == 1

    def test_a_pipe_is_no_file_for_a_picture(self, run, tmp_path):
        os.mkfifo(tmp_path / "x.png")
        code, _, err = run("sample", "gan_ring8", "-n", 20, "-o", tmp_path / "x.png")
        assert code == 1
        assert "--out must be a file. Received: " in err

    def test_two_processes_get_two_files(self, tmp_path):
        place = tmp_path / "x.png"
        with free_file(place) as first, free_file(place) as second:
            assert [first.name, second.name] == ["x.png", "x-1.png"]
        with pytest.raises(ZeroDivisionError), free_file(place):
            raise ZeroDivisionError
        assert sorted(path.name for path in tmp_path.iterdir()) == ["x-1.png", "x.png"]
