"""`patchtide init`: a project to begin with."""

from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.files import written
from patchtide.cli.output import document, printed, raw
from patchtide.config.template import PIPELINES, files_for
from patchtide.core.errors import UsageError


@command("init")
@click.argument("directory", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--ci", type=click.Choice(sorted(PIPELINES)), help="Also write a pipeline.")
@click.pass_obj
def init(call: Call, directory: Path, ci: str | None) -> int:
    """Write a project: configuration, inventory, hooks, a CI pipeline. What is there already stays as it is."""
    fate = {name: _placed(directory / name, text) for name, text in files_for(ci).items()}
    if call.json:
        raw(document("init", {"directory": str(directory), "files": fate}))
        return 0
    for name, word in fate.items():
        printed(f"{word:<6} {directory / name}", call)
    printed(
        "\nNext: name your hosts in inventory/hosts.yml, then `patchtide config validate` and `patchtide doctor`.", call
    )
    return 0


def _placed(path: Path, text: str) -> str:
    """Write a file unless there is one, and return which it was; raises UsageError."""
    if path.is_symlink() or path.exists():
        return "kept"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder cannot be made: {error.strerror}", where=str(path.parent)) from None
    written(path, text)
    return "wrote"
