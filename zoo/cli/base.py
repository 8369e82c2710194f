"""Helpers of the commands: errors of one line, rows of text, and checks of output files."""

from __future__ import annotations

import contextlib
import errno
import functools
import importlib.util
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path

import click

from zoo.base.console import enduring_output, let_go_of_output, make_printing_safe
from zoo.base.devices import share_memory
from zoo.base.program import import_all
from zoo.base.text import harmless
from zoo.errors import ArgumentError, StorageError, ZooError
from zoo.files.home import free_file, make_folder, storage_errors, user_path, write_picture

SETTINGS = {"context_settings": {"help_option_names": ["-h", "--help"], "show_default": True}}


class OneLine(click.Command):
    """A command that reports an error as one line, `zoo: error: ...`, and a non-zero exit code.

    It prints no traceback.
    """

    def main(self, args=None, prog_name=None, standalone_mode=True, **extra):
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        make_printing_safe()
        share_memory()
        with _one_line(prog_name or "zoo"):
            code = super().main(args, prog_name, standalone_mode=False, **extra)
            sys.stdout.flush()  # what libraries printed
            sys.exit(code or 0)


class Computing(OneLine):
    """A command that computes, for which Keras is imported once its command line was read.

    Other commands import no Keras, so that help, lists and completions are there at once.
    """

    def invoke(self, context):
        # Keras imports TensorFlow beside another backend too, where it is installed.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
        import_all()
        from zoo.engine import use_onednn

        use_onednn()
        try:
            return super().invoke(context)
        except ArgumentError as error:
            error.args = (_of_options(str(error), self.params), *error.args[1:])
            raise


def _of_options(message: str, parameters: list[click.Parameter]) -> str:
    """Return an error of a function, whose first word is an argument, with the option's name."""
    found = re.match(r"(\w+?)s?(\[[^]]*\])?(?= (must|is needed)\b)", message)
    for parameter in parameters if found else ():
        if parameter.name in (found[1], f"{found[1]}s"):
            is_option = isinstance(parameter, click.Option)
            name = parameter.opts[-1] if is_option else parameter.human_readable_name
            return f"{name}{found[2] or ''}{message[found.end() :]}"
    return message


class OneLineGroup(OneLine, click.Group):
    """A group of commands that report an error as one line."""


@contextlib.contextmanager
def _one_line(program: str):
    """Print errors of the block as one line that names `program`, and exit."""
    try:
        yield
    except click.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        sys.exit(0)
    except click.ClickException as error:
        complain(f"{program}: error: {flat(error.format_message())}")
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader, such as `head`, has enough
        sys.exit(1)
    except (ZooError, OSError, MemoryError) as error:
        complain(f"{program}: error: {flat(str(error))}")
        for note in getattr(error, "__notes__", ()):  # texts of several lines, such as a diff
            complain(note)
        sys.exit(1)
    finally:
        let_go_of_output()


def say(text: object = "", err: bool = False) -> None:
    """Print `text`, in which control characters are shown as escapes.

    Raises:
        BrokenPipeError: if nobody reads it.
        StorageError: if it cannot be written, such as on a full disk.
    """
    try:
        click.echo(harmless(str(text), longest=None), err=err)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(
            f"The standard {'error' if err else 'output'} cannot be written: {error.strerror}."
        ) from error


def complain(text: object) -> None:
    """Print `text` to the standard error where that is possible.

    Where it is not, nobody can be told, and the exit code says that the command failed.
    """
    with contextlib.suppress(OSError):
        say(text, err=True)


@contextlib.contextmanager
def outliving_its_output() -> Iterator[None]:
    """Let the work of the block go on without its output, and say so at its end."""
    with enduring_output() as output:
        yield
    if output.fault is not None:
        reason = output.fault.strerror or output.fault
        complain(f"zoo: The output could not be written: {reason}. The work went on without it.")


def flat(message: str) -> str:
    """Return `message` without line breaks and repeated spaces."""
    return " ".join(message.split())


@contextlib.contextmanager
def warnings_in_lines() -> Iterator[None]:
    """Print each warning of the block as one line to stderr, without a line of code."""

    def show(message, *_):
        say(f"zoo: {flat(str(message))}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


def listed() -> dict:
    """Return the index of the hub in ZOO_HUB.

    If no hub answers, the result is empty, and the reason is printed to stderr.
    """
    from zoo.presets import hub

    if not hub.bases():
        say("zoo: ZOO_HUB names no hub to ask.", err=True)
    try:
        return hub.index()
    except ZooError as error:
        say(f"zoo: {flat(str(error))} `zoo index` writes the list of a hub.", err=True)
        return {}


def print_rows(rows, indent: str = "") -> None:
    """Print pairs of a name and a text, each on one line, as two columns."""
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        line = " ".join(str(text).splitlines())  # spaces stay, which align columns
        say(f"{indent}{name:{width}}  {line}")


def trust_option(command):
    """Add the option `--trust` to `command`, during which presets may cause these imports."""

    @click.option(
        "--trust",
        multiple=True,
        metavar="MODULE",
        help="Import MODULE, of the working folder or PYTHONPATH, if a preset has classes of it. "
        "Its code runs with your rights. Repeatable.",
    )
    @functools.wraps(command)
    def trusted(*args, trust: tuple[str, ...], **options):
        if not trust:
            return command(*args, **options)
        import_all()
        from zoo.presets.trust import trusting

        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())  # as `python -m zoo` has it
        for module in trust:
            package = module.partition(".")[0]  # a look at more would run its code
            if package.isidentifier() and not _is_there(package):
                raise ArgumentError(
                    "--trust must name a module of the working folder or of PYTHONPATH. Received: "
                    f"{module!r}, of which there is none."
                )
        with trusting(trust):
            return command(*args, **options)

    return trusted


def _is_there(package: str) -> bool:
    """Return whether a package or module of this name can be imported."""
    return package in sys.modules or importlib.util.find_spec(package) is not None


def picture_option(default: str):
    """Return the option `-o` of a picture, whose name is `default` or a free one like it."""
    stem, suffix = default.split(".")
    return click.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path),
        help="The file of the picture, which is replaced.  [default: "
        f"{default}, or where that exists {stem}-1.{suffix} and so on]",
    )


class ExistingFile(click.Path):
    """The path of a file that exists, in which `~` is the home of the user."""

    def __init__(self):
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value, param, ctx):
        return super().convert(user_path(value), param, ctx)


COUNT = click.IntRange(min=1)
SEED = click.IntRange(min=0)
WEIGHT = click.FloatRange(min=0)

scale_option = click.option(
    "--scale",
    type=COUNT,
    help="The factor by which images are enlarged, without smoothing. 1 writes their own pixels, "
    "without words, for another program.  [default: about 600 pixels for the longer side]",
)


def save_picture(picture, out: Path | None, default: str) -> Path:
    """Write `picture` to `out`, or without it to a file that is not there yet.

    Returns:
        The file.
    """
    if out is not None:
        write_picture(out, picture)
        return out
    with storage_errors(Path(default)), free_file(Path(default)) as path:
        write_picture(path, picture)
    return path


def check_writable(
    path: Path, option: str = "--out", new: bool = False, also: Collection[str] = ()
) -> None:
    """Raise if no picture can be written to `path`, before time is spent on the picture.

    Args:
        path: the file of the picture.
        option: the name of the option in errors.
        new: whether another name is taken if there is a file already.
        also: suffixes that are allowed beside those of pictures.
    """
    from PIL import Image

    Image.init()
    suffix = path.suffix.lower()
    if suffix not in also and Image.EXTENSION.get(suffix) not in Image.SAVE:
        raise ArgumentError(
            f"{option} must end in the suffix of a picture, such as .png. Received: {path}."
        )
    check_file(path, option, new)


def check_file(path: Path, option: str = "--out", new: bool = False) -> None:
    """Raise if no file can be written to `path`.

    Args:
        path: the file.
        option: the name of the option in errors.
        new: whether another name is taken if there is a file already.
    """
    if path.is_dir() and not new:
        raise ArgumentError(f"{option} must be a file. Received the folder {path}.")
    if path.exists() and not path.is_file() and not new:  # a device or a pipe
        raise ArgumentError(f"{option} must be a file. Received: {path}.")
    try:
        make_folder(path.parent)
        if path.exists() and not os.access(path, os.W_OK) and not new:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            pass
    except OSError as error:
        raise ArgumentError(f"{option} {path} cannot be written: {error.strerror}.") from error
