"""The wall of a window on real hosts: what would not finish in time is not begun."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.system.conftest import Made

pytestmark = pytest.mark.system


def test_a_run_ten_minutes_before_the_wall_begins_nothing_until_somebody_extends_the_window(made: Made) -> None:
    project = made(test=1, production=1, offered=["1.1"])
    project.configure(window="closing")
    opened = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=3)
    closing = f'closing: {{rrule: FREQ=DAILY, at: "{opened:%H:%M}", duration: 3h11m, timezone: UTC}}'
    path = project.directory / "patchtide.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("windows:\n", f"windows:\n  {closing}\n"), encoding="utf-8"
    )
    before = project.state("prod-1")

    held = project.run("--no-wait")
    assert held.returncode == 6
    standing = project.status()
    assert standing["next"]["action"]["code"] == "too_late"
    assert standing["next"]["action"]["until"] == f"{opened + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    assert "are left of window 'closing'" in held.stdout
    assert project.state("prod-1") == before
    assert {host["name"]: host["state"] for host in standing["hosts"]} == {"test-1": "patched", "prod-1": "waiting"}

    assert project.patchtide("extend", standing["run"], "1h", "--reason", "agreed with the shop").returncode == 0
    assert project.patchtide("resume", standing["run"], "--no-wait").returncode == 0
    assert project.ends() == {"test-1": "patched", "prod-1": "patched"}
    assert project.version("prod-1") == "1.1"

    shown = project.patchtide("plan").stdout
    assert "room for a wave: " in shown
    assert "update 10 min (limit)" in shown, "two samples teach nothing"
