"""What the options that every command has say, wherever on the line they stand."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

C = TypeVar("C", bound=click.Command)


@dataclass(frozen=True, slots=True)
class Call:
    """How a command was called: with which configuration, and how it is to answer."""

    config: Path | None = None
    json: bool = False
    quiet: bool = False
    no_color: bool = False


def call_of(ctx: click.Context) -> Call:
    """Return what was said so far on this command line."""
    return ctx.obj if isinstance(ctx.obj, Call) else Call()


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep what was said; what was not said here may have been said before."""
    said: dict[str, Any] = {str(param.name): value} if value else {}
    ctx.obj = replace(call_of(ctx), **said)


def shared_options() -> list[click.Parameter]:
    """Return the options of every command."""
    common: dict[str, Any] = {"expose_value": False, "callback": _remember}
    return [
        click.Option(
            ["--config", "-c"],
            type=click.Path(path_type=Path, dir_okay=False),
            envvar="PATCHTIDE_CONFIG",
            help="The configuration file; patchtide.yml here by default (env PATCHTIDE_CONFIG).",
            **common,
        ),
        click.Option(["--json"], is_flag=True, help="Print one JSON document on stdout.", **common),
        click.Option(["--quiet", "-q"], is_flag=True, help="No progress on stderr.", **common),
        click.Option(["--no-color"], is_flag=True, help="No colour (also by NO_COLOR).", **common),
    ]


class Command(click.Command):
    """A command with the options that all of them have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # click's own signature
        kwargs["params"] = [*(kwargs.get("params") or []), *shared_options()]
        super().__init__(*args, **kwargs)


def command(name: str, **attributes: Any) -> Callable[[Callable[..., int]], Command]:  # noqa: ANN401
    """Return a decorator for a function that does a command's work and returns its exit code."""
    return click.command(name, cls=Command, **attributes)
