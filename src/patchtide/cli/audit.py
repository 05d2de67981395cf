"""`patchtide audit`: is the record the one that was written?"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.files import text_in, writable, written
from patchtide.cli.groups import Group
from patchtide.cli.output import document, printed, raw, told
from patchtide.cli.trusting import usable
from patchtide.core.checkpoint import SCHEMA, Altered, Checkpoint
from patchtide.core.errors import PatchtideError, UsageError
from patchtide.core.settings import Settings
from patchtide.documents import checkpoint_of, document_text, sealed, signed_bytes
from patchtide.report.words import amount, moment
from patchtide.wiring import genuine, log_keeper, settings, signed, verified, who

_ALTERED = 1


@click.group("audit", cls=Group)
def audit() -> None:
    """Whether the record is the one that was written, and checkpoints of it to keep elsewhere."""


@command("checkpoint")
@click.option("--sign", "key", type=click.Path(path_type=Path), metavar="KEY", help="Sign it with a private key.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The file to write; stdout by default.")
@click.pass_obj
def checkpoint(call: Call, key: Path | None, out: Path | None) -> int:
    """Write what the record holds now: how many events, and a hash over all of them.

    Keep it where those who can write here cannot: a tail that is cut off later shows only against it.
    """
    writable(out)
    usable(key)
    read = log_keeper(settings(call.config, planning=False)).audit()
    if read.altered:
        raise PatchtideError(f"the record was altered: {_line(read.altered[0])}", hint="See `patchtide audit verify`.")
    made = sealed(Checkpoint(SCHEMA, datetime.now(UTC), who(), read.record))
    if key is not None:
        made = replace(made, signatures=(signed(key, signed_bytes(made)),))
    if out is None:
        raw(document_text(made))
        return 0
    written(out, document_text(made))
    if call.json:
        raw(document("audit-checkpoint", {"path": str(out), "events": made.record.events, "digest": made.digest}))
    else:
        printed(f"wrote {out}: {amount(made.record.events, 'event')}, {made.digest}", call)
    return 0


@command("verify")
@click.option("--against", type=click.Path(path_type=Path), metavar="FILE", help="Compare with a checkpoint, too.")
@click.option("--trust", type=click.Path(path_type=Path), multiple=True, metavar="PUB", help="Whose, besides `trust`.")
@click.pass_obj
def verify(call: Call, against: Path | None, trust: tuple[Path, ...]) -> int:
    """Read the record from its first event to its last: edited, removed or reordered events are named.

    With a checkpoint also a tail that was cut off, and a history that was written anew. Where keys are trusted, the
    checkpoint has to be signed by one of them. Exits with 1 when the record was altered, 2 for an unusable checkpoint.
    """
    project = settings(call.config, planning=False)
    known = checkpoint_of(text_in(against, "the checkpoint"), str(against)) if against else None
    key = _signer(known, project, trust, str(against)) if known else None
    read = log_keeper(project).audit(known.record if known else None)
    if call.json:
        view = {"intact": not read.altered, "events": read.record.events, "streams": len(read.record.streams)}
        raw(document("audit-verify", view, altered=read.altered, against=_view(known, key)))
    elif read.altered:
        printed("\n".join(["the record was altered:", *(f"  {_line(one)}" for one in read.altered)]), call)
    else:
        printed(f"the record is intact: {amount(read.record.events, 'event')}{_since(known, key)}", call)
    if known is None:
        told("a tail that was cut off shows only against a checkpoint kept elsewhere: --against FILE", call)
    return _ALTERED if read.altered else 0


def _signer(found: Checkpoint, project: Settings, trust: tuple[Path, ...], where: str) -> str | None:
    """Return the name of the trusted key that signed a checkpoint, None where no key is trusted; raises UsageError.

    A signature that its own key did not make is refused in any case.
    """
    trusted = [*(Path(path) for path in project.trust), *trust]
    if not genuine(signed_bytes(found), found.signatures):
        raise UsageError("the checkpoint's signature does not fit: it was changed", where=where, hint=_SIGN)
    if not trusted:
        return None
    name = verified(trusted, signed_bytes(found), found.signatures)
    if name is None:
        what = "no trusted key signed this checkpoint" if found.signatures else "the checkpoint is not signed"
        raise UsageError(f"{what}: it could be anybody's", where=where, hint=_SIGN)
    return name


_SIGN = "`patchtide audit checkpoint --sign KEY -o FILE` signs; `trust`, or --trust PUB, says whose key counts."


def _line(one: Altered) -> str:
    place = f"{one.stream}, event {one.event}" if one.event else one.stream
    return f"{place}: {one.problem}" if place else one.problem


def _since(known: Checkpoint | None, key: str | None) -> str:
    if known is None:
        return ""
    by = key or "a key that nobody trusts here"
    signer = f"signed by {by}" if known.signatures else "not signed"
    return f", the first {known.record.events} as at {moment(known.at)} ({signer})"


def _view(known: Checkpoint | None, key: str | None) -> dict[str, object] | None:
    if known is None:
        return None
    return {"at": known.at, "by": known.by, "events": known.record.events, "digest": known.digest, "key": key}


for _each in (checkpoint, verify):
    audit.add_command(_each)
