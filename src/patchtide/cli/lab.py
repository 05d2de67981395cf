"""`patchtide lab`: a disposable practice fleet of real hosts."""

from pathlib import Path

import click

from patchtide import lab as fleets
from patchtide.cli.call import Call, command
from patchtide.cli.groups import Group
from patchtide.cli.output import document, printed, raw, told, width
from patchtide.report.table import aligned, table

_directory = click.option(
    "--directory",
    "-d",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("patchtide-lab"),
    show_default=True,
    help="Where the lab's inventory, key and packages are.",
)


@click.group("lab", cls=Group)
def lab() -> None:
    """A disposable practice fleet of real hosts: rehearse a rollback before you need one."""


@command("up")
@_directory
@click.option("--name", default="lab", show_default=True, help="What the containers' names begin with.")
@click.option("--test", type=click.IntRange(0, 50), default=2, show_default=True, help="Test hosts.")
@click.option("--production", type=click.IntRange(0, 50), default=4, show_default=True, help="Production hosts.")
@click.option("--dnf", type=click.IntRange(0, 50), default=0, show_default=True, help="Hosts with dnf in each tier.")
@click.pass_obj
def up(call: Call, directory: Path, name: str, test: int, production: int, dnf: int) -> int:
    """Start hosts in containers (systemd, sshd, apt or dnf, a web service) with real updates pending."""
    spec = fleets.default_spec(directory, name, test, production, dnf=dnf)
    started = fleets.up(spec, lambda text: told(text, call))
    if call.json:
        raw(document("lab-up", {"name": started.name, "inventory": str(started.inventory), "hosts": _hosts(started)}))
        return 0
    printed(_table(started, call), call)
    printed(f"\ninventory: {started.inventory}", call)
    return 0


def _hosts(started: fleets.Lab) -> list[dict[str, object]]:
    return [{"name": h.name, "tier": h.tier, "ssh_port": h.ssh_port, "web_port": h.web_port} for h in started.hosts]


def _table(started: fleets.Lab, call: Call) -> str:
    rows = [
        (h.name, h.tier, f"127.0.0.1:{h.ssh_port}", f"http://127.0.0.1:{h.web_port}/healthz") for h in started.hosts
    ]
    return aligned(table(("host", "tier", "ssh", "web"), rows), width(call))


@command("down")
@_directory
@click.option("--purge", is_flag=True, help="Also remove the cached image.")
@click.pass_obj
def down(call: Call, directory: Path, purge: bool) -> int:
    """Remove the lab's hosts and its state."""
    fleets.down(directory, lambda text: told(text, call), purge=purge)
    if call.json:
        raw(document("lab-down", {"directory": str(directory)}))
    return 0


@command("status")
@_directory
@click.pass_obj
def status(call: Call, directory: Path) -> int:
    """Show how the lab's hosts are, and what of the web service they have and could get."""
    found = fleets.status(directory)
    offered = fleets.load(directory).offered()
    rows = [(h.host.name, h.host.tier, h.state, h.tidepool or "none") for h in found.hosts]
    if call.json:
        hosts = [dict(zip(("name", "tier", "state", "tidepool"), row, strict=True)) for row in rows]
        raw(document("lab-status", {"name": found.name, "hosts": hosts, "offered": offered}))
        return 0
    printed(aligned(table(("host", "tier", "state", "tidepool"), rows), width(call)), call)
    printed(f"\noffered: {', '.join(offered)}", call)
    return 0


@command("offer")
@click.argument("version")
@_directory
@click.pass_obj
def offer(call: Call, version: str, directory: Path) -> int:
    """Show a VERSION of the web service to the hosts: 1.1 is good, 1.2 is bad, 2.0 is bad in production only."""
    fleets.load(directory).offer(version)
    return _offered(call, directory)


@command("withdraw")
@click.argument("version")
@_directory
@click.pass_obj
def withdraw(call: Call, version: str, directory: Path) -> int:
    """Take a VERSION of the web service out of the lab's repository."""
    fleets.load(directory).withdraw(version)
    return _offered(call, directory)


def _offered(call: Call, directory: Path) -> int:
    versions = fleets.load(directory).offered()
    if call.json:
        raw(document("lab-offered", {"offered": versions}))
    else:
        printed(f"offered: {', '.join(versions)}", call)
    return 0


for _each in (up, down, status, offer, withdraw):
    lab.add_command(_each)
