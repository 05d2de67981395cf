"""Random plans and the fleets that they are for."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random

from tests.core import made
from tests.simulation.fleet import Faults, VirtualHost

from patchtide.core.health import Check
from patchtide.core.plan import Change, HostPlan, Plan, TierPlan
from patchtide.core.policy import Amount, Approvals, Limits, OnFailure, RebootPolicy
from patchtide.core.steps import Step
from patchtide.core.windows import Blackout, Day, Window
from patchtide.documents import sealed

START = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
WEB = Check("web", "http", {"port": 8080}, deadline=timedelta(minutes=1))
FILES = (made.package("tide", "1.1"), made.package("other", "2.1", "cd" * 32))
OLD = {"tide": "1.0", "other": "2.0"}


def random_plan(random: Random) -> Plan:
    """Return a plan of one to three tiers with any policy that a configuration could ask for."""
    names = ("test", "staging", "production")[: random.choice([1, 2, 2, 2, 3])]
    tiers = tuple(_tier(random, name) for name in names)
    hosts = {name: _host(random, name) for tier in tiers for name in tier.hosts}
    limits = Limits(*(timedelta(minutes=span) for span in (10, 5, 10, 10, random.choice([5, 5, 5, 0]))))
    plan = made.plan(*tiers, patch_set={made.DEBIAN.key: FILES}, hosts=hosts.values(), limits=limits, checks=(WEB,))
    blackouts = (Blackout("fair", Day(11, 22), Day(11, 23), "UTC", tiers=("production",)),)
    reboot = random.choice([RebootPolicy.WHEN_OWED, RebootPolicy.WHEN_OWED, RebootPolicy.NEVER])
    return sealed(replace(plan, blackouts=blackouts if random.random() < 0.2 else (), reboot=reboot))


def _tier(random: Random, name: str) -> TierPlan:
    hosts = [f"{name[0]}{number}" for number in range(random.randint(1, 5))]
    waves: list[tuple[str, ...]] = []
    while hosts:
        size = random.randint(1, len(hosts))
        waves.append(tuple(hosts[:size]))
        hosts = hosts[size:]
    always = random.random() < 0.4
    hours = random.choice([1, 2, 4, 8])
    window = Window(f"night-{name}", "FREQ=DAILY", time(random.randint(0, 23)), timedelta(hours=hours), "Europe/Berlin")
    never = replace(window, name="never", rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    short = replace(window, name="short", duration=timedelta(minutes=20))
    windows = random.choice([(window,)] * 40 + [(window, replace(window, at=time(12)))] * 5 + [(never,), (short,), ()])
    approvals = Approvals(1, ("ann", "bob", "cid"), timedelta(hours=random.choice([0, 0, 30])))
    return TierPlan(
        name=name,
        waves=tuple(waves),
        windows=() if always else windows,
        always=always,
        soak=timedelta(minutes=random.choice([0, 0, 20, 120])),
        soak_every=timedelta(minutes=10),
        failure_budget=random.choice([Amount(count=0), Amount(count=1), Amount(percent=50), Amount(percent=100)]),
        on_failure=random.choice([OnFailure.ROLLBACK] * 3 + [OnFailure.ASK, OnFailure.STOP]),
        approvals=approvals if random.random() < 0.25 else None,
    )


def _host(random: Random, name: str) -> HostPlan:
    both = (Change("other:amd64", "2.0"), Change("tide:amd64", "1.0"))
    plan = made.host_plan(name, *(both if random.random() < 0.7 else both[1:]))
    match random.random():
        case luck if luck < 0.01:
            return replace(plan, refused="dpkg is interrupted")
        case luck if luck < 0.02:
            return replace(plan, changes=(), refused="no route to host", unreachable=True)
        case luck if luck < 0.08:
            return replace(plan, changes=())
        case _:
            return plan


def random_fleet(random: Random, plan: Plan) -> list[VirtualHost]:
    """Return the hosts of a plan, most of them sound."""
    trouble = random.choice([0.0, 0.1, 0.2, 0.4, 0.8])
    return [VirtualHost(name, dict(OLD), _faults(random, trouble)) for name in plan.hosts]


def _faults(random: Random, trouble: float) -> Faults:
    faults = Faults(reboot_owed=random.random() < 0.3)
    if random.random() >= trouble:
        return faults
    steps = [Step.STAGE, Step.ENTER, Step.PATCH, Step.REBOOT, Step.VERIFY, Step.LEAVE, Step.ROLLBACK, Step.PROBE]
    often = [1, 1, 2, 3, 1000]
    for _ in range(random.choice([1, 1, 2])):
        step = random.choice(steps)
        match random.choice(["fails", "mute", "odd", "dark", "sick", "sick", "rollback", "half"]):
            case "fails":
                faults.fails[step] = random.choice(often)
            case "mute":
                faults.mute[step] = random.choice(often)
            case "odd":
                faults.odd[step] = random.choice(often)
            case "dark":
                faults.dark = (*faults.dark, _darkness(random))
            case "sick":
                faults.sick_from = timedelta(minutes=random.choice([0, 0, 5, 25, 90]))
                faults.sick_always = random.random() < 0.1
            case "rollback":
                faults.rollback = random.choice(["failed", "unverified"])
                faults.sick_from = timedelta(0)
            case _:
                faults.half = True
                faults.fails[Step.PATCH] = 1
    return faults


def _darkness(random: Random) -> tuple[datetime, datetime]:
    begins = START + timedelta(minutes=random.choice([0, 5, 10, 20, 60, 600, 3000]) * random.random())
    return begins, begins + timedelta(minutes=random.choice([1, 5, 9, 15, 40, 60, 300, 1_000_000]))
