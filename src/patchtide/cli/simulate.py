"""`patchtide simulate`: what would happen, by the engine that would do it."""

from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.output import document, printed, raw, told, width

RANDOM = "random"
_TOLD_EVERY = 100


@command("simulate")
@click.option("--plan", "source", metavar="FILE", help="A plan from `plan -o`; `random`: one for each run.")
@click.option("--hosts", type=click.IntRange(1, 1_000_000), help="A made-up fleet of so many, without a configuration.")
@click.option("--fail", metavar="SHARE", help="The share of hosts that the update harms: 3%; as in earlier runs.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed tells the same story.")
@click.option("--faults", default="none", show_default=True, help="all, none, or names with commas between them.")
@click.option("--runs", type=click.IntRange(min=1), default=1, show_default=True, help="So many runs, seed by seed.")
@click.option("--at", metavar="TIME", help="Begin then: 2027-01-03T01:30Z; now by default, with a made-up fleet 2026.")
@click.option("--took", multiple=True, metavar="STEP=SECONDS", help="How long a step takes on a host: patch=90.")
@click.option("--forks", type=click.IntRange(min=1), help="Hosts at once; as configured, or all of a wave.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page with a chart.")
@click.pass_obj
def simulate(  # noqa: PLR0917 - one for each option
    call: Call,
    source: str | None,
    hosts: int | None,
    fail: str | None,
    seed: int,
    faults: str,
    runs: int,
    at: str | None,
    took: tuple[str, ...],
    forks: int | None,
    html: Path | None,
) -> int:
    """Carry out a plan on a virtual fleet, with the real engine, its windows, waves and gates.

    Says what would end how, and when; with --faults it checks the promises as well, and exits with 1
    when one is broken. Touches no host, and needs no configuration with --hosts.
    """
    from patchtide.cli.files import writable, written
    from patchtide.cli.imagining import Wanted, scenario_of
    from patchtide.report.html import simulation_html
    from patchtide.report.simulated import simulation_text, simulation_view
    from patchtide.simulation.campaign import campaign

    writable(html)
    wanted = Wanted(source, hosts, fail, seed, faults, at, took, forks)
    imagined = scenario_of(call, wanted)
    stories = []
    for one in campaign(imagined.scenario, runs, varied=source == RANDOM):
        stories.append(one)
        if runs > 1 and len(stories) % _TOLD_EVERY == 0:
            told(f"{len(stories)} of {runs} runs", call)
    replays = [imagined.replay(one.seed) for one in stories]
    scenario = imagined.scenario
    view = simulation_view(stories, scenario.at, imagined.of, tuple(scenario.faults), scenario.fail, replays)
    if html:
        written(html, simulation_html(view))
        told(f"wrote {html}", call)
    if call.json:
        raw(document("simulate", view))
    else:
        printed(simulation_text(view, width(call)), call)
    return 1 if view.broken_promises else 0
