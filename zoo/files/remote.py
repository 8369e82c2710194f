"""Files that lie elsewhere, read and written by `fsspec`: one way for each scheme of URLs.

What goes wrong is one of two things: a `PassingError`, after which another try may succeed, or a
`FetchError`, after which none will.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from zoo.errors import ArgumentError, FetchError, ZooError
from zoo.files.home import whole
from zoo.version import __version__

SCHEMES = ("https", "http", "hf", "s3", "gs", "file")
WEB = ("https", "http")
WRITTEN = ("hf", "s3", "gs", "file")
# What a scheme needs beyond this package's own requirements, which is also the name of the extra.
EXTRAS = {"hf": "huggingface_hub", "s3": "s3fs", "gs": "gcsfs"}

CONNECT = 10  # seconds until a server must have answered
SILENCE = 20  # seconds that may pass without a byte
BLOCK = 2**22  # bytes that are asked for at once where a scheme has no streams
PASSING = (408, 425, 429)  # answers after which another try may succeed, beside 5xx
# How the libraries of the other schemes call the errors of a connection.
TRANSPORT = {"httpx2", "httpx", "botocore"}


class PassingError(Exception):
    """A fault after which another try may succeed, in `after` seconds or later."""

    def __init__(self, text: str, after: float = 0.0):
        super().__init__(text)
        self.after = after


class SilentError(PassingError):
    """There was no answer in time."""


class CutShortError(PassingError):
    """The connection closed before the whole file was there."""


class MissingError(FetchError):
    """There is no such file."""


class BeyondEndError(FetchError):
    """A part was asked for that begins where the file has ended."""


def is_url(text: object) -> bool:
    """Whether `text` has a scheme, known or not."""
    return isinstance(text, str) and "://" in text


def check_url(url: str, schemes: Iterable[str] = SCHEMES) -> str:
    """`url` without a slash at its end.

    Raises:
        ArgumentError: if its scheme is none of `schemes`, or it has a query or a fragment, to which
            no file name can be added.
    """
    scheme, colon, rest = str(url).partition("://")
    if not colon:
        raise ArgumentError(
            f"A URL is needed, such as file:///mnt/hub for a folder. Received: {str(url)!r}."
        )
    if scheme not in schemes:
        raise ArgumentError(
            f"Unknown scheme {scheme!r}. Received: {shown(url)!r}. Allowed: "
            f"{', '.join(f'{name}://' for name in schemes)}."
        )
    parts = rest.strip("/").split("/")
    if not rest.strip("/") or ".." in parts or (scheme in WEB and set("?#") & set(rest)):
        raise ArgumentError(
            f"A URL is {scheme}:// and the place of a folder, without '..', query and fragment. "
            f"Received: {shown(url)!r}."
        )
    if scheme == "file" and not rest.startswith("/"):
        raise ArgumentError(
            f"file:// is followed by a whole path: file:///{rest}, with three slashes, is one. "
            f"Received: {url!r}."
        )
    if scheme == "hf" and len(parts) < 2:
        raise ArgumentError(f"hf:// is followed by user/repo[@revision]. Received: {url!r}.")
    return url.rstrip("/")


def shown(url: str) -> str:
    """`url` without what it may hold of a password."""
    parts = urlsplit(url)
    if parts.scheme not in WEB or "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class Body:
    """The bytes of the file at `url` from `start` on; a server that knows no ranges gives all.

    Attributes:
        start: where the bytes begin.
        size: of the whole file, or `None` where the server does not say.
        page: whether it is sent as a web page.
    """

    def __init__(self, url: str, start: int = 0):
        self.url, self.start, self.size, self.page = url, start, None, False
        try:
            opening = self._open_web if url.partition("://")[0] in WEB else self._open
            opening(url, start)
        except Exception as error:
            raise _explained(error) from error

    def _open_web(self, url: str, start: int) -> None:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        # Of block size 0: one answer that is read as it comes. The size is not asked for before.
        self._file = _web(os.getpid()).open(url, block_size=0, size=1, headers=headers)
        answer = self._file.r
        if answer.status == 206:
            begins = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")
            self.start = int(begins[0]) if begins[0].isdecimal() else start
        else:
            self.start = 0
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            if self.start:  # a part of what is compressed is no part of the file
                raise BeyondEndError("it compresses parts")
        elif answer.content_length is not None:
            self.size = self.start + answer.content_length
        self.page = answer.content_type == "text/html"

    def _open(self, url: str, start: int) -> None:
        system, path = _system(url)
        system.invalidate_cache()  # what it remembers of an earlier version
        self._file = system.open(path, "rb", block_size=BLOCK, cache_type="readahead")
        self.size = self._file.size
        if self.size is None or self.size >= start:
            self._file.seek(start)
        else:
            self.start = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes, none at the end.

        Raises:
            PassingError: if the connection fails.
        """
        try:
            return self._file.read(size)
        except Exception as error:
            raise _explained(error) from error

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_) -> None:
        self._file.close()


def write(folder: Path, names: Iterable[str], url: str) -> None:
    """Copies the files `names` of `folder`, in this order, to the folder `url`; nothing else there
    is touched.

    Raises:
        ArgumentError: if the scheme of `url` is not one to write to.
        FetchError: if it cannot be written.
    """
    url = check_url(url, WRITTEN)
    try:
        if url.startswith("hf://"):
            _commit(folder, list(names), url)
            return
        system, path = _system(url)
        if url.startswith("file://"):
            _replace(folder, list(names), Path(path))
            return
        for name in names:
            system.put_file(str(folder / name), f"{path}/{name}")
    except Exception as error:
        raise FetchError(f"{shown(url)} cannot be written: {_explained(error)}") from error


def _replace(folder: Path, names: list[str], place: Path) -> None:
    """All files, or none if there is no room for them, and the last of `names` last."""
    with contextlib.ExitStack() as stack:
        partials = {name: stack.enter_context(whole(place / name)) for name in reversed(names)}
        for name, partial in partials.items():
            shutil.copyfile(folder / name, partial)


def names(url: str) -> list[str]:
    """What the folder `url` holds, of a scheme that can say."""
    url = check_url(url, WRITTEN)
    try:
        system, path = _system(url)
        system.invalidate_cache()
        return sorted(entry.rstrip("/").rpartition("/")[2] for entry in system.ls(path, False))
    except Exception as error:
        raise FetchError(f"{shown(url)} cannot be listed: {_explained(error)}") from error


def _commit(folder: Path, names: list[str], url: str) -> None:
    """All files in one commit, into a repository that is made where there is none."""
    from huggingface_hub import HfApi

    owner, repository, *inner = url.removeprefix("hf://").split("/")
    repository, _, revision = repository.partition("@")
    api = HfApi(library_name="keras-generative-zoo", library_version=__version__)
    api.create_repo(f"{owner}/{repository}", exist_ok=True)
    api.upload_folder(
        repo_id=f"{owner}/{repository}",
        folder_path=folder,
        path_in_repo="/".join(inner) or None,
        allow_patterns=names,
        revision=revision or None,
        commit_message=f"Preset {folder.name}",
    )


def _system(url: str) -> tuple[Any, str]:
    """The file system of `url`, and the path in it."""
    import fsspec

    scheme, _, path = url.partition("://")
    if scheme == "file":
        url = f"file://{unquote(path)}"  # as Path.as_uri() writes it
    try:
        return fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ArgumentError(
            f"{scheme}:// needs {EXTRAS.get(scheme, 'fsspec')}, which is not installed: pip "
            f"install 'keras-generative-zoo[{scheme}]'."
        ) from error


@functools.cache
def _web(process: int) -> Any:
    """The file system of web addresses: through the proxies that the environment names, and never
    from an encrypted connection to one that is not. Each `process` has its own: the thread that it
    works in does not survive a fork."""
    import aiohttp
    import fsspec

    async def refuse_downgrade(session, context, redirect):
        headers = redirect.response.headers
        # As aiohttp finds it; where it finds none it does not follow.
        target = headers.get("Location") or headers.get("URI")
        if target is None:
            return
        target = redirect.url.join(type(redirect.url)(target))
        if redirect.url.scheme == "https" and target.scheme != "https":
            raise FetchError(f"it redirects from https to {target.scheme}, which is refused")

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse_downgrade)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE)
    options = {
        "timeout": timeout,
        "trust_env": True,
        "trace_configs": [trace],
        "headers": {"User-Agent": f"keras-generative-zoo/{__version__}"},
    }
    return fsspec.filesystem("https", client_kwargs=options, skip_instance_cache=True)


def _explained(error: Exception) -> Exception:
    """What a library raised, as one of the two things that can go wrong, in few words."""
    if isinstance(error, ZooError | PassingError):
        return error
    text = " ".join(str(error).replace(" ssl:default", "").split()) or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return MissingError("there is no such file (404)")
    if isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError):
        return FetchError(text)
    if (answer := _answer(error)) is not None:
        status, headers = answer
        said = f"it answers {status}" + (f" {error.message}" if hasattr(error, "message") else "")
        if status == 404:
            return MissingError("there is no such file (404)")
        if status == 416:
            return BeyondEndError(said)
        if status >= 500 or status in PASSING:
            return PassingError(said, _seconds(headers.get("Retry-After")))
        return FetchError(said)
    names = {cls.__name__ for cls in type(error).__mro__}
    if "ClientPayloadError" in names:
        return CutShortError(text)
    if names & {"ClientSSLError", "InvalidURL"}:
        return FetchError(text)
    if isinstance(error, TimeoutError):
        return SilentError(f"no answer within {SILENCE} seconds")
    transport = names & {"TransportError", "HTTPClientError", "ConnectionError"}
    if transport and type(error).__module__.partition(".")[0] in TRANSPORT:
        return PassingError(text)
    if isinstance(error, OSError) or "ClientError" in names:
        return PassingError(text)
    return FetchError(f"{type(error).__name__}: {text}")


def _answer(error: Exception) -> tuple[int, Mapping[str, str]] | None:
    """The status and the headers of the answer that `error` is about, if it is about one: of
    aiohttp, and of the libraries that keep the answer."""
    of = error if hasattr(error, "status") else getattr(error, "response", None)
    status = getattr(of, "status", None) or getattr(of, "status_code", None)
    if not isinstance(status, int):
        return None
    return status, getattr(of, "headers", None) or {}


def _seconds(text: str | None) -> float:
    """Of a `Retry-After` header, as far as it is reasonable to wait."""
    return min(float(text), 60.0) if text is not None and text.isdecimal() else 0.0
