"""`patchtide key`: pairs of keys that sign plans."""

from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.groups import Group
from patchtide.cli.output import document, printed, raw, told
from patchtide.wiring import new_key, public_text

_DEFAULT = "keys/ops"


@click.group("key", cls=Group)
def key() -> None:
    """Keys that sign plans: who may say what happens to the hosts."""


@command("new")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=_DEFAULT)
@click.pass_obj
def new(call: Call, path: Path) -> int:
    """Make a pair of keys in PATH and PATH.pub.

    The private one is in PATH (keys/ops by default), for its owner alone. Nothing is overwritten.
    """
    line = new_key(path)
    told(f"wrote {path} (keep it secret, out of every repository) and {path}.pub (for who is to trust it)", call)
    return _shown(call, path, line)


@command("show")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=_DEFAULT)
@click.pass_obj
def show(call: Call, path: Path) -> int:
    """Print the public key of a private or a public key's file PATH."""
    return _shown(call, path, public_text(path))


def _shown(call: Call, path: Path, line: str) -> int:
    if call.json:
        _, public, name = line.split()
        raw(document("key", {"path": str(path), "name": name, "public": public, "line": line}))
    else:
        printed(line, call)
    return 0


key.add_command(new)
key.add_command(show)
