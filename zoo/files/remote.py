"""Reading and writing of files at URLs by `fsspec`, in one way for each scheme.

A failure is one of two errors. After a `PassingError` another try may succeed; after a `FetchError`
none will.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from zoo.base.text import URL, one_line, without_user
from zoo.errors import ArgumentError, FetchError, ZooError
from zoo.files.home import file_at
from zoo.files.together import atomic_together
from zoo.version import __version__

SCHEMES = ("https", "http", "hf", "s3", "gs", "file")
WEB = ("https", "http")
WRITTEN = ("hf", "s3", "gs", "file")
# The library that a scheme needs beside this package's requirements. The scheme names the extra.
EXTRAS = {"hf": "huggingface_hub", "s3": "s3fs", "gs": "gcsfs"}

CONNECT = 10  # seconds until a server must have answered
SILENCE = 20  # seconds that may pass without a byte
BLOCK = 2**22  # bytes of one request where a scheme has no streams
LONGEST = 300  # characters of what a server or a library says
PASSING = (408, 425, 429)  # statuses beside 5xx after which another try may succeed
# The modules that define the connection errors of hf:// and s3://.
TRANSPORT = {"httpx2", "httpx", "botocore"}


class PassingError(Exception):
    """A fault after which another try may succeed, in `after` seconds or later."""

    def __init__(self, text: str, after: float = 0.0):
        super().__init__(text)
        self.after = after


class SilentError(PassingError):
    """A server did not answer in time."""


class CutShortError(PassingError):
    """A connection closed before the complete file had arrived."""


class MissingError(FetchError):
    """A file does not exist at its URL."""


class BeyondEndError(FetchError):
    """A requested part begins after the end of the file."""


def is_url(text: object) -> bool:
    """Return whether `text` begins with a scheme, known or not."""
    return isinstance(text, str) and "://" in text


def check_url(url: str, schemes: Iterable[str] = SCHEMES) -> str:
    """Return `url` without a slash at its end.

    Raises:
        ArgumentError: if the scheme is none of `schemes`; or if the URL has a query or a fragment,
            to which no file name can be added.
    """
    scheme, colon, rest = str(url).partition("://")
    if not colon:
        raise ArgumentError(
            f"A URL is needed, such as file:///mnt/hub for a folder. Received: {shown(url)!r}."
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
    if scheme not in WEB and "@" in parts[0]:
        raise ArgumentError(
            f"A URL of {scheme}:// holds no user and no password. Received: {shown(url)!r}."
        )
    if scheme == "file" and not rest.startswith("/"):
        raise ArgumentError(
            f"file:// is followed by a whole path: file:///{rest}, with three slashes, is one. "
            f"Received: {shown(url)!r}."
        )
    if scheme == "hf" and len(parts) < 2:
        raise ArgumentError(f"hf:// is followed by user/repo[@revision]. Received: {shown(url)!r}.")
    return url.rstrip("/")


def folder_url(url: str, schemes: Iterable[str] = SCHEMES) -> str:
    """Return `url`, the URL of a folder, without a slash at its end; see `check_url`.

    Raises:
        ArgumentError: also if a file of this machine is in the place of the folder.
    """
    url = check_url(url, schemes)
    if url.startswith("file://") and (file := file_at(Path(_system(url)[1]))) is not None:
        raise ArgumentError(
            f"The URL must be that of a folder; {file} is a file. Received: {shown(url)!r}."
        )
    return url


def shown(url: str) -> str:
    """Return `url` without user name, password, and what may be a token, for messages.

    Other texts, such as paths, stay as they are.
    """
    scheme, colon, rest = str(url).partition("://")
    if not colon:
        return url
    address = without_user(scheme + colon, rest)
    return address if scheme.lower() == "file" else re.sub(r"[?#].+", "?...", address)


class Body:
    """The bytes of the file at `url` from `start` on.

    A server that does not know ranges sends the complete file, and `start` is then 0.

    Attributes:
        start: the position of the first byte.
        size: the size of the complete file, or `None` where the server does not state it.
        page: whether the server sends a web page.
    """

    def __init__(self, url: str, start: int = 0):
        self.url, self.start, self.size, self.page = url, start, None, False
        try:
            open_url = self._open_web if url.partition("://")[0] in WEB else self._open
            open_url(url, start)
        except Exception as error:
            raise _translated(error) from error

    def _open_web(self, url: str, start: int) -> None:
        """Open a web address with one request."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        # Block size 0 makes one request whose answer is read as it comes; the given size saves a
        # request that asks for it.
        self._file = _web(os.getpid()).open(url, block_size=0, size=1, headers=headers)
        answer = self._file.r
        if answer.status == 206:
            range_start = (
                answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")
            )
            self.start = int(range_start[0]) if range_start[0].isdecimal() else start
        else:
            self.start = 0
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            if self.start:  # a part of the compressed file is no part of the file
                raise BeyondEndError("it compresses parts")
        elif answer.content_length is not None:
            self.size = self.start + answer.content_length
        self.page = answer.content_type == "text/html"

    def _open(self, url: str, start: int) -> None:
        """Open a URL of another scheme."""
        system, path = _system(url)
        system.invalidate_cache()  # it may remember an earlier version
        self._file = system.open(path, "rb", block_size=BLOCK, cache_type="readahead")
        self.size = self._file.size
        if self.size is None or self.size >= start:
            self._file.seek(start)
        else:
            self.start = 0

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, and none at the end.

        Raises:
            PassingError: if the connection fails.
        """
        try:
            return self._file.read(size)
        except Exception as error:
            raise _translated(error) from error

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_) -> None:
        self._file.close()


def write(folder: Path, names: Iterable[str], url: str) -> None:
    """Copy the files `names` of `folder`, in this order, to the folder `url`.

    Other files there are not touched.

    Raises:
        ArgumentError: if the scheme of `url` cannot be written.
        FetchError: if writing fails.
    """
    url = check_url(url, WRITTEN)
    try:
        if url.startswith("hf://"):
            _commit(folder, list(names), url)
            return
        system, path = _system(url)
        if url.startswith("file://"):
            _replace_files(folder, list(names), Path(path))
            return
        for name in names:
            system.put_file(str(folder / name), f"{path}/{name}")
    except Exception as error:
        raise FetchError(f"{shown(url)} cannot be written: {_translated(error)}") from error


def _replace_files(folder: Path, names: list[str], place: Path) -> None:
    """Copy all files, or none, and replace the last of `names` last."""
    with atomic_together(*(place / name for name in names)) as partials:
        for name, partial in zip(names, partials, strict=True):
            shutil.copyfile(folder / name, partial)


def names(url: str) -> list[str]:
    """Return the names of the files in the folder `url`.

    Raises:
        ArgumentError: if the scheme of `url` cannot list a folder.
        FetchError: if listing fails.
    """
    url = check_url(url, WRITTEN)
    try:
        system, path = _system(url)
        system.invalidate_cache()
        return sorted(entry.rstrip("/").rpartition("/")[2] for entry in system.ls(path, False))
    except Exception as error:
        raise FetchError(f"{shown(url)} cannot be listed: {_translated(error)}") from error


def _commit(folder: Path, names: list[str], url: str) -> None:
    """Write all files in one commit to a repository of Hugging Face, which is created if it is
    missing.
    """
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
    """Return the file system of `url`, and the path in it."""
    import fsspec

    scheme, _, path = url.partition("://")
    if scheme == "file":
        url = f"file://{unquote(path)}"  # Path.as_uri() quotes some characters
    try:
        return fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ArgumentError(
            f"{scheme}:// needs {EXTRAS.get(scheme, 'fsspec')}, which is not installed: pip "
            f"install 'keras-generative-zoo[{scheme}]'."
        ) from error


@functools.cache
def _web(process: int) -> Any:
    """Return the file system for web addresses.

    It uses the proxies that the environment names, and refuses redirects from an encrypted
    connection to one that is not. Each `process` has its own, since the thread in which it works
    does not survive a fork.
    """
    import aiohttp
    import fsspec

    async def refuse_downgrade(session, context, redirect):
        """Raise a `FetchError` for a redirect from https to another scheme."""
        headers = redirect.response.headers
        # aiohttp reads these two headers, and follows no redirect that has neither.
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


def _translated(error: Exception) -> Exception:
    """Turn an error of a library into a `PassingError` or another error of this package."""
    if isinstance(error, ZooError | PassingError):
        return error
    text = _said(error).replace(" ssl:default", "") or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return MissingError("there is no such file (404)")
    if isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError):
        return FetchError(text)
    if (answer := _answer(error)) is not None:
        status, headers = answer
        message = f"it answers {status}" + (
            f" {_said(error.message)}" if hasattr(error, "message") else ""
        )
        if status == 404:
            return MissingError("there is no such file (404)")
        if status == 416:
            return BeyondEndError(message)
        if status >= 500 or status in PASSING:
            return PassingError(message, _seconds(headers.get("Retry-After")))
        return FetchError(message)
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


def _said(text: object) -> str:
    """Return what a server or a library says as one short line, with its URLs as `shown`."""
    line = URL.sub(lambda url: shown(url[0]), " ".join(str(text).split()))
    return one_line(line, LONGEST)


def _answer(error: Exception) -> tuple[int, Mapping[str, str]] | None:
    """Return the status and the headers of the HTTP answer that caused `error`, or `None`.

    An aiohttp error has the status itself; errors of other libraries hold the answer.
    """
    answer = error if hasattr(error, "status") else getattr(error, "response", None)
    status = getattr(answer, "status", None) or getattr(answer, "status_code", None)
    if not isinstance(status, int):
        return None
    return status, getattr(answer, "headers", None) or {}


def _seconds(text: str | None) -> float:
    """Return the seconds of a `Retry-After` header, at most 60."""
    return min(float(text), 60.0) if text is not None and text.isdecimal() else 0.0
