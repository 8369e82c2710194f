"""Downloads against servers on the loopback interface: breaks, faults, refusals, many at once."""

import errno
import hashlib
import io
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from servers import Flaky, serving

from zoo.errors import FetchError, IntegrityError, WrongBytesError
from zoo.files import fetch, notes, remote

pytestmark = pytest.mark.once
SIZE = 4 * 2**20 + 4321


@pytest.fixture
def root(tmp_path):
    """What is served: a file of some megabytes."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "model.bin").write_bytes(random.Random(0).randbytes(SIZE))
    return folder


def hash_of(root):
    return hashlib.sha256((root / "model.bin").read_bytes()).hexdigest()


def get(url, home, root, name="model.bin", **changed):
    """Downloads the file of `root` from `url`; returns where it then is."""
    expected = {"expected_sha256": hash_of(root), "expected_bytes": SIZE, **changed}
    urls = [url] if isinstance(url, str) else url
    return fetch.download(
        [f"{u}/{name}" for u in urls], home / "presets" / "mine" / name, **expected
    )


def left(home):
    """Every file of the cache but locks."""
    return [p for p in home.rglob("*") if p.is_file() and p.parent.name != "locks"]


class TestServer:
    def test_first_downloads_second_asks_nothing(self, nginx, home, root):
        place = get(nginx.url, home, root)
        assert place.read_bytes() == (root / "model.bin").read_bytes()
        assert nginx.requests() == [("/model.bin", 200, SIZE, "-")]
        assert get(nginx.url, home, root) == place
        assert len(nginx.requests()) == 1
        assert {*left(home)} == {place, notes._place(place)}

    def test_rate_limited(self, nginx, home, root, monkeypatch):
        """Some of five requests are answered with 429, and tried again."""
        monkeypatch.setattr(fetch, "WAIT", 0.1)
        for i in range(5):
            get(f"{nginx.url}/limited", home / str(i), root)
        assert {status for _, status, _, _ in nginx.requests()} == {200, 429}

    def test_slow(self, nginx, home, root):
        assert get(f"{nginx.url}/slow", home, root).stat().st_size == SIZE

    @pytest.mark.parametrize(
        ("path", "error", "says"),
        [
            ("nowhere", FetchError, r"there is no such file \(404\)"),
            ("page", WrongBytesError, "answers with a web page, such as one to log in"),
        ],
    )
    def test_refusals(self, nginx, home, root, path, error, says):
        with pytest.raises(error, match=says):
            get(f"{nginx.url}/{path}", home, root)
        assert len(nginx.requests()) == 1  # no second try
        assert left(home) == []

    def test_wrong_size(self, nginx, home, root):
        with pytest.raises(WrongBytesError, match=f"it has {SIZE} bytes, expected {SIZE - 1}"):
            get(nginx.url, home, root, expected_bytes=SIZE - 1)
        assert left(home) == []

    def test_flipped_byte(self, nginx, home, root):
        expected = hash_of(root)
        content = bytearray((root / "model.bin").read_bytes())
        content[SIZE // 2] ^= 1
        (root / "model.bin").write_bytes(content)
        with pytest.raises(WrongBytesError, match=f"{expected}.*found {hash_of(root)}"):
            get(nginx.url, home, root, expected_sha256=expected)
        assert left(home) == []

    def test_flipped_byte_behind_a_part(self, nginx, home, root):
        """What had arrived is thrown away with the rest."""
        expected = hash_of(root)
        partial = home / "presets" / "mine" / f".model.bin.{expected[:12]}.partial"
        partial.parent.mkdir(parents=True)
        partial.write_bytes(b"wrong" * 100)
        place = get(nginx.url, home, root)
        assert [r[1:] for r in nginx.requests()] == [
            (206, SIZE - 500, "bytes=500-"),
            (200, SIZE, "-"),
        ]
        assert fetch.sha256(place) == expected

    def test_a_part_that_is_longer_than_the_file(self, nginx, home, root):
        expected = hash_of(root)
        (root / "model.bin").write_bytes(b"short")
        partial = home / "presets" / "mine" / f".model.bin.{expected[:12]}.partial"
        partial.parent.mkdir(parents=True)
        partial.write_bytes(bytes(500))
        with pytest.raises(WrongBytesError, match=f"it has 5 bytes, expected {SIZE}"):
            get(nginx.url, home, root, expected_sha256=expected)
        assert left(home) == []

    def test_a_server_without_ranges(self, nginx, home, root):
        partial = home / "presets" / "mine" / f".model.bin.{hash_of(root)[:12]}.partial"
        partial.parent.mkdir(parents=True)
        partial.write_bytes((root / "model.bin").read_bytes()[:1000])
        place = get(f"{nginx.url}/norange", home, root)
        assert fetch.sha256(place) == hash_of(root)
        assert nginx.requests() == [("/norange/model.bin", 200, SIZE, "bytes=1000-")]

    def test_mirrors(self, nginx, home, root):
        """The first that serves the file does, and what one began another ends."""
        mirrors = [f"{nginx.url}/nowhere", f"{nginx.url}/page", nginx.url]
        assert fetch.sha256(get(mirrors, home, root)) == hash_of(root)
        with pytest.raises(FetchError, match="404.*web page"):
            get(mirrors[:2], home / "other", root)


class TestFlaky:
    @pytest.mark.parametrize(
        "faults",
        [
            [500],
            [500, 503, 502],
            [501, 520, 529, 408],
            ["reset"],
            [("reset", 10**6)],
            [("cut", 10**6), ("reset", 10**6), 500],
            [("cut", 7)] * 12,  # each goes on where the last one ended
        ],
        ids=str,
    )
    def test_succeeds(self, root, home, faults):
        flaky = Flaky(root, faults)
        with serving(flaky) as url:
            place = get(url, home, root)
        assert fetch.sha256(place) == hash_of(root)
        assert len(flaky.asked) == len(faults) + 1
        assert len(left(home)) == 1

    def test_resumes(self, root, home):
        flaky = Flaky(root, [("cut", 10**6)])
        with serving(flaky) as url:
            get(url, home, root)
        first, second = flaky.asked
        assert first is None
        assert 0 < int(second[6:-1]) <= 10**6

    def test_waits_as_long_as_it_is_told(self, root, home, monkeypatch):
        waited = []
        monkeypatch.setattr(time, "sleep", waited.append)
        flaky = Flaky(root, [("wait", 7), ("wait", 999), 503])
        with serving(flaky) as url:
            get(url, home, root)
        assert waited == [7, 60, fetch.WAIT * 4]

    def test_compressed_all_the_same(self, root, home):
        with serving(Flaky(root, ["gzip"])) as url:
            assert fetch.sha256(get(url, home, root)) == hash_of(root)

    def test_more_bytes_than_expected(self, root, home):
        """Are not kept for another mirror either."""
        with (
            serving(Flaky(root, ["endless"])) as url,
            serving(Flaky(root, [404])) as other,
            pytest.raises(FetchError, match="more than the expected") as caught,
        ):
            get([url, other], home, root)
        assert "are kept" not in str(caught.value)
        assert left(home) == []

    def test_hangs(self, root, home, monkeypatch):
        monkeypatch.setattr(remote, "SILENCE", 1)
        remote._web.cache_clear()
        with serving(Flaky(root, ["hang"])) as url:
            assert fetch.sha256(get(url, home, root)) == hash_of(root)
        flaky = Flaky(root, ["hang"] * 9)
        said = "no answer within 1 seconds; tried 3 times"
        with serving(flaky) as url, pytest.raises(FetchError, match=said):
            get(url, home / "other", root)
        assert len(flaky.asked) == 3
        remote._web.cache_clear()

    def test_a_mirror_that_hangs_is_asked_last_from_then_on(self, root, home, monkeypatch):
        monkeypatch.setattr(remote, "SILENCE", 1)
        remote._web.cache_clear()
        hanging = Flaky(root, ["hang"] * 9)
        with serving(hanging) as url, serving(Flaky(root)) as good:
            for i in range(3):
                get([url, good], home / str(i), root)
        assert len(hanging.asked) == 1
        remote._web.cache_clear()

    def test_gives_up(self, root, home):
        """After five tries without a byte; what arrived earlier is kept for the next one."""
        flaky = Flaky(root, [("reset", 10**6), *[500] * 99])
        with serving(flaky) as url, pytest.raises(FetchError, match="500.*bytes that arrived") as e:
            get(url, home, root)
        assert not isinstance(e.value, IntegrityError)
        assert len(flaky.asked) == 1 + fetch.TRIES
        (partial,) = left(home)
        assert 0 < partial.stat().st_size <= 10**6
        with serving(Flaky(root)) as url:
            assert fetch.sha256(get(url, home, root)) == hash_of(root)
        assert len(left(home)) == 1

    def test_truncated_body(self, root, home):
        """Always cut at one place: not a break, but the file that is there."""
        flaky = Flaky(root, [("cut", 10**6), *[("cut", 0)] * 99])
        with serving(flaky) as url, pytest.raises(WrongBytesError, match="is refused"):
            get(url, home, root)
        assert left(home) == []

    def test_truncated_file(self, root, home):
        with (
            serving(Flaky(root, [("short", 10**6)])) as url,
            pytest.raises(WrongBytesError, match=f"it has 1000000 bytes, expected {SIZE}"),
        ):
            get(url, home, root)
        assert left(home) == []

    def test_no_second_try_of_what_is_forbidden(self, root, home):
        flaky = Flaky(root, [403])
        with serving(flaky) as url, pytest.raises(FetchError, match="it answers 403 Forbidden"):
            get(url, home, root)
        assert len(flaky.asked) == 1
        assert left(home) == []


# Downloads without importing Keras, which takes longer than the download.
PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
from servers import without_package
without_package()
from pathlib import Path
from zoo.files.fetch import download
print(download([sys.argv[1]], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
"""


def start(url, place, root, sha256=None):
    program = PROGRAM.format(tests=str(Path(__file__).parent.parent))
    arguments = [url, str(place), sha256 or hash_of(root), str(SIZE)]
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def partial_of(place, root):
    return place.with_name(f".{place.name}.{hash_of(root)[:12]}.partial")


def test_killed_ten_times(nginx, home, root):
    """At a random byte each time: the next process goes on there, and the end is bit-exact."""
    place = home / "presets" / "mine" / "model.bin"
    partial, rng, reached = partial_of(place, root), random.Random(1), 0
    for _ in range(10):
        until = reached + rng.randrange(1, SIZE // 12)
        process = start(f"{nginx.url}/slow/model.bin", place, root)
        while not (partial.exists() and partial.stat().st_size >= until):
            assert process.poll() is None, process.communicate()
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not place.exists()
        assert partial.stat().st_size >= max(reached, until)
        reached = partial.stat().st_size
        assert reached < SIZE
    process = start(f"{nginx.url}/slow/model.bin", place, root)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert fetch.sha256(place) == hash_of(root)
    assert not partial.exists()
    starts = [int(asked[6:-1]) if asked != "-" else 0 for *_, asked in nginx.requests()]
    assert starts == sorted(starts)
    assert len(set(starts)) == 11


def test_eight_processes_and_one_is_killed(nginx, home, root):
    """One of them fetches and seven wait; it dies, and another one goes on where it was."""
    place = home / "presets" / "mine" / "model.bin"
    partial = partial_of(place, root)
    first = start(f"{nginx.url}/slow/model.bin", place, root)
    while not (partial.exists() and partial.stat().st_size > SIZE // 4):
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    others = [start(f"{nginx.url}/slow/model.bin", place, root) for _ in range(7)]
    time.sleep(0.3)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    killed = time.monotonic()
    for process in others:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert time.monotonic() - killed < 20
    assert fetch.sha256(place) == hash_of(root)
    assert [status for _, status, *_ in nginx.requests()] == [200, 206]


def test_full_disk(home, root, tmp_path):
    """A write that fails ends in one error, and what is there stays usable."""
    earlier = get(f"file://{root}", home, root)
    half = (SIZE // 2, SIZE // 2)
    program = PROGRAM.format(tests=str(Path(__file__).parent.parent))
    place = home / "presets" / "other" / "model.bin"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            f"file://{root}/model.bin",
            place,
            hash_of(root),
            str(SIZE),
        ],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, half),
        capture_output=True,
        text=True,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("zoo.errors.FetchError: "), done.stderr
    assert f"{place} cannot be written: File too large. It needs {SIZE} bytes" in last
    assert "ZOO_HOME" in last
    assert not place.parent.exists()
    assert fetch.sha256(earlier) == hash_of(root)


def test_no_room(home, root, monkeypatch):
    """Is seen before a byte is fetched."""
    usage = shutil.disk_usage(home.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    flaky = Flaky(root)
    with serving(flaky) as url, pytest.raises(FetchError, match="No space left.*1000 are free"):
        get(url, home, root)
    assert flaky.asked == []


@pytest.mark.skipif(
    not Path("/sys/kernel").is_dir(), reason="there is no folder nobody can write to"
)
def test_read_only_cache(monkeypatch, root):
    monkeypatch.setenv("ZOO_HOME", "/sys/kernel/zoo")
    with pytest.raises(FetchError, match="/sys/kernel/zoo/.*cannot be written.*ZOO_HOME names"):
        get(f"file://{root}", Path("/sys/kernel/zoo"), root)


def test_a_cache_that_cannot_be_written_serves_what_it_holds(home, root, monkeypatch):
    place = get(f"file://{root}", home, root)

    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for module, name in ((os, "mkdir"), (os, "replace"), (tempfile, "mkstemp")):
        monkeypatch.setattr(module, name, refuse)
    assert get("https://example.org", home, root) == place
    with pytest.raises(FetchError, match="cannot be written: Read-only file system.*ZOO_HOME"):
        get(f"file://{root}", home / "other", root)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_alone(home, root, monkeypatch, terminal):
    class Stream(io.StringIO):
        def isatty(self):
            return terminal

    monkeypatch.setattr(sys, "stderr", Stream())
    get(f"file://{root}", home, root)
    shown = sys.stderr.getvalue()
    assert ("model.bin: 100%" in shown) == terminal
    assert bool(shown) == terminal


def test_after_a_fork(home, root):
    """The thread of a parent's connections does not live in its child."""
    with serving(Flaky(root)) as url:
        get(url, home, root)
        child = os.fork()
        if not child:
            code = 1
            try:
                code = 0 if get(url, home / "child", root).is_file() else 1
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class TestCached:
    def test_a_changed_file_is_fetched_anew(self, home, root):
        place = get(f"file://{root}", home, root)
        place.write_bytes(b"other")
        with pytest.warns(UserWarning, match="is not what its card names.*fetched anew"):
            get(f"file://{root}", home, root)
        assert fetch.sha256(place) == hash_of(root)

    def test_offline_a_changed_file_is_an_error(self, home, root, monkeypatch):
        place = get(f"file://{root}", home, root)
        place.write_bytes(b"other")
        monkeypatch.setenv("ZOO_OFFLINE", "1")
        with pytest.raises(IntegrityError, match=f"{hash_of(root)}.*found"):
            get("https://example.org", home, root)

    def test_offline(self, home, root, monkeypatch):
        monkeypatch.setenv("ZOO_OFFLINE", "1")
        with pytest.raises(FetchError, match="ZOO_OFFLINE=1 forbids"):
            get("https://example.org", home, root)
        get(f"file://{root}", home, root)  # which is on this machine
        get("https://example.org", home, root)  # is there already

    def test_an_unchanged_file_is_not_read_again(self, home, root, monkeypatch):
        place = get(f"file://{root}", home, root)
        mark = notes._place(place)
        get(f"file://{root}", home, root)
        read = []
        monkeypatch.setattr(fetch, "sha256", lambda path: read.append(path) or hash_of(root))
        get(f"file://{root}", home, root)
        assert read == [place]  # the check came so soon after the writing that it does not count
        later = time.time_ns() + 10 * fetch.SETTLED
        os.utime(mark, ns=(later, later))
        get(f"file://{root}", home, root)
        assert read == [place]
        # Content changed, size and the time of the last change put back.
        stat = place.stat()
        place.write_bytes(bytes(SIZE))
        os.utime(place, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        get(f"file://{root}", home, root)
        assert read == [place, place]
