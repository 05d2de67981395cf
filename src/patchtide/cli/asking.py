"""Asking a person at a terminal before hosts are changed, and refusing where nobody can answer."""

import sys

import click

from patchtide.core.errors import PatchtideError, UsageError


def refuse_unanswerable(*, yes: bool, no_input: bool) -> None:
    """Raise UsageError when a question would come that nobody may or can answer."""
    if yes:
        return
    if no_input:
        raise UsageError("--no-input forbids the question that comes before hosts are changed", hint="Add --yes.")
    if not sys.stdin.isatty():
        raise UsageError(
            "there is a question before hosts are changed, and no terminal to answer it", hint="Add --yes."
        )


def agree(question: str) -> None:
    """Ask, with no as the default; raises PatchtideError when the answer is no."""
    if not click.confirm(question, default=False, err=True):
        raise PatchtideError("not agreed to: nothing was changed")


def _given(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not value.strip():
        raise UsageError("--reason is empty", hint="Say why: it stays in the record.")
    return value


because = click.option("--reason", required=True, callback=_given, help="Why, for the record.")
"""The option of every command by which a person decides something."""
