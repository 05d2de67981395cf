"""The hosts of the rounds, and the rounds on them, several at a time."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.roundtrip.cases import OFFERED
from tests.roundtrip.rounds import Case, Result, Round

from patchtide import lab

_AT_ONCE = 3


def rounds(cases: Sequence[Case], folder: Path, tell: Callable[[str], None]) -> list[Result]:
    """Return the results of the cases, each on a host of its own; the hosts are removed at the end, however it came."""
    hosts = tuple(lab.LabHost(case.name, "test", system=case.system) for case in cases)
    try:
        fleet = lab.up(lab.LabSpec(f"roundtrip-{os.getpid()}", hosts, folder / "lab"), tell)
        return on(fleet, cases, folder, tell)
    finally:
        lab.down(folder / "lab", tell)


def on(fleet: lab.Lab, cases: Sequence[Case], folder: Path, tell: Callable[[str], None]) -> list[Result]:
    """Return the results of the cases on hosts that are there."""
    for version in OFFERED:
        fleet.offer(version)

    def done(case: Case) -> Result:
        result = Round(case, fleet, folder / case.name).done()
        for line in (result.line, *(f"  {difference}" for difference in result.differences)):
            tell(line)
        return result

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(done, cases))
