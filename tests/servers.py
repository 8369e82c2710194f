"""Servers on the loopback interface, for the tests of downloads."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import json
import shutil
import socket
import subprocess
import threading
import time
import types
from pathlib import Path

from aiohttp import web

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
events {{ }}
http {{
  log_format bytes '$request_method $uri $status $body_bytes_sent $http_range';
  access_log {folder}/log bytes;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  limit_req_zone $server_port zone=few:1m rate=4r/s;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    location /page/ {{ default_type text/html; return 200 "<html>please log in</html>"; }}
    location /slow/ {{ alias {root}/; limit_rate {rate}; }}
    location /limited/ {{ alias {root}/; limit_req zone=few; limit_req_status 429; }}
    location /norange/ {{ alias {root}/; max_ranges 0; }}
  }}
  {more}
}}
"""


class Nginx:
    """nginx that serves a folder: plainly, slowly under `/slow`, with four requests a second under
    `/limited`, without ranges under `/norange`, and pages to log in at under `/page`."""

    def __init__(self, root: Path, folder: Path, rate: str = "1500k", more: str = ""):
        self.root, self.folder, self.port = root, folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "nginx.conf").write_text(
            NGINX.format(folder=folder, root=root, port=self.port, rate=rate, more=more)
        )

    def __enter__(self) -> Nginx:
        self.process = subprocess.Popen(
            [shutil.which("nginx"), "-c", str(self.folder / "nginx.conf")],
            stderr=subprocess.PIPE,
        )
        wait_for(self.port, self.process)
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()

    def requests(self) -> list[tuple[str, int, int, str]]:
        """What was asked for so far: path, status, bytes sent, and the range."""
        time.sleep(0.05)  # the log is written when an answer has ended
        rows = [line.split(" ") for line in (self.folder / "log").read_text().splitlines()]
        return [(row[1], int(row[2]), int(row[3]), row[4]) for row in rows]


@contextlib.contextmanager
def serving(handler):
    """An aiohttp server, in a thread, whose requests go to `handler`; gives its address."""
    loop = asyncio.new_event_loop()
    port = free_port()

    async def start():
        runner = web.ServerRunner(web.Server(handler))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Flaky:
    """A server whose answers are taken from a list of faults, one for each request of a file; when
    it is used up, all is well.

    Faults: a status such as `500`; `("wait", n)`, a 503 that says when to come back; `"reset"`,
    before a byte or, as `("reset", n)`, after n bytes of the body; `("cut", n)`, an orderly end
    after n bytes in spite of the length that was announced; `("short", n)`, n bytes and their
    length; `"gzip"`, the file compressed; `"endless"`, more than the file, without its length; and
    `"hang"`, no answer.
    """

    def __init__(self, root: Path, faults=()):
        self.root, self.faults, self.asked = root, list(faults), []

    async def __call__(self, request: web.BaseRequest):
        content = (self.root / request.path.lstrip("/")).read_bytes()
        fault = self.faults.pop(0) if self.faults else None
        self.asked.append(request.headers.get("Range"))
        if isinstance(fault, int):
            return web.Response(status=fault)
        kind, n = fault if isinstance(fault, tuple) else (fault, 0)
        if kind == "wait":
            return web.Response(status=503, headers={"Retry-After": str(n)})
        if kind == "gzip":
            headers = {"Content-Encoding": "gzip"}
            return web.Response(body=gzip.compress(content, 1), headers=headers)
        if kind == "endless":
            answer = web.StreamResponse()
            await answer.prepare(request)
            await answer.write(content + b"more")
            await answer.write_eof()
            return answer
        if kind == "hang":
            await asyncio.sleep(3)
        if kind == "reset" and not n:
            reset(request)
            return web.Response()
        start = int((request.headers.get("Range") or "bytes=0-")[6:-1])
        body, whole = content[start:], len(content)
        if kind == "short":
            body = body[:n]
        status = 206 if start else 200
        headers = {"Content-Length": str(len(body))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
        answer = web.StreamResponse(status=status, headers=headers)
        await answer.prepare(request)
        if kind in ("reset", "cut"):
            await answer.write(body[:n])
            await asyncio.sleep(0.1)  # what is sent arrives before the connection ends
            reset(request) if kind == "reset" else request.transport.close()
            return answer
        with contextlib.suppress(ConnectionError):
            await answer.write(body)
            await answer.write_eof()
        return answer


def reset(request: web.BaseRequest) -> None:
    """Ends the connection with an RST and not with a FIN."""
    connection = request.transport.get_extra_info("socket")
    on, zero = (1).to_bytes(4, "little"), (0).to_bytes(4, "little")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on + zero)
    request.transport.abort()


class HuggingFace:
    """As much of huggingface.co as `huggingface_hub` asks for when it makes a repository, commits
    to it, and reads files of a revision."""

    def __init__(self):
        self.repositories: dict[str, list[dict[str, bytes]]] = {}  # every commit's files
        self.unknown: list[str] = []  # what was asked for that is not answered here

    async def __call__(self, request: web.BaseRequest):
        parts = request.path.strip("/").split("/")
        body = await request.read()
        if request.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'me'}/{asked['name']}"
            if name in self.repositories:
                return web.json_response({"error": "exists"}, status=409)
            self.repositories[name] = [{}]
            return web.json_response({"url": f"http://{request.host}/{name}", "name": name})
        if parts[:2] == ["api", "models"]:
            return self.api(request, "/".join(parts[2:4]), parts[4:], body)
        if request.path == "/api/validate-yaml":
            return web.json_response({"errors": [], "warnings": []})
        if parts[2:3] == ["resolve"]:
            return self.resolve(request, "/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        self.unknown.append(f"{request.method} {request.path}")
        return web.json_response({"error": "Not found"}, status=404)

    def api(self, request, name, rest, body):
        commits = self.repositories.get(name)
        if commits is None:
            headers = {"X-Error-Code": "RepoNotFound"}
            return web.json_response({"error": "no such repo"}, status=404, headers=headers)
        if rest[:1] == ["preupload"]:
            files = [
                {"path": f["path"], "uploadMode": "regular"} for f in json.loads(body)["files"]
            ]
            return web.json_response(
                {"files": [{**f, "shouldIgnore": False, "oid": None} for f in files]}
            )
        if rest[:1] == ["commit"]:
            import base64

            files = dict(commits[-1])
            for line in body.splitlines():
                item = json.loads(line)
                if item["key"] == "file":
                    files[item["value"]["path"]] = base64.b64decode(item["value"]["content"])
            commits.append(files)
            done = {"commitUrl": f"http://{request.host}/{name}/commit/x", "commitOid": "x" * 40}
            return web.json_response({**done, "hookOutput": ""})
        revision = rest[1] if len(rest) > 1 else "main"
        files = self.files(name, revision)
        if files is None:
            headers = {"X-Error-Code": "RevisionNotFound"}
            return web.json_response({"error": "no such revision"}, status=404, headers=headers)
        if rest[:1] == ["paths-info"]:
            asked = json.loads(body)["paths"] if body[:1] == b"{" else []
            return web.json_response([entry(p, files[p]) for p in asked if p in files])
        if rest[:1] == ["tree"]:
            return web.json_response([entry(p, c) for p, c in files.items()])
        about = {"id": name, "sha": revision, "siblings": [{"rfilename": p} for p in files]}
        return web.json_response({**about, "private": False, "tags": [], "downloads": 0})

    def files(self, name, revision):
        commits = self.repositories[name]
        if revision == "main":
            return commits[-1]
        number = int(revision[1:]) if revision[:1] == "v" else len(commits)
        return commits[number] if number < len(commits) else None

    def resolve(self, request, name, revision, path):
        files = self.files(name, revision) if name in self.repositories else None
        if files is None or path not in files:
            headers = {"X-Error-Code": "EntryNotFound"}
            return web.json_response({"error": "no such entry"}, status=404, headers=headers)
        content = files[path]
        headers = {"ETag": f'"{git_hash(content)}"', "X-Repo-Commit": "a" * 40}
        asked, status = request.headers.get("Range"), 200
        if asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last) if last else len(content) - 1
            headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
            content, status = content[start : end + 1], 206
        return web.Response(body=content, status=status, headers=headers)


def entry(path: str, content: bytes) -> dict:
    return {"type": "file", "path": path, "size": len(content), "oid": git_hash(content)}


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen | None = None) -> None:
    """Returns when something listens at `port`."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended: {process.stderr.read()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens at {port}")


def without_package() -> types.ModuleType:
    """Lets `zoo.fetch` be imported without Keras, which takes seconds, in a process of its own."""
    import sys

    package = types.ModuleType("zoo")
    package.__path__ = [str(Path(__file__).parent.parent / "zoo")]
    sys.modules["zoo"] = package
    return package
