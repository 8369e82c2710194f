"""Servers that send more than was asked for, and URLs whose passwords must not be seen."""

import ast
import http.server
import json
import re
import threading
import traceback
from pathlib import Path

import pytest

import zoo
from zoo.base.text import harmless
from zoo.errors import CardError, FetchError, ZooError
from zoo.files import fetch, remote
from zoo.presets import hub as hubs

pytestmark = pytest.mark.once
EVIL = "no\nzoo: error: forged \x1b]0;owned\x07"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(fetch, "WAIT", 0.01)
    monkeypatch.setattr(fetch, "_failing", set())


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends the answer `(status, reason, headers, content)` of the path, if there is one."""

    answers: dict
    asked: list

    def do_GET(self):
        self.asked.append(self.path)
        status, reason, headers, content = self.answers.get(self.path, (404, "no", {}, b""))
        self.send_response_only(status, reason)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    handler = type("Answering", (Handler,), {"answers": {}, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        handler.url = f"http://127.0.0.1:{server.server_port}"
        yield handler
        server.shutdown()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = zoo.create("gan", image_shape=(2,), latent_dim=2, units=4)
    return zoo.save(model, tmp_path_factory.mktemp("saved") / "mine", license="cc0-1.0")


@pytest.fixture
def preset(saved, server):
    """A function that serves the preset after a change of its card."""

    def serve(change=lambda card: None):
        for path in Path(saved).iterdir():
            content = path.read_bytes()
            if path.name == "card.json":
                card = json.loads(content)
                change(card)
                content = json.dumps(card).encode()
            headers = {"Content-Length": str(len(content))}
            server.answers[f"/mine/{path.name}"] = (200, "OK", headers, content)
        return f"{server.url}/mine"

    return serve


def with_more(card):
    """A file that no model needs, which is not there."""
    file = {"sha256": "0" * 64, "bytes": 10**15}
    card["weights"]["files"]["more.bin"] = file
    card["weights"]["extras"]["another.bin"] = file


@pytest.mark.parametrize(
    ("use", "files"),
    [
        (zoo.info, {"card.json"}),
        (zoo.load, {"card.json", "config.json", "metadata.json", "model.weights.h5"}),
        (
            lambda url: zoo.load(url, components=["generator"]),
            {"card.json", "generator.json", "generator.weights.h5"},
        ),
    ],
    ids=["info", "load", "component"],
)
def test_what_is_fetched(preset, server, use, files):
    use(preset(with_more))
    assert {path.rpartition("/")[2] for path in server.asked} == files


def get_card(url):
    return fetch.read([f"{url}/card.json"], 1000)[0]


@pytest.mark.parametrize(
    ("stated", "content", "message"),
    [
        (10**12, b"{}", "larger than 1000 bytes"),
        (5, b"{}", "not enough data|it has 2 of 5|payload"),
        (None, b"x" * 10**6, "larger than 1000 bytes"),
    ],
)
def test_sizes_of_cards(server, bounded, stated, content, message):
    headers = {} if stated is None else {"Content-Length": str(stated)}
    server.answers["/card.json"] = (200, "OK", headers, content)
    with bounded(), pytest.raises(FetchError, match=message) as caught:
        get_card(server.url)
    assert len(str(caught.value)) < 800


def test_sizes_that_other_schemes_state(tmp_path, monkeypatch):
    (tmp_path / "card.json").write_bytes(b"{}")
    monkeypatch.setattr(remote.Body, "size", property(lambda _: 5, lambda *_: None), raising=False)
    with pytest.raises(FetchError, match="it has 2 of 5 bytes"):
        get_card(tmp_path.as_uri())


@pytest.mark.parametrize("status", [403, 500])
def test_what_servers_say_is_one_short_line(server, status):
    reason = "\x1b]0;owned\x07" + "x" * 5000
    server.answers["/card.json"] = (status, reason, {}, b"y" * 10**6)
    with pytest.raises(FetchError) as caught:
        get_card(server.url)
    text = str(caught.value)
    assert harmless(text, longest=None) == text
    assert "\n" not in text
    assert len(text) < 1500


def test_what_an_index_holds_is_one_short_line(server, monkeypatch):
    monkeypatch.setenv("ZOO_HUB", server.url)
    content = json.dumps({"format": 1, "presets": {EVIL + "x" * 10**6: {EVIL: 1}}}).encode()
    server.answers["/index.json"] = (200, "OK", {}, content)
    with pytest.raises(CardError) as caught:
        hubs.index()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_what_a_card_holds_is_one_line(preset):
    with pytest.raises(CardError) as caught:
        zoo.info(preset(lambda card: card.update({EVIL: 1})))
    assert "\n" not in str(caught.value)


SHOWN = {
    "https://me:secret@host/x": "https://host/x",
    "https://secret@host/x": "https://host/x",
    "https://me:sec@secret@host:8080/x": "https://host:8080/x",
    "https://me:sec/secret@host/x": "https://host/x",
    "https://me:sec?secret#@host/x": "https://host/x",
    "HTTPS://me:secret@host": "HTTPS://host",
    "ftp://me:secret@host/x": "ftp://host/x",
    "s3://key:secret@bucket/x": "s3://bucket/x",
    "https://host/x?token=secret": "https://host/x?...",
    "https://host/x#secret": "https://host/x?...",
    "https://[::1]:80/x": "https://[::1]:80/x",
    "https://me:secret@[::1/x": "https://[::1/x",
    "https://host:80/@scope/x": "https://host:80/@scope/x",
    "hf://user/repo@main/x": "hf://user/repo@main/x",
    "file:///a@b/c:d@e?f#g": "file:///a@b/c:d@e?f#g",
    "mail@host": "mail@host",
}


@pytest.mark.parametrize("url", SHOWN)
def test_passwords_of_urls(url):
    assert remote.shown(url) == SHOWN[url]


@pytest.mark.parametrize("url", [url for url in SHOWN if "@" in url and "://" in url])
def test_errors_hold_no_passwords(url):
    assert "secret" not in str(ZooError(f"It is not at '{url}', and {url}."))


URLS = [url for url in SHOWN if "secret" in url]


@pytest.mark.parametrize("url", URLS)
def test_no_entry_point_shows_a_password(url, run, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    for arguments in (
        ("info", url),
        ("sample", url, "-o", tmp_path / "a.png"),
        ("fetch", url),
        ("verify", url),
        ("evaluate", url, "--data", "ring8"),
        ("push", "gan_ring8", url),
        ("index", url),
    ):
        code, out, err = run(*arguments)
        assert code
        assert "secret" not in out + err, arguments
    monkeypatch.setenv("ZOO_HUB", url)
    for arguments in (("list", "--hub"), ("info", "my-gan"), ("fetch", "--all")):
        _, out, err = run(*arguments)
        assert "secret" not in out + err, arguments
    for use in (zoo.load, zoo.info):
        with pytest.raises(ZooError) as caught:
            use(url)
        assert "secret" not in "".join(traceback.format_exception_only(caught.value))


def urls_printed(tree):
    """The URLs in the f-strings of a syntax tree, but for those that are the start of another."""
    for text in ast.walk(tree):
        for i, part in enumerate(getattr(text, "values", ()) if hasattr(text, "values") else ()):
            if not isinstance(part, ast.FormattedValue):
                continue
            after = text.values[i + 1] if i + 1 < len(text.values) else None
            starts = i == 0 and str(getattr(after, "value", "")).startswith("/")
            shown = ast.unparse(part.value)
            if re.search(r"(^|_|\.)urls?$|^base$", shown) and not starts:
                yield shown


def test_one_function_prints_urls():
    for path in Path(zoo.__file__).parent.rglob("*.py"):
        assert not [*urls_printed(ast.parse(path.read_text()))], path


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("f'at {url}'", 1),
        ("f'{card.source_url!r}: no'", 1),
        ("f'{url}/card.json'", 0),
        ("f'at {shown(url)}'", 0),
    ],
)
def test_printed_urls_are_found(code, found):
    assert len([*urls_printed(ast.parse(code))]) == found
