"""Groups of commands whose modules are imported when one of them is used, so that `--help` answers at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from patchtide.cli.call import shared_options
from patchtide.core.meant import meant


@dataclass(frozen=True, slots=True)
class Lazy:
    """Where a command is (`module:name` below this package), the heading it is listed under, and its line of help."""

    place: str
    heading: str
    help: str

    def load(self) -> click.Command:
        """Import and return the command."""
        module, _, name = self.place.partition(":")
        found = getattr(import_module(f"patchtide.cli.{module}"), name)
        if not isinstance(found, click.Command):
            raise TypeError(f"{self.place} is no command")
        return found


class Group(click.Group):
    """A group that says what may have been meant when a command is not known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # click's own signature
        kwargs["params"] = [*(kwargs.get("params") or []), *shared_options()]
        super().__init__(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order in which they were written, which is the order of use."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; raises UsageError with the name that was probably meant."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            raise click.UsageError(f"There is no command {args[0]!r}. {meant(args[0], known)}", ctx=ctx)
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group whose commands are named in a table and imported when used."""

    def __init__(self, *args: Any, table: Mapping[str, Lazy], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Return a command, imported now, or None."""
        lazy = self._table.get(cmd_name)
        return lazy.load() if lazy else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands under their headings, from the table alone."""
        for heading in dict.fromkeys(lazy.heading for lazy in self._table.values()):
            rows = [(name, lazy.help) for name, lazy in self._table.items() if lazy.heading == heading]
            with formatter.section(heading):
                formatter.write_dl(rows)
