"""`patchtide config`: check and explain the configuration."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.groups import Group
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import document, printed, raw, width
from patchtide.core.fleet import Host
from patchtide.core.listing import listed
from patchtide.core.planning import NotProbed, planned
from patchtide.core.settings import Settings
from patchtide.engine.survey import members
from patchtide.report.table import aligned, table
from patchtide.report.words import amount
from patchtide.wiring import CONFIG_NAME, desk, settings, who


@click.group("config", cls=Group)
def config() -> None:
    """Check and explain the configuration."""


@command("validate")
@click.option("--no-inventory", is_flag=True, help="Do not ask the inventory for the hosts of each tier.")
@click.pass_obj
def validate(call: Call, no_inventory: bool) -> int:
    """Check the configuration, and the inventory against it; no host is asked anything."""
    project = settings(call.config)
    found = {} if no_inventory else checked_members(project, call)
    view = {"tiers": {tier.name: [host.name for host in found.get(tier.name, ())] for tier in project.tiers}}
    if call.json:
        raw(document("config-validate", view, ok=True, path=project.path))
        return 0
    printed(f"{project.path} is sound: {amount(len(project.tiers), 'tier')}", call)
    for tier, hosts in found.items():
        printed(f"  {tier}: {listed(host.name for host in hosts)}", call)
    return 0


def checked_members(project: Settings, call: Call) -> dict[str, tuple[Host, ...]]:
    """Return the hosts of each tier; raises UsageError where inventory and configuration do not fit."""
    found = members(desk(project, LineNotifier(call)).executor, project)
    unknown = NotProbed("not asked", unreachable=False)
    # A plan without probes: tiers, waves and spreading are refused by the same sentences as later.
    planned(project, found, {h.name: unknown for hosts in found.values() for h in hosts}, datetime.now(UTC), who())
    return found


@command("show")
@click.pass_obj
def show(call: Call) -> int:
    """Show every value that holds in the end, and where it was written."""
    from patchtide.config.show import shown

    values = shown(call.config or Path(CONFIG_NAME))
    if call.json:
        raw(document("config-show", {"values": [{"key": k, "value": v, "where": w} for k, v, w in values]}))
    else:
        printed(aligned(table(("key", "value", "where"), values), width(call)), call)
    return 0


@command("schema")
def schema() -> int:
    """Print the JSON schema of the configuration, for editors."""
    from patchtide.config.show import json_schema

    raw(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0


for _each in (validate, show, schema):
    config.add_command(_each)
