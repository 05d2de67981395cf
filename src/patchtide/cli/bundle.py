"""`patchtide bundle`: a proven patch set with its files as one signed archive, for fleets without a mirror."""

from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.files import text_in, writable
from patchtide.cli.groups import Group
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import document, printed, raw, told, width
from patchtide.core.bundle import Bundle, Manifest, of_plan, of_run
from patchtide.core.errors import UsageError
from patchtide.core.listing import listed
from patchtide.core.plan import Plan
from patchtide.documents import plan_of
from patchtide.engine.bundles import gathered, refuse_unwanted
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import run_named
from patchtide.files import Kind, kind_of
from patchtide.report.table import aligned, table
from patchtide.report.words import amount, moment, size
from patchtide.wiring import bundle_keeper, desk, settings


@click.group("bundle", cls=Group)
def bundle() -> None:
    """A proven patch set and its files as one signed archive, for fleets without a mirror."""


@command("export")
@click.argument("source", metavar="RUN|PLAN")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="The archive to write.")
@click.option("--sign", "key", type=click.Path(path_type=Path), help="Sign it with this private key.")
@click.pass_obj
def export(call: Call, source: str, out: Path, key: Path | None) -> int:
    """Write what a run has proven, or what a plan (a file) has locked, with its files.

    Files that the depot lacks are fetched from the hosts that have proven them.
    """
    writable(out)
    project = settings(call.config, planning=False)
    ports = desk(project, LineNotifier(call))
    manifest, plan = _manifest(source, ports)
    made = bundle_keeper(project).written(out, manifest, gathered(manifest, plan, ports, ports.clock.now()), key)
    if not made.signatures:
        told("not signed: it will prove nothing where it is imported; sign it with --sign KEY", call)
    return _shown(f"wrote {out}", "bundle-export", made, call)


def _manifest(source: str, ports: Desk) -> tuple[Manifest, Plan]:
    path = Path(source)
    if kind_of(path) is Kind.FILE:
        plan = plan_of(text_in(path, "the plan"), str(path))
        return of_plan(plan), plan
    run_id, run = run_named(ports.store, source)
    manifest = of_run(run_id, run)
    if manifest is None:
        raise UsageError(
            f"run {run_id} has proven nothing", hint="Only what hosts have installed and kept is exported."
        )
    return manifest, run.plan


@command("import")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--untrusted", is_flag=True, help="Take it without a trusted signature; it proves nothing then.")
@click.pass_obj
def take(call: Call, source: Path, untrusted: bool) -> int:
    """Verify a bundle's signature and every file of it, and take it in whole, or not at all."""
    keeper = bundle_keeper(settings(call.config, planning=False))
    known = {name: keeper.shelf.bundle(name).text for name in keeper.shelf.names()}

    def judge(found: Bundle) -> None:
        refuse_unwanted(found, keeper.key(found), known, untrusted=untrusted)

    taken = keeper.taken(source, judge)
    key = keeper.key(taken)
    told(f"signed by {key}" if key else "no trusted key signed it: it proves nothing", call)
    return _shown(
        f"imported {taken.manifest.name}; plan with `--bundle {taken.manifest.name}`", "bundle-import", taken, call
    )


def _shown(headline: str, name: str, found: Bundle, call: Call) -> int:
    manifest = found.manifest
    total = size(sum(manifest.files.values()))
    if call.json:
        raw(document(name, {"manifest": manifest, "signatures": found.signatures}))
    else:
        printed(f"{headline}: {amount(len(manifest.files), 'file')}, {total}, {_proof(manifest)}", call)
    return 0


def _proof(manifest: Manifest) -> str:
    hosts = {name for names in manifest.provenance.proven.values() for name in names}
    where = f" (run {manifest.provenance.run}, {listed(manifest.provenance.tiers)})"
    return f"proven on {amount(len(hosts), 'host')}{where}" if hosts else "proven nowhere"


@command("list")
@click.pass_obj
def shown(call: Call) -> int:
    """List the bundles that were imported, what they prove, and who signed them."""
    keeper = bundle_keeper(settings(call.config, planning=False))
    found = [(keeper.shelf.bundle(name), keeper.key(keeper.shelf.bundle(name))) for name in keeper.shelf.names()]
    if call.json:
        raw(
            document("bundle-list", {"bundles": [{"manifest": one.manifest, "trusted_key": key} for one, key in found]})
        )
    elif found:
        rows = [_row(one.manifest, key) for one, key in found]
        printed(aligned(table(("bundle", "made", "files", "signed by", "proof"), rows), width(call)), call)
    else:
        printed("there are no bundles; `patchtide bundle import FILE` brings one", call)
    return 0


def _row(manifest: Manifest, key: str | None) -> tuple[str, ...]:
    files = f"{len(manifest.files)}, {size(sum(manifest.files.values()))}"
    return manifest.name, moment(manifest.created_at), files, key or "nobody trusted", _proof(manifest)


@command("remove")
@click.argument("name")
@click.pass_obj
def remove(call: Call, name: str) -> int:
    """Forget a bundle; its files go when no recent run needs them."""
    bundle_keeper(settings(call.config, planning=False)).shelf.remove(name)
    if call.json:
        raw(document("bundle-remove", {"name": name}))
    else:
        printed(f"removed {name}", call)
    return 0


for _each in (export, take, shown, remove):
    bundle.add_command(_each)
