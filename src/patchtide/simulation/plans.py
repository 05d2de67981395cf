"""Plans without a configuration: a plain fleet of any size, and any policy that a configuration could ask for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random

from patchtide.core.health import Check
from patchtide.core.packages import Package, Platform
from patchtide.core.plan import SCHEMA, Change, HostPlan, Plan, TierPlan
from patchtide.core.policy import NONE, Amount, Approvals, Limits, OnFailure, RebootPolicy
from patchtide.core.waves import split
from patchtide.core.windows import Blackout, Day, Window
from patchtide.documents import sealed

START = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
"""When a made-up story begins, so that its seed tells it again exactly."""

PEOPLE = ("ann", "bob", "cid")
REQUESTER = "ann"
_DEBIAN = Platform("debian", "12", "amd64", "apt", "bookworm")
_WEB = Check("web", "http", {"port": 8080}, deadline=timedelta(minutes=1))
_FILES = (
    Package("tide", "amd64", "1.1", "tide_1.1_amd64.deb", 1000, "ab" * 32),
    Package("other", "amd64", "2.1", "other_2.1_amd64.deb", 1000, "cd" * 32),
)
_CHANGES = (Change("other:amd64", "2.0"), Change("tide:amd64", "1.0"))
_WAVES = (Amount(count=1), Amount(percent=10), Amount(percent=50), Amount(percent=100))


def plain_plan(hosts: int, created_at: datetime = START) -> Plan:
    """Return a plan as a careful team has it: a tenth of the hosts tests, the rest follows in waves on Sunday."""
    names = [f"host{number:05d}" for number in range(1, hosts + 1)]
    testing = max(1, hosts // 10)
    test = _plain_tier("test", names[:testing], soak=timedelta(hours=2))
    sunday = Window("sunday-night", "FREQ=WEEKLY;BYDAY=SU", time(1), timedelta(hours=5), "Europe/Berlin")
    production = replace(
        _plain_tier("production", names[testing:], soak=timedelta(0)),
        windows=(sunday,),
        always=False,
        failure_budget=Amount(percent=10),
        approvals=Approvals(1, ("bob", "cid")),
    )
    tiers = (test, production) if hosts > testing else (test,)
    return _plan(tiers, {name: _host_plan(name) for name in names}, Limits(), created_at)


def _plain_tier(name: str, hosts: list[str], soak: timedelta) -> TierPlan:
    return TierPlan(
        name=name,
        waves=split(hosts, _WAVES if name == "production" else (Amount(percent=100),)) if hosts else (),
        windows=(),
        always=True,
        soak=soak,
        soak_every=timedelta(minutes=30),
        failure_budget=Amount(percent=20),
        on_failure=OnFailure.ROLLBACK,
    )


def _host_plan(name: str) -> HostPlan:
    return HostPlan(name, _DEBIAN.key, f"id-{name}", _CHANGES, {})


def _plan(tiers: tuple[TierPlan, ...], hosts: Mapping[str, HostPlan], limits: Limits, created_at: datetime) -> Plan:
    made = Plan(
        schema=SCHEMA,
        created_at=created_at,
        created_by=REQUESTER,
        inventory=("virtual",),
        patch_set={_DEBIAN.key: _FILES},
        hosts=hosts,
        tiers=tiers,
        blackouts=(),
        checks=(_WEB,),
        limits=limits,
        reboot=RebootPolicy.WHEN_OWED,
    )
    return sealed(made)


def random_plan(random: Random) -> Plan:
    """Return a plan of one to three small tiers with any policy that a configuration could ask for."""
    names = ("test", "staging", "production")[: random.choice([1, 2, 2, 2, 3])]
    tiers = tuple(_turns(random, _tier(random, name)) for name in names)
    hosts = {name: _host(random, name) for tier in tiers for name in tier.hosts}
    limits = Limits(*(timedelta(minutes=span) for span in (10, 5, 10, 10, random.choice([5, 5, 5, 0]))))
    fair = (Blackout("fair", Day(11, 22), Day(11, 23), "UTC", tiers=("production",)),)
    reboot = random.choice([RebootPolicy.WHEN_OWED, RebootPolicy.WHEN_OWED, RebootPolicy.NEVER])
    made = replace(_plan(tiers, hosts, limits, START), forks=random.choice([0, 1, 2, 3]))
    made = replace(made, failure_budget=random.choice([None, None, Amount(count=1), Amount(percent=50)]))
    hook = random.choice([None, "hook.yml"])  # with tasks in between, hosts enter and leave in plays of their own
    made = replace(made, enter_hook=hook, leave_hook=hook)
    return sealed(replace(made, blackouts=fair if random.random() < 0.2 else (), reboot=reboot))  # noqa: PLR2004


def _turns(random: Random, tier: TierPlan) -> TierPlan:
    """Return the tier with canaries, pauses and a budget of each wave, or without."""
    return replace(
        tier,
        canaries=random.randint(0, len(tier.waves)),
        canary_soak=timedelta(minutes=random.choice([0, 0, 25])),
        pause=timedelta(minutes=random.choice([0, 0, 15])),
        wave_budget=random.choice([None, None, Amount(count=0), Amount(count=1), Amount(percent=50)]),
        on_failure=random.choice([tier.on_failure] * 4 + [OnFailure.ROLLBACK_TIER]),
    )


def _tier(random: Random, name: str) -> TierPlan:
    hosts = [f"{name[0]}{number}" for number in range(random.randint(1, 5))]
    waves: list[tuple[str, ...]] = []
    while hosts:
        size = random.randint(1, len(hosts))
        waves.append(tuple(hosts[:size]))
        hosts = hosts[size:]
    always = random.random() < 0.4  # noqa: PLR2004
    approvals = Approvals(1, PEOPLE, timedelta(hours=random.choice([0, 0, 30])))
    return TierPlan(
        name=name,
        waves=tuple(waves),
        windows=() if always else _windows(random, name),
        always=always,
        soak=timedelta(minutes=random.choice([0, 0, 20, 120])),
        soak_every=timedelta(minutes=10),
        failure_budget=random.choice([NONE, Amount(count=1), Amount(percent=50), Amount(percent=100)]),
        on_failure=random.choice([OnFailure.ROLLBACK] * 3 + [OnFailure.ASK, OnFailure.STOP]),
        approvals=approvals if random.random() < 0.25 else None,  # noqa: PLR2004
    )


def _windows(random: Random, name: str) -> tuple[Window, ...]:
    """Return a window each night, as a rule; some tiers have two, and some have one that never opens long enough."""
    hours = random.choice([1, 2, 4, 8])
    window = Window(f"night-{name}", "FREQ=DAILY", time(random.randint(0, 23)), timedelta(hours=hours), "Europe/Berlin")
    never = replace(window, name="never", rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    short = replace(window, name="short", duration=timedelta(minutes=20))
    return random.choice([(window,)] * 40 + [(window, replace(window, at=time(12)))] * 5 + [(never,), (short,), ()])


def _host(random: Random, name: str) -> HostPlan:
    plan = replace(_host_plan(name), changes=_CHANGES if random.random() < 0.7 else _CHANGES[1:])  # noqa: PLR2004
    match random.random():
        case luck if luck < 0.01:  # noqa: PLR2004
            return replace(plan, refused="dpkg is interrupted")
        case luck if luck < 0.02:  # noqa: PLR2004
            return replace(plan, changes=(), refused="no route to host", unreachable=True)
        case luck if luck < 0.08:  # noqa: PLR2004
            return replace(plan, changes=())
        case _:
            return plan
