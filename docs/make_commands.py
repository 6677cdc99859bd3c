"""Writes docs/commands.md from the commands' own help. Run: python docs/make_commands.py"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from pytrain.cli import cli

TARGET = Path(__file__).resolve().parent / "commands.md"
INTRODUCTION = """\
# Commands

Written by `python docs/make_commands.py` from the commands' own help.
A mistake in what you type or in a file ends a command with one message and exit code 2;
Ctrl-C leaves whole what was there before.
"""


def sections(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
    context.terminal_width = 100
    yield f"## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from sections(found, child, context)


def text() -> str:
    return "\n".join([INTRODUCTION, *sections(cli, "pytrain")])


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(TARGET)
