"""What the demo tells: its configuration, and its acts with what has to come out of them."""

from dataclasses import dataclass

from patchtide.core.steps import EndState, Outcome

MARKER = ".patchtide-demo"
"""The file by which a folder is known as a demo's."""

CONFIGURATION = """\
inventory: lab/inventory.yml
clock: trust                             # the hosts go by the clock of this machine
tiers:                                   # production gets what test proved, and nothing else
  - name: test
    hosts: env_test
    window: always
    soak: 20s                            # hours, in real life: health is judged again and again
    soak_every: 10s
  - name: production
    hosts: env_prod
    waves: [1, 50%, 100%]                # one host first
    spread_by: cluster                   # never two hosts of a cluster at once
    window: daily
    on_failure: rollback
windows:
  daily: {{rrule: "FREQ=DAILY", at: "{opens}", duration: 6h, timezone: UTC}}
health:
  - {{name: web, http: {{port: 8080, path: /healthz}}, warm_up: 1s, healthy_for: 2s, deadline: 15s}}
  - {{name: units, services: unchanged, crash_window: 3s}}   # whatever ran before runs now, and stays
"""

_PATCHED, _BACK, _UNTOUCHED = EndState.PATCHED, EndState.ROLLED_BACK, EndState.UNTOUCHED


@dataclass(frozen=True, slots=True)
class Act:
    """One part of the story: commands before the run, the run, and how its hosts have to end, in wave order."""

    title: str
    before: tuple[str, ...]
    setting: tuple[str, ...]
    run: str
    exit_code: int
    test: tuple[EndState, ...]
    production: tuple[EndState, ...]
    after: tuple[str, ...]
    clearing: tuple[str, ...] = ()


ACTS = (
    Act(
        "A good update",
        (
            "Debian's security updates wait on these hosts, and tidepool 1.1 is published beside them.",
            "The plan locks the exact package files; the run patches test, judges its health, lets it soak,",
            "and promotes those very files to production: one host, then two, then the last.",
        ),
        ("lab offer 1.1 -d lab", "plan -o plan.json"),
        "run --plan plan.json --yes",
        Outcome.DONE.exit_code,
        (_PATCHED,) * 2,
        (_PATCHED,) * 4,
        ("Every host is patched, and was found healthy after it.",),
    ),
    Act(
        "A bad update, caught in test",
        ("tidepool 1.2 answers its health page with 500, everywhere.",),
        ("lab offer 1.2 -d lab",),
        "run --yes",
        Outcome.ROLLED_BACK.exit_code,
        (_BACK,) * 2,
        (_UNTOUCHED,) * 4,
        (
            "The test hosts were put back as they were, by themselves, and are healthy again.",
            "Production was never touched: nothing reaches it that test did not prove.",
            "The version is in quarantine: it is still published, and no tier gets it until somebody lets it in again.",
        ),
        ("quarantine list", "plan"),
    ),
    Act(
        "A bad update that only fails in production",
        ("tidepool 2.0 works in test, and fails where the host says that it is a production host.",),
        ("lab offer 2.0 -d lab",),
        "run --yes",
        Outcome.ROLLED_BACK.exit_code,
        (_PATCHED,) * 2,
        (_BACK, _UNTOUCHED, _UNTOUCHED, _UNTOUCHED),
        (
            "The first wave is one host. It was harmed, so it was put back; the later waves were never begun.",
            "Three of four production hosts never saw the bad version.",
        ),
    ),
)
