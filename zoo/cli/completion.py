"""The command `zoo completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from zoo.cli.base import OneLine, say

# The ones of these shells that the installed version of Click serves.
SHELLS = [name for name in ("bash", "zsh", "fish", "powershell") if get_completion_class(name)]


@click.command(cls=OneLine)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str):
    """Print the lines by which SHELL completes the words of `zoo`: commands, options, and names of
    presets, recipes, metrics and data sets.

    The shell reads them when it starts, from a file of its own.

    \b
    Examples:
      zoo completion bash >> ~/.bashrc
      zoo completion zsh >> ~/.zshrc
      zoo completion fish > ~/.config/fish/completions/zoo.fish
    """
    program = click.get_current_context().find_root().command
    say(get_completion_class(shell)(program, {}, "zoo", "_ZOO_COMPLETE").source())
