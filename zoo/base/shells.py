"""Command lines in the syntax of the shells of this system."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence

PLAIN = re.compile(r"-{0,2}[A-Za-z0-9_][\w-]*")  # PowerShell reads such an argument as it stands


def command_lines(
    command: Sequence[str], variables: Mapping[str, str], system: str = os.name
) -> list[str]:
    """Return the line that runs `command` with environment `variables`, for each kind of shell.

    Args:
        command: the program and its arguments.
        variables: the values of environment variables, by name.
        system: the kind of the system, as in `os.name`. POSIX shells read one line alike. On
            Windows the lines for PowerShell and for cmd differ, and each names its shell.
    """
    if system != "nt":
        values = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
        return [" ".join([*values, shlex.join(command)])]
    words = [word if PLAIN.fullmatch(word) else _single(word) for word in command]
    values = [f"$env:{name} = {_single(value)}" for name, value in variables.items()]
    powershell = "; ".join([*values, f"& {' '.join(words)}"])
    values = [f'set "{name}={value}"' for name, value in variables.items()]
    cmd = " && ".join([*values, subprocess.list2cmdline(command)])
    return [f"in PowerShell: {powershell}", f"in cmd: {cmd}"]


def _single(word: str) -> str:
    """Return `word` in PowerShell's single quotes, between which all but they stands for itself."""
    return "'" + word.replace("'", "''") + "'"
